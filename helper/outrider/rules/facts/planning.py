"""What a plan costs before anything is asked: stage by stage, in total, and beside one model for everything."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from outrider.data import Json, Usage
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rows import Price, Rates
from outrider.rules import money
from outrider.rules.nearest import nearest

MOST_STAGES = 100
LARGEST = 10**12
HOUR = 3600.0
BATCH = "batch"
FIELDS: Mapping[str, tuple[type | tuple[type, ...], float]] = {
    "documents": (int, LARGEST), "input": (int, LARGEST), "output": (int, LARGEST), "cached_share": ((int, float), 1),
    "batch_share": ((int, float), 1), "hour": (int, 23),
}  # fmt: skip
HINT = "see `outrider catalog cost --help`"


@record
class Stage:
    """So many documents, each with so many tokens in and out, given to one model.

    `cached_share` of the input is read from the cache, `batch_share` of the documents is sent in batches; `hour` is
    UTC, None is the dearest one.
    """

    name: str
    model: str
    documents: int = 1
    input: int = 0
    output: int = 0
    cached_share: Decimal = Decimal(0)
    batch_share: Decimal = Decimal(0)
    hour: int | None = None


@record
class Plan:
    """Stages, and the one model that they are compared with, if any."""

    stages: tuple[Stage, ...]
    beside: str | None = None


@record
class Priced:
    """What the plan knows of a model: its price, and what it can take."""

    price: Price | None
    context: int | None = None
    max_output: int | None = None


@record
class Line:
    """One stage with what it costs, in dollars (None where the price is not known), and what to know of it."""

    stage: Stage
    cost: Decimal | None
    notes: tuple[str, ...]


def plan_from(document: Json) -> Plan:
    """Reads a plan; raises with the place and what is wrong there."""
    if not isinstance(document, Mapping):
        raise OutriderError("a plan is an object with `stages`", hint=HINT)
    _known(document, ("stages", "beside", "description"), where="the plan")
    rows = document.get("stages")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_STAGES:
        raise OutriderError(f"`stages` is a list of 1 to {MOST_STAGES} stages", hint=HINT)
    beside = document.get("beside")
    if beside is not None and (not isinstance(beside, str) or not beside):
        raise OutriderError("`beside` names a model", hint=HINT)
    return Plan(stages=tuple(_stage(row, number) for number, row in enumerate(rows)), beside=beside)


def _stage(row: Json, number: int) -> Stage:
    where = f"stages[{number}]"
    if not isinstance(row, Mapping):
        raise OutriderError(f"{where} is an object", hint=HINT)
    _known(row, ("name", "model", *FIELDS), where=where)
    model, name = row.get("model"), row.get("name", f"stage {number + 1}")
    if not isinstance(model, str) or not model:
        raise OutriderError(f"{where} names no `model`", hint="run `outrider models`, or `outrider catalog pick ROLE`")
    if not isinstance(name, str) or not name:
        raise OutriderError(f"{where}.name is a text", hint=HINT)
    values: dict[str, Any] = {}
    for field, value in row.items():
        if field not in FIELDS or (value is None and field == "hour"):
            continue
        kind, most = FIELDS[field]
        if isinstance(value, bool) or not isinstance(value, kind) or not _is_within(value, most):
            what = "a number" if isinstance(kind, tuple) else "a whole number"
            raise OutriderError(f"{where}.{field} is {what} from 0 to {most:,}", hint=HINT)
        values[field] = Decimal(str(value)) if field.endswith("_share") else value
    return Stage(name=name[:80], model=model, **values)


def _is_within(value: Any, most: float) -> bool:
    return bool(0 <= value <= most)


def _known(row: Mapping[str, Json], names: Sequence[str], *, where: str) -> None:
    for name in row:
        if name not in names:
            close = nearest(str(name), names)
            guess = f"did you mean `{close}`? " if close else ""
            raise OutriderError(f"{where} has no `{str(name)[:60]}`", hint=f"{guess}{HINT}")


def lines(stages: Sequence[Stage], priced: Mapping[str, Priced], *, midnight: float) -> tuple[Line, ...]:
    """Returns what each stage costs in the week whose first day begins at this time."""
    return tuple(
        Line(stage=stage, cost=_cost(stage, priced[stage.model].price, midnight=midnight),
             notes=tuple(_notes(stage, priced[stage.model])))
        for stage in stages
    )  # fmt: skip


def all_by_one(stages: Sequence[Stage], model: str) -> tuple[Stage, ...]:
    """Returns the same stages, all given to one model."""
    return tuple(replace(stage, model=model) for stage in stages)


def total(every: Sequence[Line]) -> Decimal | None:
    """Returns the sum, None where one part of it is not known."""
    if any(line.cost is None for line in every):
        return None
    return sum((line.cost for line in every if line.cost is not None), Decimal(0))


def _cost(stage: Stage, price: Price | None, *, midnight: float) -> Decimal | None:
    if price is None:
        return None
    hours = range(24) if stage.hour is None else (stage.hour,)
    # What depends on the hour depends on the weekday too, and nobody said which: the dearest of the week counts.
    days = range(7 if price.windows else 1)
    costs = [_at(stage, price, midnight + (day * 24 + hour) * HOUR) for day in days for hour in hours]
    known = [cost for cost in costs if cost is not None]
    return max(known) * stage.documents if len(known) == len(costs) else None


def _at(stage: Stage, price: Price, at: float) -> Decimal | None:
    """Returns what one document costs at a time, its batched and its plain share together."""
    cached = int(stage.input * stage.cached_share)
    usage = Usage(input=stage.input, output=stage.output, cached=cached)
    plain = money.cost(price, usage, at=at)
    batch = batch_rates(price)
    if not stage.batch_share or batch is None or plain is None:
        return plain
    reached = money.rates_at(price, input_tokens=stage.input, at=at)
    scaled = Price(base=_scaled(reached, base=price.base, batch=batch))
    batched = money.cost(scaled, usage, at=at)
    return None if batched is None else stage.batch_share * batched + (1 - stage.batch_share) * plain


def batch_rates(price: Price) -> Rates | None:
    """Returns what a batch costs, None where no batch is offered."""
    return next((one.rates for one in price.variants if one.name == BATCH), None)


def _scaled(reached: Rates, *, base: Rates, batch: Rates) -> Rates:
    """Returns the rates of a batch where a tier or an hour changes the plain ones: in the same proportion."""

    def share(whole: Decimal | None, part: Decimal | None, wanted: Decimal | None) -> Decimal | None:
        return wanted if wanted is None or not whole or part is None else wanted * part / whole

    return Rates(
        input=share(base.input, batch.input, reached.input), output=share(base.output, batch.output, reached.output),
        cached=share(base.cached, batch.cached, reached.cached),
    )  # fmt: skip


def _notes(stage: Stage, known: Priced) -> Iterator[str]:
    price = known.price
    if price is None:
        yield f"the price of {stage.model} is not known"
        return
    if stage.batch_share and batch_rates(price) is None:
        yield f"{stage.model} has no known batch price: counted at the plain one"
    if stage.cached_share and price.base.cached is None:
        yield f"{stage.model} has no known price for cached input: counted as fresh"
    if price.windows:
        yield f"{stage.model} is counted at its dearest {'hour' if stage.hour is None else 'day'} of the week"
    reached = [tier.above for tier in price.tiers if tier.above is not None and stage.input > tier.above]
    if reached:
        yield f"{stage.model} costs more above {max(reached):,} input tokens, which is counted"
    if known.context is not None and stage.input > known.context:
        yield f"{stage.model} takes {known.context:,} tokens, fewer than a document has"
    if known.max_output is not None and stage.output > known.max_output:
        yield f"{stage.model} gives {known.max_output:,} tokens at most"
