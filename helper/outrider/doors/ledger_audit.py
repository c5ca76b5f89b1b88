"""The audit's part of the book: what each attempt handed to whom, and the proof that nobody changed it since.

Rows are written in the transaction of the attempt's own intent. It must not know how they are shown.
"""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from outrider.doors.digest import blake2b
from outrider.doors.ledger_file import Connection, LedgerFile, Row
from outrider.doors.ledger_read import stamp
from outrider.records import record
from outrider.rules.disclosure import Disclosure, is_final, reached

PAGE = 2_000
IDENTITY = (
    "id", "run", "number", "at", "model", "provider", "wire_id", "origin", "local", "key_name", "prompt_digest",
    "prompt_bytes", "item", "class",
)  # fmt: skip
OUTCOME = ("outcome", "kind", "status", "certainty", "cost_nano", "served_by")
ATTACHED = ("id", "kind", "name", "digest", "path_digest", "bytes", "class")


@record
class Proof:
    """What a stretch of the book came to: a digest a day, and those attempts that could still change."""

    days: Mapping[str, Mapping[str, Any]]
    open: tuple[int, ...]
    last: int


def book(connection: Connection, run: str, attempt: int, disclosure: Disclosure) -> None:
    """Writes what goes out with an attempt, each attachment its own row."""
    if disclosure.attached:
        connection.executemany(
            "INSERT INTO attachments (attempt, kind, name, digest, path_digest, bytes, class)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (attempt, part.kind, _text(part.name), part.digest, part.path_digest, part.bytes, part.data_class)
                for part in disclosure.attached
            ],
        )
    if disclosure.text is not None:
        connection.execute(
            "INSERT OR IGNORE INTO prompts VALUES (?, ?, ?, ?)",
            (run, disclosure.digest, time.time(), _text(disclosure.text)),
        )


def _text(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


def disclosed(
    ledger: LedgerFile, *, since: float, provider: str | None = None, digests: tuple[str, ...] = (),
    path_digest: str | None = None,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yields what was handed to whom, in order: of each attempt its prompt and every attachment.

    With digests or a path's digest, only what has one of them.
    """
    is_narrowed = bool(digests) or path_digest is not None
    last = 0
    while True:
        attempts = ledger.read(
            "SELECT attempts.*, runs.command, runs.task, runs.rule, runs.session, runs.repository, runs.agent,"
            " runs.preset, runs.private FROM attempts JOIN runs ON runs.id = attempts.run"
            " WHERE attempts.id > ?1 AND attempts.at >= ?2 AND (?3 IS NULL OR attempts.provider = ?3)"
            " ORDER BY attempts.id LIMIT ?4",
            (last, since, provider, PAGE),
        )
        if not attempts:
            return
        parts = _attached(ledger, first=attempts[0]["id"], last=attempts[-1]["id"])
        for attempt in attempts:
            prompt = {"what": "prompt", "name": None, "digest": attempt["prompt_digest"],
                      "bytes": attempt["prompt_bytes"], "class": attempt["class"]}  # fmt: skip
            if not is_narrowed or attempt["prompt_digest"] in digests:
                matched = {"matched": "content"} if is_narrowed else {}
                yield _row(attempt, {**prompt, **matched})
            for part in parts.get(attempt["id"], ()):
                by = (part["digest"] in digests, path_digest is not None and part["path_digest"] == path_digest)
                if is_narrowed and not any(by):
                    continue
                told = {"what": part["kind"], "name": part["name"], "digest": part["digest"],
                        "bytes": part["bytes"], "class": part["class"]}  # fmt: skip
                if is_narrowed:
                    told["matched"] = "both" if all(by) else "content" if by[0] else "path"
                yield _row(attempt, told)
        last = attempts[-1]["id"]


def _attached(ledger: LedgerFile, *, first: int, last: int) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = {}
    rows = ledger.read("SELECT * FROM attachments WHERE attempt BETWEEN ? AND ? ORDER BY id", (first, last))
    for row in rows:
        found.setdefault(row["attempt"], []).append(row)
    return found


def _row(attempt: Row, part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **part, "reached": reached(attempt["outcome"], attempt["certainty"], attempt["status"]),
        "run": attempt["run"], "attempt": attempt["number"], "at": stamp(attempt["at"]), "model": attempt["model"],
        "wire_id": attempt["wire_id"], "served_by": attempt["served_by"], "provider": attempt["provider"],
        "origin": attempt["origin"] or None, "local": bool(attempt["local"]), "private": bool(attempt["private"]),
        "key": attempt["key_name"], "command": attempt["command"], "task": attempt["task"] or None,
        "rule": attempt["rule"], "outcome": attempt["outcome"], "kind": attempt["kind"], "status": attempt["status"],
        "certainty": attempt["certainty"], "request_id": attempt["request_id"] or None,
        "repository": attempt["repository"], "session": attempt["session"], "agent": attempt["agent"],
        "preset": attempt["preset"],
    }  # fmt: skip


def providers(ledger: LedgerFile) -> tuple[str, ...]:
    """Returns the name of every provider that was ever asked."""
    return tuple(row[0] for row in ledger.read("SELECT DISTINCT provider FROM attempts ORDER BY 1"))


def stored_prompts(ledger: LedgerFile) -> int:
    """Counts the prompts whose text is kept."""
    found = ledger.read("SELECT COUNT(*) FROM prompts")
    return int(found[0][0]) if found else 0


def proof(ledger: LedgerFile, *, last: int | None = None, still_open: tuple[int, ...] | None = None) -> Proof:
    """Returns a digest of every day's rows, up to an attempt; of those in `still_open` only what they were at first.

    Without `still_open`, those that can still change are found and named.
    """
    days: dict[str, dict[str, Any]] = {}
    hashes: dict[str, Any] = {}
    unfinished: list[int] = []
    position = 0
    while True:
        rows = ledger.read(
            "SELECT * FROM attempts WHERE id > ? AND (? IS NULL OR id <= ?) ORDER BY id LIMIT ?",
            (position, last, last, PAGE),
        )
        if not rows:
            break
        parts = _attached(ledger, first=rows[0]["id"], last=rows[-1]["id"])
        for row in rows:
            may_change = not is_final(row["outcome"], row["kind"], row["certainty"])
            is_open = may_change if still_open is None else row["id"] in still_open
            if is_open:
                unfinished.append(row["id"])
            attached = parts.get(row["id"], [])
            day = stamp(row["at"])[:10]
            if day not in days:
                days[day], hashes[day] = {"attempts": 0, "attachments": 0}, blake2b(digest_size=32)
            days[day]["attempts"] += 1
            days[day]["attachments"] += len(attached)
            names = IDENTITY if is_open else (*IDENTITY, *OUTCOME)
            told = [[row[name] for name in names], [[part[name] for name in ATTACHED] for part in attached]]
            hashes[day].update(json.dumps(told).encode() + b"\n")
        position = rows[-1]["id"]
    for day, whole in hashes.items():
        days[day]["digest"] = whole.hexdigest()
    return Proof(days=days, open=tuple(unfinished), last=position)


def prunings(ledger: LedgerFile) -> tuple[dict[str, Any], ...]:
    """Returns when rows were pruned: the moment, and up to which moment."""
    rows = ledger.read("SELECT at, before, attempts FROM prunings ORDER BY id")
    return tuple({"at": row["at"], "before": row["before"], "attempts": row["attempts"]} for row in rows)
