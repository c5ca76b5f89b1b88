"""genai-prices: a list of providers with their models; prices by date, tier and hour, dollars for a million tokens."""

from collections.abc import Iterator, Mapping

from outrider.data import Json
from outrider.interop.catalogs.reading import (
    ChangedShape,
    Read,
    Source,
    UnsoundRow,
    day,
    flag,
    mapping,
    maybe_text,
    money,
    read_rows,
    text,
    whole,
)
from outrider.rules.facts.nouns import Fact, Rate

PROVIDERS = {"google": "gemini", "moonshotai": "moonshot", "x-ai": "xai"}
_FIELDS = {
    "input": "input_mtok", "output": "output_mtok", "cached": "cache_read_mtok", "cache_write": "cache_write_mtok",
}  # fmt: skip


def read(document: Json) -> Read:
    """Returns the facts."""
    providers = document.get("providers") if isinstance(document, Mapping) else document
    if not isinstance(providers, list):
        raise ChangedShape("it is no list of providers")
    return read_rows(_rows(providers), _fact)


def _rows(providers: list[Json]) -> Iterator[Json]:
    for provider in providers:
        models = mapping(provider, "a provider").get("models")
        if not isinstance(models, list):
            raise ChangedShape("a provider has no list of models")
        for row in models:
            yield provider.get("id"), row


def _fact(entry: Json) -> Fact | None:
    named, row = entry
    provider, wire_id = PROVIDERS.get(text(named), named), text(row["id"])
    rates = tuple(_rates(row["prices"]))
    if not rates:
        return None
    vendor, slash, _ = wire_id.partition("/")
    return Fact(
        provider=provider, id=wire_id, name=maybe_text(row.get("name")) or wire_id,
        creator=vendor if slash else provider, rates=rates, context=whole(row.get("context_window")),
        status="deprecated" if flag(row.get("deprecated")) else "active",
    )  # fmt: skip


def _rates(prices: Json) -> Iterator[Rate]:
    """Yields the price without a condition as the base, and each later or hourly one as what it is."""
    entries = prices if isinstance(prices, list) else [{"prices": prices}]
    for entry in entries:
        limit = entry.get("constraint") or {}
        start, end = limit.get("start_time"), limit.get("end_time")
        if not limit:
            yield from _whole(entry["prices"])
        elif limit.get("start_date") is not None:
            since = day(limit["start_date"])
            if since is None:
                raise UnsoundRow("no date")
            yield _rate("change", entry["prices"], condition=f"from {since}")
        elif isinstance(start, str) and isinstance(end, str):
            yield _rate("window", entry["prices"], condition=f"{start[:5]}-{end[:5]} UTC, every day")


def _whole(price: Mapping[str, Json]) -> Iterator[Rate]:
    if price.get("input_mtok") is None and price.get("output_mtok") is None:
        return
    yield _rate("base", price)
    starts = sorted({
        tier["start"] for field in _FIELDS.values() if isinstance(price.get(field), Mapping)
        for tier in price[field].get("tiers", ())
    })  # fmt: skip
    for start in starts:
        yield _rate("tier", price, above=start, condition=f"above {whole(start) or 0:09d} input tokens")


def _rate(kind: str, price: Mapping[str, Json], *, above: int = 0, condition: str = "") -> Rate:
    values = {name: money(_at(price.get(field), above)) for name, field in _FIELDS.items()}
    return Rate(kind=kind, condition=condition, **values)


def _at(value: Json, above: int) -> Json:
    """Returns a price, or of one with tiers that of the highest tier that begins at or below this many tokens."""
    if not isinstance(value, Mapping):
        return value
    reached = [tier for tier in value.get("tiers", ()) if tier["start"] <= above]
    return max(reached, key=lambda tier: tier["start"])["price"] if reached else value.get("base")


SOURCE = Source(
    name="genai-prices", read=read, credit="genai-prices by Pydantic (MIT)",
    url="https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/data.json",
)  # fmt: skip
