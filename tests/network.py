"""The network is closed while tests run: only the loopback, and only for who opened it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = ("127.", "::1", "localhost")
_opened: list[None] = []


@contextmanager
def opened_loopback() -> Iterator[None]:
    """Lets this process connect to servers on this machine for the length of the block."""
    _opened.append(None)
    try:
        yield
    finally:
        _opened.pop()


def refuse(event: str, args: tuple[object, ...]) -> None:
    """Refuses to look up or connect to anything else, as an audit hook, which sees every library."""
    if event == "socket.connect":
        peer = args[1]
        host = peer[0] if isinstance(peer, tuple) else ""  # a path or an empty name is a socket of this machine
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name and not (_opened and name.startswith(LOOPBACK)):
        message = f"a test reached for {name}: the network is closed, and `loopback` or `server` opens this machine"
        raise RuntimeError(message)


sys.addaudithook(refuse)
