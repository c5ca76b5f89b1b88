"""What tiering and routing saved: the same tokens on one model beside what ran, less what routing itself used.

Pure. Three columns: all on the session's model, all on the best single model, as run. A call that has no price in one
of them stands in all with what it cost, so that it saves nothing. *Measured* was billed to a key, *priced* is tokens
of the transcripts at list prices, *modelled* rests on an assumption that is printed.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final

from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules.client_models import class_of
from outrider.rules.client_prices import Tokens, row_of, rows_by_id, worth
from outrider.rules.spending import End, Heap
from outrider.rules.transcripts import Call

FEWEST = 30
"""Delegations below which nothing is claimed."""
BYTES_A_TOKEN = 4
COLUMNS: Final = ("session", "best", "run")
PARTS: Final = ("sessions", "subagents", "outrider")
ROUTING: Final = ("prompts", "context", "handback", "rejected", "failed")
BASES: Mapping[str, str] = {
    "sessions": "priced", "subagents": "priced", "outrider": "measured", "prompts": "modelled", "context": "priced",
    "handback": "modelled", "rejected": "measured", "failed": "measured",
}  # fmt: skip
"""How the figure of each line is known as it ran; on another model every line is modelled."""


@record
class Use:
    """Attempts of the ledger that are alike. `is_used`: their answers were the ones that their runs ended with.

    `is_known` is whether their cost is; `at` and `prompt` are a day and a size of prompt that have one price.
    """

    session: str
    is_used: bool
    is_answer: bool
    is_known: bool
    at: float
    prompt: int
    tokens: Tokens
    cost: Decimal
    in_doubt: Decimal
    seconds: float


@record
class Line:
    """One line of the reckoning, in dollars by column; `basis` is how its figure as run is known."""

    name: str
    basis: str
    session: Decimal
    best: Decimal
    run: Decimal


@record
class Share:
    """The tokens of one class of model by column, for those who pay with a plan."""

    name: str
    session: int
    best: int
    run: int


@record
class Reckoning:
    """What ran, what it would have been on one model, what routing used, and what is left of the difference.

    `parts` sum to `total`, `routing` to `overhead`. `saved` is a column's total less its overhead less what ran.
    """

    delegations: int
    subagents: int
    asked: int
    best: str
    parts: tuple[Line, ...]
    routing: tuple[Line, ...]
    shares: tuple[Share, ...]
    smaller_tokens: int
    plan_tokens: int
    routing_tokens: int
    outside_tokens: int
    outside_seconds: float
    in_doubt: Decimal
    unpriced_calls: int
    unpriced_models: tuple[str, ...]
    as_of: str

    @property
    def is_enough(self) -> bool:
        """Whether there were enough delegations for a claim."""
        return self.delegations >= FEWEST

    def total(self, column: str) -> Decimal:
        """Returns a column's whole, in dollars."""
        return sum((getattr(line, column) for line in self.parts), Decimal(0))

    def overhead(self, column: str) -> Decimal:
        """Returns what of a column there is only because of routing, in dollars."""
        return sum((getattr(line, column) for line in self.routing), Decimal(0))

    def saved(self, column: str) -> Decimal:
        """Returns what ran less than a column without routing, in dollars; negative where routing cost more."""
        return self.total(column) - self.overhead(column) - self.total("run")


def best_model(registry: Registry) -> Model | None:
    """Returns the client's own model with the highest score: a session can run on no other vendor's."""
    native = {name for name, provider in registry.providers.items() if provider.dialect == "native"}
    scored = [model for model in registry.models.values() if model.provider in native and _score(model)]
    return max(scored, key=_score, default=None)


def _score(model: Model) -> float:
    return float((model.row.get("scores") or {}).get("intelligence") or 0)


def session_models(heaps: Iterable[Heap]) -> tuple[dict[str, str], str]:
    """Returns the model that each session itself ran on most, and the one that all of them did."""
    sums: dict[str, dict[str, int]] = {"": {}}
    for heap in heaps:
        if not heap.context["side"]:
            for name in {heap.context["session"], ""}:
                found = sums.setdefault(name, {})
                found[heap.context["model"]] = found.get(heap.context["model"], 0) + heap.tokens.whole
    most = {name: max(sorted(found), key=found.__getitem__) for name, found in sums.items() if found}
    return most, most.get("", "")


def reckon(
    heaps: Iterable[Heap], registry: Registry, *, ends: Iterable[End], calls: Iterable[Call], uses: Iterable[Use]
) -> Reckoning:  # fmt: skip
    """Reckons what was used, and what the same would have been on one model."""
    return _Reckoner(tuple(heaps), registry).reckoned(tuple(ends), tuple(calls), tuple(uses))


class _Reckoner:
    """The three columns while they are summed."""

    def __init__(self, heaps: tuple[Heap, ...], registry: Registry) -> None:
        self._heaps, self._registry, self._rows = heaps, registry, rows_by_id(registry)
        self._best = best_model(registry)
        self._own, self._usual = session_models(heaps)
        self._sums = {name: dict.fromkeys(COLUMNS, Decimal(0)) for name in (*PARTS, *ROUTING)}
        self._classes: dict[str, dict[str, int]] = {}
        self._unpriced: dict[str, int] = {}
        self._used: set[str] = set()
        self._smaller = self._plan = self._routing_tokens = 0

    def reckoned(self, ends: tuple[End, ...], calls: tuple[Call, ...], uses: tuple[Use, ...]) -> Reckoning:
        for heap in self._heaps:
            self._heap(heap)
        for end in ends:
            self._end(end)
        for call in calls:
            self._call(call)
        for use in uses:
            self._use(use)
        used = [use for use in uses if use.is_used]
        asked = sum(use.tokens.calls for use in used)
        return Reckoning(
            delegations=len(ends) + asked, subagents=len(ends), asked=asked,
            best=self._best.name if self._best is not None else "", parts=self._lines(PARTS),
            routing=self._lines(ROUTING),
            shares=tuple(Share(name=name, **found) for name, found in sorted(self._classes.items())),
            smaller_tokens=self._smaller, plan_tokens=self._plan, routing_tokens=self._routing_tokens,
            outside_tokens=sum(use.tokens.whole for use in used), outside_seconds=sum(use.seconds for use in used),
            in_doubt=sum((use.in_doubt for use in uses), Decimal(0)), unpriced_calls=sum(self._unpriced.values()),
            unpriced_models=tuple(sorted(self._unpriced)), as_of=max(self._used, default=""),
        )  # fmt: skip

    def _lines(self, names: tuple[str, ...]) -> tuple[Line, ...]:
        return tuple(Line(name=name, basis=BASES[name], **self._sums[name]) for name in names)

    def _add(
        self, name: str, price: Callable[[Model | None], Decimal | None], *, ran: Decimal, on: Model | None
    ) -> None:
        """Adds what ran to a line, and what it would have been on the session's and on the best model."""
        for column, model in (("session", on), ("best", self._best)):
            found = price(model)
            self._sums[name][column] += ran if found is None else found
        self._sums[name]["run"] += ran

    def _session(self, name: str) -> str:
        return self._own.get(name) or self._usual

    def _heap(self, heap: Heap) -> None:
        context, tokens = heap.context, heap.tokens
        model, is_side = row_of(self._rows, context["model"]), bool(context["side"])
        own = self._session(context["session"]) if is_side else context["model"]
        self._count(context["model"], own or context["model"], tokens.whole)
        ran = self._worth(model, heap)
        if ran is None:
            self._unpriced[context["model"]] = self._unpriced.get(context["model"], 0) + tokens.calls
            return
        if model is not None:
            self._used.add(str(model.row.get("as_of", "")))
        on = row_of(self._rows, own) if is_side else model
        self._add("subagents" if is_side else "sessions", lambda other: self._worth(other, heap), ran=ran, on=on)

    def _count(self, ran: str, own: str, tokens: int) -> None:
        of = {"run": class_of(ran) or ran, "session": class_of(own) or own}
        of["best"] = class_of(self._best.id) or self._best.id if self._best is not None else of["session"]
        for column, name in of.items():
            self._classes.setdefault(name, dict.fromkeys(COLUMNS, 0))[column] += tokens
        self._plan += tokens
        rates = [
            row.price.base.output for row in (row_of(self._rows, ran), row_of(self._rows, own)) if row and row.price
        ]
        if len(rates) == 2 and rates[0] is not None and rates[1] is not None and rates[0] < rates[1]:
            self._smaller += tokens

    def _end(self, end: End) -> None:
        """What a subagent was sent before it had done anything, and what its last words were to its caller."""
        context = end.context
        self._part("context", context["model"], end.first, end, context)
        back = Tokens(five=end.output)
        self._part("handback", self._session(context["session"]), back, end, context)

    def _call(self, call: Call) -> None:
        prompt = Tokens(output=-(-call.prompt_bytes // BYTES_A_TOKEN))
        context = {"session": call.session, "service": "", "region": ""}
        end = End(context=context, begun=call.at, first=prompt, ended=call.at, output=0)
        self._part("prompts", self._session(call.session), prompt, end, context)

    def _part(self, name: str, ran_on: str, tokens: Tokens, end: End, context: Mapping[str, str]) -> None:
        heap = Heap(
            context={"service": context["service"], "region": context["region"]}, at=end.begun / 1000,
            prompt=end.first.input, tokens=tokens,
        )  # fmt: skip
        ran = self._worth(row_of(self._rows, ran_on), heap)
        self._routing_tokens += tokens.whole
        if ran is not None:
            own = row_of(self._rows, self._session(context["session"]) or ran_on)
            self._add(name, lambda other: self._worth(other, heap), ran=ran, on=own)

    def _use(self, use: Use) -> None:
        heap = Heap(context={"service": "", "region": ""}, at=use.at, prompt=use.prompt, tokens=use.tokens)

        def price(model: Model | None) -> Decimal | None:
            # What nobody knows the cost of is claimed to have saved nothing.
            return self._worth(model, heap) if use.is_known else None

        on = row_of(self._rows, self._session(use.session))
        self._add("outrider", price, ran=use.cost, on=on)
        if not use.is_used:
            self._add("rejected" if use.is_answer else "failed", price, ran=use.cost, on=on)

    def _worth(self, model: Model | None, heap: Heap) -> Decimal | None:
        return worth(
            self._registry, model, heap.tokens, service=heap.context["service"], region=heap.context["region"],
            prompt=heap.prompt, at=heap.at,
        ).dollars  # fmt: skip
