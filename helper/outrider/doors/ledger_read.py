"""Questions to the book: sums, runs, attempts, and whether its file is whole. Nothing here writes a row."""

import os
import sqlite3
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from outrider.doors.ledger_file import Damaged, LedgerFile, Row
from outrider.records import record
from outrider.rules.money import from_nano

DIMENSIONS: Mapping[str, str] = {
    "model": "attempts.model",
    "task": "runs.task",
    "agent": "runs.agent",
    "day": "date(attempts.at, 'unixepoch')",
    "repo": "runs.repository",
    "repository": "runs.repository",
    "session": "runs.session",
    "provider": "attempts.provider",
    "preset": "runs.preset",
    "plugin": "NULL",
}
PAGE = 2_000
SIDE_FILES = ("", "-wal", "-shm", "-journal")


@record
class Sum:
    """What some attempts came to. `cost` is what was billed, in dollars; `in_doubt` what may have been besides."""

    names: tuple[str | None, ...]
    calls: int
    failures: int
    input: int
    output: int
    cached: int
    written: int
    cost: Decimal
    in_doubt: Decimal
    unpriced: int


def sums(ledger: LedgerFile, *, by: tuple[str, ...], since: float) -> tuple[Sum, ...]:
    """Returns the attempts since a moment, summed by these dimensions, the dearest first; without any, one sum."""
    columns = "".join(f"{DIMENSIONS[name]}, " for name in by)
    numbers = ", ".join(str(number + 1) for number in range(len(by)))
    grouped = f"GROUP BY {numbers}" if by else ""
    rows = ledger.read(
        f"SELECT {columns} COUNT(*) AS calls, SUM(attempts.outcome = 'failure') AS failures,"  # noqa: S608 (our own words only)
        " SUM(attempts.input) AS input, SUM(attempts.output) AS output, SUM(attempts.cached) AS cached,"
        " SUM(attempts.cache_write) AS written,"
        " SUM(CASE certainty WHEN 'in_doubt' THEN 0 ELSE attempts.cost_nano END) AS cost,"
        " SUM(CASE certainty WHEN 'in_doubt' THEN attempts.cost_nano ELSE 0 END) AS in_doubt,"
        " SUM(NOT cost_known AND certainty <> 'not_sent') AS unpriced"
        f" FROM attempts JOIN runs ON runs.id = attempts.run WHERE attempts.at >= ? {grouped}"
        " ORDER BY cost DESC, calls DESC, 1",
        (since,),
    )
    return tuple(
        Sum(
            names=tuple(row[index] or None for index in range(len(by))), calls=row["calls"],
            failures=row["failures"] or 0, input=row["input"] or 0, output=row["output"] or 0,
            cached=row["cached"] or 0, written=row["written"] or 0, cost=from_nano(row["cost"] or 0),
            in_doubt=from_nano(row["in_doubt"] or 0), unpriced=row["unpriced"] or 0,
        )
        for row in rows
    )  # fmt: skip


def attempts(ledger: LedgerFile, *, since: float) -> Iterator[dict[str, Any]]:
    """Yields every attempt since a moment in the shape that scripts read, in the order in which they were made."""
    last = 0
    while True:
        rows = ledger.read(
            "SELECT attempts.*, runs.task FROM attempts JOIN runs ON runs.id = attempts.run"
            " WHERE attempts.id > ? AND attempts.at >= ? ORDER BY attempts.id LIMIT ?",
            (last, since, PAGE),
        )
        for row in rows:
            yield _attempt(row)
        if len(rows) < PAGE:
            return
        last = rows[-1]["id"]


def _attempt(row: Row) -> dict[str, Any]:
    return {
        "run": row["run"], "attempt": row["number"], "at": stamp(row["at"]), "model": row["model"],
        "provider": row["provider"], "origin": row["origin"], "local": bool(row["local"]), "task": row["task"] or None,
        "outcome": row["outcome"], "kind": row["kind"], "certainty": row["certainty"],
        "tokens": {name: row[name] for name in ("input", "output", "cached", "cache_write", "reasoning")},
        "cost_usd": float(from_nano(row["cost_nano"])), "prompt_digest": row["prompt_digest"], "item": row["item"],
    }  # fmt: skip


def runs(
    ledger: LedgerFile, *, since: float, limit: int, repository: str | None, failed: bool, fallbacks: bool
) -> tuple[dict[str, Any], ...]:
    """Returns runs, the newest first: all, those of a repository, those that failed, those that needed a fallback."""
    rows = ledger.read(
        "SELECT *, (SELECT COUNT(DISTINCT provider || ' ' || wire_id) FROM attempts WHERE run = runs.id) AS targets"
        " FROM runs WHERE at >= ?1 AND (?2 IS NULL OR repository = ?2)"
        " AND (NOT ?3 OR outcome NOT IN ('answer', 'open')) AND (NOT ?4 OR targets > 1)"
        " ORDER BY at DESC, rowid DESC LIMIT ?5",
        (since, repository, failed, fallbacks, limit),
    )
    return tuple(_run(row) for row in rows)


def _run(row: Row) -> dict[str, Any]:
    return {
        "run": row["id"], "at": stamp(row["at"]), "command": row["command"], "task": row["task"] or None,
        "rule": row["rule"], "level": row["level"], "model": row["model"], "outcome": row["outcome"],
        "kind": row["kind"], "attempts": row["attempts"], "targets": row["targets"],
        "cost_usd": float(from_nano(row["cost_nano"])), "input": row["input"], "output": row["output"],
        "seconds": round(row["seconds"], 3), "session": row["session"], "repository": row["repository"],
        "agent": row["agent"], "preset": row["preset"], "private": bool(row["private"]),
    }  # fmt: skip


RECENT = 2_000
"""How many attempts are looked through for the last fallback: enough for days, and never the whole book."""


@record
class Fallback:
    """A step from one target to another: when (seconds since 1970), from what, to what, and why."""

    at: float
    first: str
    second: str
    kind: str


def last_fallback(ledger: LedgerFile) -> Fallback | None:
    """Returns the last step from one target to another among the recent attempts."""
    rows = ledger.read(
        "SELECT at, model, kind, (SELECT model FROM attempts AS next WHERE next.run = one.run AND next.id > one.id"
        " AND next.target <> one.target ORDER BY next.id LIMIT 1) AS second FROM attempts AS one"
        " WHERE id > (SELECT COALESCE(MAX(id), 0) FROM attempts) - ? AND outcome = 'failure' AND second IS NOT NULL"
        " ORDER BY id DESC LIMIT 1",
        (RECENT,),
    )
    if not rows:
        return None
    row = rows[0]
    return Fallback(at=row["at"], first=row["model"], second=row["second"], kind=row["kind"] or "failure")


def stamp(at: float) -> str:
    """Returns a moment as UTC, to the second and in a form that sorts."""
    return datetime.fromtimestamp(at, tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def damage(ledger: LedgerFile) -> str | None:
    """Says what is wrong with the book's file, or None; reads all of it. Raises where it cannot be judged."""
    try:
        rows = ledger.read("PRAGMA integrity_check(5)")
    except Damaged as fault:
        return fault.message
    found = [str(row[0]) for row in rows if row[0] != "ok"]
    return "; ".join(found) or None


def set_aside(ledger: LedgerFile, *, at: float) -> str:
    """Moves a damaged book out of the way under a dated name, and returns where it is now. Deletes nothing."""
    ledger.close()
    moved = f"{ledger.path}.damaged-{datetime.fromtimestamp(at, tz=UTC).strftime('%Y%m%dT%H%M%SZ')}"
    for ending in SIDE_FILES:
        if os.path.lexists(ledger.path + ending):
            os.rename(ledger.path + ending, moved + ending)
    return moved


def sqlite_version() -> str:
    """Returns the version of the SQLite that the book is kept with."""
    return sqlite3.sqlite_version
