"""A provider on loopback that bills: it counts what it was asked, when, and what it takes for it."""

import json
import time
from contextlib import suppress
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from types import TracebackType
from typing import Any, NamedTuple, Self

PRICE = {"input": 1, "output": 10}
"""Dollars for a million tokens."""


class Bill(NamedTuple):
    """One answered question: when it arrived (monotonic seconds), and what it was billed."""

    at: float
    dollars: Decimal
    tokens: int


class BillingServer:
    """Answers after `delay` seconds and bills every token that it was allowed to give, or every `shares`-th of them.

    A bill counts from the moment in which the question arrives: who is killed while waiting still pays.
    """

    def __init__(self, *, delay: float = 0.2, shares: tuple[int, ...] = (1,)) -> None:
        self.bills: list[Bill] = []
        self.most_open = 0
        self._open = 0
        self._delay = delay
        self._shares = shares
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
    def billed(self) -> Decimal:
        """Everything that was billed so far, in dollars."""
        return sum((bill.dollars for bill in self.bills), Decimal(0))

    def most_within(self, seconds: float) -> int:
        """Returns the most requests that arrived in any span of so many seconds."""
        times = sorted(bill.at for bill in self.bills)
        return max((sum(start <= at < start + seconds for at in times) for start in times), default=0)

    def layer(self, **more: Any) -> dict[str, Any]:
        """Returns the user's settings with one priced model at this provider."""
        provider = {"dialect": "openai", "base_url": self.url, "limits": more.pop("rates", {})}
        return {
            "providers": {"bank": provider}, "models": {"bank.one": {"provider": "bank", "id": "one", "price": PRICE}},
            **more,
        }  # fmt: skip

    def answer(self, asked: dict[str, Any]) -> bytes:
        """Bills a question and answers it."""
        given = sum(len(message["content"].encode()) for message in asked["messages"]) // 3 + 4
        with self._lock:
            made = max(int(asked["max_tokens"]) // self._shares[len(self.bills) % len(self._shares)], 1)
            dollars = (given * Decimal(PRICE["input"]) + made * Decimal(PRICE["output"])) / 1_000_000
            self.bills.append(Bill(at=time.monotonic(), dollars=dollars, tokens=given + made))
            self._open += 1
            self.most_open = max(self.most_open, self._open)
        time.sleep(self._delay)
        with self._lock:
            self._open -= 1
        message = {"role": "assistant", "content": "paid"}
        usage = {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json.dumps({"model": "one", "choices": [choice], "usage": usage}).encode()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def __init__(self, address: tuple[str, int], bank: BillingServer) -> None:
        self.bank = bank
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
        """Answers one question."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = self.server.bank.answer(asked)
        with suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
