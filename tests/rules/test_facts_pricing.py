"""The catalog's rates become the price that money is counted with."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from outrider.rows import Condition, Model, Price, Rates
from outrider.rules.facts.nouns import Fact, Rate
from outrider.rules.facts.pricing import Known, folded, of_fact, price_of, priced
from outrider.rules.facts.shipped import from_registry
from outrider.rules.rows_from import registry_from

ROOT = Path(__file__).parents[2]
VALUES = json.loads((ROOT / ".claude" / "config" / "models.json").read_text(encoding="utf-8"))
REGISTRY = registry_from(VALUES, origins={}, digest="", notes=())
BASE = Rate(kind="base", input=Decimal(1), output=Decimal(4), cached=Decimal("0.1"))
LATER = Rate(kind="change", input=Decimal(2), output=None, condition="from 2027-01-01")
LAST = Rate(kind="change", input=Decimal(3), output=Decimal(9), condition="from 2027-06-01")


def test_a_price_survives_the_catalog() -> None:
    """Every price of the registry comes back as it was: tiers, hours, dates and variants."""
    facts, names = from_registry(REGISTRY)
    found = {fact.key: of_fact(fact) for fact in facts}
    models = [model for model in REGISTRY.models.values() if model.price and (model.provider, model.id) in found]
    assert len(models) > 50
    assert {model.name: found[names[model.name]] for model in models} == {model.name: model.price for model in models}


@pytest.mark.parametrize(
    "rates",
    [(), (LATER,), (Rate(kind="base", input=Decimal(1), output=None),), (Rate(kind="base", input=None, output=None),)],
)
def test_a_price_that_is_half_known_is_not_known(rates: tuple[Rate, ...]) -> None:
    """Without both the input's and the output's rate there is no price: unknown is never zero."""
    assert price_of(rates) is None


def test_a_condition_that_cannot_be_read_is_left_out() -> None:
    """The base stands; it is the dearer one where a source names only when it is cheaper."""
    odd = Rate(kind="window", input=Decimal(0), output=Decimal(0), condition="outside 01:00-04:00 UTC on working days")
    tier = Rate(kind="tier", input=Decimal(2), output=Decimal(8), condition="above 000200000 input tokens")
    assert price_of((BASE, odd, tier)) == Price(
        base=Rates(input=Decimal(1), output=Decimal(4), cached=Decimal("0.1")),
        tiers=(Condition(rates=Rates(input=Decimal(2), output=Decimal(8)), above=200_000),),
    )


@pytest.mark.parametrize(
    ("day", "price", "left", "until"),
    [
        ("2026-12-31", (1, 4), 2, "2027-01-01"),
        ("2027-01-01", (2, 4), 1, "2027-06-01"),
        ("2027-06-01", (3, 9), 0, ""),
    ],
)
def test_a_change_that_has_come_is_the_price(day: str, price: tuple[int, int], left: int, until: str) -> None:
    """From its day on an announced price is the one that is shown and counted."""
    fact = Fact(provider="p", id="m", name="m", rates=(BASE, LATER, LAST))
    (found,), when = folded((fact,), day=day)
    assert (found.rates[0].input, found.rates[0].output) == tuple(map(Decimal, price))
    assert found.rates[0].cached == Decimal("0.1")
    assert (len([rate for rate in found.rates if rate.kind == "change"]), when) == (left, until)


def test_a_model_says_whose_price_it_has() -> None:
    """The row that a decision stores carries the price, its day, and the snapshot that said it."""
    known = Known(
        price=Price(base=Rates(input=Decimal(1), output=Decimal("4.5"))), as_of="2026-11-21", source="models.dev 12ab"
    )
    found = priced(Model(name="p/m", provider="p", id="m"), known)
    assert found.price == known.price
    assert found.row == {
        "price": {"input": 1, "output": 4.5}, "as_of": "2026-11-21", "price_source": "models.dev 12ab"
    }  # fmt: skip
