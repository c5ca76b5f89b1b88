"""LiteLLM's public price file: one object, models by `provider/id`; prices are dollars for one token."""

import re
from collections.abc import Iterator, Mapping

from outrider.data import Json
from outrider.interop.catalogs.reading import (
    ChangedShape,
    Read,
    Source,
    day,
    flag,
    mapping,
    money,
    read_rows,
    text,
    whole,
)
from outrider.rules.facts.nouns import Fact, Rate

PROVIDERS = {"together_ai": "together", "text-completion-openai": "openai"}
CHATS = frozenset({"chat", "responses", "completion"})
MILLION = 1_000_000
_TIER = re.compile(r"input_cost_per_token_above_(\d{1,5})k_tokens")
_FIELDS = {
    "input": "input_cost_per_token", "output": "output_cost_per_token", "cached": "cache_read_input_token_cost",
    "cache_write": "cache_creation_input_token_cost",
}  # fmt: skip


def read(document: Json) -> Read:
    """Returns the facts."""
    rows = mapping(document)
    if not any(isinstance(row, Mapping) and "litellm_provider" in row for row in rows.values()):
        raise ChangedShape("no row names its `litellm_provider`")
    return read_rows(rows.items(), _fact)


def _fact(entry: Json) -> Fact | None:
    key, row = entry
    if key == "sample_spec" or row.get("mode", "chat") not in CHATS:
        return None
    named = text(row["litellm_provider"])
    provider, wire_id = PROVIDERS.get(named, named), text(key).removeprefix(f"{named}/")
    vendor, slash, _ = wire_id.partition("/")
    return Fact(
        provider=provider, id=wire_id, name=wire_id, creator=vendor if slash else provider, rates=tuple(_rates(row)),
        context=whole(row.get("max_input_tokens")), max_output=whole(row.get("max_output_tokens")),
        vision=flag(row.get("supports_vision")), tools=flag(row.get("supports_function_calling")),
        reasoning=flag(row.get("supports_reasoning")), shutdown=day(row.get("deprecation_date")),
    )  # fmt: skip


def _rates(row: Mapping[str, Json]) -> Iterator[Rate]:
    if row.get(_FIELDS["input"]) is None and row.get(_FIELDS["output"]) is None:
        return
    yield _rate("base", row)
    for name in sorted(row):
        if found := _TIER.fullmatch(name):
            above = int(found[1]) * 1_000
            yield _rate("tier", row, ending=f"_above_{found[1]}k_tokens", condition=f"above {above:09d} input tokens")
    if row.get("input_cost_per_token_batches") is not None:
        yield _rate("variant", row, ending="_batches", condition="batch")


def _rate(kind: str, row: Mapping[str, Json], *, ending: str = "", condition: str = "") -> Rate:
    values = {name: money(row.get(f"{field}{ending}"), times=MILLION) for name, field in _FIELDS.items()}
    return Rate(kind=kind, condition=condition, **values)


SOURCE = Source(
    name="litellm", credit="LiteLLM's model_prices_and_context_window.json (MIT)", read=read,
    url="https://raw.githubusercontent.com/BerriAI/litellm/main/model_prices_and_context_window.json",
)  # fmt: skip
