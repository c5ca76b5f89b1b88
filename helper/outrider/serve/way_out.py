"""The way out that all requests share, made anew where the user's `network` settings change."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport import Send, many_sender
from outrider.serve.kept import Kept

NOTHING: Mapping[str, Any] = {}


class WayOut:
    """Sends over kept connections. Calls that are under way over an earlier way stay there, so it is closed last."""

    def __init__(self, kept: Kept) -> None:
        self._kept = kept
        self._network: Mapping[str, Any] = _network(kept)
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._send = self._made()

    async def send(self, call: HttpCall, reading: Reading) -> Fault | None:
        """Sends a call and feeds the reply to its reading; returns what went wrong on the way, if anything."""
        network = _network(self._kept)
        if network is not self._network:
            is_other, self._network = network != self._network, network
            if is_other:
                self._send = self._made()
        return await self._send(call, reading)

    async def close(self) -> None:
        """Lets every connection go."""
        while self._closers:
            await self._closers.pop()()

    def _made(self) -> Send:
        send, close = many_sender(self._network)
        self._closers.append(close)
        return send


def _network(kept: Kept) -> Mapping[str, Any]:
    found: Mapping[str, Any] = kept.now_in_force.registry.values.get("network", NOTHING)
    return found
