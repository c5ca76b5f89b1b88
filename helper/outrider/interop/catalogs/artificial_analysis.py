"""Artificial Analysis: scores with their index version, speed and price; needs the user's own key.

One row a model and effort. The efforts of a model become its scores, the best first, since that is what a rank means.
"""

import re
from collections.abc import Iterator, Mapping

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
)
from outrider.records import replace
from outrider.rules.facts.nouns import Fact, Rate, Score

NAME = "artificial-analysis"
CREATORS = {"moonshot ai": "moonshot", "kimi": "moonshot", "z ai": "zai", "z.ai": "zai", "meta ai": "meta"}
_EFFORT = re.compile(r"\s*\(([^()]*)\)\s*$")
_AXES = {
    "intelligence": ("artificial_analysis_intelligence_index",),
    "coding": ("artificial_analysis_coding_index", "artificial_analysis_coding_agent_index"),
}


def read(document: Json) -> Read:
    """Returns the facts of one page."""
    page = mapping(document)
    rows = page.get("data")
    if not isinstance(rows, list):
        raise ChangedShape("`data` is no list")
    version = _version(page.get("intelligence_index_version"))
    found = read_rows(rows, lambda row: _fact(row, version=version))
    facts = tuple(replace(fact, scores=_best_first(fact.scores)) for fact in found.facts)
    pages = mapping(page.get("pagination") or {})
    number = pages.get("page")
    more = f"page={number + 1}" if pages.get("has_more") is True and isinstance(number, int) else ""
    return Read(facts=facts, refused=found.refused, more=more)


def _version(value: Json) -> str:
    """Returns the version of the index, as `4.3`: without one its scores are on no known scale."""
    found = re.search(r"\d+(?:\.\d+){0,2}", str(value)) if isinstance(value, str | int | float) else None
    return found[0] if found else ""


def _fact(row: Json, *, version: str) -> Fact:
    whole_name = text(row["name"])
    effort = _EFFORT.search(whole_name)
    name = whole_name[: effort.start()] if effort else whole_name
    maker = maybe_text((row.get("model_creator") or {}).get("name")).lower()
    speed = (row.get("performance") or {}).get("median_output_tokens_per_second")
    speed = row.get("median_output_tokens_per_second") if speed is None else speed
    return Fact(
        provider=NAME, id=text(re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")), name=name,
        creator=CREATORS.get(maker, maker), rates=tuple(_rates(row.get("pricing") or {})),
        scores=tuple(_scores(row.get("evaluations") or {}, version=version, effort=effort[1] if effort else "")),
        tps=score(speed), released=day(row.get("release_date")),
    )  # fmt: skip


def _rates(pricing: Mapping[str, Json]) -> Iterator[Rate]:
    given, taken = money(pricing.get("price_1m_input_tokens")), money(pricing.get("price_1m_output_tokens"))
    # A zero here is a model that nobody sells, not one that is given away.
    if given and taken:
        yield Rate(kind="base", input=given, output=taken, cached=money(pricing.get("price_1m_cache_hit_tokens")))


def _scores(evaluations: Mapping[str, Json], *, version: str, effort: str) -> Iterator[Score]:
    for axis, fields in _AXES.items():
        field, value = next(
            ((name, found) for name in fields if (found := score(evaluations.get(name))) is not None), ("", None)
        )
        if value is not None:
            index = "Artificial Analysis" + (" (Coding Agent Index)" if "agent" in field else "")
            yield Score(axis=axis, value=value, index=index, version=version, date="", effort=effort.lower())


def _best_first(scores: tuple[Score, ...]) -> tuple[Score, ...]:
    return tuple(sorted(scores, key=lambda one: (one.axis, -one.value, one.effort)))


SOURCE = Source(
    name=NAME, url="https://artificialanalysis.ai/api/v2/language/models", read=read,
    key="ARTIFICIAL_ANALYSIS_API_KEY", credit="Artificial Analysis, https://artificialanalysis.ai",
)  # fmt: skip
