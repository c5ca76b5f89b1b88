"""Decides again what was decided before: the stored inputs of a run, under another registry.

Pure, and strict about what is old: inputs that a later version would need and an earlier one did not store are taken
as they were then (nothing resting, nothing classified).
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.data import Route, Usage
from outrider.errors import OutriderError
from outrider.records import as_dict, record
from outrider.rows import Model, Registry
from outrider.rules import money
from outrider.rules.health import FOREVER, Health
from outrider.rules.limits import Limits, Spend
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Served, Situation, score


@record
class Past:
    """A run as the book has it: its inputs, what it came to, and the tokens that it took."""

    run: str
    at: float
    inputs: Mapping[str, Any]
    usage: Usage


@record
class Outcome:
    """What one registry decides on a past run: its first model, how, and what the run's tokens cost there."""

    first: str | None
    provider: str
    how: str
    agent: str | None
    local: bool
    cost: Decimal | None
    refused: str = ""


@record
class Change:
    """A past run that another registry decides otherwise, and what that risks."""

    run: str
    at: float
    task: str
    before: Outcome
    after: Outcome
    risks: tuple[str, ...]


@record
class Comparison:
    """Every run that was decided again: how many, what changed, and both sums of what has a price on both sides."""

    replayed: int
    changes: tuple[Change, ...]
    before: Decimal
    after: Decimal
    unpriced: int


def compared(one: Registry, other: Registry, runs: tuple[Past, ...]) -> Comparison:
    """Decides every run under two registries."""
    changes: list[Change] = []
    sums = [Decimal(0), Decimal(0)]
    unpriced = 0
    for run in runs:
        before, task = outcome(one, run)
        after, _ = outcome(other, run)
        if before.cost is None or after.cost is None:
            unpriced += 1
        else:
            sums[0] += before.cost
            sums[1] += after.cost
        if (before.first, before.how, before.agent, before.refused) != (
            after.first, after.how, after.agent, after.refused,
        ):  # fmt: skip
            risks = _risks(one, other, before, after)
            changes.append(Change(run=run.run, at=run.at, task=task, before=before, after=after, risks=risks))
    return Comparison(replayed=len(runs), changes=tuple(changes), before=sums[0], after=sums[1], unpriced=unpriced)


def outcome(registry: Registry, run: Past) -> tuple[Outcome, str]:
    """Returns what a registry decides on a past run, and its task."""
    selection, facts, situation = inputs_of(run.inputs)
    try:
        route = decide(registry, selection, facts, situation)
    except OutriderError as fault:
        refused = Outcome(first=None, provider="", how="", agent=None, local=False, cost=None, refused=fault.message)
        return refused, selection.task or ""
    return first_of(registry, route, usage=run.usage, at=run.at), route.task


def first_of(registry: Registry, route: Route, *, usage: Usage, at: float) -> Outcome:
    """Returns what a route comes to: a subagent's model, else the first that can be called, and its price."""
    if route.how == "subagent" and route.chain:
        return Outcome(
            first=route.chain[0], provider="", how="subagent", agent=route.agent, local=False,
            cost=_cost(model_called(registry, route.chain[0]), usage, at=at),
        )  # fmt: skip
    if not route.targets:
        return Outcome(first=None, provider="", how="none", agent=None, local=False, cost=None)
    target = route.targets[0]
    cost = Decimal(0) if target.local and target.model.price is None else _cost(target.model, usage, at=at)
    return Outcome(
        first=target.model.name, provider=target.provider.name, how="outrider", agent=None, local=target.local,
        cost=cost,
    )  # fmt: skip


def inputs_of(stored: Mapping[str, Any]) -> tuple[Selection, Facts, Situation]:
    """Returns what a decision was made from, as it was stored; a moment of its own is second zero."""
    selection = Selection(**_fields(Selection(), stored["selection"]))
    given = _fields(Facts(), stored["facts"])
    given |= {name: frozenset(given.get(name, ())) for name in ("needs", "keywords")}
    health = {key: _health(state) for key, state in stored.get("health", {}).items()}
    served = {
        name: Served(alive=bool(said["alive"]), ids=tuple(said["ids"]))
        for name, said in stored.get("served", {}).items()
    }
    budget = {name: Decimal(value) for name, value in stored.get("budget", {}).items()}
    spend = {name: Decimal(value) for name, value in stored.get("spend", {}).items()}
    situation = Situation(
        keys=dict.fromkeys(stored.get("providers_with_key", ()), ""), health=health, served=served,
        limits=Limits(budget=budget, budgets_set=frozenset(stored.get("budgets_set", ()))),
        spend=Spend(**spend), now=0.0, at=float(stored.get("at", 0.0)),
    )  # fmt: skip
    return selection, Facts(**given), situation


def _fields(blank: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of the stored fields that the record still has."""
    return {name: value for name, value in stored.items() if name in as_dict(blank)}


def _health(state: Mapping[str, Any]) -> Health:
    left = float(state.get("left", 0.0))
    return Health(failures=int(state.get("failures", 1)), kind=state.get("kind"), until=FOREVER if left < 0 else left)


def _cost(model: Model | None, usage: Usage, *, at: float) -> Decimal | None:
    return money.cost(model.price, usage, at=at) if model is not None and model.price is not None else None


DEARER = Decimal("1.5")
"""From how many times the cost on a change is told as dearer."""


def _risks(one: Registry, other: Registry, before: Outcome, after: Outcome) -> tuple[str, ...]:
    """Says what a change may cost besides money, the gravest first."""
    found = []
    if after.refused:
        return (f"refused: {after.refused}",)
    if after.first is None:
        return ("no model is left",)
    if before.local and not after.local:
        found.append("leaves your machine")
    elif before.provider != after.provider and after.provider and before.provider:
        found.append(f"another provider sees it: {after.provider}")
    if before.how != after.how:
        found.append(f"asked by {after.how}")
    old, new = model_called(one, before.first or ""), model_called(other, after.first)
    if old is not None and new is not None:
        levels = score(old, "intelligence"), score(new, "intelligence")
        if levels[0] > levels[1] > 0:
            found.append(f"intelligence {levels[0]:g} -> {levels[1]:g}")
        if old.context is not None and new.context is not None and new.context < old.context:
            found.append(f"window {old.context:,} -> {new.context:,}")
        lost = sorted(old.abilities - new.abilities)
        if lost and "abilities" in new.row:
            found.append(f"loses {', '.join(lost)}")
    if before.cost and after.cost and after.cost > before.cost * DEARER:
        found.append(f"{after.cost / before.cost:.1f} times the cost")
    return tuple(found)
