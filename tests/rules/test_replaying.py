"""Deciding again what was decided before: from what the book stored, under another registry, and what that risks."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.data import Usage
from outrider.rows import Registry
from outrider.rules.health import FOREVER, Health
from outrider.rules.limits import Limits, Spend
from outrider.rules.replaying import Change, Comparison, Outcome, Past, compared, inputs_of, outcome
from outrider.rules.selection import Facts, Selection
from outrider.rules.targets import Served, Situation
from tests.rules.small import registry

DOLLARS = Decimal("0.003")
"""A thousand tokens in at $1 and a thousand out at $2 a million."""


def shipped(**work: Any) -> Registry:
    """Returns a registry in which the default task is as given."""
    price = {"input": 1, "output": 2}
    return registry(
        {
            "default": "work",
            "providers": {
                "inside": {"dialect": "native"},
                "a": {"dialect": "openai", "base_url": "https://a.example/v1", "key": "A_KEY"},
                "b": {"dialect": "openai", "base_url": "https://b.example/v1", "key": "B_KEY"},
                "box": {"dialect": "ollama", "base_url": "http://localhost:11434", "local": True},
            },
            "models": {
                "inside.sonnet": {"provider": "inside", "id": "sonnet", "price": {"input": 2, "output": 4}},
                "a.one": {"provider": "a", "id": "one", "price": price, "context": 200_000,
                          "abilities": ["json", "vision"], "scores": {"intelligence": 50}},
                "b.less": {"provider": "b", "id": "less", "price": {"input": 2, "output": 4}, "context": 8_000,
                           "abilities": ["json"], "scores": {"intelligence": 30.5}},
                "b.same": {"provider": "b", "id": "same", "price": price},
                "b.unpriced": {"provider": "b", "id": "unpriced"},
                "box.free": {"provider": "box", "id": "free"},
            },
            "tasks": {"work": {"chain": ["a.one"], **work}},
        }
    )  # fmt: skip


def past(run: str = "r1", *, keys: tuple[str, ...] = ("a", "b", "box"), **more: Any) -> Past:
    """Returns a run that took a thousand tokens each way."""
    inputs: dict[str, Any] = {
        "selection": {}, "facts": {"tokens": 1_000}, "providers_with_key": list(keys),
        "served": {"box": {"alive": True, "ids": ["free"]}}, **more,
    }  # fmt: skip
    return Past(run=run, at=50.0, inputs=inputs, usage=Usage(input=1_000, output=1_000, known=True))


def decided(first: str | None, provider: str = "", **more: Any) -> Outcome:
    """Returns an outcome that is asked by outrider unless it says otherwise."""
    fields: dict[str, Any] = {"how": "outrider", "agent": None, "local": False, "cost": DOLLARS, **more}
    return Outcome(first=first, provider=provider, **fields)


A_ONE = decided("a.one", "a")


@pytest.mark.parametrize(
    ("work", "run", "after", "risks"),
    [
        ({"chain": ["b.same"]}, past(), decided("b.same", "b"), ("another provider sees it: b",)),
        (
            {"chain": ["b.less"]}, past(), decided("b.less", "b", cost=2 * DOLLARS),
            ("another provider sees it: b", "intelligence 50 -> 30.5", "window 200,000 -> 8,000", "loses vision",
             "2.0 times the cost"),
        ),
        ({"chain": ["b.unpriced"]}, past(), decided("b.unpriced", "b", cost=None), ("another provider sees it: b",)),
        ({"chain": ["box.free"]}, past(), decided("box.free", "box", local=True, cost=Decimal(0)),
         ("another provider sees it: box",)),
        ({"chain": ["inside.sonnet"], "agent": "builder"}, past(),
         decided("inside.sonnet", how="subagent", agent="builder", cost=2 * DOLLARS),
         ("asked by subagent", "2.0 times the cost")),
        ({"chain": ["b.same"]}, past(keys=("a",)), decided(None, how="none", cost=None), ("no model is left",)),
    ],
)  # fmt: skip
def test_what_changes_is_told_with_its_risks(work: Any, run: Past, after: Outcome, risks: tuple[str, ...]) -> None:
    """The gravest first: who sees it, who asks it, what the model can do less, and what it costs."""
    found = compared(shipped(), shipped(**work), (run,))
    assert found.changes == (Change(run="r1", at=50.0, task="work", before=A_ONE, after=after, risks=risks),)


def test_what_left_no_machine_and_would_is_the_first_risk() -> None:
    """From a local model to a remote one."""
    found = compared(shipped(chain=["box.free"]), shipped(), (past(),))
    assert [change.risks for change in found.changes] == [("leaves your machine",)]


def test_what_another_registry_refuses_is_told_as_that() -> None:
    """A run with a model that is no more."""
    run = past(selection={"model": "b.gone", "a field of tomorrow": 1})
    gone = registry(
        {**shipped().values, "models": {**shipped().values["models"], "b.gone": {"provider": "b", "id": "x"}}}
    )
    (change,) = compared(gone, shipped(), (run,)).changes
    assert (change.before.first, change.after.first, change.after.cost) == ("b.gone", None, None)
    assert change.risks == (f"refused: {change.after.refused}",)
    assert "b.gone" in change.after.refused
    assert outcome(shipped(), run)[1] == ""


def test_sums_are_of_what_has_a_price_on_both_sides() -> None:
    """Two runs at twice the price, and one that no longer has any."""
    runs = (past("r1"), past("r2"), past("r3", selection={"task": "other"}))
    one, other = (
        registry({**made.values, "tasks": {**made.values["tasks"], "other": {"chain": [chain]}}})
        for made, chain in ((shipped(), "a.one"), (shipped(chain=["b.less"]), "b.unpriced"))
    )
    found = compared(one, other, runs)
    assert (found.replayed, [change.run for change in found.changes]) == (3, ["r1", "r2", "r3"])
    assert (found.before, found.after, found.unpriced) == (2 * DOLLARS, 4 * DOLLARS, 1)


def test_the_same_registry_changes_nothing() -> None:
    """Deciding again is deciding the same."""
    found = compared(shipped(), shipped(), (past("r1"), past("r2")))
    assert found == Comparison(replayed=2, changes=(), before=2 * DOLLARS, after=2 * DOLLARS, unpriced=0)


def test_everything_that_was_stored_is_taken_up() -> None:
    """Rests, what was served, budgets and spend; a field that no record has any more is left."""
    stored = {
        "selection": {"task": "work", "private": True, "gone": 1},
        "facts": {"tokens": 7, "needs": ["json"], "keywords": ["now"], "gone": 1},
        "health": {"a": {"failures": 3, "kind": "server", "left": 12.5}, "b": {"left": -1}},
        "served": {"box": {"alive": False, "ids": []}},
        "providers_with_key": ["a"], "budget": {"day": "1.5"}, "budgets_set": ["day"], "spend": {"day": "0.25"},
        "at": 99,
    }  # fmt: skip
    assert inputs_of(stored) == (
        Selection(task="work", private=True),
        Facts(tokens=7, needs=frozenset({"json"}), keywords=frozenset({"now"})),
        Situation(
            keys={"a": ""}, served={"box": Served(alive=False, ids=())}, now=0.0, at=99.0,
            health={"a": Health(failures=3, kind="server", until=12.5), "b": Health(failures=1, until=FOREVER)},
            limits=Limits(budget={"day": Decimal("1.5")}, budgets_set=frozenset({"day"})),
            spend=Spend(day=Decimal("0.25")),
        ),
    )  # fmt: skip


def test_what_an_old_book_did_not_store_is_as_it_was_then() -> None:
    """Nothing rested, nothing was served, and no budget was set."""
    selection, facts, situation = inputs_of({"selection": {}, "facts": {}})
    assert (selection, facts) == (Selection(), Facts())
    assert situation == Situation(
        keys={}, health={}, served={}, limits=Limits(budget={}, budgets_set=frozenset()), spend=Spend(), now=0.0, at=0.0
    )  # fmt: skip
