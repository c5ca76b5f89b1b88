"""Runs the endpoint in this process until a signal ends it: sockets, uvicorn, the token, the stop.

A first signal lets what is under way end within some seconds, a second one cuts it; either way every call is booked.
"""

import asyncio
import json
import os
import secrets
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from decimal import Decimal
from functools import partial

import uvicorn

from outrider.cli.session import Session
from outrider.doors.files import make_folder, write_whole
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.privacy import is_loopback_host
from outrider.serve.app import App
from outrider.serve.gate import Gate
from outrider.serve.guard import Guard
from outrider.serve.kept import Kept
from outrider.serve.names import Names
from outrider.serve.patient import within
from outrider.serve.way_out import WayOut
from outrider.serve.work import Work

BACKLOG = 512
DRAIN = 8.0
"""Seconds that what is under way may still take after a first signal."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@record
class Wish:
    """How the endpoint is wanted. `most` at once, `queue` waiting; `max_cost` and `timeout` hold for each request.

    `patience` is how long the head of a request may take, in seconds.
    """

    host: str
    port: int
    private: bool = False
    max_cost: Decimal | None = None
    timeout: float | None = None
    most: int = 64
    queue: int = 256
    quiet: bool = False
    patience: float = 20.0


@record
class Standing:
    """Where it is, the token, and the file that holds both for scripts."""

    url: str
    token: str
    path: str
    pid: int


def run(session: Session, wish: Wish, ready: Callable[[Standing], None]) -> int:
    """Serves until a signal comes; returns the exit code."""
    with _listening(wish) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"
        path = session.places.ours("serve", f"{port}.json")
        standing = Standing(url=url, token=secrets.token_urlsafe(32), path=path, pid=os.getpid())
        with _file(path, {"url": url, "token": standing.token, "pid": standing.pid}):
            return asyncio.run(_until_signalled(session, wish, listener, standing, partial(ready, standing)))


async def _until_signalled(
    session: Session, wish: Wish, listener: socket.socket, standing: Standing, ready: Callable[[], None]
) -> int:
    endpoint = Endpoint(session, wish, _guard(wish, listener.getsockname()[0], standing.token))
    loop = asyncio.get_running_loop()
    for number, code in CODES.items():
        loop.add_signal_handler(number, endpoint.end, code)
    ready()
    return await endpoint.serve(listener)


def _guard(wish: Wish, host: str, token: str) -> Guard:
    """Returns who may speak to us; off loopback we go by the name that was wished for, and by every address."""
    if is_loopback_host(host):
        return Guard(token)
    return Guard(token, hosts=frozenset({wish.host.lower(), socket.gethostname().lower()}), is_open=True)


class Endpoint:
    """The endpoint on the running event loop, from its first request to its last."""

    def __init__(self, session: Session, wish: Wish, guard: Guard) -> None:
        self._kept = kept = Kept(session, {"max_cost": wish.max_cost, "timeout": wish.timeout})
        self._way_out = WayOut(kept)
        gate = Gate(wish.most, wish.queue)
        work = Work(kept, self._way_out.send, gate, is_private=wish.private)
        self._app = App(guard, gate, work, Names(kept, at=int(time.time())), is_quiet=wish.quiet)
        config = uvicorn.Config(
            self._app, http=within(wish.patience), lifespan="off", ws="none", log_config=None,
            log_level="critical", access_log=False,
            server_header=False, proxy_headers=False, timeout_keep_alive=30, backlog=BACKLOG,
            timeout_graceful_shutdown=int(DRAIN) + 4,
        )  # fmt: skip
        self._server = _Server(config)
        self._code = 0
        self._cutting: asyncio.Task[None] | None = None

    async def serve(self, listener: socket.socket) -> int:
        """Answers until it is told to end; returns the code that it was told."""
        try:
            await self._server.serve(sockets=[listener])
        finally:
            await self._app.cut()
            await self._way_out.close()
            await self._kept.book.close()
        return self._code

    def end(self, code: int) -> None:
        """Takes no more requests, lets those under way end, and cuts them off in time; at a second word at once."""
        loop = asyncio.get_running_loop()
        if self._server.should_exit:
            self._cutting = loop.create_task(self._app.cut())
            return
        self._code = code
        self._app.stop()
        self._server.should_exit = True
        loop.call_later(DRAIN, self.end, code)


class _Server(uvicorn.Server):
    """Leaves the signals to us: they drain first, and give the exit code that a shell expects."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listening(wish: Wish) -> Iterator[socket.socket]:
    try:
        # With its protocol by number: without it asyncio does not see that it is TCP, and leaves Nagle's delays on.
        family, kind, protocol, _, address = socket.getaddrinfo(
            wish.host, wish.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
            listener.setblocking(False)  # noqa: FBT003 - the library's own
        except OSError:
            listener.close()
            raise
    except OSError as fault:
        raise OutriderError(
            f"cannot listen at {wish.host} port {wish.port}: {fault.strerror or fault}",
            hint="take another port with `--port N`, or let the system choose with `--port 0`",
        ) from None
    with listener:
        yield listener


@contextmanager
def _file(path: str, said: dict[str, object]) -> Iterator[None]:
    """Keeps the address and the token for the user's own scripts, as long as they hold."""
    make_folder(os.path.dirname(path))
    write_whole(path, (json.dumps(said) + "\n").encode())
    try:
        yield
    finally:
        with suppress(OSError):
            os.unlink(path)
