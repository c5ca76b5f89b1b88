"""A Messages API on loopback that says what a script tells it to, so that the real client writes a known history.

Each speaker (the session, or a subagent known by a mark in its prompt) has its own queue of replies.
"""

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

MAIN = "main"
SUBAGENT = "cc_is_subagent=true"


class Reply(NamedTuple):
    """One answer: its content blocks and the usage that the vendor would have billed."""

    blocks: Sequence[Mapping[str, Any]]
    usage: Mapping[str, Any]
    stop: str = "end_turn"
    model: str = ""
    after: tuple[str, int] | None = None
    """Whose how manieth question it waits for, so that one order of events is the only one."""
    missing: bool = False
    """Whether the vendor says that it has no such model."""


class Script:
    """What each speaker hears, in order; and which requests were made."""

    def __init__(self, name: str, replies: Mapping[str, Sequence[Reply]]) -> None:
        self.name = name
        self._queues = {name: list(queue) for name, queue in replies.items()}
        self._numbers: dict[str, int] = {}
        self._asked = threading.Condition()
        self.seen: list[tuple[str, str]] = []

    def next(self, request: Mapping[str, Any]) -> tuple[str, int, Reply]:
        """Returns who asks, the how manieth time, and the reply; an unexpected question gets one that shows."""
        speaker = self._speaker(request)
        with self._asked:
            self.seen.append((speaker, str(request.get("model"))))
            number = self._numbers[speaker] = self._numbers.get(speaker, 0) + 1
            queue = self._queues.get(speaker, [])
            reply = queue.pop(0) if queue else Reply([text("unexpected")], {"input_tokens": 1, "output_tokens": 1})
            self._asked.notify_all()
            if reply.after is not None:
                other, times = reply.after
                self._asked.wait_for(lambda: self._numbers.get(other, 0) >= times, timeout=60)
        return speaker, number, reply

    def _speaker(self, request: Mapping[str, Any]) -> str:
        system = request.get("system") or ()
        is_subagent = any(SUBAGENT in block.get("text", "") for block in system if isinstance(block, dict))
        said = json.dumps([message for message in request.get("messages", ()) if message.get("role") == "user"][:1])
        marks = [name for name in self._queues if name != MAIN and f"<{name}>" in said]
        return marks[0] if is_subagent and marks else MAIN

    def left(self) -> dict[str, int]:
        """Returns how many replies nobody asked for."""
        return {name: len(queue) for name, queue in self._queues.items() if queue}


def text(words: str) -> dict[str, Any]:
    """Makes a text block."""
    return {"type": "text", "text": words}


def tool(name: str, number: str, **given: Any) -> dict[str, Any]:
    """Makes a block that calls a tool."""
    return {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": given}


def usage(fresh: int, output: int, *, read: int = 0, five: int = 0, hour: int = 0, **more: Any) -> dict[str, Any]:
    """Makes the usage that an answer ends with; what was written to the cache by lifetime."""
    return {
        "input_tokens": fresh, "cache_read_input_tokens": read, "cache_creation_input_tokens": five + hour,
        "cache_creation": {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output, "service_tier": "standard", **more,
    }  # fmt: skip


def _events(message_id: str, model: str, reply: Reply) -> Iterator[dict[str, Any]]:
    opening = {**reply.usage, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": message_id, "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": opening,
    }  # fmt: skip
    yield {"type": "message_start", "message": message}
    for index, block in enumerate(reply.blocks):
        match block["type"]:
            case "text":
                start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
            case "thinking":
                start = {"type": "thinking", "thinking": "", "signature": ""}
                delta = {"type": "thinking_delta", "thinking": block["thinking"]}
            case _:
                start = {**block, "input": {}}
                delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        yield {"type": "content_block_start", "index": index, "content_block": start}
        yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    yield {
        "type": "message_delta", "delta": {"stop_reason": reply.stop, "stop_sequence": None}, "usage": dict(reply.usage)
    }  # fmt: skip
    yield {"type": "message_stop"}


@contextmanager
def serving(script: Script) -> Iterator[str]:
    """Serves a script on loopback, and gives the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            if not self.path.startswith("/v1/messages") or "count_tokens" in self.path:
                self._send(b'{"input_tokens": 10}', "application/json", "req_other")
                return
            speaker, number, reply = script.next(body)
            model = reply.model or body["model"]
            if reply.missing:
                error = {"type": "error", "error": {"type": "not_found_error", "message": f"model: {model}"}}
                self._send(json.dumps(error).encode(), "application/json", "req_missing", status=404)
                return
            events = _events(f"msg_{script.name}_{speaker}_{number}", model, reply)
            stream = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
            self._send(stream.encode(), "text/event-stream", f"req_{script.name}_{speaker}_{number}")

        def do_GET(self) -> None:
            self._send(b"{}", "application/json", "req_get")

        def _send(self, data: bytes, kind: str, request_id: str, *, status: int = 200) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("request-id", request_id)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's own name)
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
