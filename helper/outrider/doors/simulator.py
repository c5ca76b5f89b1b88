"""A simulated provider on loopback, for `demo`: real HTTP, real faults, invented answers that say so.

It speaks the openai dialect. The first part of the path chooses how it behaves: `/busy/v1` is overloaded, `/steady/v1`
answers, and `/contrary/v1` does, too, but never as the others do. Votes and findings come in the form that is wanted.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LARGEST_BODY = 1_048_576
ANSWER = "This is a simulated answer: no model was asked and nothing left this machine. You asked: {asked}"


REASON = "simulated: no model has thought about this"
FINDING = "simulated: say that this text is simulated, twice"
_LABELS = re.compile(r'"choice": one of (".*?"), or "')


def said(messages: list[dict[str, object]], *, is_contrary: bool) -> str:
    """Returns what the simulated provider says to a conversation: a vote, findings, or plain words."""
    last, first = str(messages[-1]["content"]), str(messages[0]["content"])
    labels = _LABELS.search(last)
    if labels is not None:
        choices = json.loads(f"[{labels[1]}]")
        return json.dumps({"choice": choices[-1 if is_contrary else 0], "reason": REASON})
    if first.startswith("You look for faults"):
        findings = [] if last.count("simulated") > 1 else [FINDING]
        return json.dumps({"accepted": not findings, "findings": findings})
    if FINDING in last:
        return "This is a simulated text, and it says so: simulated."
    if "how many" in last.lower():
        return f"Simulated answer: {41 if is_contrary else 42}"
    return ANSWER.format(asked=last[:60].replace("\n", " "))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Answers a chat completion."""
        size = min(int(self.headers.get("content-length", "0")), LARGEST_BODY)
        body = json.loads(self.rfile.read(size))
        if self.path.startswith("/busy/"):
            self._reply(503, {"error": {"message": "simulated: overloaded", "type": "server_error"}})
            return
        text = said(body["messages"], is_contrary=self.path.startswith("/contrary/"))
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


class _Server(ThreadingHTTPServer):
    request_queue_size = 256

    def handle_error(self, request: object, client_address: object) -> None:
        """Says nothing of callers that were killed: the demo kills them."""


@contextmanager
def simulated() -> Iterator[str]:
    """Serves on a free loopback port for as long as the block runs; yields its address."""
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
