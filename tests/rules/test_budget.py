"""What a call may cost, set against every budget before it leaves, and what a server may claim that it used."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Failure, Usage
from outrider.rows import Model, Price, Rates
from outrider.rules.limits import Booking, Spend, believable, book, combined, limits_from
from outrider.rules.money import cost, to_nano

DOLLAR = Price(base=Rates(input=Decimal(1), output=Decimal(10)))
ONE = Model(name="here.one", provider="here", id="one", price=DOLLAR, max_output=16_000)
UNPRICED = Model(name="here.two", provider="here", id="two")


def booked(model: Model, spend: Spend, budget: dict[str, Any], *, price: Price | None = None) -> Any:
    """Sets a call of 1,000 tokens in and at most 1,000 out, 1.1 cents, against budgets that the user set."""
    limits = limits_from({"budget_usd": budget}, was_set=frozenset(f"budget_usd.{name}" for name in budget))
    return book(model, limits, spend, wanted=1_000, input_tokens=1_000, at=0.0, price=price)


@pytest.mark.parametrize("period", ["run", "day", "month", "per_repo"])
def test_each_budget_is_a_wall_of_its_own(period: str) -> None:
    """To the last nano-dollar it holds, and one more is refused and not sent."""
    fits = booked(ONE, Spend(**{period: Decimal("0.089")}), {period: "0.1"})
    assert fits == Booking(cap=1_000, worst=Decimal("0.011"), known=True, may_grow=True, input_tokens=1_000)
    over = booked(ONE, Spend(**{period: Decimal("0.089000001")}), {period: "0.1"})
    assert (over.kind, over.certainty) == ("budget", "not_sent")
    assert ("repository's day" if period == "per_repo" else period) in over.message


def test_outside_of_any_repository_there_is_no_budget_for_one() -> None:
    """The wall stands around a repository, not around those who have none."""
    assert booked(ONE, Spend(per_repo=None), {"per_repo": "0.000001"}).worst == Decimal("0.011")


@pytest.mark.parametrize(
    ("shipped", "layers", "holds"),
    [
        ({"day": 10}, (), {"day": 10}),
        ({"day": 10}, ({"day": 20},), {"day": 20}),
        ({"day": 10}, ({"day": None},), {"day": None}),
        ({"day": 10}, ({"day": None}, {"day": 3}), {"day": 3}),
        ({"day": 10}, ({"per_repo": 2}, {"per_repo": 1}), {"day": 10, "per_repo": 1}),
    ],
)
def test_the_smallest_budget_of_all_layers_holds(
    shipped: dict[str, Any], layers: tuple[dict[str, Any], ...], holds: dict[str, Any]
) -> None:
    """Null takes a shipped budget away, and no budget that another layer sets."""
    said = tuple({"budget_usd": layer} for layer in layers)
    assert combined({"budget_usd": shipped}, said) == {"budget_usd": holds}


def test_an_unknown_price_is_refused_where_the_user_set_a_budget() -> None:
    """Whatever it might be guessed at; what is known to cost nothing passes."""
    refused = booked(UNPRICED, Spend(), {"day": "5"}, price=DOLLAR)
    assert refused == Failure(
        kind="budget", certainty="not_sent", message="the price of here.two is not known, and a budget is set"
    )
    free = Price(base=Rates(input=Decimal(0), output=Decimal(0)))
    assert booked(UNPRICED, Spend(), {"day": "5"}, price=free).worst == 0


BOOKING = Booking(cap=1_000, worst=Decimal("0.012"), known=True, input_tokens=2_000)


@pytest.mark.parametrize(
    ("said", "billed"),
    [
        (Usage(input=1_500, output=900, known=True), None),
        (Usage(input=7_000, output=16_000, reasoning=15_000, known=True), None),  # more than reserved, and possible
        (Usage(input=10**8, output=5, known=True), Usage(input=2_000, output=5, known=True)),
        (Usage(input=5, output=10**12, reasoning=10**12, known=True),
         Usage(input=5, output=1_000, reasoning=1_000, known=True)),
        (Usage(input=-5_000, output=7, cached=-1, known=True), Usage(output=7, known=True)),
        (Usage(input=10, output=-5_000, known=True), Usage(input=10, known=True)),
        (Usage(input=10, output=5, cached=10**12, known=True), Usage(input=10, output=5, cached=10, known=True)),
    ],
)  # fmt: skip
def test_a_claim_that_cannot_be_true_is_cut_to_the_reservation(said: Usage, billed: Usage | None) -> None:
    """What is merely more than expected is billed as it is; what no model can have used is not believed."""
    assert believable(said, ONE, BOOKING) == (said if billed is None else billed)


@given(*[st.integers(-(10**15), 10**15)] * 5)
def test_no_claim_refills_or_overflows(given_in: int, out: int, cached: int, written: int, thought: int) -> None:
    """Whatever a server counts, the cost is neither negative nor more than the dearest call that is possible."""
    usage = Usage(input=given_in, output=out, cached=cached, cache_write=written, reasoning=thought, known=True)
    dollars = cost(DOLLAR, believable(usage, ONE, BOOKING), at=0.0)
    assert dollars is not None
    assert 0 <= dollars <= Decimal("0.5")


@pytest.mark.parametrize(
    ("dollars", "nano"), [("0", 0), ("-3", 0), ("0.0000000001", 1), ("1.5", 1_500_000_000), ("1e30", 10**15)]
)
def test_any_sum_fits_the_book(dollars: str, nano: int) -> None:
    """Never below nothing, rounded up, and never past what 64 bits can add up."""
    assert to_nano(Decimal(dollars)) == nano
