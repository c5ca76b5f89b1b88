"""The journal of batches, in the ledger's own file: the truth of what each document came to.

A document's answer is written in the transaction that settles its call, so that what was paid is kept and what is kept
is never asked again. One process works on a run at a time; it holds a lock while it lives.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from outrider.doors.batch_rows import Admitted, Register, text_of
from outrider.doors.digest import blake2b
from outrider.doors.files import make_folder
from outrider.doors.ledger_file import LedgerFile, Row
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import record
from outrider.rules.bulk.nouns import Document, State

PAGE = 100


@record
class Kept:
    """What the journal holds of one document. `answer` is the text as it was given."""

    position: int
    id: str | int | None
    state: State
    answer: str | None
    model: str | None
    kind: str | None
    message: str
    cost_nano: int
    finished: float


class Busy(OutriderError):
    """Another process works on this run."""

    exit_code = 6
    kind = "running"


class Journal:
    """The runs over many documents that the ledger knows."""

    def __init__(self, ledger: LedgerFile, places: Places) -> None:
        self.ledger = ledger
        self._places = places

    def find(self, name: str) -> Row | None:
        """Returns a run's row: id, name, run, at, source, settings, ended, output."""
        rows = self.ledger.read("SELECT * FROM batches WHERE name = ?", (name,))
        return rows[0] if rows else None

    def unfinished(self) -> tuple[Row, ...]:
        """Returns the runs that were begun and have not ended, the newest first; a pipeline's stages are in its own."""
        return tuple(
            self.ledger.read(
                "SELECT * FROM batches WHERE ended IS NULL AND name NOT LIKE '%/%' ORDER BY at DESC LIMIT 20"
            )
        )

    def open(self, name: str, *, run: str, source: str, settings: Mapping[str, Any]) -> "Batch":
        """Begins a run or goes on with it; `run` is the ledger's id for one that begins. Raises `Busy`."""
        lock = self._own(name)
        try:
            with self.ledger.transaction() as connection:
                connection.execute(
                    "INSERT OR IGNORE INTO batches (name, run, at, source, settings) VALUES (?, ?, ?, ?, ?)",
                    (name, run, time.time(), text_of(source), json.dumps(settings, sort_keys=True)),
                )
                row = connection.execute("SELECT * FROM batches WHERE name = ?", (name,)).fetchone()
        except BaseException:
            os.close(lock)
            raise
        return Batch(self.ledger, row, lock)

    def _own(self, name: str) -> int:
        """Takes the lock of a run, which its process holds until it ends, however it ends."""
        make_folder(self._places.ours("batches"))
        path = self._places.ours("batches", f"{blake2b(name.encode(), digest_size=12).hexdigest()}.lock")
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.ftruncate(descriptor, 0)
                os.pwrite(descriptor, str(os.getpid()).encode(), 0)
            except BlockingIOError:
                owner = os.pread(descriptor, 20, 0).decode("ascii", "replace")
                os.close(descriptor)
                raise Busy(
                    f"run {name} is being worked on by process {owner or '?'}",
                    hint="wait until it has ended; what it answers is kept, and the same command goes on from there",
                ) from None
            except BaseException:
                os.close(descriptor)
                raise
        except OSError as fault:
            raise StorageFault(
                f"cannot write {path}: {fault.strerror}", hint="set OUTRIDER_HOME to a folder you can write to"
            ) from None
        return descriptor


class Batch:
    """One run that is open: its documents by their positions in the input."""

    def __init__(self, ledger: LedgerFile, row: Row, lock: int) -> None:
        self.id = int(row["id"])
        self.name = str(row["name"])
        self.run = str(row["run"])
        self.settings: Mapping[str, Any] = json.loads(row["settings"])
        self.output: str | None = row["output"]
        self._ledger = ledger
        self._lock: int | None = lock
        self._register = Register(self.name, self.id)

    def close(self) -> None:
        """Lets others work on it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def admit(self, documents: Sequence[Document]) -> tuple[Admitted, ...]:
        """Enters the next documents of the input and says what is known of each; one transaction.

        What cannot be asked, and a second line with an id that an earlier one has, is a failure.
        """
        with self._ledger.transaction() as connection:
            return tuple(self._register.enter(connection, document) for document in documents)

    def seal(self, documents: int) -> None:
        """Takes out of the order what the input, now read to its end, no longer holds."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE batch_documents SET position = NULL WHERE batch = ? AND position >= ?", (self.id, documents)
            )

    def end(self, *, output: str | None) -> None:
        """Books that nothing is left to ask, and where the answers were written."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE batches SET ended = ?, output = ? WHERE id = ?",
                (time.time(), None if output is None else text_of(output), self.id),
            )

    def settle_on(self, settings: Mapping[str, Any]) -> None:
        """Takes other settings for a run of which nothing is answered yet."""
        with self._ledger.transaction() as connection:
            connection.execute(
                "UPDATE batches SET settings = ? WHERE id = ?", (json.dumps(settings, sort_keys=True), self.id)
            )
        self.settings = settings

    def renew(self, run: str) -> None:
        """Goes on under another run of the ledger: what was to be done is done, and more has come."""
        with self._ledger.transaction() as connection:
            connection.execute("UPDATE batches SET run = ?, ended = NULL WHERE id = ?", (run, self.id))
        self.run = run

    def counts(self, *, below: int | None = None) -> dict[str, int]:
        """Returns how many documents of the input are in each state; of its first ones only with `below`."""
        rows = self._ledger.read(
            "SELECT state, COUNT(*) AS many FROM batch_documents WHERE batch = ? AND position < ? GROUP BY state",
            (self.id, 2**62 if below is None else below),
        )
        return {row["state"]: int(row["many"]) for row in rows}

    def failures(self, *, below: int | None = None) -> dict[str, int]:
        """Returns how many documents failed, by class, the most frequent first."""
        rows = self._ledger.read(
            "SELECT kind, COUNT(*) AS many FROM batch_documents WHERE batch = ? AND state = 'failed' AND position < ?"
            " GROUP BY kind ORDER BY many DESC, kind",
            (self.id, 2**62 if below is None else below),
        )
        return {row["kind"] or "server": int(row["many"]) for row in rows}

    def failed(self, *, limit: int, below: int | None = None) -> tuple[Kept, ...]:
        """Returns the first documents that failed."""
        rows = self._ledger.read(
            "SELECT * FROM batch_documents WHERE batch = ? AND state = 'failed' AND position < ?"
            " ORDER BY position LIMIT ?",
            (self.id, 2**62 if below is None else below, limit),
        )
        return tuple(kept(row) for row in rows)

    def results(self, *, completed: bool = False, below: int | None = None) -> Iterator[Kept]:
        """Yields what the documents came to, in the order of the input or of their ends, a page at a time."""
        bound = 2**62 if below is None else below
        if not completed:
            last = -1
            while rows := self._ledger.read(
                "SELECT * FROM batch_documents WHERE batch = ? AND position > ? AND position < ?"
                " AND state IN ('done', 'failed') ORDER BY position LIMIT ?",
                (self.id, last, bound, PAGE),
            ):
                yield from map(kept, rows)
                last = rows[-1]["position"]
            return
        order = self._ledger.read(
            "SELECT id FROM batch_documents WHERE batch = ? AND position < ? AND state IN ('done', 'failed')"
            " ORDER BY finished, position",
            (self.id, bound),
        )
        for (row,) in order:
            yield kept(self._ledger.read("SELECT * FROM batch_documents WHERE id = ?", (row,))[0])


def kept(row: Row) -> Kept:
    """Returns what a document's row holds."""
    return Kept(
        position=row["position"], id=None if row["key"] is None else json.loads(row["key"]), state=row["state"],
        answer=row["answer"], model=row["model"], kind=row["kind"], message=row["message"] or "",
        cost_nano=row["cost_nano"], finished=row["finished"] or 0.0,
    )  # fmt: skip
