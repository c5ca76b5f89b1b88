"""A provider that remembers which document it was asked, and how a batch is typed, killed and typed again."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import Any, Self

from tests.cli.typing_it import write_layer
from tests.doors.workers import ROOT

PRICE = {"input": 1, "output": 2}
HEARD = "you said: "


class Clerk:
    """Answers each document with its own words after `delay` seconds; while `is_down` it answers 503 to all."""

    def __init__(self, *, delay: float = 0.0) -> None:
        self.asked: list[str] = []
        self.is_down = Event()
        self.delay = delay
        self._lock = Lock()
        self._http = _Listener(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def times(self) -> Counter[str]:
        """How often each document was asked."""
        with self._lock:
            return Counter(self.asked)

    def hear(self, text: str) -> None:
        """Takes note of a question."""
        with self._lock:
            self.asked.append(text)

    def wait_for(self, count: int, process: "subprocess.Popen[str]", *, seconds: float = 60.0) -> None:
        """Waits until so many were asked by a process that is still at it; fails with what it printed."""
        until = time.monotonic() + seconds
        while len(self.asked) < count:
            if process.poll() is not None or time.monotonic() > until:
                process.kill()
                said = process.communicate(timeout=30)
                raise AssertionError(f"{len(self.asked)} of {count} were asked: {said}")
            time.sleep(0.002)


class _Listener(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def __init__(self, address: tuple[str, int], clerk: Clerk) -> None:
        self.clerk = clerk
        super().__init__(address, _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing: callers that are killed are what the tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Listener

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (the library's name)
        """Says nothing."""

    def do_POST(self) -> None:
        """Answers one document."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        clerk, text = self.server.clerk, str(asked["messages"][-1]["content"])
        clerk.hear(text)
        if clerk.delay:
            time.sleep(clerk.delay)
        status, value = 503, {"error": {"message": "down"}}
        if not clerk.is_down.is_set():
            message = {"role": "assistant", "content": HEARD + text}
            choice = {"index": 0, "finish_reason": "stop", "message": message}
            usage = {"prompt_tokens": 10, "completion_tokens": 5}
            status, value = 200, {"model": asked["model"], "choices": [choice], "usage": usage}  # type: ignore[dict-item]
        body = json.dumps(value).encode()
        with suppress(OSError):
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


def write_documents(folder: Path, count: int, *, size: int = 0) -> Path:
    """Writes so many documents, each with words of its own, and more letters where wanted."""
    path = folder / "documents.jsonl"
    filler = "x" * size
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps({"id": f"d{number}", "prompt": f"document {number} {filler}".strip()}) + "\n")
    return path


def write_clerk(home: Path, clerk: Clerk, **more: Any) -> None:
    """Writes a layer with one priced model at the clerk."""
    write_layer(
        home,
        {
            "providers": {"here": {"dialect": "openai", "base_url": clerk.url}},
            "models": {"here.one": {"provider": "here", "id": "one", "price": PRICE, "max_output": 1_000}},
            **more,
        },
    )


def typed(folder: Path, *flags: str, **how: Any) -> "subprocess.Popen[str]":
    """Starts a batch over the documents of a folder."""
    command = [sys.executable, "-m", "outrider", "batch", "documents.jsonl", "-m", "here.one", *flags]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}
    return subprocess.Popen(
        command, env=environment, cwd=folder, text=True, stdin=subprocess.DEVNULL,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **how},
    )  # fmt: skip


def ended(process: "subprocess.Popen[str]", *, seconds: float = 300.0) -> tuple[int, str, str]:
    """Waits for a batch and returns its code and what it printed."""
    out, err = process.communicate(timeout=seconds)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def killed(process: "subprocess.Popen[str]") -> None:
    """Kills a batch as nothing can be caught."""
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)


def answers(path: Path) -> list[dict[str, Any]]:
    """Reads the output."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
