"""The book's part for batches that a provider works on: what was handed over, and what came back of it.

Intent first: a document is given away, its worst case reserved and its attempt written in one transaction, before
anything leaves. What comes back settles the attempt and the document in one transaction, once; a second answer to the
same document changes nothing. Handles outlive their processes: any later one may ask, collect or stop them.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from outrider.data import Attempt, Failure
from outrider.doors import ledger_spend
from outrider.doors.alive import is_alive
from outrider.doors.batch_journal import Kept, kept
from outrider.doors.ledger import Ledger
from outrider.doors.ledger_file import Connection, Row
from outrider.doors.ledger_page import Reservation, storable
from outrider.doors.provider_batch_rows import (
    GUESSED,
    Given,
    Handle,
    Wanted,
    booking,
    hold,
    settle_row,
    unpaced,
    update,
)
from outrider.records import replace
from outrider.rules import privacy
from outrider.rules.limits import Booking
from outrider.rules.money import from_nano
from outrider.rules.provider_batches import Entry
from outrider.wire.batches import State

__all__ = ["GUESSED", "Given", "Handle", "Handles", "Wanted"]

Check = Callable[..., "Booking | Failure"]
"""Says of a spend and of an `entry` what it may cost at most, or that it may not leave."""


class Handles:
    """Every batch at a provider that this book knows; `at` says what time it is, in seconds since 1970."""

    def __init__(self, ledger: Ledger, *, at: Callable[[], float] = time.time) -> None:
        self.ledger = ledger
        self._at = at

    def intend(self, wanted: Wanted, given: Sequence[Given], check: Check) -> tuple[tuple[int, ...], Failure | None]:
        """Gives documents away and reserves what they may cost; returns the numbers of those, and what stopped it.

        One that is answered, or that another batch holds, is left alone. What a budget does not hold stays where it is.
        """
        target = unpaced(wanted.target)
        taken: list[int] = []
        stopped: Failure | None = None
        with self.ledger.page() as page:
            connection = page.connection
            for number, one in enumerate(given):
                row = connection.execute(
                    "SELECT id FROM batch_documents WHERE batch = ? AND position = ?"
                    " AND state IN ('pending', 'failed')",
                    (wanted.batch, one.entry.position),
                ).fetchone()
                if row is None:
                    continue
                booked = page.reserve(
                    wanted.run, target, number=1, check=partial(check, entry=one.entry),
                    prompt_digest=one.disclosure.digest, prompt_bytes=one.disclosure.bytes, disclosure=one.disclosure,
                    item=one.entry.item,
                )  # fmt: skip
                if not isinstance(booked, Reservation):
                    stopped = booked if isinstance(booked, Failure) else None
                    break
                hold(connection, wanted.id, number, document=row["id"], booked=booked, likely=one.entry.likely)
                taken.append(number)
            if taken:
                self._insert(connection, wanted, len(taken))
        return tuple(taken), stopped

    def _insert(self, connection: Connection, wanted: Wanted, documents: int) -> None:
        at, target = self._at(), wanted.target
        connection.execute(
            "INSERT INTO provider_batches (id, batch, run, at, boot, pid, provider, model, wire_id, key_id, origin,"
            " state, documents, periods, schema, due, fall_back_at) VALUES"
            " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'intended', ?, ?, ?, ?, ?)",
            storable(
                wanted.id, wanted.batch, wanted.run.id, at, self.ledger.boot, os.getpid(), target.provider.name,
                target.model.name, target.wire_id, target.key_id, privacy.origin(target.provider.base_url), documents,
                json.dumps(ledger_spend.periods(at, wanted.run.repository)), wanted.schema, wanted.due,
                wanted.fall_back_at,
            ),
        )  # fmt: skip

    def creating(self, handle: str, *, file: str) -> None:
        """Books that the call which starts a batch is about to leave."""
        self._note(handle, state="creating", input=file, created_at=self._at())

    def created(self, handle: str, state: State) -> None:
        """Books by which name the provider knows it."""
        self._note(handle, state="submitted", remote=state.id, polled=self._at(), message=state.message)

    def guessed(self, handle: str, state: State) -> None:
        """Books the one batch there that may be this, which nothing but its size and its hour says."""
        self._note(handle, state="submitted", remote=state.id, input=GUESSED, polled=self._at())

    def uncertain(self, handle: str, message: str) -> None:
        """Books that nobody knows whether the provider took it: from now on any process may find out."""
        self._note(handle, boot="", pid=0, message=message)

    def polled(self, handle: str, *, next_poll: float, message: str = "") -> None:
        """Books that the provider was asked how it is."""
        self._note(handle, polled=self._at(), next_poll=next_poll, message=message)

    def stopping(self, handle: str) -> None:
        """Books that the provider was asked to stop, or said first that it had ended."""
        self._note(handle, stopped=self._at(), next_poll=None)

    def redate(self, handle: Handle, *, due: float, fall_back_at: float) -> Handle:
        """Books by when its answers are wanted now."""
        self._note(handle.id, due=due, fall_back_at=fall_back_at)
        return replace(handle, due=due, fall_back_at=fall_back_at)

    def lost(self, handle: str, message: str, *, next_poll: float) -> None:
        """Books that the provider does not know it any more: what it may have cost stays reserved."""
        self._note(handle, state="lost", polled=self._at(), next_poll=next_poll, message=message)

    def found(self, handle: str) -> None:
        """Books that the provider knows it again."""
        self._note(handle, state="submitted")

    def _note(self, handle: str, **values: Any) -> None:
        with self.ledger.transaction() as connection:
            update(connection, handle, values)

    def settle(self, handle: Handle, ended: Sequence[tuple[int, Attempt]], *, asks_again: bool = False) -> int:
        """Books what became of documents; returns how many that was news of.

        With `asks_again` each goes back to be asked one by one, whatever its attempt says.
        """
        news, periods = 0, self._periods(handle.id)
        with self.ledger.page() as page:
            for number, attempt in ended:
                row = page.connection.execute(
                    "SELECT * FROM provider_batch_documents WHERE handle = ? AND number = ? AND state = 'open'",
                    (handle.id, number),
                ).fetchone()
                if row is not None:
                    settle_row(page, handle, row, attempt, periods=periods, asks_again=asks_again)
                    news += 1
        return news

    def _periods(self, handle: str) -> tuple[str, ...]:
        rows = self.ledger.read("SELECT periods FROM provider_batches WHERE id = ?", (handle,))
        return tuple(json.loads(rows[0]["periods"]))

    def entries(self, handle: Handle) -> dict[int, Entry]:
        """Returns the documents that a handle still holds, by their numbers."""
        rows = self.ledger.read(
            "SELECT held.*, documents.key FROM provider_batch_documents AS held JOIN batch_documents AS documents"
            " ON documents.id = held.document WHERE held.handle = ? AND held.state = 'open'",
            (handle.id,),
        )
        return {
            row["number"]: Entry(
                position=row["document"], item=row["key"] or "", booking=booking(row), likely=row["likely"]
            )
            for row in rows
        }

    def end(self, handle: str, message: str = "") -> bool:
        """Closes a handle that holds nothing any more; False where it still does."""
        with self.ledger.transaction() as connection:
            (left,) = connection.execute(
                "SELECT COUNT(*) FROM provider_batch_documents WHERE handle = ? AND state = 'open'", (handle,)
            ).fetchone()
            if left:
                return False
            update(connection, handle, {"state": "ended", "message": message, "next_poll": None})
            return True

    def find(self, handle: str) -> Handle | None:
        """Returns a handle by its id."""
        rows = self.ledger.read("SELECT * FROM provider_batches WHERE id = ?", (handle,))
        return self._handle(rows[0]) if rows else None

    def listed(self, *, batch: int | None = None, run: str | None = None, is_open: bool = False) -> tuple[Handle, ...]:
        """Returns handles, the newest first: all, those of one run of documents, those that still hold documents."""
        rows = self.ledger.read(
            "SELECT * FROM provider_batches WHERE (?1 IS NULL OR batch = ?1) AND (?2 IS NULL OR run = ?2)"
            " AND (NOT ?3 OR state <> 'ended') ORDER BY at DESC, id DESC LIMIT 10000",
            (batch, run, is_open),
        )
        return tuple(self._handle(row) for row in rows)

    def remotes(self, provider: str) -> frozenset[str]:
        """Returns by which names a provider knows those of ours that it has confirmed."""
        rows = self.ledger.read("SELECT remote FROM provider_batches WHERE provider = ? AND remote <> ''", (provider,))
        return frozenset(row["remote"] for row in rows)

    def results(self, handle: Handle) -> Iterator[Kept]:
        """Yields what a handle's documents came to, in the order in which they were handed over."""
        last = -1
        while rows := self.ledger.read(
            "SELECT documents.*, held.number FROM provider_batch_documents AS held JOIN batch_documents AS documents"
            " ON documents.id = held.document WHERE held.handle = ? AND held.number > ?"
            " AND held.state IN ('answered', 'failed') ORDER BY held.number LIMIT 500",
            (handle.id, last),
        ):
            yield from map(kept, rows)
            last = rows[-1]["number"]

    def cost(self, handle: str) -> Decimal:
        """Returns what a handle's documents are booked with now."""
        rows = self.ledger.read(
            "SELECT SUM(cost_nano) AS nano FROM attempts WHERE id IN"
            " (SELECT attempt FROM provider_batch_documents WHERE handle = ?)", (handle,),
        )  # fmt: skip
        return from_nano(rows[0]["nano"] or 0) if rows else Decimal(0)

    def _handle(self, row: Row) -> Handle:
        counts = self.ledger.read(
            "SELECT state, COUNT(*) AS many FROM provider_batch_documents WHERE handle = ? GROUP BY state", (row["id"],)
        )
        names = Handle.__annotations__.keys() - {"is_owned", "counts"}
        return Handle(
            **{name: row[name] for name in names},
            is_owned=row["boot"] == self.ledger.boot and is_alive(row["pid"]) and row["pid"] != os.getpid(),
            counts={one["state"]: int(one["many"]) for one in counts},
        )
