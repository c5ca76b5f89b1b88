"""Makes an environment for each peer, of exactly the versions that the bars were measured with, and keeps it."""

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from tests.machines import ROOT

PEERS = ("httpx2", "llm", "litellm", "openai")
LOCKS = Path(__file__).with_name("locks")


class CannotInstallError(Exception):
    """The peer's packages are not to be had."""


def install(peer: str) -> Path:
    """Returns the folder of the peer's programs, installing it into `.cache` when these packages are not there yet."""
    lock = LOCKS / f"{peer}.lock"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    folder = ROOT / ".cache" / "peers" / f"{peer}-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        script = f'source_folder="{ROOT}"; . "{ROOT}/scripts/environment.sh"; make_environment "$@"'
        command = ["bash", "-c", script, "install", sys.executable, str(folder), str(lock)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotInstallError(done.stderr[-2000:])
        _lighten(folder)
        (folder / "complete").touch()
    return folder / "bin"


def _lighten(folder: Path) -> None:
    """Takes setuptools away, as pipx and uv would not have it: its path file slows every start of the peer."""
    for site in folder.glob("lib/python3.*/site-packages"):
        (site / "distutils-precedence.pth").unlink(missing_ok=True)
        for place in ("_distutils_hack", "setuptools", "pkg_resources"):
            shutil.rmtree(site / place, ignore_errors=True)
