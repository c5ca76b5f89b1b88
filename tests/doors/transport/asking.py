"""Sends one call through the real door and keeps everything that came back."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, Literal

from outrider.cli.stepping import step
from outrider.data import Answer, Fault, HttpCall, Outcome, Timing, Usage
from outrider.doors.transport.blocking import Blocking
from outrider.doors.transport.bulk import Bulk
from outrider.doors.transport.crowd import Crowd

SHORT = Timing(connect=0.2, first_byte=0.15, idle=0.15, total=0.4, max_bytes=100_000)
PATIENT = Timing(connect=10.0, first_byte=10.0, idle=10.0, total=20.0, max_bytes=100_000)
"""For calls that are to come to an answer, however busy the machine is."""
SLACK = 0.3
"""How much longer than its limit a call may take on a busy machine, in seconds."""
CHAT = "/v1/chat/completions"
Way = Literal["blocking", "crowd", "bulk"]
WAYS: tuple[Way, ...] = ("blocking", "crowd", "bulk")
MANY: dict[Way, type[Crowd] | type[Bulk]] = {"crowd": Crowd, "bulk": Bulk}
BY_PROXY: tuple[Way, ...] = ("blocking", "crowd")
WAY: ContextVar[Way] = ContextVar("way", default="blocking")
"""Which of the ways out is under test."""


class Heard:
    """A reading that keeps what it was told and judges nothing."""

    def __init__(self) -> None:
        self.status: int | None = None
        self.headers: Mapping[str, str] = {}
        self.body = b""

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """Keeps the status and the headers."""
        self.status, self.headers = status, dict(headers)

    def feed(self, chunk: bytes) -> str:
        """Keeps the bytes."""
        self.body += chunk
        return ""

    def finish(self, fault: Fault | None) -> Outcome:
        """Says nothing: the door never asks."""
        return Answer(text="", usage=Usage())


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What one call came to, and how many seconds it took."""

    fault: Fault | None
    heard: Heard
    seconds: float


def a_call(
    url: str,
    *,
    method: str = "POST",
    headers: tuple[tuple[str, str], ...] = (("content-type", "application/json"),),
    body: bytes = b'{"model": "m"}',
    timing: Timing = SHORT,
    local_only: bool = False,
) -> HttpCall:
    """Returns a call as a codec would make it."""
    return HttpCall(method=method, url=url, headers=headers, body=body, timing=timing, local_only=local_only)


def ask(call: HttpCall | str, network: Mapping[str, Any] | None = None) -> Sent:
    """Sends a call, or an ordinary one to this address."""
    heard = Heard()
    began = time.monotonic()
    fault = send(a_call(call) if isinstance(call, str) else call, heard, network)
    return Sent(fault=fault, heard=heard, seconds=time.monotonic() - began)


def send(call: HttpCall, reading: Heard, network: Mapping[str, Any] | None = None) -> Fault | None:
    """Sends one call by the way under test; a crowd of one ends its event loop, too."""
    if WAY.get() == "blocking":
        return step(Blocking(network or {}).send(call, reading))

    async def sent() -> Fault | None:
        crowd = MANY[WAY.get()](network or {})
        try:
            return await crowd.send(call, reading)
        finally:
            await crowd.close()

    return asyncio.run(sent())


def closed_port() -> int:
    """Returns a port at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


Handle = Callable[[socket.socket, Event], None]


@contextmanager
def serving(handle: Handle) -> Iterator[int]:
    """Lets a function handle every connection to a port, each in a thread; the event says that the test is over."""
    stop = Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def take(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            handle(connection, stop)

    def accept() -> None:
        with suppress(OSError):
            while True:
                Thread(target=take, args=(listener.accept()[0],), daemon=True).start()

    accepting = Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        accepting.join(5)


def read_head(connection: socket.socket) -> bytes:
    """Reads a request or an answer up to the empty line; bytes of a body may follow it."""
    head = b""
    while b"\r\n\r\n" not in head and (more := connection.recv(65_536)):
        head += more
    return head
