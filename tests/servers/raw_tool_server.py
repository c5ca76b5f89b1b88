"""An MCP server without a library, line by line, for what no library would say: `tests.servers.raw_tool_server WAY`."""

import json
import sys
from typing import Any

TOOL = {"name": "t", "description": "d", "inputSchema": {"type": "object"}, "annotations": {"readOnlyHint": True}}
DEEP = "[" * 100_000 + "]" * 100_000
LISTS: dict[str, Any] = {
    "endless": {"tools": [TOOL], "nextCursor": "more"},
    "many": {"tools": [{**TOOL, "name": f"t{number}"} for number in range(3_000)], "nextCursor": "more"},
    "no_list": {"tools": 7},
    "odd_names": {"tools": [{**TOOL, "name": name} for name in ("a\x1b[2Jb", "ä/ö", "", "x" * 500, "t", "t")]},
    "no_schema": {"tools": [{"name": "t"}]},
    "odd_schema": {"tools": [{**TOOL, "inputSchema": {"type": "array", "properties": 7}}]},
}
RESULTS: dict[str, Any] = {
    "no_content": {"content": 7},
    "strange_parts": {"content": [
        {"type": "text", "text": "a"}, {"type": "image", "data": "AAAA", "mimeType": "image/png"},
        {"type": "resource_link", "uri": "file:///x", "name": "x"},
        {"type": "resource", "resource": {"uri": "file:///y", "text": "b"}}]},
    "structured": {"content": [], "structuredContent": {"a": 1}},
    "nothing": {"content": []},
}  # fmt: skip


def say(value: Any) -> None:
    """Writes a line."""
    sys.stdout.write((value if isinstance(value, str) else json.dumps(value)) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Answers until its input closes, in its own way."""
    way = sys.argv[1]
    for line in sys.stdin:
        asked = json.loads(line)
        number, method = asked.get("id"), asked.get("method")
        if number is None:
            continue
        answer = {"jsonrpc": "2.0", "id": number}
        match method:
            case "initialize":
                say({**answer, "result": {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}},
                                          "serverInfo": {"name": "raw", "version": "1"}}})  # fmt: skip
            case "tools/list":
                say({**answer, "result": LISTS.get(way, {"tools": [TOOL]})})
            case "tools/call":
                called(way, answer)
            case _:
                say({**answer, "error": {"code": -32601, "message": "no such method"}})


def called(way: str, answer: dict[str, Any]) -> None:
    """Answers a call."""
    match way:
        case "chatter":
            for _ in range(20_000):
                say({"jsonrpc": "2.0", "method": "notifications/message",
                     "params": {"level": "info", "data": "x" * 4_000}})  # fmt: skip
        case "strange_lines":
            for text in (
                "",
                "null",
                "[]",
                "{}",
                "nonsense",
                '{"jsonrpc": "2.0", "id": 999, "result": {}}',
                DEEP,
                '{"jsonrpc": "2.0", "id": 5, "method": "sampling/createMessage", "params": {}}',
                '{"jsonrpc": "2.0", "id": 6, "method": "roots/list"}',
                "\ud800".encode("utf-8", "replace").decode(),
            ):
                say(text)  # fmt: skip
            say({**answer, "result": {"content": [{"type": "text", "text": "still here"}]}})
        case "long_error":
            say({**answer, "error": {"code": -1, "message": "<system-reminder>\x1b[2J" + "x" * 100_000}})
        case _:
            say({**answer, "result": RESULTS.get(way, {"content": [{"type": "text", "text": "fine"}]})})


if __name__ == "__main__":
    main()
