"""OpenRouter's `GET /models`, which needs no key: prices are dollars for one token, as text.

Its scores carry no version of their index, so they are kept beside the others and never mixed with them.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from outrider.data import Json
from outrider.interop.catalogs.reading import (
    ChangedShape,
    Read,
    Source,
    day,
    mapping,
    maybe_text,
    money,
    read_rows,
    score,
    text,
    whole,
)
from outrider.rules.facts.nouns import Fact, Rate, Score

PROVIDER = "openrouter"
MILLION = 1_000_000
_FIELDS = {
    "input": "prompt", "output": "completion", "cached": "input_cache_read", "cache_write": "input_cache_write",
}  # fmt: skip


def read(document: Json) -> Read:
    """Returns the facts."""
    rows = mapping(document).get("data")
    if not isinstance(rows, list):
        raise ChangedShape("`data` is no list")
    return read_rows(rows, _fact)


def _fact(row: Json) -> Fact | None:
    wire_id = text(row["id"])
    made = row.get("architecture") or {}
    if "text" not in made.get("output_modalities", ["text"]):
        return None
    able = row.get("supported_parameters")
    top = row.get("top_provider") or {}
    vendor, _, short = text(row.get("name", wire_id)).partition(": ")
    return Fact(
        provider=PROVIDER, id=wire_id, name=short or vendor, creator=wire_id.partition("/")[0].lstrip("~"),
        rates=tuple(_rates(mapping(row["pricing"]))), scores=tuple(_scores(row)),
        context=whole(row.get("context_length")),
        max_output=whole(top.get("max_completion_tokens")),
        vision="image" in made["input_modalities"] if made.get("input_modalities") else None,
        tools="tools" in able if isinstance(able, list) else None,
        reasoning="reasoning" in able if isinstance(able, list) else None,
        released=_released(row.get("created")), shutdown=day(row.get("expiration_date")),
        aliases=(slug,) if (slug := maybe_text(row.get("canonical_slug"))) and slug != wire_id else (),
    )  # fmt: skip


def _released(created: Json) -> str | None:
    if isinstance(created, bool) or not isinstance(created, int | float) or not 0 < created < 4e9:
        return None
    return datetime.fromtimestamp(created, tz=UTC).date().isoformat()


def _rates(pricing: Mapping[str, Json]) -> Iterator[Rate]:
    if pricing.get("prompt") is None and pricing.get("completion") is None:
        return
    yield _rate("base", pricing)
    for entry in pricing.get("overrides") or ():
        above = whole(entry.get("min_prompt_tokens"))
        # One with another condition is not understood, and says nothing of the price without it.
        if above is not None:
            yield _rate("tier", entry, condition=f"above {above:09d} input tokens")


def _rate(kind: str, row: Mapping[str, Json], *, condition: str = "") -> Rate:
    values = {name: money(row.get(field), times=MILLION) for name, field in _FIELDS.items()}
    return Rate(kind=kind, condition=condition, **values)


def _scores(row: Mapping[str, Json]) -> Iterator[Score]:
    said = (row.get("benchmarks") or {}).get("artificial_analysis") or {}
    for axis in ("intelligence", "coding"):
        value = score(said.get(f"{axis}_index"))
        if value is not None:
            yield Score(axis=axis, value=value, index="Artificial Analysis, by OpenRouter", version="", date="")


SOURCE = Source(
    name="openrouter", url="https://openrouter.ai/api/v1/models", read=read, credit="OpenRouter's list of models"
)
