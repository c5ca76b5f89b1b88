"""`outrider statusline`: one line for Claude Code's status line, within 50 ms, whatever is wrong.

Claude Code hands JSON in (https://code.claude.com/docs/en/statusline, seen 2026-11-20); of it only the working folder
counts. It must never fail: a status line that errs shows nothing at all.
"""

import json
import os
import select
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.doors import ledger_read, registry, state
from outrider.doors.ledger import Ledger
from outrider.doors.settings import places
from outrider.errors import OutriderError
from outrider.rules.containment import clean
from outrider.rules.glance import line

LARGEST_INPUT = 65_536
LONGEST_WAIT = 0.02
"""Seconds to wait for what may be handed in; a person at a terminal hands nothing in."""


def run() -> int:
    """Prints the line; returns 0."""
    try:
        text = _told(time.time())
    except OutriderError as fault:
        text = f"outrider: {fault.message}"
    except Exception as fault:  # noqa: BLE001 - a status line that fails is worse than one that says so
        text = f"outrider: {type(fault).__name__}; run `outrider doctor`"
    sys.stdout.write(clean(text).replace("\n", " ") + "\n")
    return 0


def _told(at: float) -> str:
    where = places(cwd=_folder(_handed_in()))
    own, user = state.standing(where)
    settings = registry.load(where).values
    day = settings["limits"]["budget_usd"].get("day")
    ledger = Ledger(where)
    found = ledger_read.last_fallback(ledger)
    fallback = (found.first, found.second, found.kind, max(at - found.at, 0.0)) if found is not None else None
    return line(
        preset=own.get("preset") or user.get("preset") or settings.get("preset"),
        spent=ledger.spend("", at=at).day, budget=Decimal(str(day)) if day is not None else None, fallback=fallback,
    )  # fmt: skip


def _handed_in() -> Mapping[str, Any]:
    """Returns what Claude Code says of the session, or nothing."""
    if sys.stdin is None or sys.stdin.isatty():
        return {}
    try:
        if not select.select([sys.stdin], [], [], LONGEST_WAIT)[0]:
            return {}
        found = json.loads(os.read(sys.stdin.fileno(), LARGEST_INPUT))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _folder(said: Mapping[str, Any]) -> str | None:
    """Returns the session's working folder, where one was named that is there."""
    workspace = said.get("workspace")
    named = workspace.get("current_dir") if isinstance(workspace, dict) else said.get("cwd")
    return named if isinstance(named, str) and os.path.isdir(named) else None
