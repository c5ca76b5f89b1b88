"""The book for many requests at once: what they write goes to disk together.

An answer need not wait for its settlement: until that is on disk its row holds the worst case, as after a crash.
"""

import asyncio
import sys

from outrider.data import Answer, Attempt, Failure, Target
from outrider.doors.ledger import Ledger, Reservation, RunRow
from outrider.doors.ledger_group import Group
from outrider.doors.ledger_page import Check
from outrider.doors.settings import Places
from outrider.errors import StorageFault
from outrider.rules.disclosure import Disclosure
from outrider.rules.rates import Wait

LAZY = 0.005
"""Seconds that the settlement of an answer waits for company: the answer goes out, and the next call's intent comes."""


class Book:
    """The open book of this process, on the running event loop."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self.ledger = Ledger(places)
        self._group = Group(self.ledger)
        self._left: list[Group] = []
        self._settling: set[asyncio.Task[None]] = set()
        self._lazy: set[asyncio.Future[None]] = set()

    def look(self) -> None:
        """Takes another file where ours was set aside; what is under way settles in the one it was booked in."""
        if not self.ledger.is_current():
            self._left.append(self._group)
            self.ledger = Ledger(self._places)
            self._group = Group(self.ledger)

    def entry(self, row: RunRow, told: Disclosure) -> "Entry":
        """Returns where one run is booked."""
        return Entry(self, self._group, row, told)

    async def hurry(self) -> None:
        """Lets what waits for company come along: there is a commit now."""
        if self._lazy:
            for waiting in tuple(self._lazy):
                _wake(waiting)
            # They are queued before whoever called: the loop takes them in turn.
            await asyncio.sleep(0)

    def settle_later(self, group: Group, reservation: Reservation, attempt: Attempt) -> "asyncio.Task[None]":
        """Books how a call ended, on its own time."""
        task = asyncio.create_task(self._settle(group, reservation, attempt))
        self._settling.add(task)
        task.add_done_callback(self._settling.discard)
        return task

    async def close(self) -> None:
        """Writes what is waiting, and closes every file."""
        if self._settling:
            await self.hurry()
            await asyncio.wait(self._settling)
        for group in (*self._left, self._group):
            await group.close()
            group.ledger.close()

    async def _settle(self, group: Group, reservation: Reservation, attempt: Attempt) -> None:
        if isinstance(attempt.outcome, Answer):
            # A commit holds the loop up for as long as the disk takes.
            await self._company()
        try:
            await group.settle(reservation, attempt)
        except StorageFault as fault:
            # The answer is paid for: it is told all the same, and the row stays booked at its worst case.
            sys.stderr.write(f"outrider: could not settle attempt {reservation.row}: {fault.message}\n")

    async def _company(self) -> None:
        """Waits for the next commit, but not for long."""
        loop = asyncio.get_running_loop()
        waiting = loop.create_future()
        self._lazy.add(waiting)
        timer = loop.call_later(LAZY, _wake, waiting)
        try:
            await waiting
        finally:
            timer.cancel()
            self._lazy.discard(waiting)


def _wake(waiting: "asyncio.Future[None]") -> None:
    if not waiting.done():
        waiting.set_result(None)


class Entry:
    """One run's part of the book: each call is booked before it leaves, and settled when it has ended."""

    def __init__(self, book: Book, group: Group, row: RunRow, told: Disclosure) -> None:
        self._book = book
        self._group = group
        self._row = row
        self._told = told

    async def reserve(self, target: Target, number: int, check: Check) -> Reservation | Failure | Wait:
        """Returns once a call may leave."""
        await self._book.hurry()
        return await self._group.reserve(
            self._row, target, number=number, check=check, prompt_digest=self._told.digest,
            prompt_bytes=self._told.bytes, disclosure=self._told,
        )  # fmt: skip

    async def settle(self, reservation: Reservation, attempt: Attempt) -> None:
        """Books how a call ended; what follows a failure depends on it, so that is waited for."""
        task = self._book.settle_later(self._group, reservation, attempt)
        if not isinstance(attempt.outcome, Answer):
            await asyncio.shield(task)
