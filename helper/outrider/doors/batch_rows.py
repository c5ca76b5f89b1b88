"""The rows of a batch's documents, changed one at a time within a transaction that somebody else has opened.

A document is known by its id, wherever in the input it stands; a line without one by its place.
"""

import json
import time

from outrider.doors.ledger_file import Connection, Row
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rules.bulk.nouns import BAD_INPUT, Document, State

OWN = ("done", "submitted")
"""What a document is that must not change any more: it is answered, or at a provider."""


@record
class Admitted:
    """A document of the input and what the journal knows of it; `kind` says how it failed."""

    document: Document
    state: State
    kind: str | None = None


class Changed(OutriderError):
    """A document that was answered asks something else now."""

    def __init__(self, name: str, key: str) -> None:
        super().__init__(
            f"document `{key[:80]}` of run {name} was answered already, and its prompt is another one now",
            hint="give the document another id, or the run another name: `--run NAME`",
        )


def key_of(value: str | int) -> str:
    """Returns an id as it is kept: 7 and "7" are two."""
    return json.dumps(value)


class Register:
    """Enters the documents of one reading of the input. It remembers their places, a bit each, and never their ids."""

    def __init__(self, name: str, batch: int) -> None:
        self._name = name
        self._batch = batch
        self._seen = bytearray()
        self._last: int | None = None

    def enter(self, connection: Connection, document: Document) -> Admitted:
        """Enters the next document of the input and says what is known of it."""
        row = self._row(connection, document)
        if row is not None and row["position"] != document.position and self._has_seen(row["position"]):
            fault = f"line {document.line} has the id `{str(document.id)[:80]}` of an earlier one"
            document, row = replace(document, id=None, fault=fault), None
        if document.id is None:
            row = _nameless(connection, self._batch, document.position)
        self._see(document.position)
        if (row is None or row["position"] != document.position) and document.position <= self._last_of_before(
            connection
        ):
            _make_room(connection, self._batch, document.position)
        if row is None:
            connection.execute(
                "INSERT INTO batch_documents (batch, position, key, digest) VALUES (?, ?, ?, ?)",
                (self._batch, document.position, _key(document), document.digest),
            )
        else:
            self._meet(connection, document, row)
        if document.fault:
            failed(connection, self._batch, document.position, kind=BAD_INPUT, message=document.fault)
            return Admitted(document=document, state="failed", kind=BAD_INPUT)
        is_new = row is None or row["digest"] != document.digest
        if row is None or is_new:
            return Admitted(document=document, state="pending")
        return Admitted(document=document, state=row["state"], kind=row["kind"])

    def _row(self, connection: Connection, document: Document) -> Row | None:
        row: Row | None = None
        if document.id is not None:
            row = connection.execute(
                "SELECT id, position, digest, state, kind FROM batch_documents WHERE batch = ? AND key = ?",
                (self._batch, _key(document)),
            ).fetchone()
        return row

    def _meet(self, connection: Connection, document: Document, row: Row) -> None:
        """Takes in what the input says now of a document that is known."""
        is_changed = row["digest"] != document.digest
        if is_changed and row["state"] in OWN:
            raise Changed(self._name, str(document.id))
        if is_changed:
            connection.execute(
                "UPDATE batch_documents SET position = ?, digest = ?, state = 'pending', kind = NULL, message = NULL"
                " WHERE id = ?", (document.position, document.digest, row["id"]),
            )  # fmt: skip
        elif row["position"] != document.position:
            connection.execute("UPDATE batch_documents SET position = ? WHERE id = ?", (document.position, row["id"]))

    def _last_of_before(self, connection: Connection) -> int:
        """Returns the last position of earlier readings: behind it no place was taken before it was its turn."""
        if self._last is None:
            (last,) = connection.execute(
                "SELECT MAX(position) FROM batch_documents WHERE batch = ?", (self._batch,)
            ).fetchone()
            self._last = -1 if last is None else int(last)
        return self._last

    def _see(self, position: int) -> None:
        while len(self._seen) <= position >> 3:
            self._seen += bytes(1024)
        self._seen[position >> 3] |= 1 << (position & 7)

    def _has_seen(self, position: int | None) -> bool:
        """Whether the input that is being read has had this position."""
        return position is not None and position >> 3 < len(self._seen) and bool(
            self._seen[position >> 3] & 1 << (position & 7)
        )  # fmt: skip


def done(
    connection: Connection, batch: int, position: int, *, answer: str, model: str, cost_nano: int,
) -> bool:  # fmt: skip
    """Keeps a document's answer, in the transaction that settles its call; False where it is settled already."""
    cursor = connection.execute(
        "UPDATE batch_documents SET state = 'done', kind = NULL, message = NULL, answer = ?, model = ?,"
        " cost_nano = cost_nano + ?, finished = ? WHERE batch = ? AND position = ? AND state <> 'done'",
        (text_of(answer), text_of(model), cost_nano, time.time(), batch, position),
    )
    return cursor.rowcount > 0


def failed(
    connection: Connection, batch: int, position: int, *, kind: str, message: str, model: str | None = None
) -> bool:  # fmt: skip
    """Keeps why a document has no answer; False where it is settled already."""
    cursor = connection.execute(
        "UPDATE batch_documents SET state = 'failed', kind = ?, message = ?, model = ?, finished = ?"
        " WHERE batch = ? AND position = ? AND state <> 'done'",
        (kind, text_of(message[:500]), model, time.time(), batch, position),
    )
    return cursor.rowcount > 0


def add_cost(connection: Connection, batch: int, position: int, *, cost_nano: int) -> None:
    """Books what a call cost that did not end in the document's answer."""
    connection.execute(
        "UPDATE batch_documents SET cost_nano = cost_nano + ? WHERE batch = ? AND position = ?",
        (cost_nano, batch, position),
    )


def _key(document: Document) -> str | None:
    return None if document.id is None else key_of(document.id)


def _nameless(connection: Connection, batch: int, position: int) -> Row | None:
    """Returns the row of a line without an id, which is known by its position alone."""
    row: Row | None = connection.execute(
        "SELECT id, position, digest, state, kind FROM batch_documents"
        " WHERE batch = ? AND position = ? AND key IS NULL", (batch, position),
    ).fetchone()  # fmt: skip
    return row


def _make_room(connection: Connection, batch: int, position: int) -> None:
    """Takes a position from the document that had it in an earlier input."""
    connection.execute(
        "DELETE FROM batch_documents WHERE batch = ? AND position = ? AND key IS NULL", (batch, position)
    )
    connection.execute("UPDATE batch_documents SET position = NULL WHERE batch = ? AND position = ?", (batch, position))


def text_of(text: str) -> str:
    """Returns a text as SQLite takes it: half a letter is none."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
