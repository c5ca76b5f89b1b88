"""Fetches the official inspector, conformance suite and filesystem server from npm, once, and a Node that runs them.

`python -m tests.mcp.npm`, which the lane does first. They stay in `.cache`; tests skip what could not be had.
"""

import fcntl
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / ".cache/npm-tools"
PACKAGES = {
    "@modelcontextprotocol/inspector": "2.12.0",
    "@modelcontextprotocol/conformance": "0.1.16",
    "@modelcontextprotocol/server-filesystem": "2026.8.31",
}
NODE = "22.23.3"
OLDEST = 22
INSPECTOR = TOOLS / "node_modules/.bin/mcp-inspector"
CONFORMANCE = TOOLS / "node_modules/@modelcontextprotocol/conformance/dist/index.js"


@cache
def node() -> str | None:
    """Returns a Node that these run on: our own from npm, else the machine's."""
    own = sorted(ROOT.glob(".cache/node-*/node_modules/node-*/bin/node"))
    for found in (*map(str, own), shutil.which("node")):
        if found is not None and _version(found) >= OLDEST:
            return found
    return None


def _version(program: str) -> int:
    said = subprocess.run([program, "--version"], check=False, capture_output=True, text=True).stdout
    return int(said.strip().lstrip("v").partition(".")[0] or 0)


def fetch() -> None:
    """Fetches what is not there yet; safe when several ask at once."""
    TOOLS.mkdir(parents=True, exist_ok=True)
    with TOOLS.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = [f"{name}@{version}" for name, version in PACKAGES.items()]
        if any(not (TOOLS / "node_modules" / name).is_dir() for name in PACKAGES):
            _install(TOOLS, *wanted)
        if node() is None:
            system = {"Linux": "linux", "Darwin": "darwin"}[platform.system()]
            kind = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
            _install(ROOT / f".cache/node-{NODE}", f"node-{system}-{kind}@{NODE}")


def _install(folder: Path, *packages: str) -> None:
    command = [
        "npm",
        "install",
        "--prefix",
        str(folder),
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-save",
        "--loglevel=error",
    ]
    subprocess.run([*command, *packages], check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=300)


if __name__ == "__main__":
    try:
        fetch()
    except (OSError, KeyError, subprocess.SubprocessError) as fault:
        sys.exit(f"npm could not fetch the official tools: {fault}")
