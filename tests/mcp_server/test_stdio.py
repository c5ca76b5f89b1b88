"""The server as a process: hostile frames, an end of the line, a signal; its stdout holds messages and nothing else."""

import json
import signal
import time
from pathlib import Path
from typing import Any

from tests.cli.typing_it import Shell
from tests.mcp_server.process import Process
from tests.mcp_server.speaking import attempts
from tests.servers import ScriptedServer, way

CALL = {"jsonrpc": "2.0", "method": "tools/call"}
HOSTILE: tuple[tuple[bytes, tuple[Any, Any] | None], ...] = (
    (b"{", (None, -32700)),
    (b"\xff\xfe\x00", (None, -32700)),
    (b"[" * 200_000, (None, -32700)),
    (b'{"a":' * 5_000 + b"1" + b"}" * 5_000, (None, -32700)),
    (b"[]", (None, -32600)),
    (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', (None, -32600)),
    (b"null", (None, -32600)),
    (b'{"jsonrpc":"1.0","id":7,"method":"ping"}', (7, -32600)),
    (b'{"jsonrpc":"2.0","id":8,"method":5}', (8, -32600)),
    (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', None),
    (b'{"jsonrpc":"2.0","id":9,"method":"no/such"}', (9, -32601)),
    (b'{"jsonrpc":"2.0","id":10,"method":"__class__"}', (10, -32601)),
    (json.dumps({**CALL, "id": 11, "params": {"name": 5}}).encode(), (11, -32602)),
    (json.dumps({**CALL, "id": 12, "params": {"name": "ask", "arguments": []}}).encode(), (12, -32602)),
    (json.dumps({**CALL, "id": 13, "params": {"name": "x" * 100_000}}).encode(), (13, -32602)),
    (json.dumps({**CALL, "id": 14}).encode(), (14, -32602)),
    (b'{"jsonrpc":"2.0","method":"notifications/no/such","params":{"x":1}}', None),
    (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{"a":1}}}', None),
    (b'{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":999}}', None),
    (b'{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"x","progress":"y"}}', None),
    (b'{"jsonrpc":"2.0","id":3000,"result":{}}', None),
    (b'{"jsonrpc":"2.0","id":3001,"error":{"code":"x"}}', (3001, -32600)),
    (b"", None),
    (b"   \r", None),
)
"""Lines that no client of good will sends, and the id and code of the error that each gets."""
WIDE = 80 * 1024 * 1024


def test_hostile_frames_get_an_error_or_nothing_and_the_server_goes_on(home: Path, project: Path) -> None:
    """No line ends it, prints a traceback, or leaves memory behind; the end of the line ends it at once."""
    with Process(home, project) as spoken:
        spoken.greet()
        for line, expected in HOSTILE:
            spoken.write(line + b"\n")
            number = spoken.start("ping", {})
            answers = [spoken.read()]
            while answers[-1].get("id") != number or "result" not in answers[-1]:
                answers.append(spoken.read())
            errors = [(one["id"], one["error"]["code"]) for one in answers[:-1]]
            assert errors == ([expected] if expected else []), line[:100]
        before = spoken.memory()
        spoken.write(b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"')
        for _ in range(80):
            spoken.write(b"y" * (WIDE // 80))
        spoken.write(b'"}}\n')
        assert spoken.read()["error"]["message"] == "the message is too long"
        asked = {"name": "ask", "arguments": {"prompt": "x" * 17_000_000, "model": "echo"}}
        assert spoken.ask("tools/call", asked)["result"]["isError"]
        assert spoken.ask("ping", {})["result"] == {}
        assert spoken.memory() - before < 250 * 1024 * 1024
        began = time.monotonic()
        out, err = spoken.process.communicate(timeout=10)
        assert (spoken.process.returncode, out, err) == (0, b"", b"")
        assert time.monotonic() - began < 3


def test_a_signal_ends_it_cleanly_and_books_what_was_under_way(
    layer: Any, home: Path, project: Path, server: ScriptedServer
) -> None:
    """Nothing is printed but messages, and no call is lost from the book."""
    server.always(way("hang"), model="one")
    with Process(home, project) as spoken:
        spoken.greet().start("tools/call", {"name": "ask", "arguments": {"prompt": "hello", "model": "here.one"}})
        assert server.wait_for(1)
        began = time.monotonic()
        spoken.process.send_signal(signal.SIGTERM)
        out, err = spoken.process.communicate(timeout=10)
        assert (spoken.process.returncode, err) == (143, b"")
        assert time.monotonic() - began < 3
        assert all(json.loads(line)["jsonrpc"] == "2.0" for line in out.splitlines())
    assert attempts(home) == [("one", "interrupted", "in_doubt")]


def test_a_person_is_told_that_it_speaks_to_clients(typed: Shell) -> None:
    """Its help says how one is set up."""
    assert "outrider install --mcp" in typed("mcp", "--help").out
