"""Several sources' words of one model: the newest wins, the user's own stands, and what differs is kept."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from outrider.rules.facts import llms
from outrider.rules.facts.matching import placed, plain
from outrider.rules.facts.merging import merged
from outrider.rules.facts.nouns import Conflict, Fact, Rate, Score


def fact(source: str, as_of: str, price: float | None = None, **values: Any) -> Fact:
    """Returns what a source says of the one model."""
    rates = (Rate(kind="base", input=Decimal(str(price)), output=Decimal(1)),) if price is not None else ()
    return Fact(**{"provider": "p", "id": "m", "name": "m", "source": source, "as_of": as_of, "rates": rates, **values})


def score(value: float, version: str, axis: str = "intelligence", **values: Any) -> Score:
    """Returns a score."""
    return Score(axis=axis, value=value, index="Index", version=version, date="2026-10-08", **values)


def test_the_newest_word_wins_and_the_others_are_kept() -> None:
    """Field by field, whatever the order of the sources; what no newer source says, an older one does."""
    old = fact("old", "2026-01-01", 3, context=100, name="Model M", vision=True)
    new = fact("new", "2026-06-01", 2, context=200)
    bare = fact("bare", "2026-09-01")
    results = {merged([(one,) for one in order]) for order in permutations((old, new, bare))}
    (found,) = results
    (one,) = found.facts
    assert (one.rates, one.context, one.vision, one.name) == (new.rates, 200, True, "Model M")
    assert (one.source, one.as_of) == ("new", "2026-06-01")
    assert found.conflicts == (
        Conflict(provider="p", id="m", field="context", kept="200", kept_source="new", other="100", other_source="old"),
        Conflict(provider="p", id="m", field="price", kept="2/1", kept_source="new", other="3/1", other_source="old"),
    )


def test_the_users_own_price_is_never_overruled() -> None:
    """A stated price has no date, and stands over the newest one."""
    (one,) = merged([(fact("new", "2027-01-01", 2),), (fact("your settings", "", 7, stated=True),)]).facts
    assert (one.rates[0].input, one.source) == (Decimal(7), "your settings")


def test_the_table_has_one_version_and_no_unknown_price() -> None:
    """Scores of the newest version only, unknown as nothing, and rows without a price are counted."""
    facts = (
        fact("s", "2026-10-08", 1, id="a", scores=(score(50, "4.3"), score(63, "4.10"), score(70, "4.2", "coding"))),
        fact("s", "2026-10-08", 1, id="b", scores=(score(40, "4.3"),)),
        fact("s", "2026-10-08", id="c", scores=(score(99, "4.10"),)),
        fact("s", "2026-10-08", 1, id="d", status="retired"),
    )
    table = llms.table(facts, names={("p", "a"): "p.a"})
    assert (table.version, table.unpriced, table.scored) == ("4.10", 1, 1)
    assert [(row["id"], row["model"], row["intelligence"], row["coding"], row["price"]) for row in table.rows] == [
        ("a", "p.a", 63, None, 1.0), ("b", None, None, None, 1.0)
    ]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["claude-opus-5.5", "anthropic/claude-opus-5.5", "Claude Opus 5.5", "claude_opus_5_5", "claude-opus-5-5-20260922",
     "claude-opus-5-5-latest", "anthropic/claude-opus-5.5:free", "claude-opus-5-5-2026-09-22"],
)  # fmt: skip
def test_a_name_is_compared_without_its_writing(name: str) -> None:
    """However a source writes a model, it is the same one."""
    assert plain(name) == "claude-opus-5-5"


def test_scores_go_to_the_models_they_are_of() -> None:
    """To the registry's own rows, else to what its maker serves; a model that nobody serves stays by itself."""
    ours = fact("r", "2026-11-20", 1, provider="maker", id="one-1")
    gateway = fact("s", "2026-11-20", 1, provider="gateway", id="maker/one-1")
    theirs = fact("s", "2026-11-20", 1, provider="other", id="two-2-latest")
    twin = fact("s", "2026-11-20", 1, provider="gateway", id="other/two-2")
    index = [
        fact("index", "", 1, provider="index", id=name, tps=9.0, scores=(score(50, "4.4"),))
        for name in ("one-1", "two-2", "three-3")
    ]
    found = {one.key: one for one in placed((ours, gateway, theirs, twin), index, own=frozenset({ours.key}))}
    assert {key: len(one.scores) for key, one in found.items()} == {
        ("maker", "one-1"): 1, ("gateway", "maker/one-1"): 0, ("other", "two-2-latest"): 1,
        ("gateway", "other/two-2"): 0, ("index", "three-3"): 1,
    }  # fmt: skip
    assert found[ours.key].tps == 9.0
