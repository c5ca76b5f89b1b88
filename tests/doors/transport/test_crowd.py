"""Many calls at once: over kept connections, with the promises of a single one, and nothing left when they are gone."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from threading import Event, Lock
from typing import Any, TypeVar

import pytest

from outrider.data import Fault
from outrider.doors.transport.bulk import Bulk
from outrider.doors.transport.crowd import Crowd as Pool
from outrider.records import replace
from tests.doors.transport.asking import CHAT, MANY, SHORT, SLACK, WAY, Heard, a_call, read_head, serving
from tests.servers import ScriptedServer, way

ROOMY = replace(SHORT, connect=3.0, first_byte=5.0, idle=5.0, total=8.0)
pytestmark = pytest.mark.usefixtures("crowd_way")
Crowd = Pool | Bulk
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Result = TypeVar("Result")


def with_crowd(work: Callable[[Crowd], Awaitable[Result]], network: dict[str, Any] | None = None) -> Result:
    """Runs something with a crowd on an event loop of its own, and lets the crowd go."""

    async def run() -> Result:
        crowd = MANY[WAY.get()](network or {})
        try:
            return await work(crowd)
        finally:
            await crowd.close()

    return asyncio.run(run())


class Book:
    """Counts what a server of a test saw."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.connections = 0
        self.requests = 0
        self.heard = Event()
        self.gone = Event()

    def connected(self) -> int:
        """Notes a connection and returns which it was."""
        with self._lock:
            self.connections += 1
            return self.connections

    def asked(self) -> int:
        """Notes a request and returns which it was."""
        self.heard.set()
        with self._lock:
            self.requests += 1
            return self.requests


def test_fifty_at_once_are_one_wait_and_their_connections_are_kept(server: ScriptedServer) -> None:
    """They share nothing but time: two rounds of fifty take the slowest's, each over the connections of the first."""
    book = Book()

    def think(connection: socket.socket, stop: Event) -> None:
        book.connected()
        while read_head(connection):
            book.asked()
            stop.wait(0.2)
            connection.sendall(OK)

    async def ask(crowd: Crowd, url: str) -> list[tuple[Fault | None, bytes]]:
        heards = [Heard() for _ in range(50)]
        faults = await asyncio.gather(*(crowd.send(a_call(url, timing=ROOMY, method="GET", body=b""), heard)
                                        for heard in heards))  # fmt: skip
        return list(zip(faults, [heard.body for heard in heards], strict=True))

    with serving(think) as port:
        began = time.monotonic()

        async def twice(crowd: Crowd) -> Any:
            return [await ask(crowd, f"http://127.0.0.1:{port}/") for _ in range(2)]

        rounds = with_crowd(twice)
        seconds = time.monotonic() - began
    assert rounds == [[(None, b"ok")] * 50] * 2
    assert (book.connections, book.requests) == (50, 100)
    assert seconds < 2.0


@pytest.mark.parametrize("how", ["reset", "close"])
def test_a_kept_connection_that_its_server_closed_costs_nothing(loopback: None, how: str) -> None:
    """A reset before any byte of the answer is asked again, once, on a connection that is new for certain."""
    book = Book()

    def once(connection: socket.socket, stop: Event) -> None:
        book.connected()
        read_head(connection)
        book.asked()
        connection.sendall(OK)
        if not read_head(connection):
            return
        book.asked()
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    async def ask(crowd: Crowd) -> list[Fault | None]:
        call = a_call(url, timing=ROOMY, method="GET", body=b"")
        first = await asyncio.gather(*(crowd.send(call, Heard()) for _ in range(4)))
        return [*first, await crowd.send(call, Heard())]

    with serving(once) as port:
        url = f"http://127.0.0.1:{port}/"
        assert with_crowd(ask) == [None] * 5
    assert (book.connections, book.requests) == (5, 6)


def test_a_new_connection_that_is_reset_is_not_asked_twice(server: ScriptedServer) -> None:
    """What broke on a connection of its own may have been billed, and is a fault in doubt."""
    server.always(way("reset"))
    heard = Heard()
    fault = with_crowd(lambda crowd: crowd.send(a_call(server.url + CHAT, timing=ROOMY), heard))
    assert fault == Fault(kind="network", message="the connection broke", certainty="in_doubt")
    assert len(server.requests) == 1


def test_a_repeat_has_the_time_that_is_left(loopback: None) -> None:
    """A server that holds a kept connection before it breaks it does not double what a call may take."""

    def hold(connection: socket.socket, stop: Event) -> None:
        read_head(connection)
        connection.sendall(OK)
        if read_head(connection):
            stop.wait(0.3)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
            return

    async def ask(crowd: Crowd) -> tuple[Fault | None, float]:
        await crowd.send(a_call(url, timing=ROOMY, method="GET", body=b""), Heard())
        again.set()
        began = time.monotonic()
        timing = replace(SHORT, first_byte=2.0, total=0.5)
        fault = await crowd.send(a_call(url, timing=timing, method="GET", body=b""), Heard())
        return fault, time.monotonic() - began

    again = Event()

    def first_then_silent(connection: socket.socket, stop: Event) -> None:
        if again.is_set():
            stop.wait(5)
            return
        hold(connection, stop)

    with serving(first_then_silent) as port:
        url = f"http://127.0.0.1:{port}/"
        fault, seconds = with_crowd(ask)
    assert fault is not None
    assert (fault.kind, fault.certainty) == ("timeout", "in_doubt")
    assert 0.4 < seconds < 0.5 + SLACK


def test_a_call_that_is_cancelled_lets_its_socket_go(loopback: None) -> None:
    """The server sees the end at once, and the next call is answered on another connection."""
    book = Book()

    def hang(connection: socket.socket, stop: Event) -> None:
        if book.connected() == 1:
            read_head(connection)
            book.asked()
            if connection.recv(1) == b"":
                book.gone.set()
            return
        read_head(connection)
        connection.sendall(OK)

    async def cancel(crowd: Crowd) -> Fault | None:
        call = a_call(url, timing=ROOMY, method="GET", body=b"")
        task = asyncio.create_task(crowd.send(call, Heard()))
        assert await asyncio.to_thread(book.heard.wait, 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(book.gone.wait, 3)
        return await crowd.send(call, Heard())

    with serving(hang) as port:
        url = f"http://127.0.0.1:{port}/"
        assert with_crowd(cancel) is None


def test_a_dead_name_server_does_not_hold_up_the_end(loopback: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup that hangs in the system's resolver is left behind when the event loop ends."""
    held = Event()
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo",
        lambda host, *args, **more: held.wait(20) and [] if host == "dead.test" else real(host, *args, **more),
    )  # fmt: skip
    began = time.monotonic()
    fault = with_crowd(lambda crowd: crowd.send(a_call("http://dead.test/"), Heard()))
    seconds = time.monotonic() - began
    held.set()
    assert fault == Fault(kind="timeout", message="could not be reached within 0.2 s", certainty="not_sent")
    assert seconds < SHORT.connect + SLACK


def test_a_body_is_handed_on_as_it_comes(loopback: None) -> None:
    """Fifty long answers are read in pieces, none of which is as long as the answer."""
    longest: list[int] = []

    class Measuring(Heard):
        def feed(self, chunk: bytes) -> str:
            longest.append(len(chunk))
            return ""

    def stream(connection: socket.socket, stop: Event) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n")
        connection.sendall(b"x" * 2_000_000)

    async def ask(crowd: Crowd) -> list[Fault | None]:
        timing = replace(ROOMY, max_bytes=4_000_000)
        call = a_call(url, timing=timing, method="GET", body=b"")
        return list(await asyncio.gather(*(crowd.send(call, Measuring()) for _ in range(50))))

    with serving(stream) as port:
        url = f"http://127.0.0.1:{port}/"
        assert with_crowd(ask) == [None] * 50
    assert sum(longest) == 50 * 2_000_000
    assert max(longest) <= 262_144


LEFT: dict[str, bytes] = {
    "a body that is longer than its length": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200",
    "a second answer": OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "a second answer behind chunks": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    ),
    "a body where none can be": b"HTTP/1.1 304 X\r\nContent-Length: 4\r\n\r\nevil",
}


@pytest.mark.parametrize("name", LEFT)
def test_what_an_answer_leaves_behind_answers_nobody(name: str, loopback: None) -> None:
    """The next call gets its own answer, on another connection."""
    book = Book()

    def serve(connection: socket.socket, stop: Event) -> None:
        number = book.connected()
        while read_head(connection):
            connection.sendall(LEFT[name] if number == 1 else b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")

    async def ask(crowd: Crowd) -> list[tuple[Fault | None, bytes]]:
        found = []
        for _ in range(3):
            heard = Heard()
            call = a_call(url, timing=ROOMY, method="GET", body=b"")
            found.append((await crowd.send(call, heard), heard.body))
        return found

    with serving(serve) as port:
        url = f"http://127.0.0.1:{port}/"
        first, second, third = with_crowd(ask)
    assert (first[0], second, third) == (None, (None, b"own"), (None, b"own"))
    assert book.connections == 2
