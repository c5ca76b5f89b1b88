"""The rows of the table `llms`: one a priced model, with scores of one index version, the newest."""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from outrider.data import Json
from outrider.records import record
from outrider.rules.facts.merging import base
from outrider.rules.facts.nouns import Fact, Score

COLUMNS: Mapping[str, str] = {
    "name": "TEXT", "creator": "TEXT", "intelligence": "REAL", "coding": "REAL", "price": "REAL", "tps": "REAL",
    "provider": "TEXT", "id": "TEXT", "model": "TEXT", "family": "TEXT", "price_input": "REAL", "price_output": "REAL",
    "price_cached": "REAL", "context": "INTEGER", "max_output": "INTEGER", "vision": "INTEGER", "tools": "INTEGER",
    "reasoning": "INTEGER", "local": "INTEGER", "status": "TEXT", "released": "TEXT", "shutdown": "TEXT",
    "index_version": "TEXT", "as_of": "TEXT", "source": "TEXT",
}  # fmt: skip


@record
class Table:
    """The rows of `llms`, the index version that they carry, and how many models were left out for want of a price."""

    rows: tuple[Mapping[str, Json], ...]
    version: str
    unpriced: int
    scored: int


def table(facts: Iterable[Fact], *, names: Mapping[tuple[str, str], str]) -> Table:
    """Returns the rows; `names` are the registry's own names by provider and id."""
    every = tuple(fact for fact in facts if fact.status != "retired")
    version = newest(score for fact in every for score in fact.scores)
    rows = tuple(_row(fact, version=version, model=names.get(fact.key)) for fact in every if base(fact) is not None)
    return Table(
        rows=rows, version=version, unpriced=len(every) - len(rows),
        scored=sum(row["intelligence"] is not None for row in rows),
    )  # fmt: skip


def newest(scores: Iterable[Score]) -> str:
    """Returns the newest index version of any intelligence score; nothing where there is none."""
    versions = {score.version for score in scores if score.axis == "intelligence"}
    return max(versions, key=_as_numbers, default="")


def _as_numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def blend(fact: Fact) -> Decimal | None:
    """Returns three parts input to one part output of the base price, in dollars for a million tokens."""
    rate = base(fact)
    if rate is None or rate.input is None or rate.output is None:
        return None
    return (3 * rate.input + rate.output) / 4


def _row(fact: Fact, *, version: str, model: str | None) -> Mapping[str, Json]:
    rate = base(fact)
    scores = {score.axis: score.value for score in reversed(fact.scores) if score.version == version}
    price = blend(fact)
    return {
        "name": fact.name, "creator": fact.creator, "intelligence": scores.get("intelligence"),
        "coding": scores.get("coding"), "price": _number(price), "tps": fact.tps, "provider": fact.provider,
        "id": fact.id, "model": model, "family": fact.family, "price_input": _number(rate.input if rate else None),
        "price_output": _number(rate.output if rate else None), "price_cached": _number(rate.cached if rate else None),
        "context": fact.context, "max_output": fact.max_output, "vision": fact.vision, "tools": fact.tools,
        "reasoning": fact.reasoning, "local": fact.local, "status": fact.status, "released": fact.released,
        "shutdown": fact.shutdown, "index_version": version if scores else None, "as_of": fact.as_of or None,
        "source": fact.source or None,
    }  # fmt: skip


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
