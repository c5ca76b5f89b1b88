"""Installs ccusage, of exactly the version that the bars were measured with, and asks it what a history comes to."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.machines import ROOT
from tests.peers.environments import CannotInstallError

VERSION = "20.0.24"
"""The newest whose native program for this system is in the registry."""
ASKED = ("claude", "daily", "--json", "--offline", "--timezone", "UTC")


def program() -> Path:
    """Returns the native program itself: the script around it would only add the start of another interpreter."""
    folder = ROOT / ".cache" / "peers" / f"ccusage-{VERSION}"
    if not (folder / "complete").exists():
        npm = shutil.which("npm")
        if npm is None:
            raise CannotInstallError("npm is not here")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        command = [npm, "install", "--no-fund", "--no-audit", f"ccusage@{VERSION}"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise CannotInstallError(done.stderr[-500:])
        (folder / "complete").touch()
    found = sorted((folder / "node_modules" / "@ccusage").glob("ccusage-*/bin/ccusage"))
    if not found:
        raise CannotInstallError("there is no native program for this system")
    found[0].chmod(0o755)  # it comes without the mark: the script around it sets it when it is first run
    return found[0]


def environment(home: Path) -> dict[str, str]:
    """Returns what it is started with."""
    return {"HOME": str(home), "PATH": "/usr/bin:/bin", "CLAUDE_CONFIG_DIR": str(home / ".claude")}


def asked(home: Path) -> Mapping[str, Mapping[str, Any]]:
    """Returns what it says of each model: dollars, and tokens by kind."""
    done = subprocess.run(
        [str(program()), *ASKED], env=environment(home), capture_output=True, text=True, check=True, timeout=300
    )
    found: dict[str, dict[str, Any]] = {}
    for day in json.loads(done.stdout)["daily"]:
        for row in day["modelBreakdowns"]:
            sums = found.setdefault(row["modelName"], {})
            for name in ("cost", "inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens"):
                sums[name] = sums.get(name, 0) + row[name]
    return found
