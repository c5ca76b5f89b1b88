"""How limits combine, how long an attempt may take, and what a call may cost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Failure, Timing
from outrider.rows import Model, Price
from outrider.rules import money
from outrider.rules.limits import (
    Booking,
    Limits,
    Spend,
    book,
    combined,
    for_route,
    is_free,
    limits_from,
    remaining,
    timing,
)
from tests.rules.making import limits, model, price

SHIPPED: dict[str, Any] = {"total": 90, "retries": 2, "budget_usd": {"run": 1, "day": 10, "month": None}}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ((), SHIPPED),
        (({"total": 300},), {**SHIPPED, "total": 300}),
        (({"total": 300}, {"total": 60}, {"total": 120}), {**SHIPPED, "total": 60}),
        (({"route": 50},), {**SHIPPED, "route": 50}),
        (({"budget_usd": {"run": 5}},), {**SHIPPED, "budget_usd": {"run": 5, "day": 10, "month": None}}),
        (
            ({"budget_usd": {"run": 5, "month": 100}}, {"budget_usd": {"month": 50}}),
            {**SHIPPED, "budget_usd": {"run": 5, "day": 10, "month": 50}},
        ),
        (({"budget_usd": {"day": None}},), {**SHIPPED, "budget_usd": {"run": 1, "day": None, "month": None}}),
        (
            ({"budget_usd": {"day": None, "run": 5}}, {"budget_usd": {"day": 20, "run": None}}),
            {**SHIPPED, "budget_usd": {"run": 5, "day": 20, "month": None}},
        ),
        (
            ({"budget_usd": {"per_repo": 3}},),
            {**SHIPPED, "budget_usd": {"run": 1, "day": 10, "month": None, "per_repo": 3}},
        ),
        (
            ({"retries": 0, "budget_usd": {"run": 0}},),
            {**SHIPPED, "retries": 0, "budget_usd": {"run": 0, "day": 10, "month": None}},
        ),
    ],
    ids=[
        "shipped",
        "raised",
        "least",
        "new",
        "budget raised",
        "budgets apart",
        "null lifts the default",
        "null lifts no layer's",
        "a repository's",
        "zero",
    ],
)
def test_combined(layers: tuple[Mapping[str, Any], ...], expected: Mapping[str, Any]) -> None:
    """The least that any layer sets holds; the shipped value is a default and no wall, and null takes it away."""
    assert combined(SHIPPED, layers) == expected


def test_combined_without_defaults() -> None:
    """Where nothing is shipped and nothing said, there are no budgets."""
    assert combined({}, ()) == {"budget_usd": {}}


ROW = {"connect": 1, "total": 50, "retries": None, "budget_usd": {"run": 1, "day": "0.1", "month": None}}
DAY = Decimal("0.1")


@pytest.mark.parametrize(
    ("was_set", "flags", "expected"),
    [
        ((), {}, Limits(connect=1, total=50, budget={"run": Decimal(1), "day": DAY})),
        (
            ("total", "budget_usd.day"),
            {},
            Limits(
                connect=1,
                total=50,
                budget={"run": Decimal(1), "day": DAY},
                budgets_set=frozenset({"day"}),
                walls=frozenset({"total"}),
            ),
        ),
        (
            ("budget_usd.month", "privacy.private"),
            {},
            Limits(connect=1, total=50, budget={"run": Decimal(1), "day": DAY}),
        ),
        (
            (),
            {"max_cost": Decimal(7)},
            Limits(connect=1, total=50, budget={"run": Decimal(7), "day": DAY}, budgets_set=frozenset({"run"})),
        ),
        (
            ("budget_usd.run",),
            {"max_cost": Decimal(7)},
            Limits(connect=1, total=50, budget={"run": Decimal(1), "day": DAY}, budgets_set=frozenset({"run"})),
        ),
        (
            (),
            {"timeout": 7.0},
            Limits(
                connect=1,
                total=7.0,
                route=7.0,
                budget={"run": Decimal(1), "day": DAY},
                walls=frozenset({"total", "route"}),
            ),
        ),
        (
            ("total",),
            {"timeout": 70.0},
            Limits(
                connect=1,
                total=50,
                route=70.0,
                budget={"run": Decimal(1), "day": DAY},
                walls=frozenset({"total", "route"}),
            ),
        ),
    ],
    ids=[
        "shipped",
        "set",
        "null is no budget",
        "max cost raises the default",
        "max cost under a wall",
        "timeout",
        "timeout under a wall",
    ],
)
def test_limits_from(was_set: tuple[str, ...], flags: Mapping[str, Any], expected: Limits) -> None:
    """What a layer or a flag set is a wall; a tenth stays a tenth."""
    assert limits_from(ROW, was_set=frozenset(was_set), **flags) == expected


FAST = model()
SLOW = model(row={"limits": {"first_byte": 300, "total": 900}})
PROVIDER = {"limits": {"idle": 120, "total": 200}}


@pytest.mark.parametrize(
    ("general", "asked", "provider", "left", "expected"),
    [
        (limits(), FAST, {}, 100.0, (5, 60, 30, 90)),
        (limits(), SLOW, {}, 1_000.0, (5, 300, 30, 900)),
        (limits(), FAST, PROVIDER, 1_000.0, (5, 60, 120, 200)),
        (limits(), FAST, {"limits": {"connect": 20}}, 1_000.0, (20, 60, 30, 90)),
        (limits(), SLOW, PROVIDER, 1_000.0, (5, 300, 120, 900)),
        (limits(walls=frozenset({"total"})), SLOW, {}, 1_000.0, (5, 90, 30, 90)),
        (limits(total=2_000, walls=frozenset({"total"})), SLOW, {}, 9_999.0, (5, 300, 30, 900)),
        (limits(), FAST, {}, 3.0, (3, 3, 3, 3)),
        (limits(), FAST, {}, -1.0, (0.001, 0.001, 0.001, 0.001)),
    ],
    ids=[
        "general",
        "slow model",
        "slow provider",
        "far provider",
        "model over provider",
        "wall",
        "wide wall",
        "little left",
        "none left",
    ],
)
def test_timing(
    general: Limits, asked: Model, provider: Mapping[str, Any], left: float, expected: tuple[float, ...]
) -> None:
    """A row's own times stand over the shipped ones, never over the user's or what the route has left."""
    connect, first, idle, total = expected
    assert timing(general, asked, provider, left=left) == Timing(
        connect=connect, first_byte=first, idle=idle, total=total, max_bytes=33_554_432
    )


@pytest.mark.parametrize(
    ("general", "models", "seconds"),
    [
        (limits(), (), 100),
        (limits(), ((FAST, {}),), 100),
        (limits(), ((FAST, {}), (SLOW, {})), 900),
        (limits(), ((FAST, PROVIDER),), 200),
        (limits(route=50, walls=frozenset({"route"})), ((SLOW, {}),), 50),
        (limits(walls=frozenset({"total"})), ((SLOW, {}),), 100),
    ],
    ids=["none", "fast", "slow", "slow provider", "bounded route", "bounded attempts"],
)
def test_for_route(general: Limits, models: tuple[tuple[Model, Mapping[str, Any]], ...], seconds: float) -> None:
    """One slow model stretches the route, unless the user bounded it."""
    assert for_route(general, models).route == seconds


AT = 1_790_000_000.0
PRICED = model(price=price(1, 10), max_output=32_000)
FREE = model(price=price(0, 0), max_output=32_000)
UNKNOWN = model(max_output=32_000)
SMALL = model(price=price(1, 10), max_output=4_000)
NARROW = model(price=price(1, 10), max_output=32_000, context=40_000)


def over(period: str, left: str) -> Failure:
    """Returns the refusal of a budget."""
    message = f"the {period} budget has ${left} left, less than this call can cost"
    return Failure(kind="budget", message=message, certainty="not_sent")


@pytest.mark.parametrize(
    ("asked", "walls", "spend", "wanted", "tokens", "expected"),
    [
        (
            PRICED,
            limits(),
            Spend(),
            None,
            1_000,
            Booking(cap=32_000, worst=Decimal("0.321"), known=True, input_tokens=1_000),
        ),
        (
            PRICED,
            limits({"run": "1"}),
            Spend(),
            None,
            1_000,
            Booking(cap=32_000, worst=Decimal("0.321"), known=True, input_tokens=1_000),
        ),
        (
            PRICED,
            limits({"run": "0.101"}),
            Spend(),
            None,
            1_000,
            Booking(cap=10_000, worst=Decimal("0.101"), known=True, input_tokens=1_000),
        ),
        (
            PRICED,
            limits({"run": "0.081"}),
            Spend(),
            None,
            1_000,
            Booking(cap=8_000, worst=Decimal("0.081"), known=True, input_tokens=1_000),
        ),
        (PRICED, limits({"run": "0.0809"}), Spend(), None, 1_000, over("run", "0.0809")),
        (
            PRICED,
            limits({"run": "1", "day": "0.101"}),
            Spend(),
            None,
            1_000,
            Booking(cap=10_000, worst=Decimal("0.101"), known=True, input_tokens=1_000),
        ),
        (PRICED, limits({"run": "1", "day": "5"}), Spend(day=Decimal(5)), None, 1_000, over("day", "0.0000")),
        (PRICED, limits({"month": "5"}), Spend(month=Decimal(6)), None, 1_000, over("month", "0.0000")),
        (
            PRICED,
            limits({"run": "0.002"}),
            Spend(),
            100,
            1_000,
            Booking(cap=100, worst=Decimal("0.002"), known=True, may_grow=True, input_tokens=1_000),
        ),
        (PRICED, limits({"run": "0.00199"}), Spend(), 100, 1_000, over("run", "0.0020")),
        (
            PRICED,
            limits(),
            Spend(),
            99_999,
            1_000,
            Booking(cap=32_000, worst=Decimal("0.321"), known=True, input_tokens=1_000),
        ),
        (
            SMALL,
            limits({"run": "0.041"}),
            Spend(),
            None,
            1_000,
            Booking(cap=4_000, worst=Decimal("0.041"), known=True, input_tokens=1_000),
        ),
        (SMALL, limits({"run": "0.04"}), Spend(), None, 1_000, over("run", "0.0400")),
        (
            NARROW,
            limits(),
            Spend(),
            None,
            20_000,
            Booking(cap=30_000, worst=Decimal("0.32"), known=True, input_tokens=20_000),
        ),
        (
            NARROW,
            limits(),
            Spend(),
            None,
            90_000,
            Booking(cap=1, worst=Decimal("0.09001"), known=True, input_tokens=90_000),
        ),
        (model(price=price(1, 10)), limits(), Spend(), None, 0, Booking(cap=16_000, worst=Decimal("0.16"), known=True)),
        (
            model(price=price(1, 0), max_output=9),
            limits({"run": "0.0005"}),
            Spend(),
            None,
            1_000,
            over("run", "0.0005"),
        ),
        (
            FREE,
            limits({"run": "0"}),
            Spend(),
            None,
            1_000,
            Booking(cap=32_000, worst=Decimal(0), known=True, input_tokens=1_000),
        ),
        (
            FREE,
            limits({"day": "1"}),
            Spend(day=Decimal(2)),
            None,
            1_000,
            Booking(cap=32_000, worst=Decimal(0), known=True, input_tokens=1_000),
        ),
    ],
    ids=[
        "no budget",
        "enough",
        "what it buys",
        "the least that is useful",
        "less than useful",
        "tightest budget",
        "spent",
        "overdrawn",
        "wanted",
        "wanted too dear",
        "wanted too much",
        "small model",
        "small model too dear",
        "little window",
        "no window",
        "unknown maximum",
        "dear prompt",
        "free without money",
        "free when overdrawn",
    ],
)
def test_book(
    *, asked: Model, walls: Limits, spend: Spend, wanted: int | None, tokens: int, expected: Booking | Failure
) -> None:
    """The cap that is sent is the cap that is reserved, and both fit every budget."""
    assert book(asked, walls, spend, wanted=wanted, input_tokens=tokens, at=AT) == expected


SHIPPED_BUDGET = Limits(budget={"run": Decimal(1)})


@pytest.mark.parametrize(
    ("walls", "stand_in", "expected"),
    [
        (SHIPPED_BUDGET, price(1, 10), Booking(cap=32_000, worst=Decimal("0.321"), known=False, input_tokens=1_000)),
        (SHIPPED_BUDGET, price(1, 100), Booking(cap=9_990, worst=Decimal(1), known=False, input_tokens=1_000)),
        (SHIPPED_BUDGET, None, Booking(cap=32_000, worst=Decimal(0), known=False, input_tokens=1_000)),
        (
            limits({"run": "1"}),
            price(1, 10),
            Failure(
                kind="budget", message="the price of acme.one is not known, and a budget is set", certainty="not_sent"
            ),
        ),
        (
            limits({"day": "1"}),
            None,
            Failure(
                kind="budget", message="the price of acme.one is not known, and a budget is set", certainty="not_sent"
            ),
        ),
        (limits({"run": "1"}), price(0, 0), Booking(cap=32_000, worst=Decimal(0), known=False, input_tokens=1_000)),
    ],
    ids=["shipped default", "buys less", "nothing known", "user's budget", "nothing known, user's budget", "local"],
)
def test_book_without_a_price(walls: Limits, stand_in: Price | None, expected: Booking | Failure) -> None:
    """An unknown price reserves at the dearest known one, and is refused under a budget that the user set."""
    assert book(UNKNOWN, walls, Spend(), wanted=None, input_tokens=1_000, at=AT, price=stand_in) == expected


def test_the_model_s_own_price_counts_before_a_stand_in() -> None:
    """A stand-in is for what has no price."""
    booked = book(PRICED, limits(), Spend(), wanted=100, input_tokens=0, at=AT, price=price(1_000, 1_000))
    assert booked == Booking(cap=100, worst=Decimal("0.001"), known=True, may_grow=True)


def test_remaining() -> None:
    """Each budget holds what it has less what was spent in its period."""
    walls = limits({"run": "1", "day": "10", "month": "100"})
    spend = Spend(run=Decimal("0.5"), day=Decimal(11))
    assert remaining(walls, spend) == {"run": Decimal("0.5"), "day": Decimal(-1), "month": Decimal(100)}


@pytest.mark.parametrize(
    ("whole", "free"), [(None, False), (price(0, 0), True), (price(0, 1), False), (price(1, 0), False)]
)
def test_is_free(whole: Price | None, *, free: bool) -> None:
    """Free is what is known to cost nothing."""
    assert is_free(whole) is free


DOLLARS = st.decimals(0, 100, places=3)
MODELS = st.builds(
    lambda given, returned, most, window: model(price=price(given, returned), max_output=most, context=window),
    DOLLARS, DOLLARS, st.none() | st.integers(1, 200_000), st.none() | st.integers(1, 2_000_000),
)  # fmt: skip
BUDGETS = st.dictionaries(st.sampled_from(["run", "day", "month"]), DOLLARS)
SPENDS = st.builds(lambda run, day, month: Spend(run=run, day=day, month=month), DOLLARS, DOLLARS, DOLLARS)


@given(MODELS, BUDGETS, SPENDS, st.none() | st.integers(1, 300_000), st.integers(0, 3_000_000))
def test_no_budget_is_exceeded(
    asked: Model, budgets: dict[str, Decimal], spend: Spend, wanted: int | None, tokens: int
) -> None:
    """What is booked fits into what every budget has left, is what the cap costs, and is never more than was wanted."""
    walls = Limits(budget=budgets)
    booked = book(asked, walls, spend, wanted=wanted, input_tokens=tokens, at=AT)
    if isinstance(booked, Failure):
        assert booked.kind == "budget"
        assert booked.certainty == "not_sent"
        assert budgets
        return
    left = remaining(walls, spend).values()
    assert booked.worst == 0 or all(booked.worst <= one for one in left)
    assert asked.price is not None
    assert booked.worst == money.worst_cost(asked.price, input_tokens=tokens, output_tokens=booked.cap, at=AT)
    assert 1 <= booked.cap <= (wanted or 200_000)
    assert booked.cap <= (asked.max_output or 16_000)


@given(st.lists(MODELS, min_size=1, max_size=12), st.decimals("0.01", 3, places=2), st.integers(0, 20_000))
def test_many_bookings_share_one_budget(models: list[Model], budget: Decimal, tokens: int) -> None:
    """Booked one after the other against what is left, all of them together stay within the budget."""
    spent = Decimal(0)
    for asked in models:
        booked = book(asked, Limits(budget={"day": budget}), Spend(day=spent), wanted=None, input_tokens=tokens, at=AT)
        spent += Decimal(0) if isinstance(booked, Failure) else booked.worst
    assert spent <= budget


@pytest.mark.parametrize(
    ("walls", "wanted", "expected"),
    [
        (limits({"run": "1"}), None, Booking(cap=32_000, worst=Decimal("0.321"), known=True, input_tokens=1_000)),
        (limits({"run": "0.402"}), None, Booking(cap=20_000, worst=Decimal("0.201"), known=True, input_tokens=1_000)),
        (limits({"run": "0.1"}), None, Booking(cap=8_000, worst=Decimal("0.081"), known=True, input_tokens=1_000)),
        (limits({"day": "0.102"}), None, Booking(cap=10_100, worst=Decimal("0.102"), known=True, input_tokens=1_000)),
        (
            limits({"run": "0.2"}),
            15_000,
            Booking(cap=15_000, worst=Decimal("0.151"), known=True, may_grow=True, input_tokens=1_000),
        ),
        (limits({"run": "0.08"}), None, over("run", "0.0800")),
    ],
    ids=["enough", "half", "the least that is useful", "of the run only", "what was wanted", "too little"],
)
def test_a_fallback_is_left_its_money(walls: Limits, wanted: int | None, expected: Booking | Failure) -> None:
    """With other targets behind, half of the run's budget is kept for them, unless that leaves this one useless."""
    assert book(PRICED, walls, Spend(), wanted=wanted, input_tokens=1_000, at=AT, parts=2) == expected
