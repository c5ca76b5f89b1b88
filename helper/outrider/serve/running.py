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
from outrider.doors.transport import many_sender
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.privacy import is_loopback_host
from outrider.serve.app import App
from outrider.serve.gate import Gate
from outrider.serve.guard import Guard
from outrider.serve.kept import Kept
from outrider.serve.names import Names
from outrider.serve.work import Work

BACKLOG = 512
DRAIN = 8.0
"""Seconds that what is under way may still take after a first signal."""
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


@record
class Wish:
    """How the endpoint is wanted. `most` at once, `queue` waiting; `max_cost` and `timeout` hold for each request."""

    host: str
    port: int
    private: bool = False
    max_cost: Decimal | None = None
    timeout: float | None = None
    most: int = 64
    queue: int = 256
    quiet: bool = False


@record
class Standing:
    """Where it is, the token, and the file that holds both for scripts."""

    url: str
    token: str
    path: str
    pid: int


def run(session: Session, wish: Wish, ready: Callable[[Standing], None]) -> int:
    """Serves until a signal comes; returns the exit code."""
    kept = Kept(session, {"max_cost": wish.max_cost, "timeout": wish.timeout})
    with _listening(wish) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}/v1" if ":" in host else f"http://{host}:{port}/v1"
        path = session.places.ours("serve", f"{port}.json")
        standing = Standing(url=url, token=secrets.token_urlsafe(32), path=path, pid=os.getpid())
        with _file(path, {"url": url, "token": standing.token, "pid": standing.pid}):
            return asyncio.run(
                _serve(kept, wish, _guard(wish, host, standing.token), listener, partial(ready, standing))
            )


def _guard(wish: Wish, host: str, token: str) -> Guard:
    """Returns who may speak to us; off loopback we go by the name that was wished for, and by every address."""
    if is_loopback_host(host):
        return Guard(token)
    return Guard(token, hosts=frozenset({wish.host.lower(), socket.gethostname().lower()}), is_open=True)


async def _serve(kept: Kept, wish: Wish, guard: Guard, listener: socket.socket, ready: Callable[[], None]) -> int:
    send, close = many_sender(kept.now_in_force.registry.values.get("network", {}))
    gate = Gate(wish.most, wish.queue)
    work = Work(kept, send, gate, is_private=wish.private)
    app = App(guard, gate, work, Names(kept, at=int(time.time())), is_quiet=wish.quiet)
    config = uvicorn.Config(
        app, lifespan="off", ws="none", log_config=None, log_level="critical", access_log=False, server_header=False,
        proxy_headers=False, timeout_keep_alive=30, timeout_graceful_shutdown=int(DRAIN) + 4, backlog=BACKLOG,
    )  # fmt: skip
    ending = _Ending(app, _Server(config))
    loop = asyncio.get_running_loop()
    for number in CODES:
        loop.add_signal_handler(number, ending.heard, number)
    try:
        ready()
        await ending.server.serve(sockets=[listener])
    finally:
        app.cut()
        await close()
    return ending.code


class _Ending:
    """What a signal does: the first one drains, a second one cuts."""

    def __init__(self, app: App, server: "_Server") -> None:
        self._app = app
        self.server = server
        self.code = 0

    def heard(self, number: signal.Signals) -> None:
        if self.code:
            self._app.cut()
            return
        self.code = CODES[number]
        self._app.stop()
        self.server.should_exit = True
        asyncio.get_running_loop().call_later(DRAIN, self._app.cut)


class _Server(uvicorn.Server):
    """Leaves the signals to us: they drain first, and give the exit code that a shell expects."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _listening(wish: Wish) -> Iterator[socket.socket]:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            wish.host, wish.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind)
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
