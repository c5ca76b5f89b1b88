"""Public catalogues become facts: bytes in, rows out, and nothing that cannot be true."""

import json
from copy import deepcopy
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.interop.catalogs import SOURCES
from outrider.interop.catalogs.reading import ChangedShape, Read, document
from outrider.rules.facts.merging import base
from outrider.rules.facts.nouns import Fact, Rate, Score
from outrider.rules.facts.pricing import of_fact
from tests.interop.catalogs import BY_SOURCE, LITELLM, MODELS_DEV, OPENROUTER

INDEX = "Artificial Analysis"


def read(name: str, said: Any) -> Read:
    """Reads what a source sends."""
    return SOURCES[name].read(document(json.dumps(said).encode()))


def dollars(*amounts: str, kind: str = "base", condition: str = "") -> Rate:
    """Returns a rate: in, out, cached."""
    values = [Decimal(amount) for amount in amounts]
    return Rate(kind=kind, input=values[0], output=values[1] if len(values) > 1 else None,
                cached=values[2] if len(values) > 2 else None, condition=condition)  # fmt: skip


ABOVE = "above 000200000 input tokens"
EXPECTED: dict[str, tuple[Fact, ...]] = {
    "models.dev": (
        Fact(
            provider="gemini", id="gem-9", name="Gem 9", creator="google", context=1_048_576, max_output=65_536,
            rates=(dollars("1.25", "10", "0.125"), dollars("2.5", "15", kind="tier", condition=ABOVE)), vision=True,
            tools=True, reasoning=True, released="2026-05-01",
        ),
        Fact(provider="openai", id="dark-1", name="Dark 1", creator="openai"),
        Fact(provider="openai", id="free-1", name="Free 1", creator="openai", rates=(dollars("0", "0"),)),
        Fact(
            provider="openai", id="old-1", name="Old 1", creator="openai", tools=False, status="deprecated",
            rates=(dollars("2", "8"), dollars("4", "12", kind="tier", condition=ABOVE)),
        ),
    ),
    "litellm": (
        Fact(
            provider="gemini", id="gem-9", name="gem-9", creator="gemini", context=1_048_576, max_output=65_536,
            rates=(dollars("1.25", "10", "0.125"), dollars("2.5", "15", kind="tier", condition=ABOVE),
                   dollars("0.625", "5", kind="variant", condition="batch")),
            vision=True, tools=True, shutdown="2027-03-01",
        ),
        Fact(
            provider="together", id="maker/open-1", name="maker/open-1", creator="maker", rates=(dollars("0.2", "0.2"),)
        ),
    ),
    "openrouter": (
        Fact(
            provider="openrouter", id="maker/open-1", name="Open 1", creator="maker", context=131_072,
            max_output=16_384,
            rates=(dollars("0.2", "0.8", "0.02"),
                   dollars("0.4", kind="tier", condition="above 000065536 input tokens")),
            scores=(Score(axis="intelligence", value=41.5, index=f"{INDEX}, by OpenRouter", version="", date=""),),
            vision=False, tools=True, reasoning=False, released="2026-05-01", shutdown="2027-01-31",
            aliases=("maker/open-1-20260501",),
        ),
        Fact(
            provider="openrouter", id="maker/open-1:free", name="Open 1 (free)", creator="maker",
            rates=(dollars("0", "0"),),
        ),
    ),
    "artificial-analysis": (
        Fact(
            provider="artificial-analysis", id="gpt-6-luna", name="GPT-6 Luna", creator="openai", tps=131.5,
            rates=(dollars("0.1", "0.5"),), released="2026-09-22",
            scores=(Score(axis="coding", value=41.5, index=INDEX, version="4.4", date="", effort="max"),
                    Score(axis="intelligence", value=38.5, index=INDEX, version="4.4", date="", effort="max"),
                    Score(axis="intelligence", value=30.5, index=INDEX, version="4.4", date="", effort="low")),
        ),
        Fact(
            provider="artificial-analysis", id="nobody-7", name="Nobody 7", creator="nobody", tps=12.0,
            scores=(Score(axis="intelligence", value=60.0, index=INDEX, version="4.4", date=""),),
        ),
    ),
    "genai-prices": (
        Fact(
            provider="gemini", id="gem-9", name="Gem 9", creator="gemini", context=1_048_576,
            rates=(dollars("1.25", "10", "0.125"), dollars("2.5", "15", "0.125", kind="tier", condition=ABOVE),
                   dollars("1", "8", kind="change", condition="from 2027-01-01"),
                   dollars("0.6", "5", kind="window", condition="16:30-00:30 UTC, every day")),
        ),
        Fact(provider="xai", id="x-1", name="x-1", creator="xai", rates=(dollars("3", "15"),), status="deprecated"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SOURCES)
def test_a_source_is_read(name: str) -> None:
    """Every field that a source has, under our names of providers; unknown stays unknown, and free stays free."""
    found = read(name, BY_SOURCE[name])
    assert found.facts == EXPECTED[name]
    assert found.refused == (1 if name == "openrouter" else 0)


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<!doctype html><p>Sorry</p>", "it is a web page"),
        (b'{"data": [{"id": "a/b", "na', "it is broken or half JSON"),
        (b"", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not text"),
        (b"[" * 100_000, "it is broken or half JSON"),
        (b'{"data": NaN}', "it is broken or half JSON"),
    ],
)
def test_what_is_no_json_is_told(name: str, data: bytes, said: str) -> None:
    """A web page, half of a document and nothing at all are each called what they are."""
    with pytest.raises(ChangedShape, match=said):
        SOURCES[name].read(document(data))


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize(
    "said", [{}, [], None, 3, "text", {"data": {}}, {"models": []}, [1, 2], {"a": {"models": {"b": 1}}}]
)
def test_another_shape_is_refused(name: str, said: Any) -> None:
    """JSON that is not what the source used to send never becomes an empty catalogue."""
    with pytest.raises(ChangedShape):
        read(name, said)


@pytest.mark.parametrize("price", [-1, -0.000001, 10_001, 1e300, "dear", True, {"usd": 1}, [1]])
def test_a_price_that_cannot_be_refuses_its_row(price: Any) -> None:
    """Negative and absurd prices take their own row with them, and no other."""
    said = deepcopy(MODELS_DEV)
    said["openai"]["models"]["old-1"]["cost"]["input"] = price
    found = read("models.dev", said)
    is_unknown = price is True
    assert found.refused == (0 if is_unknown else 1)
    kept = [fact for fact in EXPECTED["models.dev"] if fact.id != "old-1"]
    assert [fact for fact in found.facts if fact.id != "old-1"] == kept
    assert not is_unknown or all(base(fact) is None for fact in found.facts if fact.id == "old-1")


def test_a_model_that_is_there_twice_is_one() -> None:
    """The first row stands, and the second adds what it did not say."""
    said = deepcopy(OPENROUTER)
    said["data"].insert(1, {"id": "maker/open-1", "name": "Other", "pricing": {"prompt": "9", "completion": "9"}})
    said["data"].append({**said["data"][0], "context_length": 5, "name": "Third"})
    found = read("openrouter", said)
    assert found.facts == EXPECTED["openrouter"]
    assert found.refused == 2, "nine dollars a token is absurd"


def test_mostly_unsound_is_another_shape() -> None:
    """Where most rows are refused, the shape has changed, and nothing is taken."""
    said = deepcopy(LITELLM)
    for number in range(5):
        said[f"bad-{number}"] = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": -1}
    with pytest.raises(ChangedShape, match="2 of 7 rows"):
        read("litellm", said)


def test_pages_follow_each_other() -> None:
    """A source that has more says where."""
    said = deepcopy(BY_SOURCE["artificial-analysis"])
    said["pagination"] = {"page": 2, "has_more": True}
    assert read("artificial-analysis", said).more == "page=3"


def test_scores_without_a_version_are_on_no_scale() -> None:
    """An index that does not say its version is not mixed with one that does."""
    said = deepcopy(BY_SOURCE["artificial-analysis"])
    del said["intelligence_index_version"]
    found = read("artificial-analysis", said)
    assert {one.version for fact in found.facts for one in fact.scores} == {""}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the path of every value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, entry in inner for found in places(entry, (*path, key)))]


@given(data=st.data(), name=st.sampled_from(sorted(SOURCES)), odd=JSON)
def test_any_value_anywhere_is_read_or_refused(data: st.DataObject, name: str, odd: Any) -> None:
    """Whatever stands in the place of a value, the source is refused or its facts can be true."""
    said = deepcopy(BY_SOURCE[name])
    path = data.draw(st.sampled_from(places(said)))
    if path:
        holder = said
        for key in path[:-1]:
            holder = holder[key]
        holder[path[-1]] = odd
    else:
        said = odd
    try:
        found = SOURCES[name].read(said)
    except ChangedShape:
        return
    for fact in found.facts:
        price = of_fact(fact)
        rates = (price.base.input, price.base.output) if price is not None else ()
        assert all(rate is None or 0 <= rate <= 10_000 for rate in rates)
        assert fact.id
        assert fact.id.isprintable()
        assert fact.context is None or fact.context > 0
