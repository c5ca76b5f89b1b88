"""A machine with an empty home, for tests of what install.sh makes there.

Packages come from a folder of wheels that is filled once, so that the installer itself runs without a network.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-build.lock")
TOOLS = "bash sh uname dirname cat ls sort tr mkdir rm mv ln chmod mktemp readlink sed tail rmdir"


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A machine with an empty home, a few tools and no network."""

    home: Path
    env: Mapping[str, str]

    @property
    def share(self) -> Path:
        """Where the helper lives."""
        return self.home / ".local/share/outrider"

    @property
    def link(self) -> Path:
        """What people type."""
        return self.home / ".local/bin/outrider"

    def run(
        self, *args: str, checkout: Path = ROOT, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs the installer."""
        command = [str(checkout / "install.sh"), *args]
        return subprocess.run(
            command, env={**self.env, **(env or {})}, capture_output=True, text=True, check=False, timeout=120
        )

    def outrider(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """Runs what was installed and returns its output."""
        environment = {**self.env, **(env or {})}
        return subprocess.run([self.link, *args], env=environment, capture_output=True, text=True, check=True).stdout


def make_machine(folder: Path, wheels: Path | None = None) -> Machine:
    """Makes a home and a PATH that holds no Python and no uv."""
    home, tools = folder / "home", folder / "tools"
    for place in (home, tools):
        place.mkdir(parents=True)
    for tool in TOOLS.split():
        found = shutil.which(tool)
        if found:
            (tools / tool).symlink_to(found)
    pip = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(wheels or folder), "PIP_CONFIG_FILE": os.devnull}
    env = {"HOME": str(home), "PATH": str(tools), "OUTRIDER_PYTHON": sys.executable, "SHELL": "/bin/bash", **pip}
    return Machine(home=home, env=env)


def fill_wheels() -> Path:
    """Returns a folder with the wheels of the locks, filled once for each content of the locks."""
    digest = hashlib.sha256(b"".join((ROOT / lock).read_bytes() for lock in LOCKS)).hexdigest()[:12]
    folder = ROOT / ".cache" / f"wheels-{sys.version_info[0]}.{sys.version_info[1]}-{digest}"
    if folder.exists():
        return folder
    filling = folder.with_name(folder.name + f".{os.getpid()}")
    fetch = [sys.executable, str(ROOT / "scripts/fetch_pip.py"), str(filling)]
    found = subprocess.run(fetch, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"LOUD: no wheels and no package index, so the installer is not tested: {found.stderr}")
    locks = [word for lock in LOCKS for word in ("-r", str(ROOT / lock))]
    command = [sys.executable, f"{found.stdout.strip()}/pip", "download", "-qq", "--require-hashes", "-d"]
    subprocess.run([*command, str(filling), *locks], check=True)
    filling.replace(folder)
    return folder


def plain_user(*arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs Python as somebody whom the modes of files bind: root alone is told to forget that they do not bind it.

    The last argument is the folder of the package.
    """
    command = [sys.executable, "-B", *arguments, str(ROOT / "helper")]
    if os.geteuid() == 0:
        setpriv = shutil.which("setpriv")
        if setpriv is None:
            pytest.skip("LOUD: root without setpriv, so what a mode forbids is not tested")
        command = [setpriv, "--bounding-set", "-dac_override,-dac_read_search", *command]
    environment = {**os.environ, **(env or {})}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
