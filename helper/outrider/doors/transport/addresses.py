"""Looks a name up within a time, and shares what is left of it among the addresses.

A lookup has no timeout of its own (a dead name server holds it for half a minute), and a library that tries every
address in turn gives each the whole time. An event loop's own lookups would hold up its end as well, since it waits
for their threads. Knows nothing of HTTP.
"""

import socket
import time
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any


def addresses(host: str, port: int, *, wait: float) -> Iterator[tuple[str, float]]:
    """Yields every address of a name with the seconds to spend on it; raises TimeoutError or OSError."""
    until = time.monotonic() + wait
    found: list[Any] = []
    _look_up(host, port, found.append).join(wait)
    if not found:
        raise TimeoutError
    yield from _shared(_addresses_in(found[0]), until)


async def addresses_at_once(host: str, port: int, *, wait: float) -> Iterator[tuple[str, float]]:
    """Returns what `addresses` yields without holding the event loop up, nor its end where nobody waits any more."""
    import asyncio

    until = time.monotonic() + wait
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Any] = loop.create_future()

    def settle(said: Any) -> None:
        if not found.done():
            found.set_result(said)

    def tell(said: Any) -> None:
        try:
            loop.call_soon_threadsafe(settle, said)
        except RuntimeError:
            return  # the loop has ended, and nobody waits

    _look_up(host, port, tell)
    async with asyncio.timeout(wait):
        said = await found
    return _shared(_addresses_in(said), until)


def _look_up(host: str, port: int, tell: Callable[[Any], None]) -> Thread:
    def look() -> None:
        try:
            tell(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as fault:  # noqa: BLE001 - it is raised again where somebody waits for it
            tell(fault)

    # A thread that hangs in the system's resolver is left behind: nothing can stop it, and it holds nothing of ours.
    thread = Thread(target=look, daemon=True)
    thread.start()
    return thread


def _addresses_in(found: Any) -> tuple[str, ...]:
    if isinstance(found, Exception):
        raise found
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _shared(found: tuple[str, ...], until: float) -> Iterator[tuple[str, float]]:
    """Yields each address with its share of the time that is left when it is reached."""
    for index, address in enumerate(found):
        yield address, max(until - time.monotonic(), 0.001) / (len(found) - index)
