"""The rows of batches that a provider works on: the nouns, and what one transaction does to one document.

Every function works inside a transaction of the ledger.
"""

import time
from typing import Any

from outrider.data import Answer, Attempt, Failure, Target
from outrider.doors.ledger_file import Connection, Row
from outrider.doors.ledger_page import Page, Reservation, RunRow, storable
from outrider.records import record, replace
from outrider.rules.disclosure import Disclosure
from outrider.rules.limits import Booking
from outrider.rules.money import from_nano, to_nano
from outrider.rules.provider_batches import Entry, goes_back

HELD = "batch"
"""What stands for a process in the attempts that a provider's batch holds."""
GUESSED = "guessed"
"""What stands for the file of a batch that was found by its size and its hour alone, so that it may be another's."""
CARRIED = ("intended", "creating", "submitted", "lost")
"""The states in which a handle still holds documents. `intended`: nothing that is billed has left; `creating`: the call
that starts it has left, or was about to; `lost`: the provider no longer knows it.
"""


@record
class Handle:
    """One batch at a provider, as we know it. Times are seconds since 1970.

    `is_owned` says that another process is still making it; `counts` are its documents by state.
    """

    id: str
    batch: int
    run: str
    at: float
    provider: str
    model: str
    wire_id: str
    key_id: str
    origin: str
    state: str
    documents: int
    schema: str | None
    due: float
    fall_back_at: float | None
    remote: str
    input: str
    created_at: float | None
    polled: float | None
    next_poll: float | None
    stopped: float | None
    message: str
    is_owned: bool
    counts: dict[str, int]


@record
class Given:
    """One document that is to be handed over: its entry, and what that discloses."""

    entry: Entry
    disclosure: Disclosure


@record
class Wanted:
    """What a new handle is made from: for which run of documents, to which target, and by when."""

    id: str
    batch: int
    run: RunRow
    target: Target
    schema: str | None
    due: float
    fall_back_at: float | None


def hold(connection: Connection, handle: str, number: int, *, document: int, booked: Reservation, likely: int) -> None:
    """Gives one document away: to the handle, out of every process's hands."""
    connection.execute("UPDATE batch_documents SET state = 'submitted' WHERE id = ?", (document,))
    connection.execute("UPDATE attempts SET boot = ?, pid = 0 WHERE id = ?", (HELD, booked.row))
    terms = booked.booking
    connection.execute(
        "INSERT INTO provider_batch_documents (handle, number, document, attempt, cap, tokens, likely, nano, known)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (handle, number, document, booked.row, terms.cap, terms.input_tokens, likely, booked.nano, terms.known),
    )


def settle_row(
    page: Page, handle: Handle, row: Row, attempt: Attempt, *, periods: tuple[str, ...], asks_again: bool
) -> None:
    """Books one attempt, what its document came to, and that the handle holds it no longer."""
    # What a batch's requests came to says nothing of how its target answers a single question.
    target = unpaced(replace(attempt.target, key_id=f"{attempt.target.key_id}|{HELD}"))
    page.settle(
        Reservation(
            row=row["attempt"], run=handle.run, nano=row["nano"], booking=booking(row), periods=periods
        ),
        replace(attempt, target=target),
    )  # fmt: skip
    connection, outcome, nano = page.connection, attempt.outcome, to_nano(attempt.cost)
    known = "WHERE id = ? AND state = 'submitted'"
    if isinstance(outcome, Answer) and not asks_again:
        state = "answered"
        connection.execute(
            "UPDATE batch_documents SET state = 'done', kind = NULL, message = NULL, answer = ?, model = ?,"  # noqa: S608
            f" cost_nano = cost_nano + ?, finished = ? {known}",
            storable(outcome.text, attempt.target.model.name, nano, time.time(), row["document"]),
        )
    elif asks_again or goes_back(attempt):
        state = "back"
        connection.execute(
            f"UPDATE batch_documents SET state = 'pending', cost_nano = cost_nano + ? {known}",  # noqa: S608
            (nano, row["document"]),
        )
    else:
        state = "failed"
        failure = outcome if isinstance(outcome, Failure) else Failure(kind="interrupted", message="")
        connection.execute(
            "UPDATE batch_documents SET state = 'failed', kind = ?, message = ?, model = ?,"  # noqa: S608
            f" cost_nano = cost_nano + ?, finished = ? {known}",
            storable(
                failure.kind, failure.message[:500], attempt.target.model.name, nano, time.time(), row["document"]
            ),
        )
    connection.execute(
        "UPDATE provider_batch_documents SET state = ? WHERE handle = ? AND number = ?",
        (state, handle.id, row["number"]),
    )


def booking(row: Row) -> Booking:
    """Returns what a document was reserved with."""
    return Booking(
        cap=row["cap"], worst=from_nano(row["nano"]), known=bool(row["known"]), input_tokens=row["tokens"]
    )  # fmt: skip


def update(connection: Connection, handle: str, values: dict[str, Any]) -> None:
    """Changes what is known of a handle."""
    columns = ", ".join(f"{name} = ?" for name in values)
    connection.execute(
        f"UPDATE provider_batches SET {columns} WHERE id = ?",  # noqa: S608 (our own words only)
        storable(*values.values(), handle),
    )


def unpaced(target: Target) -> Target:
    """Returns a target without its provider's rates, which are for single calls: a batch has limits of its own."""
    row = {name: value for name, value in target.provider.row.items() if name != "limits"}
    return replace(target, provider=replace(target.provider, row=row))
