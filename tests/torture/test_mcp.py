"""The MCP server over a long life: its memory stays what it was, and every call is in the book."""

import json
from pathlib import Path

import pytest

from tests.doors.booking import rows
from tests.mcp_server.process import Process
from tests.torture.conftest import Measured

pytestmark = pytest.mark.torture

CALLS = 20_000
FIRST = 2_000
"""Calls after which everything that is kept once is there: SQLite's own pages, compiled patterns, the interpreter's."""
AT_ONCE = 16
MOST = 10 * 1024 * 1024


def test_twenty_thousand_calls_leave_no_memory_behind(home: Path, tmp_path: Path, measured: Measured) -> None:
    """Questions, lists and mistakes, several at once: it grows by ten mebibytes at most, from the first call on."""
    with Process(home, tmp_path) as spoken:
        spoken.greet()
        asked = (
            {"name": "ask", "arguments": {"prompt": "hello", "model": "echo"}},
            {"name": "ask", "arguments": {"prompt": "hello", "model": "nobody"}},
            {"name": "models", "arguments": {"name": "echo"}},
            {"name": "why", "arguments": {}},
        )
        spoken.ask("tools/call", asked[0])
        seen = [spoken.memory()]
        for start in range(0, CALLS, AT_ONCE):
            for number in range(start, start + AT_ONCE):
                spoken.start("tools/call", asked[number % len(asked)])
            replies = [spoken.read() for _ in range(AT_ONCE)]
            assert all("result" in reply for reply in replies), json.dumps(replies)[:2000]
            if start // FIRST != (start + AT_ONCE) // FIRST:
                seen.append(spoken.memory())
        booked = rows(home / ".config" / "outrider", "SELECT COUNT(*) FROM attempts WHERE outcome = 'answer'")[0][0]
        assert booked == CALLS // len(asked) + 1
    told = ", ".join(f"{size / 2**20:.1f}" for size in seen)
    measured(f"mcp: resident MiB after 1 call and every {FIRST:,} of {CALLS:,}: {told}")
    assert seen[-1] - seen[0] <= MOST
