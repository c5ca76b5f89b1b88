"""What is out of date, on a day that is handed in."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outrider.records import replace
from outrider.rows import Registry
from outrider.rules.facts.judging import age, told, too_few
from outrider.rules.facts.nouns import Fact, Rate
from outrider.rules.facts.shipped import from_registry
from outrider.rules.facts.staleness import Stale, stale
from outrider.rules.rows_from import registry_from

ROOT = Path(__file__).parents[2]
VALUES = json.loads((ROOT / ".claude" / "config" / "models.json").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 21)


def registry(**tasks: list[str]) -> Registry:
    """Returns the shipped registry with chains of the user's over it."""
    values = {**VALUES, "tasks": {**VALUES["tasks"], **{name: {"chain": chain} for name, chain in tasks.items()}}}
    origins = {f"$.tasks.{name}.chain": "user models.local.json" for name in tasks}
    return registry_from(values, origins=origins, digest="", notes=())


def looked_at(found: Registry, *more: Fact, listed: tuple[Fact, ...] = (), today: date = TODAY) -> Stale:
    """Returns what is stale of the registry's own facts and some more."""
    facts, names = from_registry(found)
    kept = {fact.key: fact for fact in (*facts, *more)}
    return stale(found, kept.values(), names=names, listed=listed, today=today)


def fact(provider: str, wire_id: str, **values: Any) -> Fact:
    """Returns a fact."""
    return Fact(provider=provider, id=wire_id, name=wire_id, **values)


@pytest.mark.parametrize(
    ("today", "days"), [(date(2026, 9, 1), None), (date(2026, 10, 1), 60), (TODAY, 9), (date(2026, 12, 2), -2)]
)
def test_an_end_is_told_two_months_before(today: date, days: int | None) -> None:
    """From sixty days before its end, and after it, a model is named with what to use instead."""
    found = [one for one in looked_at(registry(), today=today).ending if one.id == "claude-sonnet-4-5"]
    assert [(one.days, one.instead) for one in found] == ([] if days is None else [(days, "anthropic.sonnet_5_5")])


def test_old_prices_are_those_of_a_month() -> None:
    """A price is old after thirty days; local ones and the user's own have no age."""
    assert looked_at(registry(), today=date(2026, 12, 20)).prices == ()
    old = looked_at(registry(), today=date(2026, 12, 21)).prices
    assert len(old) > 40
    assert old[0].chains
    assert not {"ollama", "vllm", "localai"} & {one.provider for one in old}


def test_a_newer_word_that_differs_is_told() -> None:
    """Where a fetched price is not the one that we count with, both are named."""
    said = fact("openai", "gpt-6-luna", as_of="2026-12-30", source="models.dev 12ab",
                rates=(Rate(kind="base", input=Decimal("0.2"), output=Decimal(1)),))  # fmt: skip
    (one,) = looked_at(registry(), said).differing
    assert (one.model, one.counted, one.said, one.source) == (
        "openai.gpt_6_luna",
        "$0.1/$0.5",
        "$0.2/$1",
        "models.dev 12ab",
    )
    same = replace(said, rates=(Rate(kind="base", input=Decimal("0.10"), output=Decimal("0.50")),))
    assert looked_at(registry(), same).differing == ()


@pytest.mark.parametrize(
    ("chain", "gone"),
    [
        ([], []),
        (["openai.gpt_6_luna"], []),
        (["openai.gpt_6_sol"], ["openai.gpt_6_sol"]),
        (["openai/gpt-99"], ["openai/gpt-99"]),
        (["openai/gpt-6-luna"], []),
        (["claude.opus", "local.ollama", "mistral.small_4"], []),
    ],
)
def test_a_model_that_no_list_has_is_gone(chain: list[str], gone: list[str]) -> None:
    """Of the user's own chains, and only where a list of its provider was fetched."""
    listed = (fact("openai", "gpt-6-luna"), fact("openai", "gpt-6-astra"))
    assert [one.model for one in looked_at(registry(mine=chain), listed=listed).gone] == gone
    assert looked_at(registry(mine=chain)).gone == ()


def test_what_is_over_is_told_to_who_uses_it() -> None:
    """A list's dead models are no news, but for those with a successor and those that a chain names."""
    dead = fact("openai", "gone-1", status="retired")
    heir = fact("openai", "gone-2", status="retired", replacement="new-2")
    named = [one.id for one in looked_at(registry(), dead, heir).ending if one.id.startswith("gone")]
    assert named == ["gone-2"]
    mine = looked_at(registry(mine=["openai/gone-1"]), dead, heir).ending
    assert (mine[0].id, mine[0].chains) == ("gone-1", ("mine",))


def test_an_age_is_told_in_words() -> None:
    """Today, yesterday, days; and what has no date has no age."""
    ages = [
        age(taken, today=TODAY) for taken in ("2026-11-21T23:59:59Z", "2026-11-20", "2026-11-01", "2027-01-01", "?")
    ]
    assert ages == [0, 1, 20, 0, None]
    assert [told(days) for days in ages] == ["of today", "of yesterday", "20 days old", "of today", "of unknown age"]
    assert (too_few(50, 100), too_few(49, 100)[:20], too_few(0, 0)) == ("", "it lists 49 models, ", "")
