"""`outrider catalog stale`: what of the catalog is out of date, and what mends it."""

import time
from datetime import date
from typing import Any

from outrider.cli import facts_in_force
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.doors import catalog_snapshots
from outrider.records import as_dict
from outrider.rules.facts.judging import age, told
from outrider.rules.facts.staleness import OLD, Ending, Stale, stale

MOST_SHOWN = 20


def today() -> date:
    """Returns the day, as all our dates are meant: UTC."""
    return date.fromisoformat(time.strftime("%Y-%m-%d", time.gmtime()))


def looked_at(session: Session) -> tuple[Stale, list[dict[str, Any]]]:
    """Returns what is out of date, and how old each snapshot is."""
    facts = facts_in_force.gathered(session)
    names = catalog_snapshots.names(session.places)
    loaded = {name: catalog_snapshots.load(session.places, name) for name in names}
    listed = [fact for name, one in loaded.items() if one and name != facts_in_force.INDEX for fact in one.facts]
    found = stale(session.registry, facts.catalog.facts, names=facts.names, listed=listed, today=today())
    snapshots = [
        {"source": name, "taken": one.taken, "days": age(one.taken, today=today()), "models": len(one.facts),
         "digest": one.digest}
        if one is not None else {"source": name, "damaged": True}
        for name, one in loaded.items()
    ]  # fmt: skip
    return found, snapshots


def show(*, as_json: bool, quiet: bool) -> None:
    """Prints it."""
    session = Session()
    found, snapshots = looked_at(session)
    if as_json:
        shape = {name: [as_dict(one) for one in group] for name, group in as_dict(found).items()}
        dump({**shape, "snapshots": snapshots})
        return
    lines = [*_endings(found), *_gone(found), *_prices(found)]
    for line in lines or ["nothing ends within two months, and no price is old"]:
        out(line)
    for one in snapshots:
        if one.get("damaged"):
            out(f"the snapshot of {one['source']} is damaged: `outrider catalog sync {one['source']}`")
        else:
            out(f"{one['source']}: {one['models']:,} models, {told(one['days'])}")
    if not snapshots and not quiet:
        out("nothing was fetched yet: `outrider catalog sync all`")


def _endings(found: Stale) -> list[str]:
    lines = []
    for one in found.ending[:MOST_SHOWN]:
        name = one.model or f"{one.provider}/{one.id}"
        shown = f"{name} ({one.id})" if one.model else name
        lines.append(f"{shown} {when(one)}; {f'use {one.instead}' if one.instead else 'no replacement is named'}"
                     + (f" [{', '.join(one.chains)}]" if one.chains else ""))  # fmt: skip
    if len(found.ending) > MOST_SHOWN:
        lines.append(f"and {len(found.ending) - MOST_SHOWN} more in no chain of yours: `--json` lists them")
    return lines


def when(one: Ending) -> str:
    """Says when a model ended or will."""
    if one.days is None or one.day is None:
        return "has ended"
    if one.days < 0:
        return f"ended on {one.day}"
    return f"ends on {one.day}, in {one.days} day{'' if one.days == 1 else 's'}"


def _gone(found: Stale) -> list[str]:
    return [
        f"{one.model} is in no fetched list of {one.provider} [{', '.join(one.chains)}]: `outrider models --live`"
        for one in found.gone
    ]


def _prices(found: Stale) -> list[str]:
    lines = [
        f"{one.model} counts with {one.counted}, {one.source} of {one.as_of} says {one.said} for a million tokens in "
        "and out: put it into your settings, or upgrade"
        for one in found.differing[:MOST_SHOWN]
    ]
    if found.prices:
        oldest = min(one.as_of for one in found.prices)
        chained = sum(bool(one.chains) for one in found.prices)
        lines.append(
            f"{len(found.prices)} prices are older than {OLD} days ({chained} of them in a chain, the oldest of "
            f"{oldest}): `outrider catalog sync all`"
        )
    return lines
