"""Connections with an end: a head that does not come is not waited for, and there is a most of them.

Who has no token yet must not be able to hold everybody else up by doing nothing.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST_CONNECTIONS = 1_024


class Patient(H11Protocol):
    """uvicorn's own protocol, which closes a connection whose request does not begin in time (seconds)."""

    patience = 20.0

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begins to wait for a first head."""
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.close()
            return
        self._timer = self.loop.call_later(self.patience, self._too_slow)

    def connection_lost(self, exc: Exception | None) -> None:
        """Waits for nothing any more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads on; between a head's first byte and its last the clock runs."""
        super().data_received(data)
        if self._has_request():
            self._stop_waiting()
        elif self._timer is None:
            self._timer = self.loop.call_later(self.patience, self._too_slow)

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _too_slow(self) -> None:
        self._timer = None
        if not self._has_request() and not self.transport.is_closing():
            self.transport.close()

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def within(seconds: float) -> type[Patient]:
    """Returns the protocol with this patience: uvicorn takes a class."""

    class Within(Patient):
        patience = seconds

    return Within
