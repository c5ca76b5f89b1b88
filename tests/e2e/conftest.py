"""The client that the lane runs, fetched once, and a stage for each test."""

import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.e2e import stage as staging
from tests.e2e.client import CURRENT, install
from tests.e2e.stage import Stage

Make = Callable[..., Stage]


@pytest.fixture(scope="session")
def program() -> Callable[[str], Path]:
    """Fetches a version of the client; skips only where there is no npm."""
    if shutil.which("npm") is None:
        pytest.skip("LOUD: npm is missing, so nothing was tried on the real Claude Code client; install Node.js")
    return install


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies the repository as a clone would have it."""
    return staging.copy_repository(tmp_path_factory.mktemp("clone") / "outrider")


@pytest.fixture(scope="session")
def with_plugin(
    tmp_path_factory: pytest.TempPathFactory, program: Callable[[str], Path], repository: Path
) -> Callable[[str], Path]:
    """Returns the client's folder after it has installed the plugin from the marketplace, once for each version."""

    @cache
    def installed(version: str) -> Path:
        made = staging.make(tmp_path_factory.mktemp("installed"), program(version), version=version)
        return staging.install_plugin(made, repository).claude

    return installed


@pytest.fixture
def make(tmp_path: Path, program: Callable[[str], Path], with_plugin: Callable[[str], Path]) -> Make:
    """Makes stages: `make(form)` with the helper and the pack, `make(None)` with the helper alone."""

    def build(form: str | None = None, version: str = CURRENT, *, helper: bool = True) -> Stage:
        folder = tmp_path / f"stage-{len(list(tmp_path.iterdir()))}"
        made = staging.make(folder, program(version), version=version)
        if helper:
            staging.put_helper(made)
        if form == "loose":
            return staging.install_loose(made)
        return staging.adopt_plugin(made, with_plugin(version)) if form == "plugin" else made

    return build


@pytest.fixture(params=["loose", "plugin"])
def pack(request: pytest.FixtureRequest, make: Make) -> Stage:
    """A stage with the pack in each of its forms."""
    return make(request.param)
