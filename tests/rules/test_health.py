"""How long a target rests after what happened to it."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Failure, FailureKind, Outcome
from outrider.rules.health import FOREVER, LONGEST_REST, WELL, Health, after, is_resting
from tests.rules.making import ANSWER, failed

NOW = 1_000.0
RESTS: dict[FailureKind, float | None] = {
    "server": 30, "timeout": 30, "network": 30, "tls": 30, "redirect": 30, "bad_response": 30, "incomplete": 30,
    "too_large": 30, "rate_limit": 5, "quota": 3_600, "auth": FOREVER, "not_found": 600,
    "context": None, "content_filter": None, "bad_request": None, "empty": None, "truncated": None, "budget": None,
    "private": None, "storage": None, "interrupted": None,
}  # fmt: skip


def test_every_kind_has_a_rest_or_none() -> None:
    """The table below names every kind of failure."""
    assert set(RESTS) == set(get_args(FailureKind))


@pytest.mark.parametrize("kind", RESTS)
def test_the_first_rest(kind: FailureKind) -> None:
    """A well target rests as its failure asks; what says nothing of it changes nothing."""
    rest = RESTS[kind]
    expected = WELL if rest is None else Health(failures=1, kind=kind, until=NOW + rest, message="no")
    assert after(WELL, failed(kind), now=NOW) == expected


@pytest.mark.parametrize(
    ("asked", "until"), [(0.0, NOW), (0.5, NOW + 0.5), (90.0, NOW + 90), (86_400.0, NOW + 86_400), (-1.0, NOW)]
)
def test_a_rate_limit_rests_until_the_given_time(asked: float, until: float) -> None:
    """What the server asked for is kept for every process, however long."""
    health = after(WELL, failed("rate_limit", retry_after=asked), now=NOW)
    assert health == Health(failures=1, kind="rate_limit", until=until, message="no")


def test_no_short_wait_opens_an_empty_purse() -> None:
    """A quota rests an hour, whatever wait a server names beside it."""
    assert after(WELL, failed("quota", retry_after=1.0), now=NOW).until == NOW + 3_600


def test_a_failed_probe_doubles_the_rest() -> None:
    """Thirty seconds, doubled by each call that fails after the rest, up to ten minutes."""
    health, now, rests = WELL, NOW, []
    for _ in range(8):
        health = after(health, failed("server"), now=now)
        rests.append(health.until - now)
        now = health.until
    assert rests == [30, 60, 120, 240, 480, 600, 600, 600]


def test_calls_under_way_at_one_blip_count_once() -> None:
    """Many processes that meet one fault do not close a target for ten minutes."""
    health = WELL
    for late in range(64):
        health = after(health, failed("server"), now=NOW + late / 100)
    assert health == Health(failures=1, kind="server", until=NOW + 30 + 0.63, message="no")


@pytest.mark.parametrize(
    "health",
    [
        Health(failures=1, kind="quota", until=NOW + 3_000, message="no credit"),
        Health(failures=1, kind="auth", until=FOREVER, message="refused"),
        Health(failures=1, kind="rate_limit", until=NOW + 50, message="slow"),
    ],
    ids=["quota", "auth", "rate limit"],
)
def test_the_longer_rest_stands(health: Health) -> None:
    """A fault with a short rest does not shorten a longer one."""
    assert after(health, failed("server", status=500), now=NOW) == health


@pytest.mark.parametrize(
    "health",
    [
        Health(failures=3, kind="server", until=NOW + 100),
        Health(failures=1, kind="auth", until=FOREVER),
        Health(failures=1, kind="rate_limit", until=NOW - 1),
    ],
    ids=["resting", "refused key", "over"],
)
def test_an_answer_makes_well(health: Health) -> None:
    """Who answers is well."""
    assert after(health, ANSWER, now=NOW) == WELL


def test_an_answer_under_way_does_not_lift_a_rate_limit() -> None:
    """A `Retry-After` that one process saw is kept by the others, though an older call is answered meanwhile."""
    health = Health(failures=1, kind="rate_limit", until=NOW + 60)
    assert after(health, ANSWER, now=NOW + 1) == health


def test_a_message_is_kept_short() -> None:
    """A server's words are stored for `why`, not its novels."""
    assert after(WELL, failed("server", "x" * 500), now=NOW).message == "x" * 200


@pytest.mark.parametrize(("now", "rests"), [(NOW - 0.1, True), (NOW, False), (NOW + 1, False)])
def test_a_rest_ends_on_time(now: float, *, rests: bool) -> None:
    """At the end of its rest a target is asked again."""
    assert is_resting(Health(failures=1, kind="server", until=NOW), now=now) is rests


def test_a_well_target_never_rests() -> None:
    """Health without a fault is no rest, at the first second of a boot too."""
    assert not is_resting(WELL, now=0.0)


FAILURES = st.builds(
    lambda kind, asked: failed(kind, retry_after=asked),
    st.sampled_from(sorted(RESTS)),
    st.none() | st.floats(0, 86_400),
)
EVENTS = st.lists(st.tuples(st.just(ANSWER) | FAILURES, st.floats(0, 4_000)), max_size=20)


@given(EVENTS)
def test_no_fault_shortens_a_rest(events: list[tuple[Outcome, float]]) -> None:
    """Only an answer ends a rest early, and what may be waited out ends at all."""
    health, now = WELL, NOW
    for outcome, seconds in events:
        before, health = health, after(health, outcome, now=now)
        if isinstance(outcome, Failure):
            assert health.until >= before.until
            assert health.kind == "auth" or health.until <= max(before.until, now + 86_400)
            if health != before and health.kind == "server":
                assert health.until - now <= LONGEST_REST
        now += seconds
