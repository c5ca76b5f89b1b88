"""What a call costs, before and after it is made.

Prices are dollars for a million tokens, results are `Decimal` dollars. The time is an argument (seconds since
1970), since a price may depend on the hour, the weekday or the date.
"""

import json
from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal
from typing import Any

from outrider.data import Message, Tool, Usage
from outrider.records import memo
from outrider.rows import Condition, Price, Rates

MILLION = Decimal(1_000_000)
NANO = Decimal(1_000_000_000)
MOST_NANO = 10**15
"""A million dollars for one call is a mistake in a price; the sum of thousands still fits 64 bits."""
IMAGE_TOKENS = 1_600
"""A large picture at the vendors that bill by tiles or pixels; small ones cost less."""
MESSAGE_TOKENS = 8


def rates_at(price: Price, *, input_tokens: int, at: float) -> Rates:
    """Returns the rates that hold for a prompt of this size at this time."""
    rates = _at_time(price, at) if price.changes or price.windows else price.base
    if not price.tiers:
        return rates
    for tier in sorted(price.tiers, key=lambda tier: tier.above or 0):
        if tier.above is not None and input_tokens > tier.above:
            rates = over(rates, tier.rates)
    return rates


def _at_time(price: Price, at: float) -> Rates:
    # Imported here: most prices depend on no clock, and the import costs a twentieth of a start.
    from datetime import UTC, datetime

    moment = datetime.fromtimestamp(at, tz=UTC)
    rates = price.base
    for change in sorted(price.changes, key=lambda change: change.since or ""):
        if change.since is not None and change.since <= moment.date().isoformat():
            rates = over(rates, change.rates)
    for window in price.windows:
        if _is_open(window, day=moment.isoweekday(), minute=moment.hour * 60 + moment.minute):
            rates = over(rates, window.rates)
    return rates


def over(base: Rates, change: Rates) -> Rates:
    """Returns rates with those of a change laid over them."""
    return Rates(
        input=base.input if change.input is None else change.input,
        output=base.output if change.output is None else change.output,
        cached=base.cached if change.cached is None else change.cached,
        cache_write=base.cache_write if change.cache_write is None else change.cache_write,
    )


def _is_open(window: Condition, *, day: int, minute: int) -> bool:
    if window.start <= window.end:
        return (not window.days or day in window.days) and window.start <= minute < window.end
    # A window over midnight belongs to the day on which it opened.
    opened = day if minute >= window.start else (day - 2) % 7 + 1
    return (not window.days or opened in window.days) and (minute >= window.start or minute < window.end)


def cost(price: Price, usage: Usage, *, at: float) -> Decimal | None:
    """Returns what this usage cost, or None where the price does not say."""
    rates = rates_at(price, input_tokens=usage.input, at=at)
    if rates.input is None or rates.output is None:
        return None
    cached = rates.input if rates.cached is None else rates.cached
    written = rates.input if rates.cache_write is None else rates.cache_write
    fresh = max(usage.input - usage.cached - usage.cache_write, 0)
    total = fresh * rates.input + usage.cached * cached + usage.cache_write * written + usage.output * rates.output
    return total / MILLION


def worst_cost(price: Price, *, input_tokens: int, output_tokens: int, at: float) -> Decimal | None:
    """Returns the most that a call can cost: nothing cached, the dearer of a plain and a cache-writing prompt."""
    rates = rates_at(price, input_tokens=input_tokens, at=at)
    if rates.input is None or rates.output is None:
        return None
    dearest = max(rates.input, rates.cache_write or rates.input)
    return (input_tokens * dearest + output_tokens * rates.output) / MILLION


def output_bought(price: Price, *, input_tokens: int, budget: Decimal, at: float) -> int | None:
    """Returns how many output tokens the budget still buys after this prompt, or None where output is free."""
    rates = rates_at(price, input_tokens=input_tokens, at=at)
    if rates.input is None or not rates.output:
        return None
    left = budget - worst_cost_of_input(rates, input_tokens)
    return max(int(left * MILLION / rates.output), 0)


def worst_cost_of_input(rates: Rates, input_tokens: int) -> Decimal:
    """Returns the most that the prompt alone can cost."""
    plain = rates.input or Decimal(0)
    return input_tokens * max(plain, rates.cache_write or plain) / MILLION


def blended(price: Price | None, *, at: float) -> Decimal | None:
    """Returns the 3:1 blend of input and output prices, the usual single figure for ranking."""
    if price is None:
        return None
    rates = rates_at(price, input_tokens=1_000, at=at)
    if rates.input is None or rates.output is None:
        return None
    return (3 * rates.input + rates.output) / 4


def likely_tokens(
    messages: tuple[Message, ...], *, schema: Mapping[str, Any] | None = None, tools: tuple[Tool, ...] = ()
) -> int:
    """Estimates the tokens of a prompt: four bytes of text each, and a fixed sum for a picture.

    The JSON schema of an answer is sent with the prompt, and billed with it; so are tools, and calls of them.
    """
    about = _schema_bytes(schema) + tools_bytes(tools) + calls_bytes(messages)
    return about // 4 + sum(
        _bytes(message.text) // 4 + 1 + MESSAGE_TOKENS + IMAGE_TOKENS * len(message.images) for message in messages
    )


def most_tokens(
    messages: tuple[Message, ...], *, schema: Mapping[str, Any] | None = None, tools: tuple[Tool, ...] = ()
) -> int:
    """Returns a number of tokens that a prompt will hardly exceed: two bytes of text each.

    Dense text (digits, other scripts, minified code) takes two to three bytes a token, so a wall built on the
    likely number would leak.
    """
    about = _schema_bytes(schema) + tools_bytes(tools) + calls_bytes(messages)
    return about // 2 + sum(
        _bytes(message.text) // 2 + 2 + MESSAGE_TOKENS + IMAGE_TOKENS * len(message.images) for message in messages
    )


def _schema_bytes(schema: Mapping[str, Any] | None) -> int:
    # With the sentence that asks for it where a model takes no schema.
    return _json_bytes(schema) + 160 if schema is not None else 0


@memo
def _json_bytes(schema: Mapping[str, Any]) -> int:
    return len(json.dumps(schema))


def tools_bytes(tools: tuple[Tool, ...]) -> int:
    """Returns how much offering these tools adds to a prompt, in bytes."""
    return sum(len(json.dumps([tool.name, tool.description, dict(tool.schema)])) + 60 for tool in tools)


def calls_bytes(messages: tuple[Message, ...]) -> int:
    """Returns what turns in which tools were called weigh beside their text, in bytes."""
    return sum(
        _bytes(message.reasoning) + len(json.dumps(message.replay))
        + sum(_bytes(call.name + call.arguments) + len(json.dumps(dict(call.extra))) + 60
              for call in message.tool_calls)
        for message in messages
        if message.tool_calls
    )  # fmt: skip


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def to_nano(dollars: Decimal) -> int:
    """Returns whole nano-dollars, rounded up so that many small costs never vanish, and within what a book can hold."""
    return max(0, min(int((dollars * NANO).to_integral_value(ROUND_CEILING)), MOST_NANO))


def from_nano(nano: int) -> Decimal:
    """Returns dollars for whole nano-dollars."""
    return Decimal(nano) / NANO


def price_from(row: Mapping[str, Any] | None) -> Price | None:
    """Reads a price row; None where there is none, or where it does not say what input and output cost."""
    if not row or row.get("input") is None or row.get("output") is None:
        return None
    return Price(
        base=_rates(row),
        tiers=tuple(Condition(rates=_rates(tier), above=tier["above"]) for tier in row.get("tiers", ())),
        windows=tuple(_window(window) for window in row.get("windows", ())),
        changes=tuple(Condition(rates=_rates(change), since=change["since"]) for change in row.get("changes", ())),
        variants=tuple(
            Condition(rates=_rates(variant), name=name) for name, variant in row.get("variants", {}).items()
        ),
    )


def _rates(row: Mapping[str, Any]) -> Rates:
    # Through `str`, so that 0.1 in the file is a tenth and not the nearest binary fraction.
    read = {name: Decimal(str(row[name])) if row.get(name) is not None else None for name in _NAMES}
    return Rates(**read)


_NAMES = ("input", "output", "cached", "cache_write")


def _window(row: Mapping[str, Any]) -> Condition:
    return Condition(
        rates=_rates(row),
        days=tuple(row.get("days", ())),
        start=_minutes(row.get("from", "00:00")),
        end=_minutes(row.get("to", "24:00")),
    )


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes or 0)
