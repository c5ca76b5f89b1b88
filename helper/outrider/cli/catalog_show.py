"""`outrider catalog show`: everything known of a model, with its sources and where they differ."""

import re
from collections.abc import Sequence
from decimal import Decimal

from outrider.cli import facts_in_force
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.errors import OutriderError
from outrider.records import as_dict
from outrider.rules.facts.nouns import Conflict, Fact
from outrider.rules.nearest import nearest


def show(name: str, *, as_json: bool, quiet: bool) -> None:
    """Prints the models that a name, an alias, an id or a part of one stands for."""
    session = Session()
    facts = facts_in_force.gathered(session)
    wanted = facts.names.get(name)
    every = facts.catalog.facts
    found = [fact for fact in every if fact.key == wanted or (wanted is None and name in _names(fact))]
    if not found:
        small = name.lower()
        found = [fact for fact in every if small in fact.name.lower() or small in fact.id.lower()]
    if not found:
        close = nearest(name, (*facts.names, *(fact.id for fact in facts.catalog.facts)))
        guess = f"did you mean `{close}`? " if close else ""
        raise OutriderError(f"the catalog has no `{name[:80]}`", hint=f"{guess}see `outrider catalog sql`")
    clashes = {
        fact.key: [one for one in facts.catalog.conflicts if (one.provider, one.id) == fact.key] for fact in found
    }
    if as_json:
        dump(
            {"models": [
                {**as_dict(fact), "rates": [as_dict(rate) for rate in fact.rates],
                 "scores": [as_dict(score) for score in fact.scores],
                 "conflicts": [as_dict(one) for one in clashes[fact.key]]}
                for fact in found
            ]}
        )  # fmt: skip
        return
    for fact in found[:20]:
        _print_fact(fact, clashes[fact.key])
    if len(found) > 20 and not quiet:
        note(f"{len(found) - 20} more: name it more closely")


def _names(fact: Fact) -> set[str]:
    return {fact.id, fact.name, f"{fact.provider}/{fact.id}"}


def _dollars(amount: Decimal | None) -> str:
    return "as before" if amount is None else f"${amount.normalize():f}"


def _print_fact(fact: Fact, conflicts: Sequence[Conflict]) -> None:
    out(f"{fact.name} ({fact.provider}/{fact.id}), {fact.status}" + (f", as of {fact.as_of}" if fact.as_of else ""))
    for rate in fact.rates:
        cached = f", {_dollars(rate.cached)} cached" if rate.cached is not None else ""
        # The catalog writes numbers so that they sort as text; people read them otherwise.
        when = re.sub(r"above 0*(\d+)", lambda found: f"above {int(found[1]):,}", rate.condition)
        out(f"  price{' ' + when if when else ''}: {_dollars(rate.input)} in, {_dollars(rate.output)} out{cached}")
    for score in fact.scores:
        effort = f" at {score.effort}" if score.effort else ""
        out(f"  {score.axis} {score.value:g}{effort}: {score.index}, version {score.version}, {score.date}")
    facts = {"window": fact.context, "most output": fact.max_output, "tokens a second": fact.tps}
    out("  " + ", ".join(f"{name} {value:,}" for name, value in facts.items() if value is not None))
    able = [name for name in ("vision", "tools", "reasoning") if getattr(fact, name)]
    if able:
        out(f"  can: {', '.join(able)}")
    if fact.shutdown or fact.replacement:
        out(f"  ends {fact.shutdown or 'on an unknown day'}; instead: {fact.replacement or 'nothing named'}")
    for one in conflicts:
        out(
            f"  sources differ on {one.field}: kept {one.kept} ({one.kept_source}), {one.other} says {one.other_source}"
        )
    out(f"  source: {fact.source}")
