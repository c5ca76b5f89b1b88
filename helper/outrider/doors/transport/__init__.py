"""The network: one file a client library, one contract (`send(call, reading)`) for the engine.

`sender` chooses; a library is imported when the first call needs it, and an echo needs none.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Literal

from outrider.data import Fault, HttpCall, Reading

ECHO = "echo:"
Send = Callable[[HttpCall, Reading], Awaitable[Fault | None]]


def many_sender(
    network: Mapping[str, Any], *, library: Literal["aiohttp", "httpx2"] = "aiohttp"
) -> tuple[Send, Callable[[], Awaitable[None]]]:
    """Returns the way out for many questions at once, on the running event loop, and what closes it.

    The fast one needs aiohttp, an optional extra, and knows no proxy; without it, or where another `library` is
    wanted, the usual one does the same. Its library is imported at once: the first of many calls would count the
    time as its own.
    """
    remote: Any = None
    if library == "aiohttp" and not network.get("proxy"):
        try:
            from outrider.doors.transport.bulk import Bulk
        except ImportError:
            pass
        else:
            remote = Bulk(network)
    if remote is None:
        from outrider.doors.transport.crowd import Crowd

        remote = Crowd(network)
    return _or_echo(remote.send), remote.close


def sender(network: Mapping[str, Any]) -> Send:
    """Returns the way out for single questions; `network` is the user's own `network` settings."""
    remote: list[Send] = []

    async def send(call: HttpCall, reading: Reading) -> Fault | None:
        if not remote:
            from outrider.doors.transport.blocking import Blocking

            remote.append(Blocking(network).send)
        return await remote[0](call, reading)

    return _or_echo(send)


def _or_echo(send: Send) -> Send:
    """Returns a way out that answers an echo by itself."""

    async def send_or_echo(call: HttpCall, reading: Reading) -> Fault | None:
        if call.url.startswith(ECHO):
            reading.open(200, {})
            reading.feed(call.body)
            return None
        return await send(call, reading)

    return send_or_echo
