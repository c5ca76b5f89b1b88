"""The book's part on tools: which server was told what by which run, and what it gave back; digests and sizes only.

A row is written before a call is made, and closed when it has ended: no call without a row.
"""

import time
from collections.abc import Iterator
from typing import Any

from outrider.doors.ledger_file import LedgerFile, Row
from outrider.doors.ledger_read import stamp
from outrider.records import record


@record
class ToolRow:
    """What is known of a call before it is made. `place` is where its data goes: an origin, or a program."""

    run: str
    round: int
    server: str
    tool: str
    place: str
    local: bool
    data_class: str
    arguments_digest: str
    arguments_bytes: int


def begin(ledger: LedgerFile, row: ToolRow) -> int:
    """Books a call that is about to be made; returns its number."""
    with ledger.transaction() as connection:
        cursor = connection.execute(
            "INSERT INTO tool_calls (run, round, at, server, tool, place, local, class, arguments_digest,"
            " arguments_bytes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (row.run, row.round, time.time(), row.server, _text(row.tool), row.place, row.local, row.data_class,
             row.arguments_digest, row.arguments_bytes),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)


def end(
    ledger: LedgerFile, number: int, *, outcome: str, kind: str | None, digest: str | None, size: int, seconds: float
) -> None:
    """Closes a call's row: `result`, `error`, `refused` or `interrupted`."""
    with ledger.transaction() as connection:
        connection.execute(
            "UPDATE tool_calls SET outcome = ?, kind = ?, result_digest = ?, result_bytes = ?, seconds = ?"
            " WHERE id = ? AND outcome = 'open'",
            (outcome, kind, digest, size, seconds, number),
        )


def calls(ledger: LedgerFile, *, since: float = 0.0, run: str | None = None) -> Iterator[dict[str, Any]]:
    """Yields what tools were told, in order."""
    rows = ledger.read("SELECT * FROM tool_calls WHERE at >= ?1 AND (?2 IS NULL OR run = ?2) ORDER BY id", (since, run))
    yield from map(_shape, rows)


def _shape(row: Row) -> dict[str, Any]:
    return {
        "at": stamp(row["at"]), "run": row["run"], "round": row["round"], "server": row["server"],
        "tool": row["tool"], "place": row["place"], "local": bool(row["local"]), "class": row["class"],
        "arguments": {"digest": row["arguments_digest"], "bytes": row["arguments_bytes"]},
        "result": {"digest": row["result_digest"], "bytes": row["result_bytes"]},
        "outcome": row["outcome"], "kind": row["kind"], "seconds": round(row["seconds"], 3),
    }  # fmt: skip


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
