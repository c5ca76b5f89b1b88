"""What Claude Code's own replies are worth at list prices: which row a model's id has, and what its tokens cost there.

A model without a row, or a way of being served without a price, is marked and never priced by guess. Dollars are
what the API would have charged: a subscription is not billed by them.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from outrider.records import record
from outrider.rows import EMPTY, Condition, Model, Provider, Registry
from outrider.rules.money import MILLION, over, price_from, rates_at

# `-20251101` and `@20251101` date an id, `[1m]` asks for the long window, `v1:0` is a version at a cloud.
_ENDING = re.compile(r"(\[[0-9]+[km]\]|[-@]20[0-9]{6}|-v[0-9]+(:[0-9]+)?|[-@]latest|@default)$")
# A cloud's region and vendor before the id.
_BEGINNING = re.compile(r"^(([a-z]{2,6}\.)?[a-z]+\.|[a-z_-]+/)+(?=[a-z]+-)")


@record
class Tokens:
    """How much was used.

    `fresh` is input that was neither read from a cache (`read`) nor written to one, for five minutes (`five`) or for an
    hour (`hour`). `searches` are web searches.
    """

    calls: int = 0
    fresh: int = 0
    output: int = 0
    read: int = 0
    five: int = 0
    hour: int = 0
    searches: int = 0

    @property
    def input(self) -> int:
        """All that was sent, cached or not."""
        return self.fresh + self.read + self.five + self.hour

    @property
    def whole(self) -> int:
        """All tokens, sent and received."""
        return self.input + self.output


SUMMED = ("calls", "fresh", "output", "read", "five", "hour", "searches")


@record
class Worth:
    """What tokens cost at the list price, or why nobody can say."""

    dollars: Decimal | None
    why: str = ""


def rows_by_id(registry: Registry) -> Mapping[str, Model]:
    """Returns the client's models by every id that a transcript may name them with; the client's own rows win."""
    native = {name for name, provider in registry.providers.items() if provider.dialect == "native"}
    vendors = {name for name, provider in registry.providers.items() if provider.dialect == "anthropic"}
    found: dict[str, Model] = {}
    for model in registry.models.values():
        if model.provider in native:
            found.update((plain(id_), model) for id_ in (model.id, *model.also.values()))
    for model in registry.models.values():
        if model.provider in vendors:
            found.setdefault(plain(model.id), model)
    for name in sorted(native):
        for model in _past(registry.providers[name]):
            found.setdefault(plain(model.id), model)
    return found


def _past(provider: Provider) -> Iterator[Model]:
    """Yields rows of models that can no longer be chosen, and that transcripts still hold."""
    row = provider.row
    prices: Mapping[str, Any] = row.get("past_prices", EMPTY)
    for wire_id, price in prices.items():
        yield Model(
            name=wire_id, provider=provider.name, id=wire_id, price=price_from(price),
            row={"as_of": row.get("as_of", "")},
        )  # fmt: skip


def row_of(rows: Mapping[str, Model], wire_id: str) -> Model | None:
    """Returns the row of the id that a transcript names, or None: never that of a model which is only like it."""
    return rows.get(wire_id) or rows.get(plain(wire_id))


def plain(wire_id: str) -> str:
    """Returns an id without its date, its cloud and its window: what two ids of one model have in common."""
    text = _BEGINNING.sub("", wire_id.strip().lower())
    while (shorter := _ENDING.sub("", text)) != text:
        text = shorter
    return text


def steps(models: Iterable[Model]) -> tuple[int, ...]:
    """Returns the sizes of a prompt above which one of these models costs another price, smallest first."""
    prices = [model.price for model in models if model.price is not None]
    return tuple(sorted({tier.above for price in prices for tier in price.tiers if tier.above is not None}))


def has_hours(models: Iterable[Model]) -> bool:
    """Whether one of these models has a price that depends on the time of day."""
    return any(model.price is not None and model.price.windows for model in models)


def worth(
    registry: Registry, model: Model | None, tokens: Tokens, *, service: str, region: str, prompt: int, at: float
) -> Worth:
    """Returns what calls cost whose prompts had this size, served in this way at this time."""
    if model is None:
        return Worth(dollars=None, why="no price row")
    if model.price is None:
        return Worth(dollars=None, why="no price in its row")
    extra = _surcharges(registry, model)
    rates = rates_at(model.price, input_tokens=prompt, at=at)
    if service:
        variant = _named(model.price.variants, service)
        if variant is None:
            return Worth(dollars=None, why=f"no price for `{service}`")
        rates = over(rates, variant.rates)
    times = Decimal(1) if not region else _number(extra.get("regions", EMPTY), region)
    if times is None:
        return Worth(dollars=None, why=f"no price for the region `{region}`")
    if rates.input is None or rates.output is None:
        return Worth(dollars=None, why="no price in its row")
    hourly, search = _number(extra, "hour_write"), _number(extra, "web_search")
    if (tokens.hour and hourly is None) or (tokens.five and rates.cache_write is None):
        return Worth(dollars=None, why="no price for cache writes")
    if tokens.read and rates.cached is None:
        return Worth(dollars=None, why="no price for cache reads")
    if tokens.searches and search is None:
        return Worth(dollars=None, why="no price for web searches")
    total = (
        tokens.fresh * rates.input + tokens.output * rates.output + tokens.read * (rates.cached or 0)
        + tokens.five * (rates.cache_write or 0) + tokens.hour * rates.input * (hourly or 0)
    )  # fmt: skip
    return Worth(dollars=total * times / MILLION + tokens.searches * (search or 0))


def _surcharges(registry: Registry, model: Model) -> Mapping[str, Any]:
    provider = registry.providers.get(model.provider)
    found: Mapping[str, Any] = provider.row.get("surcharges", EMPTY) if provider is not None else EMPTY
    return found


def _named(variants: tuple[Condition, ...], name: str) -> Condition | None:
    return next((variant for variant in variants if variant.name == name), None)


def _number(values: Mapping[str, Any], name: str) -> Decimal | None:
    said = values.get(name)
    return Decimal(str(said)) if said is not None else None
