"""`outrider savings`: what tiering and routing saved, beside named baselines, less what routing itself used."""

import time
from typing import TYPE_CHECKING, Any

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.rules.since import since as moment

if TYPE_CHECKING:
    from outrider.cli.spending import History
    from outrider.rules.savings import Reckoning
    from outrider.rules.what_if import WhatIf

EXAMPLES = """\b
Examples:
  outrider savings --since 30d
  outrider savings --what-if
  outrider savings --plan subscription --json"""


@click.command(epilog=EXAMPLES)
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--plan", type=click.Choice(["api", "subscription"]), help="How Claude Code is paid; default: as found.")
@click.option(
    "--what-if", "is_what_if", is_flag=True, help="What a smaller class would have taken, from history alone."
)
@click.option(
    "--brief", is_flag=True, help="With --what-if: three lines, of the last 30 days; nothing without history."
)
@plain_options
def savings(
    *, since: str | None, plan: str | None, is_what_if: bool, brief: bool, as_json: bool, quiet: bool
) -> None:  # fmt: skip
    """Say what tiering saved: all on the session's model, all on the best single model, as run.

    From Claude Code's own transcripts and the ledger, less what there is only because of routing: delegation prompts,
    context sent again, hand-backs, rejected answers, failed attempts. Each figure is measured, priced or modelled.
    Under 30 delegations nothing is claimed. With a subscription the unit is the share of the plan's tokens, and time.

    --what-if needs no delegation and no key: which agents ran on which model, and the share of tokens that a smaller
    class would have taken.
    """
    from outrider.cli import savings_show
    from outrider.doors import client_plan

    session = Session()
    since = "30d" if brief and since is None else since
    start = 0.0 if since is None else moment(since, now=time.time())
    found, why = client_plan.plan(session.places, session.environment)
    if plan is not None:
        found, why = ("api" if plan == "api" else "subscription"), "--plan says so"
    if is_what_if or brief:
        history = _history(session, since=start)
        modelled = what_if(session, since=start, history=history)
        skipped = _skipped(history)
        if as_json:
            savings_show.dump_what_if(session, modelled, since=start, plan=(found, why), skipped=skipped)
        elif brief:
            savings_show.brief(modelled, plan=found)
            return
        else:
            savings_show.what_if(modelled, plan=found)
    else:
        history = _history(session, since=start)
        reckoning, notes = reckoned(session, since=start, history=history)
        skipped = (*_skipped(history), *notes)
        seconds = _seconds(history, since=start)
        if as_json:
            savings_show.dump(session, reckoning, since=start, plan=(found, why), skipped=skipped, seconds=seconds)
        else:
            savings_show.print_(session, reckoning, since=start, plan=(found, why), seconds=seconds)
    if not quiet:
        for line in skipped:
            note(line)


def reckoned(
    session: Session, *, since: float = 0.0, history: "History | None" = None
) -> "tuple[Reckoning, tuple[str, ...]]":
    """Returns the reckoning of what was used since a moment, and a line for each book that is not in it."""
    from outrider.doors import ledger_uses
    from outrider.errors import StorageFault
    from outrider.rules.client_prices import rows_by_id, steps
    from outrider.rules.savings import reckon

    found = _history(session, since=since) if history is None else history
    sizes = steps(tuple(rows_by_id(session.registry).values()))
    notes: tuple[str, ...] = ()
    try:
        uses = ledger_uses.uses(session.ledger, since=since, steps=sizes)
    except StorageFault as fault:
        uses, notes = (), (f"the ledger is in no figure: {fault.message}",)
    transcripts = found.transcripts
    calls = tuple(call for call in transcripts.calls() if call.at >= since * 1000)
    ends = transcripts.ends(since=since)
    return reckon(found.heaps, session.registry, ends=ends, calls=calls, uses=uses), notes


def what_if(session: Session, *, since: float = 0.0, history: "History | None" = None) -> "WhatIf":
    """Returns which agents ran on which model since a moment, and what a smaller class would have taken."""
    from outrider.doors import state
    from outrider.rules import what_if as rules

    found = _history(session, since=since) if history is None else history
    own, user = state.standing(session.places)
    return rules.what_if(found.heaps, session.registry, agents=found.agents, own=own, user=user)


def _history(session: Session, *, since: float) -> "History":
    from outrider.cli import spending

    return spending.history(session, since=since)


def _skipped(history: "History") -> tuple[str, ...]:
    from outrider.rules import skipping

    return skipping.lines(history.skipped)


def _seconds(history: "History", *, since: float) -> dict[str, Any]:
    """Returns how long subagents worked, as far as the client told their callers."""
    timed = [one.milliseconds for one in history.transcripts.results() if one.milliseconds and one.at >= since * 1000]
    return {"seconds": round(sum(timed) / 1000, 3), "of": len(timed)}
