"""What a call costs: conditions of a price, worst cases, estimates, and reading a price."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Image, Message, Tool, ToolCall, Usage
from outrider.rows import Condition, Price, Rates
from outrider.rules import money
from tests.rules.making import price


def rates(given: float | None = None, returned: float | None = None, **more: float) -> Rates:
    """Returns rates of so many dollars for a million tokens."""
    named = {"input": given, "output": returned, **more}
    return Rates(**{name: None if value is None else Decimal(str(value)) for name, value in named.items()})


def at(text: str) -> float:
    """Returns the seconds since 1970 of a UTC time."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


# 2026-11-20 is a Friday.
FRIDAY = at("2026-11-20T12:00")
NIGHT = Condition(rates=rates(0.1), days=(5,), start=23 * 60, end=60)
DAY = Condition(rates=rates(0.2, 0.4), start=9 * 60, end=17 * 60)
LONG = Condition(rates=rates(2, 4), above=200_000)
LONGER = Condition(rates=rates(3), above=500_000)
CHANGE = Condition(rates=rates(returned=9), since="2026-12-01")
LATER = Condition(rates=rates(5), since="2027-01-01")


@pytest.mark.parametrize(
    ("whole", "tokens", "moment", "expected"),
    [
        (price(1, 2), 10**9, FRIDAY, rates(1, 2)),
        (price(1, 2, tiers=(LONG,)), 200_000, FRIDAY, rates(1, 2)),
        (price(1, 2, tiers=(LONG,)), 200_001, FRIDAY, rates(2, 4)),
        (price(1, 2, tiers=(LONGER, LONG)), 600_000, FRIDAY, rates(3, 4)),
        (price(1, 2, windows=(DAY,)), 1, at("2026-11-20T08:59"), rates(1, 2)),
        (price(1, 2, windows=(DAY,)), 1, at("2026-11-20T09:00"), rates(0.2, 0.4)),
        (price(1, 2, windows=(DAY,)), 1, at("2026-11-20T17:00"), rates(1, 2)),
        (price(1, 2, windows=(NIGHT,)), 1, at("2026-11-20T22:59"), rates(1, 2)),
        (price(1, 2, windows=(NIGHT,)), 1, at("2026-11-20T23:00"), rates(0.1, 2)),
        (price(1, 2, windows=(NIGHT,)), 1, at("2026-11-21T00:59"), rates(0.1, 2)),
        (price(1, 2, windows=(NIGHT,)), 1, at("2026-11-21T01:00"), rates(1, 2)),
        (price(1, 2, windows=(NIGHT,)), 1, at("2026-11-20T00:30"), rates(1, 2)),
        (
            price(1, 2, windows=(Condition(rates=rates(0), days=(7,), start=1_380, end=60),)),
            1,
            at("2026-11-23T00:30"),
            rates(0, 2),
        ),
        (price(1, 2, changes=(LATER, CHANGE)), 1, at("2026-11-30T23:59:59"), rates(1, 2)),
        (price(1, 2, changes=(LATER, CHANGE)), 1, at("2026-12-01T00:00"), rates(1, 9)),
        (price(1, 2, changes=(LATER, CHANGE)), 1, at("2027-01-01T00:00"), rates(5, 9)),
        (
            price(1, 2, changes=(CHANGE,), windows=(DAY,), tiers=(LONGER,)),
            600_000,
            at("2026-12-04T10:00"),
            rates(3, 0.4),
        ),
    ],
    ids=[
        "plain",
        "at the tier",
        "over the tier",
        "highest tier",
        "before the window",
        "window opens",
        "window closes",
        "before the night",
        "night opens",
        "after midnight",
        "night closes",
        "the night before",
        "sunday to monday",
        "before the change",
        "change",
        "both changes",
        "all of them",
    ],
)
def test_rates(whole: Price, tokens: int, moment: float, expected: Rates) -> None:
    """Changes come first, then the hour, then the length of the prompt."""
    assert money.rates_at(whole, input_tokens=tokens, at=moment) == expected


CACHED = Price(base=rates(1, 2, cached=0.1, cache_write=1.25))


@pytest.mark.parametrize(
    ("whole", "usage", "dollars"),
    [
        (price(1, 2), Usage(input=1_000_000, output=500_000), "2"),
        (price(1, 2), Usage(), "0"),
        (price("0.075", "0.3"), Usage(input=1, output=1), "0.000000375"),
        (CACHED, Usage(input=1_000, cached=600, cache_write=300, output=10), "0.000555"),
        (price(1, 2), Usage(input=1_000, cached=600, cache_write=300), "0.001"),
        (CACHED, Usage(input=100, cached=200), "0.00002"),
        (price(1, 2, tiers=(LONG,)), Usage(input=200_001, output=1), "0.400006"),
        (Price(base=rates(1)), Usage(input=1), None),
        (Price(base=rates(returned=1)), Usage(input=1), None),
    ],
    ids=[
        "plain",
        "nothing",
        "exact",
        "cached",
        "cached as fresh",
        "more cached than sent",
        "tier",
        "no output",
        "no input",
    ],
)
def test_cost(whole: Price, usage: Usage, dollars: str | None) -> None:
    """A usage costs exactly so many dollars, or nobody knows."""
    assert money.cost(whole, usage, at=FRIDAY) == (None if dollars is None else Decimal(dollars))


@pytest.mark.parametrize(
    ("whole", "dollars"),
    [(price(1, 2), "0.003"), (CACHED, "0.00325"), (Price(base=rates(1)), None), (Price(base=rates(returned=1)), None)],
)
def test_worst_cost(whole: Price, dollars: str | None) -> None:
    """The worst case writes everything to the cache where that is dearer."""
    worst = money.worst_cost(whole, input_tokens=1_000, output_tokens=1_000, at=FRIDAY)
    assert worst == (None if dollars is None else Decimal(dollars))


@pytest.mark.parametrize(
    ("whole", "budget", "tokens"),
    [
        (price(1, 2), "0.003", 1_000),
        (price(1, 2), "0.001", 0),
        (price(1, 2), "0", 0),
        (price(1, 2), "-5", 0),
        (price(1, 0), "0.003", None),
        (Price(base=rates(returned=1)), "1", None),
        (CACHED, "0.00325", 1_000),
    ],
)
def test_output_bought(whole: Price, budget: str, tokens: int | None) -> None:
    """What is left after the prompt buys so many tokens; free output is not bounded by money."""
    assert money.output_bought(whole, input_tokens=1_000, budget=Decimal(budget), at=FRIDAY) == tokens


@pytest.mark.parametrize(
    ("whole", "dollars"),
    [(price(1, 5), "2"), (None, None), (Price(base=rates(1)), None), (Price(base=rates(returned=1)), None)],
)
def test_blended(whole: Price | None, dollars: str | None) -> None:
    """Three parts input and one part output make the figure for ranking."""
    assert money.blended(whole, at=FRIDAY) == (None if dollars is None else Decimal(dollars))


@pytest.mark.parametrize(
    ("message", "likely", "most"),
    [
        (Message(role="user", text=""), 9, 10),
        (Message(role="user", text="a" * 400), 109, 210),
        (Message(role="user", text="é" * 400), 209, 410),
        (Message(role="user", text="\ud800"), 9, 10),
        (Message(role="user", text="", images=(Image(media_type="image/png", base64=""),)), 1_609, 1_610),
    ],
    ids=["empty", "ascii", "two bytes a letter", "half a pair", "picture"],
)
def test_tokens_of_a_prompt(message: Message, likely: int, most: int) -> None:
    """Bytes are counted, since they and not letters make tokens; a picture has a fixed sum."""
    counted = money.likely_tokens((message,)), money.most_tokens((message,))
    assert counted == (likely, most)
    assert (money.likely_tokens((message,) * 3), money.most_tokens((message,) * 3)) == (likely * 3, most * 3)


def test_a_schema_is_part_of_the_prompt() -> None:
    """What is sent with a prompt is billed with it."""
    schema = {"type": "object", "properties": {f"field_{n}": {"type": "string"} for n in range(100)}}
    messages = (Message(role="user", text="hello"),)
    more = money.most_tokens(messages, schema=schema) - money.most_tokens(messages)
    assert more >= len(str(schema)) // 2
    assert money.likely_tokens(messages, schema=schema) > money.likely_tokens(messages)


@given(st.text(), st.text())
def test_the_most_is_more_than_the_likely(one: str, other: str) -> None:
    """The figure that budgets are set against is never below the estimate, and never shrinks with the text."""
    messages = (Message(role="user", text=one),)
    assert money.most_tokens(messages) >= money.likely_tokens(messages)
    assert money.most_tokens((Message(role="user", text=one + other),)) >= money.most_tokens(messages)


@pytest.mark.parametrize(
    ("dollars", "nano"), [("0", 0), ("1", 10**9), ("0.0000000001", 1), ("0.0000000010", 1), ("1.0000000001", 10**9 + 1)]
)
def test_nano_dollars_round_up(dollars: str, nano: int) -> None:
    """A cost below a nano-dollar is booked as one."""
    assert money.to_nano(Decimal(dollars)) == nano


@given(st.integers(0, 10**15))
def test_nano_dollars_come_back(nano: int) -> None:
    """What is stored is read back exactly."""
    assert money.to_nano(money.from_nano(nano)) == nano


@pytest.mark.parametrize("row", [None, {}, {"input": 1}, {"output": 1}, {"input": 1, "output": None, "cached": 2}])
def test_half_a_price_is_none(row: dict[str, Any] | None) -> None:
    """A row that does not say what input and output cost has no known price: it must not count as free."""
    assert money.price_from(row) is None


def test_a_price_is_read_whole() -> None:
    """Every condition of a row is kept, and a tenth stays a tenth."""
    row = {
        "input": 0.1, "output": 2, "cached": 0.01, "cache_write": 0,
        "tiers": [{"above": 100, "input": 4}],
        "windows": [{"days": [6, 7], "from": "16:30", "to": "24:00", "output": 1}, {"input": 1}],
        "changes": [{"since": "2026-12-01", "cached": 0.5}],
        "variants": {"batch": {"input": 0.05}},
    }  # fmt: skip
    assert money.price_from(row) == Price(
        base=rates(0.1, 2, cached=0.01, cache_write=0),
        tiers=(Condition(rates=rates(4), above=100),),
        windows=(
            Condition(rates=rates(returned=1), days=(6, 7), start=990, end=1_440),
            Condition(rates=rates(1), start=0, end=1_440),
        ),
        changes=(Condition(rates=rates(cached=0.5), since="2026-12-01"),),
        variants=(Condition(rates=rates(0.05), name="batch"),),
    )


DOLLARS = st.decimals(0, 200, places=4)
TOKENS = st.integers(0, 2_000_000)
PRICES = st.builds(
    lambda given, returned, cached, written: Price(
        base=Rates(input=given, output=returned, cached=cached, cache_write=written)
    ),
    DOLLARS, DOLLARS, st.none() | DOLLARS, st.none() | DOLLARS,
)  # fmt: skip
USAGES = st.builds(
    lambda fresh, cached, written, output: Usage(
        input=fresh + cached + written, output=output, cached=cached, cache_write=written
    ),
    TOKENS, TOKENS, TOKENS, TOKENS,
)  # fmt: skip


@given(PRICES, USAGES, USAGES)
def test_costs_sum(whole: Price, one: Usage, other: Usage) -> None:
    """Without tiers, two calls cost what one call with both their tokens costs."""
    both = Usage(
        input=one.input + other.input, output=one.output + other.output,
        cached=one.cached + other.cached, cache_write=one.cache_write + other.cache_write,
    )  # fmt: skip
    costs = [money.cost(whole, usage, at=FRIDAY) for usage in (one, other, both)]
    assert costs[0] is not None
    assert costs[1] is not None
    assert costs[0] + costs[1] == costs[2]
    assert min(costs[0], costs[1]) >= 0


@given(PRICES, USAGES)
def test_no_usage_costs_more_than_the_worst_case(whole: Price, usage: Usage) -> None:
    """What was reserved for so many tokens covers what they cost, where reading a cache is not dearer than sending."""
    base = whole.base
    if base.cached is not None and base.input is not None and base.cached > base.input:
        return
    cost = money.cost(whole, usage, at=FRIDAY)
    worst = money.worst_cost(whole, input_tokens=usage.input, output_tokens=usage.output, at=FRIDAY)
    assert cost is not None
    assert worst is not None
    assert cost <= worst


@given(PRICES, TOKENS, st.decimals(0, 1_000, places=6))
def test_what_a_budget_buys_it_can_pay(whole: Price, tokens: int, budget: Decimal) -> None:
    """The bought output and the prompt stay within the budget, and one token more would not."""
    bought = money.output_bought(whole, input_tokens=tokens, budget=budget, at=FRIDAY)
    if bought is None:
        assert not whole.base.output
        return
    worst = money.worst_cost(whole, input_tokens=tokens, output_tokens=bought, at=FRIDAY)
    more = money.worst_cost(whole, input_tokens=tokens, output_tokens=bought + 1, at=FRIDAY)
    assert worst is not None
    assert more is not None
    assert worst <= budget or bought == 0
    assert more > budget


def test_tools_and_calls_are_counted() -> None:
    """What is offered, what was called, thought and signed is billed with the prompt, and counts for its worst."""
    asked = (Message(role="user", text="look"),)
    tools = (Tool(name="find", description="d" * 400, schema={"type": "object"}),)
    assert money.most_tokens(asked, tools=tools) - money.most_tokens(asked) >= 200
    assert money.likely_tokens(asked, tools=tools) - money.likely_tokens(asked) >= 100
    bare = Message(role="assistant", text="")
    call = ToolCall(id="c", name="find", arguments="x" * 400)
    turns = [
        Message(role="assistant", text="", tool_calls=(call,)),
        Message(role="assistant", text="", tool_calls=(ToolCall(id="c", name="find"),), reasoning="r" * 400),
        Message(role="assistant", text="", tool_calls=(ToolCall(id="c", name="find"),), replay=({"s": "r" * 400},)),
        Message(role="assistant", text="", tool_calls=(ToolCall(id="c", name="f", extra={"s": "r" * 400}),)),
    ]
    for turn in turns:
        assert money.most_tokens((turn,)) - money.most_tokens((bare,)) >= 200
