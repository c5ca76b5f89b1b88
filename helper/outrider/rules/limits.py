"""Time, size and money limits: how layers combine them, and what a call may therefore cost.

Budgets are walls: the worst case of a call is set against them before it leaves. All sums are `Decimal` dollars.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.data import Failure, Timing, Usage
from outrider.records import record, replace
from outrider.rows import Model, Price
from outrider.rules import money

PERIODS = ("run", "day", "month", "per_repo")
"""What a budget can be for: one run, a day, a month (both UTC), a day of one repository."""
LEAST_OUTPUT = 8_000
"""Below this cap a thinking model returns nothing but its bill."""
UNKNOWN_OUTPUT = 16_000
"""The cap for a model whose own maximum is not known."""
LONGEST_OUTPUT = 200_000
"""More than any model without a known maximum gives."""
DENSEST = 4
"""How many times its largest expected size a prompt may turn out to be: two tokens for each of its bytes."""
HIDDEN_INPUT = 20_000
"""Tokens that a server may put around a prompt: its own instructions, tools, a template."""
UNPRICED = "is not known, and a budget is set"
"""How the refusal of a model without a price ends: no budget that the user set can be held with it."""


@record
class Limits:
    """The limits in force. Seconds, bytes and dollars; a budget of None is none.

    `walls` names the limits that a layer or a flag set, which no row's own limit exceeds; `budgets_set` the periods
    whose budget the user set, which makes an unknown price a refusal.
    """

    connect: float = 5.0
    first_byte: float = 60.0
    idle: float = 30.0
    total: float = 90.0
    route: float = 100.0
    retries: int = 2
    max_wait: float = 20.0
    max_bytes: int = 33_554_432
    budget: Mapping[str, Decimal]
    budgets_set: frozenset[str] = frozenset()
    walls: frozenset[str] = frozenset()


@record
class Spend:
    """What has been spent or reserved so far, in dollars, by period.

    `per_repo` is the day's sum of the repository that the run belongs to; None outside of any.
    """

    run: Decimal = Decimal(0)
    day: Decimal = Decimal(0)
    month: Decimal = Decimal(0)
    per_repo: Decimal | None = None


def combined(defaults: Mapping[str, Any], layers: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    """Returns the limits in force: the smallest that any layer sets, or else the shipped default.

    The shipped value is a default and not a wall, or nobody could raise a budget.
    """
    result: dict[str, Any] = dict(defaults)
    for name in sorted({name for layer in layers for name in layer} - {"budget_usd"}):
        result[name] = min(layer[name] for layer in layers if name in layer)
    budgets = dict(defaults.get("budget_usd", {}))
    for period in PERIODS:
        wanted = [said[period] for layer in layers if period in (said := layer.get("budget_usd", {}))]
        if wanted:
            # Null takes a shipped budget away, and no other layer's.
            budgets[period] = min((value for value in wanted if value is not None), default=None)
    result["budget_usd"] = budgets
    return result


def limits_from(
    row: Mapping[str, Any],
    *,
    was_set: frozenset[str],
    max_cost: Decimal | None = None,
    timeout: float | None = None,
) -> Limits:
    """Reads limits.

    `was_set` holds the paths that a layer set (`total`, `budget_usd.day`); `max_cost` and `timeout` are the run's own
    walls.
    """
    budget = {period: Decimal(str(value)) for period, value in row.get("budget_usd", {}).items() if value is not None}
    budgets_set = frozenset(period for period in budget if f"budget_usd.{period}" in was_set)
    if max_cost is not None:
        budget["run"] = min(max_cost, budget["run"]) if "run" in budgets_set else max_cost
        budgets_set |= {"run"}
    named = {name: row[name] for name in _NUMBERS if row.get(name) is not None}
    walls = was_set & frozenset(_NUMBERS)
    if timeout is not None:
        named |= {name: min(timeout, row[name]) if name in walls else timeout for name in ("total", "route")}
        walls |= {"total", "route"}
    return Limits(budget=budget, budgets_set=budgets_set, walls=walls, **named)


_NUMBERS = ("connect", "first_byte", "idle", "total", "route", "retries", "max_wait", "max_bytes")


def timing(limits: Limits, model: Model, provider_row: Mapping[str, Any], *, left: float) -> Timing:
    """Returns what one attempt may take, within the seconds that the route has left.

    A row's own limits stand over the shipped ones (a thinking or local model is slow by nature), never over one
    that the user set.
    """
    own = {**provider_row.get("limits", {}), **model.row.get("limits", {})}

    def least(name: str, general: float) -> float:
        value = float(own.get(name, general))
        return min(value, general) if name in limits.walls else value

    total = min(least("total", limits.total), max(left, 0.001))
    return Timing(
        connect=min(least("connect", limits.connect), total),
        first_byte=min(least("first_byte", limits.first_byte), total),
        idle=min(least("idle", limits.idle), total), total=total, max_bytes=limits.max_bytes,
    )  # fmt: skip


def for_route(limits: Limits, models: tuple[tuple[Model, Mapping[str, Any]], ...]) -> Limits:
    """Returns the limits for a route over these models and their providers' rows.

    A slow one stretches the whole, unless the user bounded it.
    """
    if "route" in limits.walls:
        return limits
    longest = max((timing(limits, model, row, left=float("inf")).total for model, row in models), default=0.0)
    return replace(limits, route=max(limits.route, longest))


@record
class Booking:
    """What a call may cost: the cap to send, in tokens, and the most it comes to, in dollars.

    `may_grow` says that the model could give more than the cap that was asked for; `is_repeat` that the same target
    is asked again, which its provider's retry quota pays for. `input_tokens` are the most that the prompt can be,
    `patience` is for how many seconds the call can wait for its turn, and `turn` the one that it was given.
    """

    cap: int
    worst: Decimal
    known: bool
    may_grow: bool = False
    is_repeat: bool = False
    input_tokens: int = 0
    patience: float = 0.0
    turn: float | None = None

    @property
    def tokens(self) -> int:
        """The most that the call can use, prompt and answer."""
        return self.input_tokens + self.cap


def book(
    model: Model,
    limits: Limits,
    spend: Spend,
    *,
    wanted: int | None,
    input_tokens: int,
    at: float,
    price: Price | None = None,
    parts: int = 1,
) -> Booking | Failure:
    """Sets the worst case of a call against every budget, and returns what to send and to reserve.

    The cap that is sent is the cap that is reserved: `wanted`, or else the smaller of the model's maximum and what
    the tightest budget buys. `price` stands in for a model whose own price is not known; under a budget that the
    user set such a model is refused. Of what is left of the run's budget it takes one of so many `parts`: an attempt
    that ends in doubt keeps its reservation, and a fallback, or another seat, that cannot be paid is none.
    """
    known = model.price is not None
    price = model.price if known else price
    if not known and limits.budgets_set and not is_free(price):
        return Failure(
            kind="budget", certainty="not_sent", message=f"the price of {model.name} {UNPRICED}",
        )  # fmt: skip
    cap = _cap(model, wanted, input_tokens)
    may_grow = wanted is not None and cap < _cap(model, None, input_tokens)
    if price is None:
        return Booking(
            cap=cap, worst=Decimal(0), known=False, may_grow=may_grow, input_tokens=input_tokens
        )  # fmt: skip
    for period, left in remaining(limits, spend).items():
        bought = money.output_bought(price, input_tokens=input_tokens, budget=left, at=at)
        least = cap if wanted is not None else min(cap, LEAST_OUTPUT)
        if bought is not None and bought < least:
            return _over(period, left)
        if bought is not None and parts > 1 and period == "run":
            part = money.output_bought(price, input_tokens=input_tokens, budget=left / parts, at=at)
            bought = max(part or 0, least)
        cap = cap if bought is None else min(cap, bought)
        worst = money.worst_cost(price, input_tokens=input_tokens, output_tokens=cap, at=at) or Decimal(0)
        if worst > max(left, Decimal(0)):
            # What costs nothing may be asked although a budget is overdrawn.
            return _over(period, left)
    worst = money.worst_cost(price, input_tokens=input_tokens, output_tokens=cap, at=at) or Decimal(0)
    return Booking(cap=cap, worst=worst, known=known, may_grow=may_grow, input_tokens=input_tokens)


def _cap(model: Model, wanted: int | None, input_tokens: int) -> int:
    most = model.max_output or UNKNOWN_OUTPUT
    if model.context is not None:
        # The prompt was counted at its densest; half of that is what it will likely take of the window.
        most = max(min(most, model.context - input_tokens // 2), 1)
    return min(wanted, most) if wanted is not None else most


def believable(usage: Usage, model: Model, booking: Booking) -> Usage:
    """Returns a usage that can be true: what no model could have used is cut to what was reserved.

    A call may well come to more than its reservation (text denser than any we know, a cap that a server ignores), and
    is then booked at what it came to. More tokens than the model's window, or many times what was sent, are no bill.
    """
    most_input = max(model.context or 0, DENSEST * booking.input_tokens + HIDDEN_INPUT)
    most_output = max(model.max_output or LONGEST_OUTPUT, 2 * booking.cap)
    is_possible = 0 <= usage.input <= most_input and 0 <= usage.output <= most_output
    are_parts = all(0 <= part <= usage.input for part in (usage.cached, usage.cache_write))
    if is_possible and are_parts and 0 <= usage.reasoning <= usage.output:
        return usage
    input_tokens = max(min(usage.input, booking.input_tokens), 0)
    output = max(min(usage.output, booking.cap), 0)
    return replace(
        usage, input=input_tokens, output=output, cached=max(min(usage.cached, input_tokens), 0),
        cache_write=max(min(usage.cache_write, input_tokens), 0), reasoning=max(min(usage.reasoning, output), 0),
    )  # fmt: skip


def remaining(limits: Limits, spend: Spend) -> dict[str, Decimal]:
    """Returns what each budget still holds, in dollars."""
    spent = {"run": spend.run, "day": spend.day, "month": spend.month, "per_repo": spend.per_repo}
    return {
        period: budget - used for period, budget in limits.budget.items() if (used := spent.get(period)) is not None
    }


def _over(period: str, left: Decimal) -> Failure:
    which = "repository's day" if period == "per_repo" else period
    return Failure(
        kind="budget", certainty="not_sent",
        message=f"the {which} budget has ${max(left, Decimal(0)):.4f} left, less than this call can cost",
    )  # fmt: skip


def is_free(price: Price | None) -> bool:
    """Whether a price is known to be nothing."""
    return price is not None and not price.base.input and not price.base.output
