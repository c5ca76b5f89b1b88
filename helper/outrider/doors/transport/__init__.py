"""The network: one file a client library, one contract (`send(call, reading)`) for the engine.

`sender` chooses; a library is imported when the first call needs it, and an echo needs none.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from outrider.data import Fault, HttpCall, Reading

ECHO = "echo:"
Send = Callable[[HttpCall, Reading], Awaitable[Fault | None]]


def sender(network: Mapping[str, Any]) -> Send:
    """Returns the way out for single questions; `network` is the user's own `network` settings."""
    remote: list[Send] = []

    async def send(call: HttpCall, reading: Reading) -> Fault | None:
        if call.url.startswith(ECHO):
            reading.open(200, {})
            reading.feed(call.body)
            return None
        if not remote:
            from outrider.doors.transport.blocking import Blocking

            remote.append(Blocking(network).send)
        return await remote[0](call, reading)

    return send
