"""The book for a process that asks many at once: what they have to write goes to disk together, in one transaction.

A commit costs the same for one row as for hundreds. So each caller waits for the next one, which comes when nobody has
anything to add, when enough has gathered, or after a few milliseconds; nothing returns before it is on disk. Made and
used on one event loop.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from outrider.data import Attempt, Failure, Target
from outrider.doors.ledger import Ledger
from outrider.doors.ledger_file import Connection
from outrider.doors.ledger_page import Check, Page, Reservation, RunRow
from outrider.rules.disclosure import Disclosure
from outrider.rules.rates import Wait

MOST = 256
"""So many entries go into one transaction at most: a thousand would keep other processes waiting."""
LONGEST = 0.005
"""How long the first of them waits for others at most, in seconds."""


class _Entry:
    """What one caller writes, and where it waits. An intent that nobody waits for any more is not written."""

    __slots__ = ("is_intent", "told", "write")

    def __init__(self, write: Callable[[Page], Any], told: "asyncio.Future[Any]", *, is_intent: bool) -> None:
        self.write = write
        self.told = told
        self.is_intent = is_intent


class Group:
    """Writes to the book for many callers at once."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._loop = asyncio.get_running_loop()
        self._waiting: list[_Entry] = []
        self._seen = 0
        self._until = 0.0
        self._turn: asyncio.Handle | None = None

    async def reserve(
        self, run: RunRow, target: Target, *, number: int, check: Check, prompt_digest: str, prompt_bytes: int,
        disclosure: Disclosure | None = None, item: str | None = None,
    ) -> Reservation | Failure | Wait:  # fmt: skip
        """Returns once a call may leave: its row is on disk. What a caller who gave up had booked is given back."""
        told = self._queue(
            partial(
                Page.reserve, run=run, target=target, number=number, check=check, prompt_digest=prompt_digest,
                prompt_bytes=prompt_bytes, disclosure=disclosure, item=item,
            ),
            is_intent=True,
        )  # fmt: skip
        try:
            booked: Reservation | Failure | Wait = await told
        except asyncio.CancelledError:
            if told.done() and not told.cancelled() and told.exception() is None:
                self._give_back(told.result(), target)
            raise
        return booked

    async def settle(
        self, reservation: Reservation, attempt: Attempt, *, also: Callable[[Connection], None] | None = None
    ) -> None:
        """Returns once what became of a call is on disk, and what `also` writes beside it: both or neither."""
        await self._queue(partial(_settled, reservation=reservation, attempt=attempt, also=also))

    async def write(self, work: Callable[[Connection], Any]) -> Any:
        """Returns what `work` returns, once it is on disk."""
        return await self._queue(partial(_worked, work=work))

    async def close(self) -> None:
        """Writes what is still waiting. The book itself stays open."""
        while self._waiting:
            self._flush()

    def _queue(self, write: Callable[[Page], Any], *, is_intent: bool = False) -> "asyncio.Future[Any]":
        told: asyncio.Future[Any] = self._loop.create_future()
        self._waiting.append(_Entry(write, told, is_intent=is_intent))
        if self._turn is None:
            self._seen = 0
            self._until = self._loop.time() + LONGEST
            self._turn = self._loop.call_soon(self._look)
        return told

    def _look(self) -> None:
        """Waits on while others come; a round of the loop that brings none means that it would sleep now."""
        count = len(self._waiting)
        if self._seen < count < MOST and self._loop.time() < self._until:
            self._seen = count
            self._turn = self._loop.call_soon(self._look)
            return
        self._turn = None
        self._flush()
        if self._waiting and self._turn is None:
            self._turn = self._loop.call_soon(self._look)

    def _flush(self) -> None:
        """Writes what waits, in order."""
        entries, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        entries = [entry for entry in entries if not (entry.is_intent and entry.told.cancelled())]
        if not entries:
            return
        done: list[Any] = []
        try:
            with self.ledger.page() as page:
                for entry in entries:
                    done.append(entry.write(page))  # noqa: PERF401 - how far it came is asked below
        except Exception as fault:  # noqa: BLE001 - who waits gets it
            if len(done) == len(entries) or len(entries) == 1:
                # The disk, or the only one: nothing was written, for nobody.
                _tell(entries, fault)
                return
            self._one_by_one(entries)
            return
        for entry, result in zip(entries, done, strict=True):
            if not entry.told.done():
                entry.told.set_result(result)

    def _one_by_one(self, entries: list[_Entry]) -> None:
        """Writes each in a transaction of its own, since one of them takes the others with it."""
        for index, entry in enumerate(entries):
            is_open = False
            try:
                with self.ledger.page() as page:
                    is_open = True
                    result = entry.write(page)
            except Exception as fault:  # noqa: BLE001 - who waits gets it
                if not is_open:
                    # The book cannot be written at all, and the next would only wait as long to learn it.
                    _tell(entries[index:], fault)
                    return
                _tell([entry], fault)
            else:
                if not entry.told.done():
                    entry.told.set_result(result)

    def _give_back(self, booked: Any, target: Target) -> None:
        """Closes the row of a call that never left, since who wanted it is gone."""
        if isinstance(booked, Reservation):
            lost = Failure(kind="interrupted", message="interrupted before it left", certainty="not_sent")
            attempt = Attempt(target=target, outcome=lost, certainty="not_sent")
            told = self._queue(partial(_settled, reservation=booked, attempt=attempt, also=None))
            told.add_done_callback(_heard)


def _settled(
    page: Page, *, reservation: Reservation, attempt: Attempt, also: Callable[[Connection], None] | None
) -> None:
    page.settle(reservation, attempt)
    if also is not None:
        also(page.connection)


def _worked(page: Page, *, work: Callable[[Connection], Any]) -> Any:
    return work(page.connection)


def _tell(entries: list[_Entry], fault: Exception) -> None:
    for entry in entries:
        if not entry.told.done():
            entry.told.set_exception(fault)


def _heard(told: "asyncio.Future[Any]") -> None:
    """Takes note of a fault that nobody waits for: the row stays open, and is closed when the process is gone."""
    if not told.cancelled():
        told.exception()
