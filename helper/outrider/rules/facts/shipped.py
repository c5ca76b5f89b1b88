"""Reads facts out of what we ship: the catalog's JSON, and the registry's own rows.

A native row says what its twin at the vendor says, so it becomes an alias of it; a row for whatever a server has is no
model and is left out.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from outrider.data import Json
from outrider.records import replace
from outrider.rows import Condition, Model, Rates, Registry
from outrider.rules.facts.nouns import Conflict, Fact, Rate, Score
from outrider.rules.paths import inside

REGISTRY = "registry"
NAMED_DAYS = ("", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def from_catalog(
    document: Mapping[str, Json], *, local: frozenset[str]
) -> tuple[tuple[Fact, ...], tuple[Conflict, ...]]:
    """Returns the facts of the shipped catalog, and where its sources differed; `local` are the user's own servers."""
    facts, conflicts = [], []
    dates = {name: str(source.get("date", "")).rpartition("..")[2] for name, source in document["sources"].items()}
    for row in document["models"]:
        named = row.get("sources", {}).get("price", ())
        newest = max((dates.get(name, "") for name in named), default="")
        said = ", ".join(named) or "catalog"
        facts.append(_fact(row, as_of=newest or document["generated"], source=said, local=row["provider"] in local))
        conflicts += [
            Conflict(
                provider=row["provider"], id=row["id"], field=one["field"], kept=str(one.get("kept")),
                kept_source="catalog", other=str(one.get("says")), other_source=str(one.get("source")),
            )
            for one in row.get("conflicts", ())
        ]  # fmt: skip
    return tuple(facts), tuple(conflicts)


def _fact(row: Mapping[str, Json], *, as_of: str, source: str, local: bool) -> Fact:
    able = row.get("capabilities") or {}
    return Fact(
        provider=row["provider"], id=row["id"], name=row["name"], family=row["family"],
        creator=creator_of(row["provider"], row["id"], row["family"], local=local),
        rates=tuple(_rates(row.get("price") or {}, local=local)), context=row.get("context"),
        max_output=row.get("max_output"), tps=row.get("speed_tokens_per_s"), vision=able.get("vision"),
        tools=able.get("tools"), reasoning=able.get("reasoning"), local=local, released=row.get("released"),
        shutdown=row.get("shutdown_date"), replacement=row.get("replacement"), status=row["status"], as_of=as_of,
        source=source,
    )  # fmt: skip


def _rates(price: Mapping[str, Json], *, local: bool) -> Iterator[Rate]:
    if local:
        # What runs on the user's own machine has no price list.
        yield Rate(kind="base", input=Decimal(0), output=Decimal(0))
        return
    if price.get("input") is not None or price.get("output") is not None:
        yield _rate("base", price)
    for tier in price.get("tiers", ()):
        yield _rate("tier", tier, condition=f"above {int(tier['above_input_tokens']):09d} input tokens")
    for change in price.get("changes", ()):
        yield _rate("change", change, condition=f"from {change['from']}")
    if "off_peak" in price:
        hours = ", ".join(f"{one['utc_start']}-{one['utc_end']}" for one in price.get("peak_windows_utc", ()))
        yield _rate("window", price["off_peak"], condition=f"outside {hours} UTC on working days")


def _rate(kind: str, row: Mapping[str, Json], *, condition: str = "") -> Rate:
    return Rate(
        kind=kind, input=_money(row.get("input")), output=_money(row.get("output")),
        cached=_money(row.get("cache_read")), cache_write=_money(row.get("cache_write")), condition=condition,
    )  # fmt: skip


def _money(value: Json) -> Decimal | None:
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else None


def from_registry(registry: Registry) -> tuple[tuple[Fact, ...], Mapping[str, tuple[str, str]]]:
    """Returns the facts of the registry's rows, and by which provider and id each of its names is in the catalog."""
    facts: list[Fact] = []
    names: dict[str, tuple[str, str]] = {}
    for model in registry.models.values():
        dialect = registry.providers[model.provider].dialect
        if dialect == "echo" or model.id == "*":
            continue
        if dialect == "native":
            twin = next(iter(model.also.items()), None)
            if twin is not None:
                names[model.name] = twin
            continue
        prefix = inside("$.models", model.name) + ".price"
        stated = any(path.startswith(prefix) for path in registry.origins)
        facts.append(_of_row(model, local=registry.providers[model.provider].local, stated=stated))
        names[model.name] = (model.provider, model.id)
    for alias, row in registry.aliases.items():
        if row.get("model") in names:
            names.setdefault(alias, names[row["model"]])
    return tuple(facts), names


def _of_row(model: Model, *, local: bool, stated: bool) -> Fact:
    row: Mapping[str, Any] = model.row
    known = "abilities" in row
    return Fact(
        provider=model.provider, id=model.id, name=model.name,
        creator=creator_of(model.provider, model.id, model.family, local=local),
        family=model.family, rates=tuple(_row_rates(model)), scores=tuple(_scores(row.get("scores") or {})),
        context=model.context, max_output=model.max_output, tps=row.get("speed"),
        vision=("vision" in model.abilities) if known else None, tools=("tools" in model.abilities) if known else None,
        reasoning=("reasoning" in model.abilities) if known else None, local=local, released=row.get("released"),
        shutdown=row.get("shutdown"), replacement=row.get("replacement"), status=str(row.get("status", "active")),
        as_of=str(row.get("as_of", "")), source=_source(row, stated=stated), stated=stated,
    )  # fmt: skip


def _source(row: Mapping[str, Any], *, stated: bool) -> str:
    if stated:
        return "your settings"
    return f"{REGISTRY}: {row['source']}" if row.get("source") else REGISTRY


def _row_rates(model: Model) -> Iterator[Rate]:
    if model.price is None:
        return
    yield _as_rate("base", model.price.base)
    for kind, conditions in (
        ("tier", model.price.tiers), ("change", model.price.changes), ("window", model.price.windows),
        ("variant", model.price.variants),
    ):  # fmt: skip
        for one in conditions:
            yield _as_rate(kind, one.rates, condition=_condition(kind, one))


def _condition(kind: str, one: Condition) -> str:
    match kind:
        case "tier":
            return f"above {one.above or 0:09d} input tokens"
        case "change":
            return f"from {one.since}"
        case "window":
            days = ", ".join(NAMED_DAYS[day] for day in one.days) or "every day"
            return f"{one.start // 60:02d}:{one.start % 60:02d}-{one.end // 60:02d}:{one.end % 60:02d} UTC, {days}"
        case _:
            return one.name


def _as_rate(kind: str, rates: Rates, *, condition: str = "") -> Rate:
    return Rate(
        kind=kind, input=rates.input, output=rates.output, cached=rates.cached, cache_write=rates.cache_write,
        condition=condition,
    )  # fmt: skip


def _scores(row: Mapping[str, Any]) -> Iterator[Score]:
    for axis in ("intelligence", "coding"):
        if row.get(axis) is not None:
            yield Score(
                axis=axis, value=float(row[axis]), index=str(row.get("index", "")), version=str(row.get("version", "")),
                date=str(row.get("date", "")), effort=str(row.get("effort", "")),
            )  # fmt: skip


def by_maker(facts: Iterable[Fact], makers: Mapping[str, str]) -> Iterator[Fact]:
    """Yields facts with their creators under one name each: sources spell them by house, product or repository."""
    for fact in facts:
        maker = makers.get(fact.creator.lower(), fact.creator.lower())
        yield fact if maker == fact.creator else replace(fact, creator=maker)


def creator_of(provider: str, wire_id: str, family: str, *, local: bool) -> str:
    """Returns who made a model: the word before its id's slash, its family where it runs here, else its provider."""
    vendor, slash, _ = wire_id.partition("/")
    if slash:
        return vendor
    return family if local else provider
