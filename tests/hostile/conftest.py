"""A stage for every attack: a user's home, a hostile checkout, a good server and one that nobody should call."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.typing_it import Shell
from tests.hostile import stage
from tests.hostile.stage import Listener, Stage
from tests.servers import ScriptedServer


@pytest.fixture
def evil(loopback: None) -> Iterator[Listener]:
    """Runs a server that only listens."""
    with Listener() as running:
        yield running


@pytest.fixture
def stage_at(home: Path, server: ScriptedServer, evil: Listener, tmp_path: Path) -> Stage:
    """Sets the stage."""
    checkout, marker = tmp_path / "checkout", tmp_path / "something-ran"
    checkout.mkdir()
    stage.user(home, server.url)
    stage.hostile_checkout(checkout, evil, marker, home)
    env = {"HOME": str(home), "PATH": os.environ["PATH"], "NO_COLOR": "1", **stage.KEYS, **stage.OTHERS,
           **stage.hostile_environment(checkout, evil)}  # fmt: skip
    return Stage(home=home, checkout=checkout, marker=marker, evil=evil, env=env)


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Gives a shell in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(monkeypatch, capsys)
