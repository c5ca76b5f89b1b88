"""Gathers what a report shows from the ledger and the transcripts, and makes its page; prints and writes nothing."""

from typing import Any

from outrider import __version__
from outrider.cli.pinning import judged
from outrider.cli.session import Session
from outrider.cli.usage import gathered
from outrider.doors import ledger_read, ledger_report
from outrider.errors import StorageFault
from outrider.records import replace
from outrider.rules import report
from outrider.rules.report_facts import CUBE, Facts
from outrider.rules.report_groups import of_repository
from outrider.rules.report_pins import alike

STYLE, SCRIPT, TEMPLATE = "report/page.css", "report/page.js", "report/page.html.j2"


def facts(session: Session, *, at: float, since: float | None, repository: str | None) -> Facts:
    """Returns what both books say since a moment (seconds since 1970), of one repository or of all."""
    start = since or 0.0
    found = gathered(session, CUBE, since=start)
    limits = session.limits()
    period = "day" if repository is None else "per_repo"
    known = Facts(
        at=ledger_read.stamp(at), since=None if since is None else ledger_read.stamp(since), repository=repository,
        version=__version__, entries=of_repository(found.entries, repository), notes=found.notes,
        priced_as_of=(found.client or {}).get("priced_as_of"), budget=limits.budget.get(period),
        is_budget_set=period in limits.budgets_set,
        pins=alike(judged(session, since=start, repository=repository)),
    )  # fmt: skip
    try:
        return replace(known, **_of_ledger(session, since=start, repository=repository))
    except StorageFault:
        # The sums have said already that the ledger is in no total.
        return known


def _of_ledger(session: Session, *, since: float, repository: str | None) -> dict[str, Any]:
    ledger = session.ledger
    return {
        "steps": ledger_report.steps(ledger, since=since, repository=repository),
        "latencies": ledger_report.latencies(ledger, since=since, repository=repository),
        "climbs": ledger_report.climbs(ledger, since=since, repository=repository),
        "burn": ledger_report.burn(ledger, since=ledger_read.stamp(since)[:10], repository=repository),
    }


def html(session: Session, known: Facts) -> bytes:
    """Returns the page."""
    from outrider.doors import guides, render

    return render.html(
        guides.templates(session.places), TEMPLATE, {"page": report.page(known)}, style=STYLE, script=SCRIPT
    )  # fmt: skip
