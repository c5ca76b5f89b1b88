"""By when something is wanted, and whether a provider's batch may be tried first: a table, since no clock is read."""

from datetime import UTC, datetime

import pytest

from outrider.errors import OutriderError
from outrider.rules.deadlines import (
    LATEST_POLL,
    SOONEST_POLL,
    Plan,
    is_short,
    may_be_listed_later,
    next_poll,
    parse,
    plan,
)

HOUR = 3_600.0
DAY = 24 * HOUR


def at(text: str) -> float:
    """Returns a moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NOW = at("2026-11-21T14:30:20")


def east(hours: float) -> float:
    """Returns how far clocks there are ahead, in seconds."""
    return hours * HOUR


@pytest.mark.parametrize(
    ("text", "hours", "moment"),
    [
        ("2h", 0, NOW + 2 * HOUR), ("90m", 0, NOW + 1.5 * HOUR), ("1.5h", 0, NOW + 1.5 * HOUR),
        ("45 min", 0, NOW + 2_700), ("1d", 0, NOW + DAY), ("  2 H ", 0, NOW + 2 * HOUR), ("1w", 0, NOW + 7 * DAY),
        ("18:00", 0, at("2026-11-21T18:00:00")), ("09:00", 0, at("2026-11-22T09:00:00")),
        ("14:30", 0, at("2026-11-22T14:30:00")), ("at 18:00", 0, at("2026-11-21T18:00:00")),
        ("tomorrow 09:00", 0, at("2026-11-22T09:00:00")), ("Tomorrow at 9:00", 0, at("2026-11-22T09:00:00")),
        ("today 18:00", 0, at("2026-11-21T18:00:00")), ("tomorrow", 0, at("2026-11-22T23:59:00")),
        ("today", 0, at("2026-11-21T23:59:00")),
        ("18:00", 1, at("2026-11-21T17:00:00")), ("15:00", 1, at("2026-11-22T14:00:00")),
        ("00:30", 10, at("2026-11-22T14:30:00")), ("01:00", 10, at("2026-11-21T15:00:00")),
        ("tomorrow 09:00", -8, at("2026-11-22T17:00:00")), ("tomorrow 01:00", 10, at("2026-11-22T15:00:00")),
        ("2026-12-01T09:00", 0, at("2026-12-01T09:00:00")), ("2026-12-01 09:00", 2, at("2026-12-01T07:00:00")),
        ("2026-12-01T09:00Z", 2, at("2026-12-01T09:00:00")), ("2026-12-01T09:00+02:00", 0, at("2026-12-01T07:00:00")),
        ("2026-12-01", 0, at("2026-12-01T00:00:00")),
    ],
)  # fmt: skip
def test_a_time_may_be_a_span_a_clock_a_day_or_a_date(text: str, hours: float, moment: float) -> None:
    """Local time is meant where the text says no zone; a time of day alone is the next one."""
    assert parse(text, now=NOW, offset=lambda _: east(hours)) == moment


def test_a_clock_that_changes_meanwhile_is_the_clock_of_that_day() -> None:
    """Nine o'clock is nine o'clock after the clocks went back."""
    change = at("2026-11-22T01:00:00")
    assert parse("tomorrow 09:00", now=NOW, offset=lambda moment: east(2 if moment < change else 1)) == at(
        "2026-11-22T08:00:00"
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "`` is no time"), ("soon", "`soon` is no time"), ("25:00", "`25:00` is no time"),
        ("12:75", "`12:75` is no time"), ("-2h", "`-2h` is no time"), ("2026-13-01", "`2026-13-01` is no time"),
        ("today 09:00", "`today 09:00` is over"), ("0h", "`0h` is over"),
        ("2026-11-21T10:00", "`2026-11-21T10:00` is over"),
        ("40d", "`40d` is more than 30 days away"), ("999999w", "`999999w` is more than 30 days away"),
        ("9999-12-31T23:59:59", "`9999-12-31T23:59:59` is more than 30 days away"),
        ("x" * 99, f"`{'x' * 40}…` is no time"),
        ("0001-01-01T00:00", "`0001-01-01T00:00` is over"), ("tomorrow 9", "`tomorrow 9` is no time"),
        ("at", "`at` is no time"),
    ],
)  # fmt: skip
def test_what_is_no_time_to_come_is_refused(text: str, problem: str) -> None:
    """The refusal names it and shows how it is written."""
    with pytest.raises(OutriderError) as refused:
        parse(text, now=NOW, offset=lambda _: 0.0)
    assert (refused.value.message, bool(refused.value.hint)) == (problem, True)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"by": 2 * DAY}, Plan(way="batch", why="there is time for its whole window", fall_back_at=2 * DAY - 2_100)),
        ({"by": 2 * HOUR}, Plan(way="batch", why="tried until time is short", fall_back_at=2 * HOUR - 2_100)),
        ({"by": 3_000}, Plan(way="batch", why="tried until time is short", fall_back_at=900)),
        ({"by": 2_999}, Plan(way="sync", why="too little time to wait for a batch")),
        ({"by": 2 * HOUR, "seconds": HOUR}, Plan(way="sync", why="too little time to wait for a batch")),
        ({"by": 2 * DAY, "barred": "it stays on your machines"}, Plan(way="sync", why="it stays on your machines")),
    ],
)  # fmt: skip
def test_a_batch_is_tried_while_there_is_time_to_ask_one_by_one_after_it(
    wanted: dict[str, object], expected: Plan
) -> None:
    """What it has not done when time is short is asked one by one, with twice the time that should take."""
    given = {"now": 0.0, "seconds": 600.0, "window": DAY, "cancel": 600.0, **wanted}
    assert plan(**given) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("passed", "fall_back_at", "asked", "wait"),
    [
        (0, None, None, SOONEST_POLL), (HOUR, None, None, 360), (DAY, None, None, LATEST_POLL),
        (HOUR, HOUR + 100, None, 100), (HOUR, HOUR - 100, None, 360), (0, None, 120, 120),
        (0, None, 1e9, LATEST_POLL), (0, None, -5, SOONEST_POLL),
    ],
)  # fmt: skip
def test_a_batch_is_looked_at_more_seldom_the_longer_it_takes(
    passed: float, fall_back_at: float | None, asked: float | None, wait: float
) -> None:
    """Never past the moment at which it is taken back, and as seldom as the provider asks."""
    assert next_poll(now=passed, since=0.0, fall_back_at=fall_back_at, asked=asked) == passed + wait


def test_time_is_short_from_the_fallback_on() -> None:
    """Without a fallback it never is."""
    assert [is_short(now=now, fall_back_at=at) for now, at in ((9.0, 10.0), (10.0, 10.0), (99.0, None))] == [
        False, True, False,
    ]  # fmt: skip


def test_what_left_a_moment_ago_may_still_be_listed() -> None:
    """After two minutes a provider would list it."""
    assert [may_be_listed_later(now=now, left=0.0) for now in (0.0, 119.0, 120.0)] == [True, True, False]
