"""models.dev: one JSON object, providers by name, each with its models; prices are dollars for a million tokens."""

from collections.abc import Iterator, Mapping

from outrider.data import Json
from outrider.interop.catalogs.reading import (
    Read,
    Source,
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

PROVIDERS = {"google": "gemini", "moonshotai": "moonshot", "togetherai": "together"}
STATUS = {"deprecated": "deprecated"}


def read(document: Json) -> Read:
    """Returns the facts."""
    return read_rows(_rows(mapping(document)), _fact)


def _rows(document: Mapping[str, Json]) -> Iterator[Json]:
    for name, provider in document.items():
        models = mapping(mapping(provider, f"`{name[:60]}`").get("models"), f"`models` of `{name[:60]}`")
        for key, row in models.items():
            yield name, key, row


def _fact(row: Json) -> Fact | None:
    provider, key, model = row
    made = model.get("modalities") or {}
    if "text" not in made.get("output", ["text"]):
        return None
    limit = model.get("limit") or {}
    tools = model.get("tool_call")
    wire_id = text(model.get("id", key))
    return Fact(
        provider=PROVIDERS.get(provider, text(provider)), id=wire_id, name=maybe_text(model.get("name")) or wire_id,
        creator=_creator(provider, wire_id), family=maybe_text(model.get("family")),
        rates=tuple(_rates(model.get("cost") or {})), context=whole(limit.get("context")),
        max_output=whole(limit.get("output")), vision="image" in made["input"] if made.get("input") else None,
        tools=flag(tools.get("supported") if isinstance(tools, Mapping) else tools),
        reasoning=flag(model.get("reasoning")), released=day(model.get("release_date")),
        status=STATUS.get(model.get("status", ""), "active"),
    )  # fmt: skip


def _creator(provider: str, wire_id: str) -> str:
    vendor, slash, _ = wire_id.partition("/")
    return vendor if slash else provider


def _rates(cost: Mapping[str, Json]) -> Iterator[Rate]:
    if "input" not in cost and "output" not in cost:
        return
    yield _rate("base", cost)
    tiers = [(entry["tier"]["size"], entry) for entry in cost.get("tiers", ()) if entry["tier"]["type"] == "context"]
    if not tiers and isinstance(cost.get("context_over_200k"), Mapping):
        tiers = [(200_000, cost["context_over_200k"])]
    for above, entry in tiers:
        yield _rate("tier", entry, condition=f"above {whole(above) or 0:09d} input tokens")


def _rate(kind: str, row: Mapping[str, Json], *, condition: str = "") -> Rate:
    return Rate(
        kind=kind, input=money(row.get("input")), output=money(row.get("output")), cached=money(row.get("cache_read")),
        cache_write=money(row.get("cache_write")), condition=condition,
    )  # fmt: skip


SOURCE = Source(name="models.dev", url="https://models.dev/api.json", read=read, credit="models.dev (MIT)")
