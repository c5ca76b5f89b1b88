"""What a document in a provider's batch costs, how many go into one, and what becomes of it.

Pure. A batch is half the price or so: a model's own `batch` price where its row has one, else the provider's usual
discount. Sums are `Decimal` dollars.
"""

from decimal import Decimal

from outrider.data import Answer, Attempt, Failure, FailureKind, Outcome, Target, Usage
from outrider.records import record, replace
from outrider.rows import Condition, Price, Provider, Rates
from outrider.rules import money
from outrider.rules.limits import Booking, Limits, Spend, believable, book

MOST_DOCUMENTS = 1_000
"""How many documents we hand over at once: what one call without an answer puts in doubt, and one transaction holds."""
MOST_BYTES = 16_777_216
"""How many bytes of requests we hold and hand over at once."""
VARIANT = "batch"
AGAIN: frozenset[FailureKind] = frozenset({"interrupted", "server", "rate_limit", "quota", "timeout", "network"})
"""Failures of one request that say nothing of the request: it goes back to be asked one by one."""


@record
class Entry:
    """One document on its way: its place in the run, its key, its booking, and the tokens that its prompt likely is."""

    position: int
    item: str
    booking: Booking
    likely: int


def batch_target(target: Target) -> Target | None:
    """Returns the target with the price of its provider's batches, or None where it is not known to be cheaper."""
    price = target.model.price
    cheaper = batch_price(price, target.provider) if price is not None else None
    return None if cheaper is None else replace(target, model=replace(target.model, price=cheaper))


def batch_price(price: Price, provider: Provider) -> Price | None:
    """Returns a price as batches have it; tiers, hours and dates change it in the same proportion."""
    variant = next((one.rates for one in price.variants if one.name == VARIANT), None)
    if variant is None:
        discount = (provider.row.get("batches") or {}).get("discount")
        if not discount:
            return None
        left = 1 - Decimal(str(discount))
        variant = Rates(**{name: None if was is None else was * left for name, was in _named(price.base).items()})
    base = money.over(price.base, variant)

    def scaled(conditions: tuple[Condition, ...]) -> tuple[Condition, ...]:
        return tuple(replace(one, rates=_scaled(one.rates, was=price.base, now=base)) for one in conditions)

    return Price(base=base, tiers=scaled(price.tiers), windows=scaled(price.windows), changes=scaled(price.changes))


def _named(rates: Rates) -> dict[str, Decimal | None]:
    return {"input": rates.input, "output": rates.output, "cached": rates.cached, "cache_write": rates.cache_write}


def _scaled(rates: Rates, *, was: Rates, now: Rates) -> Rates:
    """Returns the rates of a condition, changed as the base was; where the base says nothing, as they are."""
    before, after = _named(was), _named(now)
    return Rates(**{
        name: value if value is None or not (old := before[name]) or (new := after[name]) is None else value * new / old
        for name, value in _named(rates).items()
    })  # fmt: skip


def added(spend: Spend, worst: Decimal) -> Spend:
    """Returns what is spent when this much more is reserved."""
    per_repo = None if spend.per_repo is None else spend.per_repo + worst
    return replace(spend, run=spend.run + worst, day=spend.day + worst, month=spend.month + worst, per_repo=per_repo)


def booked(
    target: Target, limits: Limits, spend: Spend, *, wanted: int | None, tokens: int, at: float, parts: int = 1
) -> Booking | Failure:
    """Sets the worst case of one document against every budget, at the batch's price: one of so many `parts`."""
    return book(target.model, limits, spend, wanted=wanted, input_tokens=tokens, at=at, parts=parts)


def ended(target: Target, outcome: Outcome, *, entry: Entry, at: float) -> Attempt:
    """Puts the batch's price on what became of a document.

    What a provider did not work on is not billed. A failure that tells no usage costs nothing either: only what was
    answered is billed in a batch.
    """
    booking = entry.booking
    if isinstance(outcome, Failure) and outcome.certainty == "not_sent":
        return Attempt(target=target, outcome=outcome, certainty="not_sent")
    if isinstance(outcome, Failure) and outcome.certainty == "in_doubt" and not outcome.usage.known:
        return Attempt(
            target=target, outcome=outcome, cost=booking.worst, cost_known=booking.known, certainty="in_doubt"
        )  # fmt: skip
    certainty = "exact"
    usage = outcome.usage
    if usage.known:
        usage = believable(usage, target.model, booking)
        certainty = "exact" if usage == outcome.usage else "estimate"
    elif isinstance(outcome, Answer):
        text = outcome.text + outcome.reasoning
        usage, certainty = Usage(input=entry.likely, output=len(text.encode("utf-8", "replace")) // 4 + 1), "estimate"
    price = target.model.price
    cost = money.cost(price, usage, at=at) if price is not None else None
    return Attempt(
        target=target, outcome=replace(outcome, usage=usage), cost=booking.worst if cost is None else cost,
        cost_known=booking.known and cost is not None, certainty="exact" if certainty == "exact" else "estimate",
    )  # fmt: skip


def goes_back(attempt: Attempt) -> bool:
    """Whether a document may be asked one by one: it has no answer, is not billed, and its request is not at fault."""
    outcome = attempt.outcome
    return isinstance(outcome, Failure) and attempt.certainty != "in_doubt" and outcome.kind in AGAIN


def why_no_batch(target: Target, *, private: bool, has_shape: bool) -> str:
    """Says why a target takes no batch, nothing where it does."""
    if private or target.local:
        return "it stays on your machines"
    if not has_shape:
        return f"{target.provider.name} has no batch interface that is known here"
    if batch_target(target) is None:
        return f"no batch price of {target.name} is known"
    return ""
