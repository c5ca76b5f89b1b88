"""How often a provider may be asked: evenly spaced turns, a minute's tokens, room for some calls at one time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.rates import GRACE, POLL, Pace, Rate, Wait, rate_from, returned, take, with_least

FIVE = Rate(requests_per_second=5)
FRESH = Pace()


def near(value: float) -> Any:
    """Returns what compares equal to numbers that are nearly this."""
    return pytest.approx(value)


def asked(rate: Rate, pace: Pace, now: float, **more: Any) -> tuple[Pace, Wait | None]:
    """Asks for a turn with plenty of patience."""
    return take(rate, pace, **{"now": now, "tokens": 0, "open_calls": 0, "turn": None, "patience": 20.0, **more})


@pytest.mark.parametrize(
    ("row", "rate"),
    [
        ({}, None),
        ({"limits": {"total": 900}}, None),
        ({"limits": {"requests_per_second": 5}}, FIVE),
        ({"limits": {"tokens_per_minute": 9, "concurrency": 2, "idle": 3}}, Rate(tokens_per_minute=9, concurrency=2)),
    ],
)
def test_a_row_says_its_rate(row: dict[str, Any], rate: Rate | None) -> None:
    """A provider without such limits has no rate, and costs nothing to ask."""
    assert rate_from(row) == rate


def test_the_first_leaves_at_once_and_the_others_get_turns() -> None:
    """Five at one moment leave a fifth of a second apart, in the order in which they came."""
    pace, waits = FRESH, []
    for _ in range(5):
        pace, wait = asked(FIVE, pace, 100.0)
        waits.append(0.0 if wait is None else round(wait.seconds, 6))
    assert waits == [0.0, 0.2, 0.4, 0.6, 0.8]


def test_a_turn_is_taken_once_and_in_time() -> None:
    """Who waited for a turn leaves on it; who comes far too late gets another, or late ones would leave together."""
    _, wait = asked(FIVE, Pace(requests=100.0), 100.0)
    assert wait == Wait(seconds=near(0.2), limit="5 requests a second", turn=near(100.2))
    pace = Pace(requests=100.2)
    assert asked(FIVE, pace, 100.1, turn=100.2)[1] == Wait(seconds=near(0.1), limit="5 requests a second", turn=100.2)
    assert asked(FIVE, pace, 100.2, turn=100.2) == (pace, None)
    assert asked(FIVE, pace, 100.2 + GRACE, turn=100.2) == (pace, None)
    crowded = Pace(requests=101.0)
    late = asked(FIVE, crowded, 100.8, turn=100.2)
    assert late == (
        Pace(requests=near(101.2)),
        Wait(seconds=near(0.4), limit="5 requests a second", turn=near(101.2)),
    )


def test_no_turn_is_kept_for_who_cannot_wait() -> None:
    """A caller without patience hears how long it would be, and pushes nobody back."""
    pace = Pace(requests=110.0)
    assert asked(FIVE, pace, 100.0, patience=5.0) == (
        pace, Wait(seconds=near(10.2), limit="5 requests a second"),
    )  # fmt: skip


def test_another_layers_rate_leaves_nothing_behind() -> None:
    """A project that allows one request a year slows itself down, and no other project of the user."""
    slow = Rate(requests_per_second=1e-9)
    pace, wait = asked(slow, FRESH, 100.0)
    assert wait is None
    after, wait = asked(slow, pace, 101.0)
    assert wait is not None
    assert wait.seconds > 1e8
    assert asked(FIVE, after, 102.0)[1] is None


@pytest.mark.parametrize(("open_calls", "waits"), [(0, 0), (2, 0), (3, 1), (9, 1)])
def test_there_is_room_for_some_calls(open_calls: int, waits: int) -> None:
    """Where the room is full, the caller looks again soon; nobody knows when it will be free."""
    _, wait = asked(Rate(concurrency=3), FRESH, 100.0, open_calls=open_calls)
    assert wait == (Wait(seconds=POLL, limit="3 calls at one time") if waits else None)


def test_a_minute_has_its_tokens() -> None:
    """Calls leave while the minute has room for all that they may use, then as it empties."""
    rate, pace = Rate(tokens_per_minute=6_000), FRESH
    for _ in range(3):
        pace, wait = asked(rate, pace, 100.0, tokens=2_000)
        assert wait is None
    _, wait = asked(rate, pace, 100.0, tokens=2_000)
    assert wait == Wait(seconds=near(20.0), limit="6,000 tokens a minute")
    assert asked(rate, pace, 120.0, tokens=2_000)[1] is None


def test_tokens_that_were_not_used_are_there_again() -> None:
    """A call that took 2,000 and used 500 leaves room for another; with calls under way it is worth looking soon."""
    rate, pace = Rate(tokens_per_minute=6_000), FRESH
    pace, _ = asked(rate, pace, 100.0, tokens=6_000)
    assert asked(rate, pace, 100.0, tokens=2_000, open_calls=1)[1] == Wait(seconds=POLL, limit="6,000 tokens a minute")
    pace = returned(rate, pace, taken=6_000, used=500)
    assert asked(rate, pace, 100.0, tokens=2_000)[1] is None


def test_a_call_larger_than_a_minute_takes_all_of_it() -> None:
    """It leaves where nothing else does, and what it used beyond is paid for in time."""
    rate = Rate(tokens_per_minute=6_000)
    pace, wait = asked(rate, FRESH, 100.0, tokens=50_000)
    assert wait is None
    pace = returned(rate, pace, taken=50_000, used=9_000)
    assert asked(rate, pace, 100.0, tokens=1)[1] == Wait(
        seconds=near(30.01), limit="6,000 tokens a minute"
    )  # fmt: skip


@given(
    st.lists(st.floats(0, 3), min_size=1, max_size=60),
    st.lists(st.floats(0, GRACE), min_size=60, max_size=60),
    st.sampled_from([1, 2, 5, 20]),
)
def test_no_second_sees_twice_the_rate(arrivals: list[float], lateness: list[float], per_second: int) -> None:
    """Whoever comes when, and however late each takes its turn."""
    rate, pace, left = Rate(requests_per_second=per_second), FRESH, []
    for arrival, late in zip(sorted(arrivals), lateness, strict=False):
        pace, wait = asked(rate, pace, 100.0 + arrival, patience=1e9)
        left.append(100.0 + arrival if wait is None or wait.turn is None else wait.turn + late)
    assert max(sum(start <= at < start + 1 for at in left) for start in left) <= 2 * per_second + 1


OWN = {"here": {"dialect": "openai", "limits": {"total": 900, "requests_per_second": 9}}}


@pytest.mark.parametrize(
    ("base", "own", "projects", "rates"),
    [
        ({}, (), (), {"requests_per_second": 9}),
        ({}, ({"requests_per_second": 9},), ({"requests_per_second": 50},), {"requests_per_second": 9}),
        ({}, ({"requests_per_second": 9},), ({"concurrency": 1},), {"requests_per_second": 9, "concurrency": 1}),
        ({"requests_per_second": 5}, ({"requests_per_second": 9},), (), {"requests_per_second": 9}),
        ({"requests_per_second": 5}, (), ({"requests_per_second": 9},), {"requests_per_second": 5}),
        ({}, ({"concurrency": 4}, {"concurrency": 2}), (), {"requests_per_second": 9, "concurrency": 2}),
    ],
)
def test_of_all_layers_the_smallest_counts(
    base: dict[str, Any], own: tuple[dict[str, Any], ...], projects: tuple[dict[str, Any], ...], rates: dict[str, Any]
) -> None:
    """The user may raise what is shipped; a project raises nothing."""
    layers = {
        "own": tuple({"here": {"limits": limits}} for limits in own),
        "projects": tuple({"here": {"limits": limits}} for limits in projects),
    }
    merged = with_least(OWN, {"here": {"limits": base}}, **layers)
    assert merged == {"here": {"dialect": "openai", "limits": {"total": 900, **rates}}}
