"""The official conformance suite against our client: what applies to one that lists and calls tools.

Not applicable: `elicitation…`, since no person is asked on a server's behalf, and `auth/…`, since a server is given a
key that the user names and never logs in by itself.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mcp.npm import CONFORMANCE, node

pytestmark = pytest.mark.mcp
ROOT = Path(__file__).parents[2]


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
    if not CONFORMANCE.exists() or program is None:
        pytest.skip("run `python -m tests.mcp.npm`")
    client = tmp_path / "client.sh"
    command = f"'{sys.executable}' -m tests.mcp.conformance_client '{tool}' '{arguments}' \"$1\""
    client.write_text(f"#!/bin/sh\ncd '{ROOT}' && exec {command}\n")
    client.chmod(0o755)
    ended = subprocess.run(
        [program, str(CONFORMANCE), "client", "--command", str(client), "--scenario", scenario, "--timeout", "60000"],
        cwd=tmp_path, check=False, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    said = (ended.stdout + ended.stderr)[-3_000:]
    assert ended.returncode == 0, said
    assert "0 failed" in said
