"""A provider's batch interface on loopback, in each of the four shapes, and everything that may go wrong with one.

Written by hand from the documents that `outrider.wire.batches` names; nothing here was recorded from a live service.
Answers are made from the requests: the text is the last message, in capitals. Its sync address answers too, so that a
test can see who asked what twice.
"""

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Literal, Self

Shape = Literal["openai", "anthropic", "google", "jobs"]
Fate = Literal["answered", "refused", "failed", "left"]
"""What becomes of one request: an answer, a 400 of its own, a 500 of its own, or nothing before the end."""
JOB_STATES = {"completed": "SUCCESS", "failed": "FAILED", "expired": "TIMEOUT_EXCEEDED", "cancelled": "CANCELLED"}
CREATED = 1_790_000_000


@dataclass(kw_only=True)
class Batch:
    """One batch as the provider holds it; `requests` are pairs of custom id and body."""

    id: str
    requests: list[tuple[str, dict[str, Any]]]
    input: str = ""
    metadata: dict[str, str] = field(default_factory=dict)
    ended: str = ""
    is_stopping: bool = False
    polls: int = 0


class BatchServer:
    """A provider of batches on loopback; use it as a context manager, and change its fields before it is asked.

    `created` is when its batches say that they were made; `polls` is how often one is asked before it has ended, as
    `ends_as`. `fate` says what becomes of each request by its number; `spoil` rewrites the lines of the results.
    `starts` holds what happens to the next calls that start a batch: a status, `cut` (taken, and no answer comes) or
    `lost` (never taken, and no answer comes). `gone` holds paths that are answered with 404. At the call that
    `hangs_at` names by its method and the end of its path it does what it was asked, sets `hung`, and answers when
    `let_go` is set.
    """

    def __init__(self, shape: Shape, *, port: int = 0) -> None:
        self.shape = shape
        self.files: dict[str, bytes] = {}
        self.batches: dict[str, Batch] = {}
        self.sync: list[str] = []
        self.seen: list[tuple[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.polls = 0
        self.ends_as = "completed"
        self.fate: Callable[[int], Fate] = lambda _: "answered"
        self.spoil: Callable[[list[bytes]], list[bytes]] = lambda lines: lines
        self.short = 0
        self.starts: deque[int | str] = deque()
        self.gone: set[str] = set()
        self.created = CREATED
        self.hangs_at: tuple[str, str] | None = None
        self.hung, self.let_go = Event(), Event()
        self._lock = Lock()
        self._http = _Listener(("127.0.0.1", port), self)
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def base_url(self) -> str:
        """What a registry row would have."""
        return self.url + {"anthropic": "", "google": "/v1beta/openai"}.get(self.shape, "/v1")

    @property
    def asked(self) -> list[str]:
        """Every text that was given to a batch, in order, once for each time."""
        return [_text(body) for batch in self.batches.values() for _, body in batch.requests]

    def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        """Answers one request: status, headers and body; a status of 0 closes the connection without a word."""
        with self._lock:
            self.seen.append((method, path.partition("?")[0]))
            self.headers.append(headers)
            bare = path.partition("?")[0]
            if bare in self.gone:
                return 404, {}, _error("not_found_error", "no such thing")
            if bare.endswith(("/chat/completions", "/v1/messages")):
                return self._sync(json.loads(body))
            if self.shape == "anthropic":
                return self._anthropic(method, bare, body)
            if "/upload/" in bare or (method == "POST" and bare.endswith("/files")):
                return self._upload(bare, headers, body)
            found = re.search(r"/files/([^/:]+)(/content|:download)", bare)
            if found is not None:
                return self._file(found[1])
            return self._batch(method, bare, body)

    def _sync(self, body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        self.sync.append(_text(body))
        return 200, {}, json.dumps(_answer(self.shape, body)).encode()

    def _upload(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        name = f"file-{len(self.files) + 1}"
        if self.shape == "google":
            if headers.get("x-goog-upload-command") == "start":
                return 200, {"x-goog-upload-url": f"{self.url}/upload/v1beta/files?upload_id=u1"}, b"{}"
            self.files[name] = body
            return 200, {}, json.dumps({"file": {"name": f"files/{name}"}}).encode()
        mark = headers["content-type"].partition("boundary=")[2].encode()
        part = body.split(b"--" + mark)[2]
        self.files[name] = part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")
        return 200, {}, json.dumps({"id": name, "purpose": "batch"}).encode()

    def _file(self, name: str) -> tuple[int, dict[str, str], bytes]:
        data = self.files.get(name)
        return (404, {}, _error("not_found_error", "no such file")) if data is None else (200, {}, data)

    def _batch(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        last = path.rstrip("/").split("/")[-1]
        if last in {"batches", "jobs"}:
            if method == "POST":
                return self._start(json.loads(body))
            rows = [self._shown(batch) for batch in reversed(self.batches.values())]
            return 200, {}, json.dumps({"data": rows, "has_more": False, "total": len(rows)}).encode()
        batch = self.batches.get(path.rstrip("/").split("/")[-2] if last == "cancel" else last)
        return self._about(batch, is_cancel=last == "cancel")

    def _start(self, asked: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        file = str(asked.get("input_file_id") or asked["input_files"][0])
        lines = [json.loads(line) for line in self.files[file.removeprefix("files/")].splitlines()]
        requests = [(line["custom_id"], line["body"]) for line in lines]
        return self._take(requests, file=file, metadata=asked.get("metadata") or {})

    def _take(
        self, requests: list[tuple[str, dict[str, Any]]], *, file: str = "", metadata: dict[str, str] | None = None
    ) -> tuple[int, dict[str, str], bytes]:
        happens = self.starts.popleft() if self.starts else 200
        if isinstance(happens, int) and happens != 200:
            wait = {"retry-after": "3"} if happens == 429 else {}
            return happens, wait, _error("rate_limit_error" if happens == 429 else "api_error", "not now")
        if happens == "lost":
            return 0, {}, b""
        batch = Batch(id=f"batch_{len(self.batches) + 1}", requests=requests, input=file, metadata=metadata or {})
        self.batches[batch.id] = batch
        return (0, {}, b"") if happens == "cut" else (200, {}, json.dumps(self._shown(batch)).encode())

    def _about(self, batch: Batch | None, *, is_cancel: bool) -> tuple[int, dict[str, str], bytes]:
        if batch is None:
            return 404, {}, _error("not_found_error", "no such batch")
        if is_cancel and not batch.ended:
            batch.is_stopping = True
        elif not batch.ended:
            batch.polls += 1
            if batch.is_stopping:
                self._end(batch, "cancelled")
            elif batch.polls > self.polls:
                self._end(batch, self.ends_as)
        return 200, {}, json.dumps(self._shown(batch)).encode()

    def _end(self, batch: Batch, ended: str) -> None:
        batch.ended = ended
        lines = [] if ended == "failed" else self._lines(batch)
        lines = self.spoil(lines)
        self.files[f"out-{batch.id}"] = b"".join(lines)

    def _lines(self, batch: Batch) -> list[bytes]:
        made = []
        for number, (custom_id, body) in enumerate(batch.requests):
            line = _line(self.shape, custom_id, body, self._fate(batch, number))
            if line is not None:
                made.append(json.dumps(line).encode() + b"\n")
        return made

    def _fate(self, batch: Batch, number: int) -> Fate:
        fate = self.fate(number)
        return "left" if fate == "answered" and batch.is_stopping and batch.polls <= self.polls else fate

    def _shown(self, batch: Batch) -> dict[str, Any]:
        fates = [self._fate(batch, number) for number in range(len(batch.requests))]
        done = fates.count("answered") if batch.ended and batch.ended != "failed" else 0
        failed = fates.count("refused") + fates.count("failed") if batch.ended else 0
        output = f"out-{batch.id}" if batch.ended and batch.ended != "failed" else None
        if self.shape == "anthropic":
            left = len(fates) - done - failed
            counts = {"processing": 0 if batch.ended else len(fates), "succeeded": done, "errored": failed,
                      "canceled": left if batch.ended == "cancelled" else 0,
                      "expired": left if batch.ended not in ("", "cancelled") else 0}  # fmt: skip
            return {
                "id": batch.id, "type": "message_batch", "request_counts": counts, "created_at": _stamp(self.created),
                "processing_status": "ended" if batch.ended else "canceling" if batch.is_stopping else "in_progress",
                "cancel_initiated_at": _stamp(self.created) if batch.is_stopping else None,
                "expires_at": _stamp(self.created + 86_400),
                "results_url": f"https://elsewhere.test/{batch.id}/results" if batch.ended else None,
            }  # fmt: skip
        if self.shape == "jobs":
            return {
                "id": batch.id, "object": "batch", "status": JOB_STATES.get(batch.ended, "RUNNING"),
                "input_files": [batch.input], "metadata": batch.metadata, "created_at": self.created,
                "total_requests": len(fates), "succeeded_requests": done, "failed_requests": failed,
                "output_file": output, "error_file": None, "errors": [],
            }  # fmt: skip
        return {
            "id": batch.id, "object": "batch", "input_file_id": batch.input, "metadata": batch.metadata,
            "status": batch.ended or ("cancelling" if batch.is_stopping else "in_progress"),
            "created_at": self.created, "expires_at": self.created + 86_400,
            "output_file_id": (f"files/{output}" if self.shape == "google" else output) if output else None,
            "error_file_id": None, "errors": None,
            "request_counts": {"total": len(fates), "completed": done, "failed": failed},
        }  # fmt: skip

    def _anthropic(self, method: str, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        parts = path.rstrip("/").split("/")
        if parts[-1] == "batches":
            if method == "POST":
                return self._take([(one["custom_id"], one["params"]) for one in json.loads(body)["requests"]])
            rows = [self._shown(batch) for batch in reversed(self.batches.values())]
            last = rows[-1]["id"] if rows else None
            return 200, {}, json.dumps({"data": rows, "has_more": False, "last_id": last}).encode()
        if parts[-1] == "results":
            return self._file(f"out-{parts[-2]}")
        return self._about(
            self.batches.get(parts[-2] if parts[-1] == "cancel" else parts[-1]), is_cancel=parts[-1] == "cancel"
        )


def _text(body: dict[str, Any]) -> str:
    content = body["messages"][-1]["content"]
    return content if isinstance(content, str) else json.dumps(content)


def _answer(shape: Shape, body: dict[str, Any]) -> dict[str, Any]:
    text = _text(body).upper()
    if shape == "anthropic":
        return {
            "id": "msg_1", "type": "message", "role": "assistant", "model": body["model"], "stop_reason": "end_turn",
            "content": [{"type": "text", "text": text}], "usage": {"input_tokens": 100, "output_tokens": 10},
        }  # fmt: skip
    return {
        "id": "c1", "object": "chat.completion", "model": body["model"],
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110},
    }  # fmt: skip


def _line(shape: Shape, custom_id: str, body: dict[str, Any], fate: Fate) -> dict[str, Any] | None:
    """Writes what became of one request, None where it is in no file."""
    if shape == "anthropic":
        kinds = {"refused": "invalid_request_error", "failed": "api_error"}
        result: dict[str, Any] = {"type": "expired"}
        if fate == "answered":
            result = {"type": "succeeded", "message": _answer(shape, body)}
        elif fate in kinds:
            error = {"type": kinds[fate], "message": "this one is wrong"}
            result = {"type": "errored", "error": {"type": "error", "error": error}}
        return {"custom_id": custom_id, "result": result}
    if fate == "left":
        error = {"code": "batch_expired", "message": "This request could not be executed before the end."}
        return {"id": "r", "custom_id": custom_id, "response": None, "error": error}
    status = {"answered": 200, "refused": 400, "failed": 500}[fate]
    kind = {400: "invalid_request_error", 500: "server_error"}.get(status, "")
    said = _answer(shape, body) if status == 200 else {"error": {"type": kind, "message": "this one is wrong"}}
    return {
        "id": "r", "custom_id": custom_id, "error": None,
        "response": {"status_code": status, "request_id": "req_1", "body": said},
    }  # fmt: skip


def _error(kind: str, message: str) -> bytes:
    return json.dumps({"type": "error", "error": {"type": kind, "message": message}}).encode()


def _stamp(at: float) -> str:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(at, tz=UTC).isoformat().replace("+00:00", "Z")


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], server: BatchServer) -> None:
        self.batches = server
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Listener

    def do_GET(self) -> None:
        self._reply()

    def do_POST(self) -> None:
        self._reply()

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        provider = self.server.batches
        status, extra, data = provider.answer(self.command, self.path, headers, body)
        if provider.hangs_at is not None and not provider.let_go.is_set():
            method, end = provider.hangs_at
            if self.command == method and self.path.partition("?")[0].endswith(end):
                provider.hung.set()
                provider.let_go.wait(60)
        if status == 0:
            self.close_connection = True
            return
        short = provider.short if "out-" in self.path or self.path.endswith("/results") else 0
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) - short] if short else data)
        if short:
            self.close_connection = True

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the library's own name
        """Says nothing."""
