"""The official conformance suite against our client: what applies to one that lists and calls tools.

Not applicable: `elicitation…`, since no person is asked on a server's behalf, and `auth/…`, since a server is given a
key that the user names and never logs in by itself.
"""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.mcp
ROOT = Path(__file__).parents[2]
SUITE = ROOT / ".cache/npm-tools/node_modules/@modelcontextprotocol/conformance/dist/index.js"
OLDEST_NODE = 22


@cache
def node() -> str | None:
    """Returns a node that the suite runs on, or None."""
    own = sorted(ROOT.glob(".cache/node-*/node_modules/node-*/bin/node"))
    for found in (*map(str, own), shutil.which("node")):
        if found is None:
            continue
        said = subprocess.run([found, "--version"], check=False, capture_output=True, text=True).stdout
        if int(said.strip().lstrip("v").partition(".")[0] or 0) >= OLDEST_NODE:
            return found
    return None


@pytest.mark.parametrize(
    ("scenario", "tool", "arguments"),
    [
        ("initialize", "-", "-"),
        ("tools_call", "add_numbers", '{"a":5,"b":3}'),
        ("sse-retry", "test_reconnection", "{}"),
    ],
)
def test_the_suite_passes(scenario: str, tool: str, arguments: str, tmp_path: Path) -> None:
    """The suite's own server is spoken to as the protocol wants it, by the command itself."""
    program = node()
    if not SUITE.exists() or program is None:
        pytest.skip(
            "npm install --prefix .cache/npm-tools --ignore-scripts @modelcontextprotocol/conformance (node 22)"
        )
    client = tmp_path / "client.sh"
    command = f"'{sys.executable}' -m tests.mcp.conformance_client '{tool}' '{arguments}' \"$1\""
    client.write_text(f"#!/bin/sh\ncd '{ROOT}' && exec {command}\n")
    client.chmod(0o755)
    ended = subprocess.run(
        [program, str(SUITE), "client", "--command", str(client), "--scenario", scenario, "--timeout", "60000"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    said = (ended.stdout + ended.stderr)[-3_000:]
    assert ended.returncode == 0, said
    assert "0 failed" in said
