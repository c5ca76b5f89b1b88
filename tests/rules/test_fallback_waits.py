"""What follows from a history, whatever happened in it: bounded, patient only at the end, and never twice in vain."""

from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Answer, Attempt, Certainty, Failure, FailureKind, Outcome, Route, Target, Usage
from outrider.rows import Model, Provider
from outrider.rules import quota
from outrider.rules.fallback import MAX_ATTEMPTS, Done, GiveUp, Try, next_move
from outrider.rules.limits import Limits

LIMITS = Limits(budget={"run": Decimal(1)})
STOPS = {"bad_request", "storage", "interrupted", "private", "content_filter"}
NEVER_AGAIN = {"quota", "auth", "not_found", "tls", "redirect", "too_large", "context", "budget"}
WAITS = st.one_of(st.none(), st.floats(0, 1e6), st.just(float("inf")))
OUTCOMES = st.one_of(
    st.builds(
        Failure,
        kind=st.sampled_from(get_args(FailureKind)), message=st.just("no"), retry_after=WAITS,
        status=st.sampled_from([None, 200, 429, 500, 501, 503, 529]), certainty=st.sampled_from(get_args(Certainty)),
        partial=st.sampled_from(["", "Par"]),
    ),
    st.just(Answer(text="yes", usage=Usage())),
)  # fmt: skip


def target(name: str) -> Target:
    """Returns a way to a model at a provider of its own."""
    return Target(
        model=Model(name=name, provider=name, id=name, context=1_000), provider=Provider(name=name, dialect="openai"),
        wire_id=name,
    )  # fmt: skip


def a_route(size: int, *, wait: float = 0.0) -> Route:
    """Returns a route over so many targets."""
    targets = tuple(target(f"t{number}") for number in range(size))
    return Route(task="t", rule="default", level=None, targets=targets, passed=(), wait=wait)


def check_step(route: Route, attempts: tuple[Attempt, ...], move: Try, *, purse: int) -> None:
    """Sees that one more call may follow from these."""
    last = attempts[-1].outcome
    assert isinstance(last, Failure)
    assert last.kind not in STOPS
    assert attempts[-1].target != move.target or last.kind not in NEVER_AGAIN
    assert quota.allows(purse) or not move.is_repeat
    assert 0 <= move.after <= LIMITS.max_wait
    has_asked_all = len({attempt.target.name for attempt in attempts}) == len(route.targets)
    has_overflown = any(isinstance(one.outcome, Failure) and one.outcome.kind == "context" for one in attempts)
    assert move.after == 0 or has_asked_all or has_overflown


@given(
    size=st.integers(1, 6), outcomes=st.lists(OUTCOMES, min_size=30, max_size=30), chance=st.floats(0, 0.999),
    purse=st.integers(0, quota.FULL),
)  # fmt: skip
def test_a_run_is_bounded_whatever_happens(size: int, outcomes: list[Outcome], chance: float, purse: int) -> None:
    """No history makes it long, impatient, or ask again where that is vain or the quota is spent."""
    route = a_route(size)
    attempts: tuple[Attempt, ...] = ()
    for outcome in outcomes:
        move = next_move(route, attempts, LIMITS, chance=chance, purse=purse)
        if not isinstance(move, Try):
            break
        if attempts:
            check_step(route, attempts, move, purse=purse)
        attempts = (*attempts, Attempt(target=move.target, outcome=outcome))
    assert isinstance(next_move(route, attempts, LIMITS, chance=chance, purse=purse), Done | GiveUp)
    assert len(attempts) <= min(2 * size + 1, MAX_ATTEMPTS)


@pytest.mark.parametrize(("wait", "after"), [(0.0, 0.0), (3.0, 3.0), (20.0, 20.0), (20.1, 0.0), (float("inf"), 0.0)])
def test_the_only_target_is_waited_for_as_long_as_the_cap(wait: float, after: float) -> None:
    """What another process was told to wait is waited here, within the cap."""
    route = a_route(1, wait=wait)
    assert next_move(route, (), LIMITS) == Try(target=route.targets[0], after=after)


def test_a_call_that_was_held_back_costs_no_token() -> None:
    """It never left: waiting for its turn is no repeat, and an empty purse does not forbid it."""
    held = Failure(kind="rate_limit", message="closed", retry_after=2.0, certainty="not_sent")
    route = a_route(1)
    attempts = (Attempt(target=route.targets[0], outcome=held, certainty="not_sent"),)
    assert next_move(route, attempts, LIMITS, purse=0) == Try(target=route.targets[0], after=2.0)
