"""Models for a role: one rule for `catalog pick` and for a task without a chain."""

import json
from pathlib import Path
from typing import Any

import pytest

from outrider.rules.facts import llms
from outrider.rules.facts.merging import merged
from outrider.rules.facts.picking import pick
from outrider.rules.facts.shipped import from_registry
from outrider.rules.routing import by_floors
from outrider.rules.rows_from import registry_from

ROOT = Path(__file__).parents[2]
VALUES = json.loads((ROOT / ".claude" / "config" / "models.json").read_text(encoding="utf-8"))
REGISTRY = registry_from(VALUES, origins={}, digest="", notes=())
ROLES = sorted(name for name, task in REGISTRY.tasks.items() if task.floors)
SATURDAY = 1_763_800_000.0
"""An hour at which no price of the registry is another than its base one."""


def rows() -> list[dict[str, Any]]:
    """Returns the rows of the registry's models, by their own names."""
    facts, _ = from_registry(REGISTRY)
    names = {(model.provider, model.id): model.name for model in REGISTRY.models.values()}
    return [dict(row) for row in llms.table(merged((facts,)).facts, names=names).rows]


def row(name: str, **values: Any) -> dict[str, Any]:
    """Returns a row."""
    return {
        "name": name,
        "provider": "p",
        "intelligence": None,
        "coding": None,
        "price": None,
        "local": False,
        **values,
    }


@pytest.mark.parametrize("role", ROLES)
def test_a_task_gets_the_chain_that_pick_shows(role: str) -> None:
    """For every role, in the same order: what `catalog pick` says is what a task without a chain asks."""
    task = REGISTRY.tasks[role]
    shown = pick(rows(), shares=task.floors, absolute={}, priority=task.order).chosen
    asked = [model for model in by_floors(REGISTRY, task, at=SATURDAY)
             if REGISTRY.providers[model.provider].dialect != "native"]  # fmt: skip
    keys = list(dict.fromkeys((model.provider, model.id) for model in asked))
    assert sorted((entry["provider"], entry["id"]) for entry in shown) == sorted(keys)
    # Rows of equal price and score stand by their name, which is the vendor's there and ours here.
    ranks = {(model.provider, model.id): (model.price, model.row["scores"]["intelligence"]) for model in asked}
    assert [ranks[entry["provider"], entry["id"]] for entry in shown] == [ranks[key] for key in keys]


def test_what_is_left_out_says_its_number() -> None:
    """Each exclusion has the number that caused it, and a floor is a share of the best of the version."""
    found = pick(
        [row("a", intelligence=50.0, price=2.0), row("b", intelligence=30.0, price=1.0), row("c"),
         row("d", intelligence=45.0, price=9.0)],
        shares={"intelligence": 0.8}, absolute={}, priority="cost", most_price=5.0,
    )  # fmt: skip
    assert [entry["name"] for entry in found.chosen] == ["a"]
    assert [(entry.name, entry.why) for entry in found.excluded] == [
        ("b", "intelligence 30 is below 40.0"),
        ("c", "no intelligence score in this index version"),
        ("d", "costs 9, more than 5"),
    ]


@pytest.mark.parametrize(("floor", "warned"), [(45.0, False), (55.0, True), (48.0, True)])
def test_an_absolute_floor_of_another_scale_is_told(floor: float, *, warned: bool) -> None:
    """A number that nearly nobody reaches comes from an older version of the index."""
    found = pick([row("a", intelligence=50.0, price=1.0)], shares={}, absolute={"intelligence": floor}, priority="cost")
    assert bool(found.warnings) is warned


@pytest.mark.parametrize(
    ("priority", "order"),
    [("capability", ["c", "b", "a"]), ("cost", ["a", "b", "c"]), ("reliability", ["b", "c", "a"]),
     ("balance", ["a", "b", "c"])],
)  # fmt: skip
def test_priorities_order(priority: str, order: list[str]) -> None:
    """Capability is the score, cost the price, reliability the score in coding, balance price for score squared."""
    every = [
        row("c", intelligence=60.0, coding=50.0, price=10.0), row("a", intelligence=40.0, coding=30.0, price=1.0),
        row("b", intelligence=50.0, coding=70.0, price=5.0),
    ]  # fmt: skip
    found = pick(every, shares={}, absolute={}, priority=priority)
    assert [entry["name"] for entry in found.chosen] == order


def test_what_cannot_do_it_or_has_no_key_is_left_out() -> None:
    """An ability that is known to be missing, and a provider without a key; what runs here needs none."""
    every = [
        row("blind", price=1.0, vision=False), row("keyless", price=1.0, provider="other", vision=True),
        row("mine", price=0.0, provider="here", local=True), row("good", price=2.0, vision=True),
    ]  # fmt: skip
    found = pick(every, shares={}, absolute={}, priority="cost", needs=frozenset({"vision"}), usable=frozenset({"p"}))
    assert [entry["name"] for entry in found.chosen] == ["mine", "good"]
    assert [(entry.name, entry.why) for entry in found.excluded] == [
        ("blind", "has no vision"), ("keyless", "no key for other")
    ]  # fmt: skip
