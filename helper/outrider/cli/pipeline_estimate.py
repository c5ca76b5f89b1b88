"""`outrider pipeline estimate`: what each stage would cost, beside one model for everything; nobody is asked."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from functools import cached_property
from typing import Any

from outrider.cli import pipeline_file
from outrider.cli.catalog_cost import Known
from outrider.cli.catalog_stale import today
from outrider.cli.pipeline_file import Loaded
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out, table
from outrider.records import record, replace
from outrider.rows import Price, Rates
from outrider.rules import money
from outrider.rules.facts.planning import Priced, lines
from outrider.rules.limits import LEAST_OUTPUT
from outrider.rules.pipelines.estimating import Asked, Cast, Estimate, estimate, expected_items, planned
from outrider.rules.pipelines.nouns import Item
from outrider.rules.routing import model_called

FREE = Price(base=Rates(input=Decimal(0), output=Decimal(0)))


@record
class Line:
    """What one stage asks of one model: the calls, their cost, and what another model for everything would take."""

    stage: str
    model: str
    calls: int
    tokens_in: int
    tokens_out: int
    cost: Decimal | None
    beside: Decimal | None
    notes: tuple[str, ...]
    most: Decimal
    """What one of its calls may cost at most, which the wall has to hold before the call leaves."""


@record
class Bill:
    """An estimate with its prices.

    `tokens` is how long a document is taken to be, None where they were weighed; `oldest` is the day of the oldest
    price.
    """

    lines: tuple[Line, ...]
    beside: str
    documents: int
    tokens: int | None
    oldest: str
    estimate: Estimate

    @property
    def total(self) -> Decimal | None:
        """What all stages cost together, None where the price of one is not known."""
        return _sum([line.cost for line in self.lines])

    @property
    def other(self) -> Decimal | None:
        """What one model for everything costs."""
        return _sum([line.beside for line in self.lines])

    @property
    def enough(self) -> Decimal | None:
        """What a wall may be that is no hindrance: twice what is likely, and room for the dearest call on top."""
        if self.total is None:
            return None
        dearest = max((line.most for line in self.lines), default=Decimal(0))
        return max(2 * self.total, self.total + dearest).quantize(Decimal("0.01"), ROUND_CEILING)

    @property
    def times(self) -> Decimal | None:
        """How many times as much one model for everything costs."""
        return self.other / self.total if self.total and self.other is not None else None

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of it."""
        of_prices = (note for line in self.lines for note in line.notes)
        dated = (f"prices of {self.oldest} or later",) if self.oldest else ()
        return (*dict.fromkeys(of_prices), *self.estimate.notes, *dated)


def bill(
    session: Session, loaded: Loaded, items: Sequence[Item], *, documents: int | None = None, beside: str | None = None,
    expected: bool = True,
) -> Bill:  # fmt: skip
    """Prices a pipeline over these items; with `expected`, over as many and as long ones as its file says."""
    pipeline = loaded.pipeline if expected else replace(loaded.pipeline, documents=None, tokens=None)
    casts = {
        stage.name: pipeline_file.cast(session, stage, private=stage.name in loaded.private)
        for stage in pipeline.stages
    }  # fmt: skip
    sizes = expected_items(pipeline, items, documents=documents)
    walked = estimate(pipeline, sizes, casts)
    prices = _Prices(session)
    other = beside or pipeline.beside or _dearest(prices, casts)
    stages = {stage.name: stage for stage in pipeline.stages}
    found: dict[tuple[str, str], Line] = {}
    for asked in walked.asked:
        line = prices.line(asked, planned(asked, stages[asked.stage]), other, cap=stages[asked.stage].max_output)
        before = found.get((asked.stage, asked.model))
        found[asked.stage, asked.model] = line if before is None else _added(before, line)
    return Bill(
        lines=tuple(found.values()), beside=other, documents=len(sizes), tokens=pipeline.tokens, oldest=prices.oldest,
        estimate=walked,
    )  # fmt: skip


class _Prices:
    """Prices calls as the book will: by the registry's rows, then by the catalog; the user's own machines are free."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._priced: dict[str, Priced] = {}
        self._days: set[str] = set()
        day = today()
        self._midnight = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()

    @property
    def oldest(self) -> str:
        """The day of the oldest price that was used; nothing where all is free."""
        return min(self._days, default="")

    @cached_property
    def _catalog(self) -> Known:
        return Known(self._session)

    def of(self, name: str) -> Priced:
        """Returns what is known of a model's price."""
        if name not in self._priced:
            self._priced[name] = self._found(name)
        return self._priced[name]

    def _found(self, name: str) -> Priced:
        registry = self._session.registry
        model = model_called(registry, name)
        if model is None or (model.price is None and not registry.providers[model.provider].local):
            # Reading the whole catalog takes a third of a second.
            found = self._catalog.priced(name if model is None else model.name)
            self._days |= self._catalog.days
            return found
        if registry.providers[model.provider].local:
            return Priced(price=FREE)
        self._days |= {str(model.row["as_of"])} if "as_of" in model.row else set()
        return Priced(price=model.price, context=model.context, max_output=model.max_output)

    def line(self, asked: Asked, plan: Any, beside: str, *, cap: int | None) -> Line:
        """Prices calls, and the most that one of them may cost; `cap` is the longest answer that is asked for."""
        (own,) = lines((plan,), {asked.model: self.of(asked.model)}, midnight=self._midnight)
        (other,) = lines((replace(plan, model=beside),), {beside: self.of(beside)}, midnight=self._midnight)
        price = self.of(asked.model).price
        most = None if price is None else money.worst_cost(
            price, input_tokens=2 * plan.input, output_tokens=cap or LEAST_OUTPUT, at=self._midnight
        )  # fmt: skip
        return Line(
            stage=asked.stage, model=asked.model, calls=asked.calls, tokens_in=asked.tokens_in,
            tokens_out=asked.calls * asked.output, cost=own.cost,
            beside=other.cost if asked.is_alone else Decimal(0), notes=own.notes,
            most=most or Decimal(0),
        )  # fmt: skip


def _dearest(prices: _Prices, casts: Mapping[str, Cast]) -> str:
    """Returns the model that would be asked for everything, where nobody names one: the dearest of those at work."""
    names = dict.fromkeys(name for cast in casts.values() for name in (*cast.answer, cast.verifier) if name)
    return max(names, key=lambda name: money.blended(prices.of(name).price, at=0.0) or Decimal(0))


def _added(one: Line, other: Line) -> Line:
    return replace(
        one, most=max(one.most, other.most), calls=one.calls + other.calls, tokens_in=one.tokens_in + other.tokens_in,
        tokens_out=one.tokens_out + other.tokens_out, cost=_sum([one.cost, other.cost]),
        beside=_sum([one.beside, other.beside]), notes=tuple(dict.fromkeys((*one.notes, *other.notes))),
    )  # fmt: skip


def _sum(costs: Sequence[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def show(loaded: Loaded, found: Bill, *, quiet: bool) -> None:
    """Prints an estimate as a table."""
    rows = [
        [line.stage, line.model, f"{line.calls:,}", f"{line.tokens_in:,}", f"{line.tokens_out:,}", dollars(line.cost),
         dollars(line.beside) if line.beside != 0 or line.cost == 0 else "-"]
        for line in found.lines
    ]  # fmt: skip
    rows.append(["total", "", "", "", "", dollars(found.total), dollars(found.other)])
    heads = ["stage", "model", "calls", "tokens in", "tokens out", "cost", f"all by {found.beside}"]
    table(rows, heads=heads)
    if found.times is not None:
        out(f"{found.beside} for everything costs {found.times:.1f} times as much")
    for text in () if quiet else (*_assumed(loaded, found), *found.notes):
        note(text)


def _assumed(loaded: Loaded, found: Bill) -> tuple[str, ...]:
    """Says what the estimate takes for granted."""
    pipeline = loaded.pipeline
    told = f"counted for {found.documents:,} documents"
    if found.tokens is not None:
        told += f" of {found.tokens:,} tokens"
    silent = [stage.name for stage in pipeline.stages if stage.asks and stage.expect.output is None]
    how_long = f"; nobody says how long the answers of {', '.join(silent)} are (`expect: {{output: N}}`)"
    return (told + (how_long if silent else ""),)


def shape(loaded: Loaded, found: Bill) -> Mapping[str, Any]:
    """Returns an estimate as JSON has it."""
    return {
        "pipeline": loaded.pipeline.name, "documents": found.documents, "total": found.total,
        "beside": {"model": found.beside, "total": found.other, "times": found.times},
        "stages": [
            {"stage": line.stage, "model": line.model, "calls": line.calls, "tokens_in": line.tokens_in,
             "tokens_out": line.tokens_out, "cost": line.cost, "beside": line.beside}
            for line in found.lines
        ],
        "notes": list(found.notes),
    }  # fmt: skip


def tell(loaded: Loaded, found: Bill, *, as_json: bool, quiet: bool) -> None:
    """Prints an estimate."""
    if as_json:
        dump(shape(loaded, found))
    else:
        show(loaded, found, quiet=quiet)
