"""`audit data --export` and `--check`: a digest of the book to keep elsewhere, and whether it still holds."""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from outrider.cli import printing
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.doors import ledger_audit
from outrider.doors.digest import blake2b
from outrider.doors.files import read_small, write_whole
from outrider.doors.ledger_read import stamp
from outrider.errors import OutriderError

KIND = "outrider audit digest"
LARGEST = 67_108_864
NOT_VERIFIED = 4


def export(session: Session, path: str, *, as_json: bool) -> int:
    """Writes a digest of every row of the book, by day."""
    printing.check_out(path, session)
    found = ledger_audit.proof(session.ledger)
    days = dict(found.days)
    shape: dict[str, Any] = {
        "kind": KIND, "version": 1, "made": stamp(time.time()), "last_attempt": found.last,
        "range": {"from": min(days, default=None), "to": max(days, default=None)},
        "attempts": sum(day["attempts"] for day in days.values()),
        "attachments": sum(day["attachments"] for day in days.values()), "open": list(found.open), "days": days,
    }  # fmt: skip
    shape["digest"] = _whole(shape)
    write_whole(os.path.abspath(path), (json.dumps(shape, indent=1) + "\n").encode())
    if as_json:
        dump({"file": os.path.abspath(path), **shape})
    else:
        out(f"digest of {shape['attempts']:,} attempts and {shape['attachments']:,} attachments written to {path}")
        out(f"keep it where this machine cannot write; later: `outrider audit data --check {path}`")
    return 0


def check(session: Session, path: str, *, as_json: bool) -> int:
    """Compares the book with a digest; exit 4 where a row was changed, added behind or taken out."""
    kept = _read(path)
    found = ledger_audit.proof(session.ledger, last=kept["last_attempt"], still_open=tuple(kept["open"]))
    pruned = max((entry["before"] for entry in ledger_audit.prunings(session.ledger)), default=0.0)
    days = {day: _state(row, found.days.get(day), is_pruned=bool(pruned) and day <= stamp(pruned)[:10])
            for day, row in kept["days"].items()}  # fmt: skip
    days |= {day: "added" for day in found.days if day not in kept["days"]}
    wrong = sorted(day for day, state in days.items() if state in {"changed", "added"})
    gone = sorted(day for day, state in days.items() if state == "pruned")
    if as_json:
        dump({"file": os.path.abspath(path), "made": kept["made"], "holds": not wrong, "changed": wrong,
              "pruned": gone, "days": days})  # fmt: skip
    else:
        same = len(days) - len(wrong) - len(gone)
        out(f"{same} of {len(days)} days are as they were on {kept['made']}")
        if gone:
            out(f"pruned since, and so not comparable: {', '.join(gone)}")
        if wrong:
            out(f"NOT as they were: {', '.join(wrong)}")
    return NOT_VERIFIED if wrong else 0


def _state(kept: Mapping[str, Any], found: Mapping[str, Any] | None, *, is_pruned: bool) -> str:
    if found is not None and dict(found) == dict(kept):
        return "same"
    is_smaller = found is None or (found["attempts"] < kept["attempts"] and found["attachments"] <= kept["attachments"])
    return "pruned" if is_pruned and is_smaller else "changed"


def _read(path: str) -> dict[str, Any]:
    data = read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="make one: `outrider audit data --export FILE`")
    try:
        shape = json.loads(data)
        is_ours = shape["kind"] == KIND and shape["digest"] == _whole(shape)
    except (ValueError, KeyError, TypeError, RecursionError):
        shape, is_ours = {}, False
    if not is_ours:
        raise OutriderError(f"{path} is no digest of ours, or it was changed", hint="take the copy that you kept")
    return dict(shape)


def _whole(shape: Mapping[str, Any]) -> str:
    """Returns the digest over the digests of the days and what they are about."""
    told = {name: value for name, value in shape.items() if name != "digest"}
    return blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=32).hexdigest()
