"""A simulated provider on loopback, for `demo`: real HTTP, real faults, invented answers that say so.

It speaks the openai dialect. The first part of the path chooses how it behaves: `/busy/v1` is overloaded,
`/steady/v1` answers.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGEST_BODY = 1_048_576
ANSWER = "This is a simulated answer: no model was asked and nothing left this machine. You asked: {asked}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answers a chat completion."""
        size = min(int(self.headers.get("content-length", "0")), LARGEST_BODY)
        body = json.loads(self.rfile.read(size))
        if self.path.startswith("/busy/"):
            self._reply(503, {"error": {"message": "simulated: overloaded", "type": "server_error"}})
            return
        asked = str(body["messages"][-1]["content"])[:60].replace("\n", " ")
        text = ANSWER.format(asked=asked)
        usage = {"prompt_tokens": len(json.dumps(body)) // 4, "completion_tokens": len(text) // 4}
        if body.get("stream"):
            self._stream(text, usage, model=str(body["model"]))
            return
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        self._reply(200, {"model": body["model"], "choices": [choice], "usage": usage})

    def _stream(self, text: str, usage: dict[str, int], *, model: str) -> None:
        first, *others = text.split(" ")
        words = [first, *(f" {word}" for word in others)]
        chunks: list[dict[str, object]] = [
            {"model": model, "choices": [{"index": 0, "delta": {"content": word}}]} for word in words
        ]
        chunks.append({"model": model, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        chunks.append({"model": model, "choices": [], "usage": usage})
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        self._send(200, "".join([*lines, "data: [DONE]\n\n"]).encode(), kind="text/event-stream")

    def _reply(self, status: int, value: object) -> None:
        self._send(status, json.dumps(value).encode(), kind="application/json")

    def _send(self, status: int, data: bytes, *, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server calls
        """Says nothing: the demo tells what happens."""


@contextmanager
def simulated() -> Iterator[str]:
    """Serves on a free loopback port for as long as the block runs; yields its address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
