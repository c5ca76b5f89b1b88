"""Makes an environment for each peer, of exactly the version that the bars were measured with, and keeps it."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.machines import ROOT

PEERS = {"httpx2": "2.16.2", "llm": "0.36", "litellm": "1.106.2", "openai": "3.51.0"}


class CannotInstallError(Exception):
    """The peer's packages are not to be had."""


def install(peer: str) -> Path:
    """Returns the folder of the peer's programs, installing it into `.cache` when this version is not there yet."""
    version = PEERS[peer]
    folder = ROOT / ".cache" / "peers" / f"{peer}-{version}-py{sys.version_info[0]}.{sys.version_info[1]}"
    programs = folder / "bin"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        script = f'source_folder="{ROOT}"; . "{ROOT}/scripts/environment.sh"; make_with_pip "$@"'
        _run("bash", "-c", script, "install", sys.executable, str(folder))
        pip = (str(programs / "python"), "-m", "pip", "--disable-pip-version-check")
        _run(*pip, "install", "-qq", "--no-input", f"{peer}=={version}")
        # An environment made by pipx or uv has none, and its path file would slow every start of the peer.
        _run(*pip, "uninstall", "-qq", "--yes", "setuptools")
        (folder / "complete").touch()
    return programs


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CannotInstallError(f"{' '.join(command[-2:])}: {done.stderr[-2000:]}")
