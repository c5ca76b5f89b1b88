"""From the catalog's rates to a price that money is counted with, for models that no row of the registry prices."""

import re
from collections.abc import Iterable
from decimal import Decimal

from outrider.data import Json
from outrider.records import as_dict, record, replace
from outrider.rows import Condition, Model, Price, Rates
from outrider.rules.facts.merging import base
from outrider.rules.facts.nouns import Fact, Rate

_TIER = re.compile(r"above (\d+) input tokens")
_CHANGE = re.compile(r"from (\d{4}-\d{2}-\d{2})")
_WINDOW = re.compile(r"(\d{2}):(\d{2})-(\d{2}):(\d{2}) UTC, (.+)")
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@record
class Known:
    """A price as the catalog has it: its date, and the source that said it."""

    price: Price
    as_of: str
    source: str


def price_of(rates: Iterable[Rate]) -> Price | None:
    """Returns the price that rates make; None where the base says not both what input and what output cost.

    A condition that cannot be read is left out: the base of such a price is the dearer one.
    """
    every = tuple(rates)
    plain = next((rate for rate in every if rate.kind == "base"), None)
    if plain is None or plain.input is None or plain.output is None:
        return None
    found: dict[str, list[Condition]] = {kind: [] for kind in ("tier", "change", "window", "variant")}
    for rate in every:
        condition = _condition(rate)
        if condition is not None:
            found[rate.kind].append(condition)
    return Price(
        base=_rates(plain), tiers=tuple(found["tier"]), changes=tuple(found["change"]),
        windows=tuple(found["window"]), variants=tuple(found["variant"]),
    )  # fmt: skip


def _condition(rate: Rate) -> Condition | None:
    match rate.kind:
        case "tier" if found := _TIER.fullmatch(rate.condition):
            return Condition(rates=_rates(rate), above=int(found[1]))
        case "change" if found := _CHANGE.fullmatch(rate.condition):
            return Condition(rates=_rates(rate), since=found[1])
        case "window" if found := _WINDOW.fullmatch(rate.condition):
            days = tuple(number for number, day in enumerate(DAYS, start=1) if day in found[5].split(", "))
            start, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
            return Condition(rates=_rates(rate), days=days, start=start, end=end)
        case "variant":
            return Condition(rates=_rates(rate), name=rate.condition)
        case _:
            return None


def _rates(rate: Rate) -> Rates:
    return Rates(input=rate.input, output=rate.output, cached=rate.cached, cache_write=rate.cache_write)


def of_fact(fact: Fact) -> Price | None:
    """Returns a model's price in the catalog."""
    return price_of(fact.rates) if base(fact) is not None else None


def priced(model: Model, known: Known) -> Model:
    """Returns a model with the price that the catalog has for its wire id, and with whose word that is."""
    rates = {
        name: _number(value) for name, value in as_dict(known.price.base).items() if value is not None
    }  # fmt: skip
    row = {**model.row, "price": rates, "as_of": known.as_of, "price_source": known.source}
    return replace(model, price=known.price, row=row)


def _number(value: Decimal) -> Json:
    return int(value) if value == int(value) else float(value)


def folded(facts: Iterable[Fact], *, day: str) -> tuple[tuple[Fact, ...], str]:
    """Returns facts with every change of price that has come by this day as their base, and when the next one comes."""
    result: list[Fact] = []
    coming: list[str] = []
    for fact in facts:
        changes = [
            (found[1], rate)
            for rate in fact.rates
            if rate.kind == "change" and (found := _CHANGE.fullmatch(rate.condition))
        ]
        changes.sort(key=lambda change: change[0])
        coming += [since for since, _ in changes if since > day]
        past = [rate for since, rate in changes if since <= day]
        result.append(replace(fact, rates=_after(fact.rates, past)) if past else fact)
    return tuple(result), min(coming, default="")


def _after(rates: tuple[Rate, ...], past: list[Rate]) -> tuple[Rate, ...]:
    plain = next((rate for rate in rates if rate.kind == "base"), Rate(kind="base", input=None, output=None))
    for change in past:
        said = {name: value for name in _NAMES if (value := getattr(change, name)) is not None}
        plain = replace(plain, **said)
    return (plain, *(rate for rate in rates if rate.kind != "base" and rate not in past))


_NAMES = ("input", "output", "cached", "cache_write")
