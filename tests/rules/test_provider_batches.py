"""What a document in a provider's batch is booked at, and which documents may be asked by themselves after it."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.data import Answer, Certainty, Failure, FailureKind, Target, Usage
from outrider.records import replace
from outrider.rows import Model, Price, Provider
from outrider.rules.limits import Booking, Limits, Spend
from outrider.rules.money import cost, price_from
from outrider.rules.provider_batches import (
    Entry,
    batch_price,
    batch_target,
    booked,
    ended,
    goes_back,
    why_no_batch,
)

DISCOUNTED = Provider(name="here", dialect="openai", row={"batches": {"shape": "openai", "discount": 0.5}})
BARE = Provider(name="here", dialect="openai", row={"batches": {"shape": "openai"}})
OWN = {"input": 2, "output": 10, "cached": 0.2, "variants": {"batch": {"input": 0.5, "output": 4, "cached": 0.1}}}
ENTRY = Entry(
    position=0, item="a", booking=Booking(cap=100, worst=Decimal("0.25"), known=True, input_tokens=50), likely=40
)  # fmt: skip
USAGE = Usage(input=30, output=20, known=True)


def priced(row: dict[str, Any]) -> Price:
    """Returns a price."""
    found = price_from(row)
    assert found is not None
    return found


def target(row: dict[str, Any] | None = None, provider: Provider = DISCOUNTED) -> Target:
    """Returns a target at the price of its batches, where it has one."""
    model = Model(
        name="here.one", provider="here", id="one", max_output=1_000, price=price_from(OWN if row is None else row)
    )
    return Target(model=model, provider=provider, wire_id="one")


def dollars(price: Price | None, *, tokens: int = 1_000_000, cached: int = 0, at: float = 0.0) -> Decimal | None:
    """Returns what a million tokens in and none out cost."""
    assert price is not None
    return cost(price, Usage(input=tokens, cached=cached), at=at)


def test_a_models_own_batch_price_is_before_its_providers_discount() -> None:
    """What the row says is known; the discount is for rows that say nothing."""
    assert dollars(batch_price(priced(OWN), DISCOUNTED)) == Decimal("0.5")
    assert dollars(batch_price(priced({"input": 2, "output": 10}), DISCOUNTED)) == Decimal(1)
    assert batch_price(priced({"input": 2, "output": 10}), BARE) is None


def test_tiers_and_hours_are_discounted_in_the_same_proportion() -> None:
    """A batch above the tier costs a quarter of what it costs alone there, as it does below."""
    row = {
        **OWN, "tiers": [{"above": 100, "input": 4, "output": 15}],
        "windows": [{"days": [4], "from": "00:00", "to": "24:00", "input": 8, "output": 40}],
    }  # fmt: skip
    price = batch_price(priced(row), DISCOUNTED)
    friday = 86_400.0
    assert (dollars(price, tokens=100, at=friday), dollars(price, at=friday)) == (Decimal("0.00005"), Decimal(1))
    assert dollars(price, tokens=100) == Decimal("0.0002")  # 1970 began on a Thursday


def test_a_condition_on_what_the_base_does_not_price_stays_as_it_is() -> None:
    """There is no proportion to go by."""
    row = {"input": 0, "output": 10, "tiers": [{"above": 100, "input": 4}], "variants": {"batch": {"output": 5}}}
    assert dollars(batch_price(priced(row), DISCOUNTED)) == Decimal(4)


@pytest.mark.parametrize(
    ("changes", "private", "has_shape", "why"),
    [
        ({}, False, True, ""), ({}, True, True, "it stays on your machines"),
        ({"local": True}, False, True, "it stays on your machines"),
        ({}, False, False, "here has no batch interface that is known here"),
        ({"provider": BARE, "model": target({"input": 1, "output": 1}).model}, False, True,
         "no batch price of here.one is known"),
        ({"model": replace(target().model, price=None)}, False, True, "no batch price of here.one is known"),
    ],
)  # fmt: skip
def test_what_takes_no_batch_says_why(changes: dict[str, Any], private: bool, has_shape: bool, why: str) -> None:  # noqa: FBT001
    """What is private never goes to one, and one that is not known to be cheaper is not worth the wait."""
    assert why_no_batch(replace(target(), **changes), private=private, has_shape=has_shape) == why


def test_documents_share_what_is_left_of_the_budget() -> None:
    """Each of many gets a cap that its part buys, and no call is ever reserved beyond the wall."""
    found = batch_target(target())
    assert found is not None
    big = replace(found, model=replace(found.model, max_output=100_000))
    limits = Limits(budget={"run": Decimal(1)}, budgets_set=frozenset({"run"}))
    booking = booked(big, limits, Spend(), wanted=None, tokens=0, at=0.0, parts=10)
    assert isinstance(booking, Booking)
    assert (booking.cap, booking.worst) == (25_000, Decimal("0.1"))
    refused = booked(big, limits, Spend(run=Decimal("0.99")), wanted=25_000, tokens=0, at=0.0)
    assert isinstance(refused, Failure)
    assert refused.kind == "budget"


def answer(usage: Usage = USAGE, text: str = "yes", reasoning: str = "") -> Answer:
    """Returns an answer."""
    return Answer(text=text, usage=usage, reasoning=reasoning)


def failure(kind: FailureKind, certainty: Certainty = "exact", usage: Usage | None = None) -> Failure:
    """Returns a failure."""
    return Failure(kind=kind, message="", certainty=certainty, usage=usage or Usage())


def batched() -> Target:
    """Returns the target at its batch's price: 0.5 in, 4 out."""
    found = batch_target(target())
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("outcome", "dollars", "certainty"),
    [
        (answer(), "0.000095", "exact"),
        (answer(Usage()), "0.000024", "estimate"),
        (answer(Usage(input=10**9, output=10**9, known=True)), "0.000425", "estimate"),
        (failure("interrupted", "not_sent"), "0", "not_sent"),
        (failure("server"), "0", "exact"),
        (failure("bad_response", "in_doubt"), "0.25", "in_doubt"),
        (failure("bad_response", "exact", USAGE), "0.000095", "exact"),
    ],
)  # fmt: skip
def test_a_document_is_booked_at_the_price_of_the_batch(
    outcome: Answer | Failure, dollars: str, certainty: str
) -> None:
    """What was not worked on and what failed costs nothing; what is in doubt costs the most that it can."""
    attempt = ended(batched(), outcome, entry=ENTRY, at=0.0)
    assert (attempt.cost, attempt.certainty, attempt.cost_known) == (Decimal(dollars), certainty, True)


@pytest.mark.parametrize(
    ("outcome", "back"),
    [
        (answer(), False), (failure("interrupted", "not_sent"), True), (failure("server"), True),
        (failure("rate_limit"), True), (failure("bad_request"), False), (failure("content_filter"), False),
        (failure("bad_response", "exact", USAGE), False), (failure("server", "in_doubt"), False),
    ],
)  # fmt: skip
def test_only_what_surely_was_not_answered_goes_back(outcome: Answer | Failure, back: bool) -> None:  # noqa: FBT001
    """A request that is at fault would be at fault again, and one in doubt may be billed twice."""
    assert goes_back(ended(batched(), outcome, entry=ENTRY, at=0.0)) is back
