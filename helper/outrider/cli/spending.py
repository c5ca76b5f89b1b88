"""Gathers what Claude Code's transcripts come to, for the commands that show money. Prints nothing but a warning."""

import os
import sys
from typing import Any

from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.doors.transcripts import Transcripts
from outrider.doors.worktrees import repository_of
from outrider.records import as_dict, record
from outrider.rules import skipping
from outrider.rules.client_prices import has_hours, rows_by_id, steps
from outrider.rules.skipping import Skipped
from outrider.rules.spending import Heap, Spending, spending


@record
class History:
    """The transcripts, read: what was used, who the subagents were, what is in no total."""

    heaps: tuple[Heap, ...]
    agents: dict[str, str]
    skipped: Skipped
    transcripts: Transcripts


def history(session: Session, *, since: float) -> History:
    """Reads what grew of the transcripts, and returns what was used since a moment."""
    transcripts = Transcripts(session.places)
    skipped = transcripts.refresh(warn=_warn if sys.stderr.isatty() else None)
    models = tuple(rows_by_id(session.registry).values())
    heaps = transcripts.heaps(since=since, steps=steps(models), by_minute=has_hours(models))
    agents = {meta.agent_id: meta.agent for meta in transcripts.metas() if meta.agent}
    return History(heaps=tuple(heaps), agents=agents, skipped=skipped, transcripts=transcripts)


def _warn(size: int) -> None:
    note(f"reading {size / 1e6:,.0f} MB of transcripts; the next time only what grew")


def spent(session: Session, found: History, *, by: tuple[str, ...]) -> Spending:
    """Sums a history by some dimensions, with list prices."""
    user = session.environment.get("HOME", "")
    known: dict[str, str] = {}

    def repository(folder: str) -> str:
        if folder not in known:
            known[folder] = repository_of(folder, user=user) if os.path.isabs(folder) else folder
        return known[folder]

    return spending(found.heaps, session.registry, by=by, agents=found.agents, repository_of=repository)


def told(found: History, sums: Spending) -> tuple[str, ...]:
    """Returns a line for each thing that is in no total."""
    return (
        *skipping.lines(found.skipped),
        *(
            f"transcripts: no dollars for {one.calls:,} call{'s' if one.calls != 1 else ''} of {one.model}: {one.why}"
            for one in sums.unpriced
        ),
    )  # fmt: skip


def facts(found: History, sums: Spending) -> dict[str, Any]:
    """Returns what a script should know of how the transcripts were read and priced."""
    return {
        "basis": "priced", "priced_as_of": sums.as_of or None, "copies": found.skipped.copies,
        "skipped": list(skipping.lines(found.skipped)),
        "unpriced": [as_dict(one) for one in sums.unpriced],
    }  # fmt: skip
