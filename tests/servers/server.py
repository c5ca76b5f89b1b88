"""The scripted server itself: accepts on 127.0.0.1, remembers what it saw, and answers as scripted."""

import json
import socket
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event, Thread
from types import TracebackType
from typing import Any, Self

from tests.servers import dialects
from tests.servers.delivery import deliver
from tests.servers.replies import Reply, named

LARGEST = 64 * 1024 * 1024
"""The largest request body that is read, in bytes."""
FAULT = "fault-"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived; header names are lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class ScriptedServer:
    """A provider on loopback; use it as a context manager. `models` are what it lists, `text` what it answers."""

    def __init__(self, *, port: int = 0, models: tuple[str, ...] = ("test-model",)) -> None:
        self.models = models
        self.text = "hello from {model}"
        self._seen: list[Seen] = []
        self._next: dict[str | None, deque[Reply]] = {}
        self._always: dict[str | None, Reply] = {}
        self._paths: dict[str, Reply] = {}
        self._arrival = Condition()
        self._stop = Event()
        self._http = _Listener(("127.0.0.1", port), self)
        self.port: int = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def requests(self) -> tuple[Seen, ...]:
        """Every request so far, in the order of arrival."""
        with self._arrival:
            return tuple(self._seen)

    @property
    def asked(self) -> tuple[Seen, ...]:
        """The chat requests among them."""
        return tuple(seen for seen in self.requests if dialects.recognise(seen.path))

    def script(self, *replies: Reply, model: str | None = None) -> None:
        """Queues replies, one for each coming chat request (to this model, if one is named)."""
        with self._arrival:
            self._next.setdefault(model, deque()).extend(replies)

    def always(self, reply: Reply, *, model: str | None = None) -> None:
        """Replies so to every chat request (to this model) for which nothing is queued."""
        with self._arrival:
            self._always[model] = reply

    def always_at(self, path: str, reply: Reply) -> None:
        """Replies so to every request that is no chat, such as a list of models, at exactly this path."""
        with self._arrival:
            self._paths[path] = reply

    def wait_for(self, count: int, *, seconds: float = 10.0) -> bool:
        """Waits until so many requests have arrived and returns whether they did."""
        with self._arrival:
            return self._arrival.wait_for(lambda: len(self._seen) >= count, timeout=seconds)

    def _take(self, model: str) -> Reply:
        with self._arrival:
            for queue in (self._next.get(model), self._next.get(None)):
                if queue:
                    return queue.popleft()
            reply = self._always.get(model) or self._always.get(None)
        if reply is None and model.startswith(FAULT):
            with suppress(KeyError):
                return named(model.removeprefix(FAULT))
        return reply or Reply()

    def _remember(self, seen: Seen) -> None:
        with self._arrival:
            self._seen.append(seen)
            self._arrival.notify_all()

    def _answer(self, seen: Seen, connection: socket.socket) -> bool:
        """Replies to one request and returns whether the connection may be used again."""
        self._remember(seen)
        dialect = dialects.recognise(seen.path)
        listed = dialects.listing(seen.path, self.models) if seen.method == "GET" else None
        if dialect is None or seen.method != "POST":
            with self._arrival:
                reply = self._paths.get(seen.path, Reply(status=200 if listed else 404))
            body = reply.body if reply.body is not None else listed or dialects.error(dialect, 404)
            return deliver(connection, reply, parts=[body], kind=JSON_TYPE, stop=self._stop)
        asked = _read_json(seen)
        model = str(asked.get("model", ""))
        reply = self._take(model)
        if reply.body is not None or reply.status >= 400:
            body = reply.body if reply.body is not None else dialects.error(dialect, reply.status)
            return deliver(connection, reply, parts=[body], kind=JSON_TYPE, stop=self._stop)
        text = self.text.format(model=model) if reply.text is None else reply.text
        if asked.get("stream", dialect == "ollama"):
            parts = dialects.pieces(dialect, reply, model=model, text=text)
            kind = "application/x-ndjson" if dialect == "ollama" else "text/event-stream"
        else:
            parts, kind = [dialects.whole(dialect, reply, model=model, text=text)], JSON_TYPE
        if reply.shape == "html":
            kind = "text/html"
        return deliver(connection, reply, parts=parts, kind=kind, stop=self._stop)


def _read_json(seen: Seen) -> Mapping[str, Any]:
    with suppress(ValueError):
        value = seen.json
        if isinstance(value, dict):
            return value
    return {}


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], scripted: ScriptedServer) -> None:
        self.scripted = scripted
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: callers that go away are what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Says nothing."""

    def _reply(self) -> None:
        self.close_connection = True
        body = self._body()
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(method=self.command, path=self.path, headers=headers, body=body)
        with suppress(OSError):
            keep = self.server.scripted._answer(seen, self.connection)
            self.close_connection = not keep or headers.get("connection", "").lower() == "close"

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _reply  # noqa: N815 (the library's names)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(min(int(self.headers.get("Content-Length") or 0), LARGEST))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body
