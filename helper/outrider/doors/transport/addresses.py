"""Looks a name up within a time, and shares what is left of it among the addresses.

A lookup has no timeout of its own (a dead name server holds it for half a minute), and a library that tries every
address in turn gives each the whole time. Knows nothing of HTTP.
"""

import socket
import time
from collections.abc import Iterator
from threading import Thread
from typing import Any


def addresses(host: str, port: int, *, wait: float) -> Iterator[tuple[str, float]]:
    """Yields every address of a name with the seconds to spend on it; raises TimeoutError or OSError."""
    until = time.monotonic() + wait
    found = _looked_up(host, port, wait=wait)
    for index, address in enumerate(found):
        yield address, max(until - time.monotonic(), 0.001) / (len(found) - index)


def _looked_up(host: str, port: int, *, wait: float) -> tuple[str, ...]:
    found: list[Any] = []

    def look() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as fault:  # noqa: BLE001 - it is raised again where somebody waits for it
            found.append(fault)

    # A thread that hangs in the system's resolver is left behind: nothing can stop it, and it holds nothing of ours.
    thread = Thread(target=look, daemon=True)
    thread.start()
    thread.join(wait)
    if not found:
        raise TimeoutError
    if isinstance(found[0], Exception):
        raise found[0]
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found[0]))
