"""The tables of the pack's pages: rows of the effective registry, in its order, never breaking a page's layout."""

from typing import Any

import pytest

from outrider.rules.pack_tables import cell, tables
from tests.rules.small import VALUES, registry

ROWS: dict[str, Any] = {
    **VALUES,
    "models": {
        "native.haiku": {
            "provider": "native", "id": "haiku", "description": "Small.", "as_of": "2026-11-20",
            "price": {"input": 0.1, "output": 0.5, "tiers": [{"above": 100000, "input": 0.5, "output": 2.5}]},
            "rules": {"efforts": ["low", "high"]}, "also": {"own": "haiku-1"},
            "scores": {"intelligence": 40, "coding": 30, "version": "4.3"},
        },
        "own.haiku": {
            "provider": "own", "id": "haiku-1", "price": {"input": 0.1, "output": 0.5}, "as_of": "2026-11-01",
            "scores": {"intelligence": 40, "coding": 30, "version": "4.3"},
        },
        "cloud.big": {
            "provider": "cloud", "id": "big|1", "as_of": "soon", "context": 200000, "abilities": ["tools", "json"],
            "price": {
                "input": 2, "output": 10,
                "windows": [{"days": [1, 2, 3, 4, 5], "from": "01:00", "to": "04:30", "input": 4, "output": 20},
                            {"days": [6, 7], "input": 1, "output": 5}],
                "changes": [{"since": "2027-01-01", "input": 3, "output": 12}],
                "variants": {"batch": {"input": 1, "output": 5}},
            },
            "scores": {"intelligence": 50, "version": "4.3", "effort": "max"}, "rules": {"sampling": False},
            "also": {"gate": "cloud/big"}, "description": "Big |\n and strong.",
        },
        "cloud.bare": {"provider": "cloud", "id": "bare"},
        "cloud.old": {"provider": "cloud", "id": "old", "status": "retired", "replacement": "cloud.big"},
        "box.one": {"provider": "box", "id": "one", "price": {"input": 0, "output": 0}},
        "box.any": {"provider": "box", "id": "*"},
    },
    "aliases": {"older": {"model": "cloud.big", "why": "it went"}, "plain": {"model": "cloud.big"}},
    "tasks": {
        "complex": {"chain": ["cloud.big"]},
        "simple": {"chain": ["native.haiku", "cloud.big", "box.one", "box.any", "own.haiku"], "agent": "scout",
                   "description": "Small | things", "reason": "cheap", "tail": True},
        "closed": {"chain": ["box.any"], "private": True},
        "worker": {"floors": {"intelligence": 0.5}, "order": "cost", "agent": "scout"},
    },
    "presets": {
        "swift": {"chain": ["native.haiku", "cloud.big"], "agents": {"scout": "haiku/low"}, "effort": "low"},
        "home": {"chain": ["box.any"], "local": True},
    },
    "agents": {"scout": {"task": "simple", "tier": "haiku/low", "description": "Looks"},
               "odd": {"task": "simple", "tier": "giant/low", "description": "None"}},
    "panels": {"review": ["native.haiku", "cloud.big"]},
    "limits": {"budget_usd": {"run": 1, "day": 2.5, "month": None}},
}  # fmt: skip


def made(**changes: Any) -> Any:
    """Makes the tables of these rows."""
    return tables(registry({**ROWS, **changes}), {"scout": "haiku/high"}, {"scout": "outrider:scout"})


def test_tasks_are_sorted_into_levels_matrix_and_roles() -> None:
    """Levels in the order of their weight, roles by their floors, the rest as written."""
    found = made()
    assert [row["task"] for row in found["levels"]] == ["simple", "complex"]
    assert [row["task"] for row in found["matrix"]] == ["closed"]
    assert [row["task"] for row in found["roles"]] == ["worker"]


def test_a_task_shows_its_first_choice_and_a_few_fallbacks() -> None:
    """An agent, as it is called here, where the first choice is a class of the client's own."""
    assert made()["levels"][0] == {
        "task": "simple", "description": "Small \\| things", "first": "native.haiku", "agent": "outrider:scout",
        "alias": "haiku", "fallback": ["cloud.big", "box.one", "box.any"], "more": 1,
        "chain": ["native.haiku", "cloud.big", "box.one", "box.any", "own.haiku"], "tail": True, "private": False,
        "needs": [], "effort": None, "reason": "cheap", "floors": {}, "order": "balance", "prompt": None,
    }  # fmt: skip
    closed = made()["matrix"][0]
    assert (closed["first"], closed["agent"], closed["fallback"], closed["private"]) == ("box.any", None, [], True)


def test_a_role_names_the_models_that_reach_its_floors() -> None:
    """Each model once: its twin at another provider is no second choice."""
    row = made()["roles"][0]
    assert (row["chain"], row["floors"], row["order"]) == (
        ["native.haiku", "cloud.big"],
        {"intelligence": "50%"},
        "cost",
    )


def test_a_task_without_any_model_is_still_a_row() -> None:
    """Floors that nothing reaches leave an empty first choice."""
    row = made(models={"box.one": ROWS["models"]["box.one"]}, tasks={"worker": ROWS["tasks"]["worker"]}, presets={})
    assert (row["roles"][0]["first"], row["roles"][0]["agent"], row["as_of"]) == ("", None, "")


def test_a_preset_shows_what_it_calls_first() -> None:
    """The first that is not the client's own, with its price; tiers for each agent in words."""
    assert made()["presets"] == [
        {"preset": "swift", "description": "", "chain": ["native.haiku", "cloud.big"], "first": "cloud.big",
         "price": "2 / 10", "agents": "scout haiku/low", "effort": "low", "local": False},
        {"preset": "home", "description": "", "chain": ["box.any"], "first": "box.any", "price": "?", "agents": None,
         "effort": None, "local": True},
    ]  # fmt: skip
    assert made(presets={"none": {"chain": ["native.haiku"]}})["presets"][0]["first"] == ""


def test_a_tier_is_priced_by_its_class() -> None:
    """The tier that is in force, not the row's own; a class that nothing has is unknown, not free."""
    assert made()["tiers"] == [
        {"agent": "scout", "name": "outrider:scout", "task": "simple", "tier": "haiku/high", "model": "haiku",
         "effort": "high", "price": "0.1 / 0.5", "typical": "$0.0125", "description": "Looks"},
        {"agent": "odd", "name": "odd", "task": "simple", "tier": "giant/low", "model": "giant", "effort": "low",
         "price": "?", "typical": "?", "description": "None"},
    ]  # fmt: skip
    assert made()["natives"] == [
        {"alias": "haiku", "model": "native.haiku", "description": "Small.", "price": "0.1 / 0.5",
         "conditions": "above 100,000 tokens 0.5 / 2.5", "typical": "$0.0125", "efforts": ["low", "high"],
         "also": {"own": "haiku-1"}},
    ]  # fmt: skip


def test_prices_show_what_lies_over_them() -> None:
    """Sizes, hours, dates and variants; neither retired models nor those that cost nothing."""
    assert [row["model"] for row in made()["prices"]] == ["own.haiku", "cloud.big", "cloud.bare"]
    bare = made()["prices"][2]
    assert (bare["price"], bare["conditions"], bare["context"], bare["score"]) == ("?", "", "?", "")
    assert made()["prices"][1] == {
        "model": "cloud.big", "provider": "cloud", "id": "big\\|1", "price": "2 / 10",
        "conditions": "Mon-Fri 01:00-04:30 UTC 4 / 20; Sat, Sun 00:00-24:00 UTC 1 / 5; from 2027-01-01 3 / 12; "
        "batch 1 / 5",
        "context": "200,000", "can": "json, tools", "sampling": False, "score": "50 (v4.3, max)", "status": "active",
        "description": "Big \\| and strong.", "as_of": "soon", "ways": ["cloud", "gate"],
    }  # fmt: skip


def test_providers_and_servers_are_named_with_their_variables() -> None:
    """Never a value; a server with the name that stands for whatever it has."""
    found = made()
    assert {row["provider"]: row["keys"] for row in found["providers"]} == {
        "native": [], "cloud": ["CLOUD_KEY", "CLOUD_2"], "gate": ["GATE_KEY"], "box": [],
        "own": ["OUTRIDER_ANTHROPIC_API_KEY"],
    }  # fmt: skip
    assert [(row["provider"], row["any"], row["models"]) for row in found["servers"]] == [("box", "box.any", 2)]
    assert [row["id"] for row in found["local_models"]] == ["one"]


def test_the_rest_is_as_the_settings_have_it() -> None:
    """Older names with a reason, panels, budgets that are set, and the newest day on which a row was checked."""
    found = made()
    assert found["old_names"] == [{"old": "older", "now": "cloud.big", "why": "it went"}]
    assert found["panels"] == [{"panel": "review", "seats": ["native.haiku", "cloud.big"]}]
    assert (found["budgets"], found["as_of"]) == ("$1 a run, $2.5 a day", "2026-11-20")
    assert (found["read_tokens"], found["written_tokens"]) == ("100,000", "5,000")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("a|b", "a\\|b"), ("a\n| b |\n", "a \\| b \\|"), ("a\\|b", "a\\\\\\|b"), (3, "3"), ("", "")],
)
def test_nothing_breaks_out_of_its_cell(text: object, shown: str) -> None:
    """A description from somebody's settings stays one cell of one row."""
    assert cell(text) == shown
