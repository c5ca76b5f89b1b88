"""Several sources' facts into one fact a model: the newest word wins field by field, and what differs is kept."""

from collections.abc import Iterable, Sequence
from typing import Any

from outrider.records import record, replace
from outrider.rules.facts.nouns import Conflict, Fact, Rate

FIELDS = (
    "context",
    "max_output",
    "tps",
    "vision",
    "tools",
    "reasoning",
    "released",
    "shutdown",
    "replacement",
    "creator",
    "family",
)
COMPARED = frozenset({"context", "max_output", "vision", "tools", "reasoning", "shutdown"})
"""Fields whose difference is told. Speed is measured anew each time, and names are spelled as one likes."""
BEST_STATUS = {"retired": 0, "deprecated": 1, "retiring": 1}


@record
class Catalog:
    """Every model once, in an order that does not depend on that of the sources, and where sources differed."""

    facts: tuple[Fact, ...]
    conflicts: tuple[Conflict, ...]


def merged(sources: Sequence[Iterable[Fact]], *, conflicts: Iterable[Conflict] = ()) -> Catalog:
    """Merges sources; the user's own word stands, and between words of one date the earlier source's."""
    by_key: dict[tuple[str, str], list[tuple[str, int, Fact]]] = {}
    for rank, facts in enumerate(sources):
        for fact in facts:
            by_key.setdefault(fact.key, []).append((fact.as_of, -rank, fact))
    kept: list[Fact] = []
    found: list[Conflict] = list(conflicts)
    for key in sorted(by_key):
        entries = sorted(by_key[key], key=lambda entry: (entry[2].stated, entry[0], entry[1]), reverse=True)
        one, differing = _one([fact for _, _, fact in entries])
        kept.append(one)
        found += differing
    ordered = sorted(set(found), key=lambda one: (one.provider, one.id, one.field, one.other_source, one.other))
    return Catalog(facts=tuple(kept), conflicts=tuple(ordered))


def _one(facts: list[Fact]) -> tuple[Fact, list[Conflict]]:
    """Merges what was said of one model, the newest first."""
    first = facts[0]
    if len(facts) == 1:
        return first, []
    changes: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for field in FIELDS:
        said = [(getattr(fact, field), fact.source) for fact in facts if getattr(fact, field) not in {None, ""}]
        if not said:
            continue
        value, source = said[0]
        changes[field] = value
        if field in COMPARED:
            conflicts += [
                _conflict(first, field, kept=(value, source), other=(other, whose))
                for other, whose in said[1:] if other != value
            ]  # fmt: skip
    priced = [fact for fact in facts if base(fact) is not None]
    if priced:
        changes |= {"rates": priced[0].rates, "as_of": priced[0].as_of, "source": priced[0].source}
        conflicts += [
            _conflict(
                first, "price", kept=(_money(priced[0]), priced[0].source), other=(_money(fact), fact.source)
            )
            for fact in priced[1:] if _money(fact) != _money(priced[0])
        ]  # fmt: skip
    changes["scores"] = tuple(dict.fromkeys(score for fact in facts for score in fact.scores))
    changes["aliases"] = tuple(dict.fromkeys(alias for fact in facts for alias in fact.aliases))
    changes["status"] = min((fact.status for fact in facts), key=lambda status: BEST_STATUS.get(status, 2))
    named = [fact.name for fact in facts if " " in fact.name] or [fact.name for fact in facts]
    return replace(first, name=named[0], **changes), conflicts


def base(fact: Fact) -> Rate | None:
    """Returns a model's base price; None where no source has one."""
    return next((rate for rate in fact.rates if rate.kind == "base" and rate.input is not None), None)


def _money(fact: Fact) -> str:
    rate = base(fact)
    return "" if rate is None else f"{rate.input}/{rate.output}"


def _conflict(fact: Fact, field: str, *, kept: tuple[Any, str], other: tuple[Any, str]) -> Conflict:
    return Conflict(
        provider=fact.provider, id=fact.id, field=field, kept=str(kept[0]), kept_source=kept[1], other=str(other[0]),
        other_source=other[1],
    )  # fmt: skip
