"""What lives as long as the server: the book, the way out, and the settings, read again when they change."""

import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from outrider.cli.session import Session
from outrider.doors import registry as registry_door
from outrider.doors.ledger import Ledger
from outrider.doors.settings import Places, places
from outrider.doors.transport import Send, many_sender
from outrider.rows import Registry

Stamp = tuple[tuple[int, int, int] | None, ...]


class Desk:
    """Hands out a session for each call. `folder` is where the client works: it decides whose settings hold."""

    def __init__(self) -> None:
        self._folder = os.environ.get("CLAUDE_PROJECT_DIR") or os.getcwd()
        self._places: Places | None = None
        self._ledger: Ledger | None = None
        self._registry: Registry | None = None
        self._stamp: Stamp = ()
        self._send: Send | None = None
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._network: Mapping[str, Any] = {}
        self.last_run: str | None = None

    @property
    def folder(self) -> str:
        """Where relative paths count from."""
        return self._folder

    def move(self, folder: str) -> None:
        """Works in another folder from now on: the client said where it is."""
        if folder != self._folder:
            self._folder, self._places, self._registry = folder, None, None

    def session(self) -> Session:
        """Returns a session with keys and switches as they are now, the registry of now, and the book that is open."""
        if self._places is None:
            self._places = places(cwd=self._folder)
        session = Session(self._places)
        stamp = _stamp(registry_door.files(self._places))
        if self._registry is None or stamp != self._stamp:
            self._registry, self._stamp = registry_door.load(self._places), stamp
        session.registry = self._registry
        session.ledger = self._book(self._places)
        return session

    def _book(self, where: Places) -> Ledger:
        """Returns the open book; another one where its file is not the one that we opened any more."""
        if self._ledger is None or not self._ledger.is_current():
            # A call under way settles in the one that it was booked in.
            self._ledger = Ledger(where)
        return self._ledger

    def way_out(self, session: Session) -> Send:
        """Returns the way out that all calls share; its connections are kept while the network settings stay."""
        network = session.registry.values.get("network", {})
        if self._send is None or network != self._network:
            # Calls may be under way over an earlier one: it stays until the end.
            self._send, close = many_sender(network)
            self._closers.append(close)
            self._network = network
        return self._send

    async def close(self) -> None:
        """Closes what was open."""
        while self._closers:
            await self._closers.pop()()
        if self._ledger is not None:
            self._ledger.close()


def _stamp(paths: tuple[str, ...]) -> Stamp:
    """Returns what changes when a file does; None for one that is not there."""
    found: list[tuple[int, int, int] | None] = []
    for path in paths:
        try:
            status = os.stat(path)
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return tuple(found)
