"""The failure table: for each kind of failure, what is asked next, after which wait, and when it ends."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Attempt, Failure, FailureKind, Passed, Route, Target
from outrider.rules.fallback import MAX_ATTEMPTS, Done, GiveUp, Try, has_others, next_move
from outrider.rules.limits import Limits
from outrider.rules.quota import LEAST
from tests.rules.making import ANSWER, NO_BUDGET, attempt, failed, route, target

A = target("a.one", context=8_000)
B = target("b.two", context=200_000)
C = target("c.three", context=32_000)

TABLE: tuple[tuple[str, Failure, str, str], ...] = (
    # failure, then who is asked after which seconds: with another target behind, and alone, when it fails every time
    ("500", failed("server", status=500), "a a b b+0.5 b+1", "a a+0.5 a+1"),
    ("529", failed("server", status=529), "a a b b+0.5 b+1", "a a+0.5 a+1"),
    ("408", failed("server", status=408), "a a b b+0.5 b+1", "a a+0.5 a+1"),
    ("error in a stream", failed("server"), "a a b b+0.5 b+1", "a a+0.5 a+1"),
    ("501", failed("server", status=501), "a b", "a"),
    ("505", failed("server", status=505), "a b", "a"),
    ("503 with Retry-After", failed("server", status=503, retry_after=3.0), "a a b b+3 b+3", "a a+3 a+3"),
    ("503 with a long Retry-After", failed("server", status=503, retry_after=60.0), "a a b", "a"),
    ("429", failed("rate_limit", status=429), "a b b+1 b+2", "a a+1 a+2"),
    ("429 with Retry-After", failed("rate_limit", status=429, retry_after=7.0), "a b b+7 b+7", "a a+7 a+7"),
    ("429 at the cap", failed("rate_limit", status=429, retry_after=20.0), "a b b+20 b+20", "a a+20 a+20"),
    ("429 over the cap", failed("rate_limit", status=429, retry_after=20.1), "a b", "a"),
    ("quota", failed("quota", status=429), "a b", "a"),
    ("quota with a wait", failed("quota", status=402, retry_after=1.0), "a b", "a"),
    ("auth", failed("auth", status=401), "a b", "a"),
    ("not found", failed("not_found", status=404), "a b", "a"),
    ("context", failed("context", status=413), "a b", "a"),
    ("content filter", failed("content_filter", status=403), "a", "a"),
    ("bad request", failed("bad_request", status=400), "a", "a"),
    ("no answer in time", failed("timeout", certainty="in_doubt"), "a b", "a"),
    ("connect timeout", failed("timeout", certainty="not_sent"), "a b b", "a a"),
    ("refused", failed("network", certainty="not_sent"), "a b b+0.5", "a a+0.5"),
    ("reset", failed("network", certainty="in_doubt"), "a a b b+0.5", "a a+0.5"),
    ("tls", failed("tls", certainty="not_sent"), "a b", "a"),
    ("redirect", failed("redirect", status=302), "a b", "a"),
    ("bad body", failed("bad_response", status=200), "a a b b+0.5", "a a+0.5"),
    ("empty", failed("empty"), "a a b b+0.5", "a a+0.5"),
    ("thinking ate it", failed("truncated"), "a b", "a"),
    ("broken off", failed("incomplete", partial="half"), "a a b b+0.5", "a a+0.5"),
    ("endless", failed("too_large"), "a b", "a"),
    ("budget", failed("budget", certainty="not_sent"), "a b", "a"),
    ("not local", failed("private", certainty="not_sent"), "a", "a"),
    ("storage", failed("storage", certainty="not_sent"), "a", "a"),
    ("interrupted", failed("interrupted", certainty="in_doubt"), "a", "a"),
)  # fmt: skip
FAULTS = tuple(row[1] for row in TABLE)


def walk(
    way: Route, *failures: Failure, limits: Limits = NO_BUDGET, chance: float = 1.0, may_grow: bool = False
) -> tuple[tuple[Try, ...], Failure]:
    """Walks a route on which the failures come in turn, the last one for ever; returns every step and the end."""
    attempts: tuple[Attempt, ...] = ()
    steps: tuple[Try, ...] = ()
    while isinstance(move := next_move(way, attempts, limits, chance=chance), Try):
        steps = (*steps, move)
        outcome = failures[min(len(attempts), len(failures) - 1)]
        attempts = (*attempts, attempt(move.target, outcome, waited=move.after, may_grow=may_grow))
    assert isinstance(move, GiveUp)
    return steps, move.failure


def plain(steps: tuple[Try, ...]) -> str:
    """Names the provider of each step, and the seconds before it where there are any."""
    return " ".join(f"{step.target.provider.name}{f'+{step.after:g}' if step.after else ''}" for step in steps)


def test_the_table_is_whole() -> None:
    """Every kind of failure has a row."""
    assert {failure.kind for failure in FAULTS} == set(get_args(FailureKind))


@pytest.mark.parametrize(("failure", "steps"), [row[1:3] for row in TABLE], ids=[row[0] for row in TABLE])
def test_with_another_target(failure: Failure, steps: str) -> None:
    """At most one repeat and no wait where another target is left; waits are spent on the last one."""
    assert plain(walk(route(A, B), failure)[0]) == steps


@pytest.mark.parametrize(("failure", "steps"), [(row[1], row[3]) for row in TABLE], ids=[row[0] for row in TABLE])
def test_alone(failure: Failure, steps: str) -> None:
    """The only target is repeated as the table says, and its own failure is what is reported."""
    taken, reported = walk(route(A), failure)
    assert (plain(taken), reported) == (steps, failure)


@pytest.mark.parametrize("failure", FAULTS, ids=[row[0] for row in TABLE])
def test_what_was_shown_ends_the_run(failure: Failure) -> None:
    """No other text follows what a person has read already, whatever failed."""
    assert next_move(route(A, B), (attempt(A, failure, shown=True),), NO_BUDGET) == GiveUp(failure=failure)


@pytest.mark.parametrize("failure", FAULTS, ids=[row[0] for row in TABLE])
def test_without_retries_each_target_is_asked_once(failure: Failure) -> None:
    """`retries: 0` leaves one call a target."""
    asked = plain(walk(route(A, B), failure, limits=Limits(budget={}, retries=0))[0])
    assert asked in {"a", "a b"}


@pytest.mark.parametrize("failure", FAULTS, ids=[row[0] for row in TABLE])
def test_a_route_that_took_its_time_ends(failure: Failure) -> None:
    """After the route's seconds nothing more is asked."""
    assert isinstance(next_move(route(A, B), (attempt(A, failure),), NO_BUDGET, elapsed=100.0), GiveUp)


def test_the_first_move() -> None:
    """A run begins with the first target, at once."""
    assert next_move(route(A, B), (), NO_BUDGET) == Try(target=A)


def test_an_answer_ends_the_run() -> None:
    """An answer is the end, after failures too."""
    history = (attempt(A, failed("server", status=500)), attempt(B))
    assert next_move(route(A, B), history, NO_BUDGET) == Done(answer=ANSWER)


@pytest.mark.parametrize(
    ("passed", "message"),
    [
        ((), "no usable model (the chain is empty)"),
        (
            tuple(Passed(model=f"m{n}", why="no key") for n in range(4)),
            "no usable model (m0: no key; m1: no key; m2: no key)",
        ),
    ],
)
def test_a_route_without_targets(passed: tuple[Passed, ...], message: str) -> None:
    """Where nothing can be asked, the reasons are given."""
    expected = GiveUp(failure=Failure(kind="not_found", message=message))
    assert next_move(route(passed=passed), (), NO_BUDGET) == expected


def test_a_filtered_answer_falls_over_where_the_route_opts_in() -> None:
    """`content_filter: next` asks the next one, each once."""
    way = route(A, B, content_filter_falls_over=True)
    assert plain(walk(way, failed("content_filter"))[0]) == "a b"


@pytest.mark.parametrize(
    ("targets", "failures", "names"),
    [
        ((B, A), ("context",), "b"),
        ((C, A, B), ("context",), "cb"),
        ((A, C, B), ("context",), "acb"),
        ((C, B, A), ("context", "auth"), "cb"),
        ((C, target("d.four"), B), ("context", "auth"), "cb"),
        ((target("d.four"), A), ("context", "auth"), "da"),
        ((target("d.four"), target("e.five")), ("context",), "d"),
        ((target("f.six", context=1_000_000, row={"max_input": 100_000}), B), ("context", "auth"), "fb"),
        ((C, target("f.six", context=64_000, row={"max_input": 30_000}), B), ("context", "auth"), "cb"),
    ],
    ids=["none larger", "smaller passed", "each larger", "still remembered", "unknown passed", "unknown first",
         "both unknown", "its input counts", "their input counts"],
)  # fmt: skip
def test_a_prompt_too_long_goes_only_to_larger_windows(
    targets: tuple[Target, ...], failures: tuple[FailureKind, ...], names: str
) -> None:
    """What one window could not hold is never sent to one that is not known to be larger, also later in the run."""
    steps, _ = walk(route(*targets), *(failed(kind) for kind in failures))
    assert plain(steps) == " ".join(names)


def test_json_cut_by_its_cap_is_asked_for_once_more_without_it() -> None:
    """A schema's answer that its cap cut gets one attempt with a larger limit, then the next target."""
    steps, reported = walk(route(A, B), failed("truncated", partial='{"a":'), may_grow=True)
    assert steps == (
        Try(target=A), Try(target=A, uncapped=True), Try(target=B), Try(target=B, uncapped=True),
    )  # fmt: skip
    assert reported.kind == "truncated"


@pytest.mark.parametrize(("partial", "may_grow"), [("", True), ("{", False)], ids=["no text", "no larger cap"])
def test_what_cannot_grow_is_never_asked_the_same_again(partial: str, *, may_grow: bool) -> None:
    """A thinking model that used up its cap, or a cap at its maximum, goes to the next one."""
    assert plain(walk(route(A, B), failed("truncated", partial=partial), may_grow=may_grow)[0]) == "a b"


REFUSED = failed("network", "cannot connect: refused", certainty="not_sent")
SILENT = failed("timeout", "no connection in 5 s", certainty="not_sent")
OFFLINE = failed("network", "no model could be reached: you seem to be offline", certainty="not_sent")


@pytest.mark.parametrize(
    ("targets", "failures", "reported"),
    [
        ((A, B), (REFUSED,), OFFLINE),
        ((A, B), (REFUSED, SILENT), OFFLINE),
        ((A, target("box.one", local=True)), (REFUSED,), OFFLINE),
        ((A,), (REFUSED,), REFUSED),
        ((target("box.one", local=True), target("hut.two", local=True)), (REFUSED,), REFUSED),
        ((A, B), (failed("auth"), REFUSED), REFUSED),
        (
            (A, B),
            (REFUSED, failed("network", "reset", certainty="in_doubt")),
            failed("network", "reset", certainty="in_doubt"),
        ),
        ((A, B), (failed("server", "one", status=500), failed("quota", "two")), failed("quota", "two")),
        (
            (A, B),
            (failed("auth", "one"), failed("budget", "two", certainty="not_sent")),
            failed("budget", "two (after auth: one)", certainty="not_sent"),
        ),
        ((A, B), (failed("budget", "one", certainty="not_sent"),), failed("budget", "one", certainty="not_sent")),
    ],
    ids=[
        "refused",
        "silent",
        "with a local one",
        "one target",
        "local servers down",
        "one was reached",
        "reset",
        "last one",
        "what used the budget up",
        "nothing but the budget",
    ],
)
def test_what_is_reported(targets: tuple[Target, ...], failures: tuple[Failure, ...], reported: Failure) -> None:
    """The last failure is told, and "offline" where nothing beyond this machine could be reached at all."""
    assert walk(route(*targets), *failures)[1] == reported


def test_a_wait_that_the_route_has_no_time_for_is_not_begun() -> None:
    """The last target is given up when its wait would end behind the route's limit."""
    failure = failed("rate_limit", retry_after=10.0)
    history = (attempt(A, failure),)
    assert next_move(route(A), history, NO_BUDGET, elapsed=89.9) == Try(target=A, after=10.0, is_repeat=True)
    assert next_move(route(A), history, NO_BUDGET, elapsed=90.0) == GiveUp(failure=failure)


def test_chance_spreads_the_backoff() -> None:
    """Full jitter: the wait is a share of the step, and a wait that the server named is kept exactly."""
    assert next_move(route(A), (attempt(A, failed("rate_limit")),), NO_BUDGET, chance=0.25) == Try(
        target=A, after=0.25, is_repeat=True
    )
    asked = failed("rate_limit", retry_after=3.0)
    assert next_move(route(A), (attempt(A, asked),), NO_BUDGET, chance=0.25) == Try(target=A, after=3.0, is_repeat=True)


@pytest.mark.parametrize(
    ("targets", "failure", "repeats"),
    [
        ((A, B), failed("server", status=500), [False, True, False, True, True]),
        ((A, B), failed("auth"), [False, False]),
        ((A,), failed("rate_limit"), [False, True, True]),
        ((A,), failed("rate_limit", certainty="not_sent"), [False, False, False]),
        ((A,), failed("truncated", partial="{"), [False, False]),
    ],
    ids=["one repeat each", "none", "waits", "held back here", "a larger cap"],
)
def test_what_the_quota_pays_for(targets: tuple[Target, ...], failure: Failure, repeats: list[bool]) -> None:
    """What asks the same target the same again is a repeat; another target, a turn or a larger cap is none."""
    assert [step.is_repeat for step in walk(route(*targets), failure, may_grow=True)[0]] == repeats


def test_an_empty_purse_forbids_repeats_alone() -> None:
    """Without quota the next target is asked, or the end is there; a larger cap is still tried."""
    failure = failed("server", status=500)
    history = (attempt(A, failure),)
    assert next_move(route(A, B), history, NO_BUDGET, purse=LEAST) == Try(target=B)
    assert next_move(route(A, B), history, NO_BUDGET, purse=LEAST + 1) == Try(target=A, is_repeat=True)
    assert next_move(route(A), history, NO_BUDGET, purse=LEAST) == GiveUp(failure=failure)
    cut = (attempt(A, failed("truncated", partial="{"), may_grow=True),)
    assert next_move(route(A, B), cut, NO_BUDGET, purse=0) == Try(target=A, uncapped=True)


@pytest.mark.parametrize(("kind", "ceiling"), [("server", 8.0), ("rate_limit", 20.0)])
def test_a_backoff_has_a_ceiling(kind: FailureKind, ceiling: float) -> None:
    """However often a user wants to repeat, one wait stays bounded."""
    limits = Limits(budget={}, retries=20)
    waits = [step.after for step in walk(route(A), failed(kind), limits=limits)[0]]
    assert len(waits) == 21
    assert max(waits) == ceiling


def test_has_others() -> None:
    """Another target is left while one is neither asked nor too small."""
    too_long = (attempt(A, failed("context")),)
    assert has_others(route(A, B), (), A)
    assert not has_others(route(A), (), A)
    assert not has_others(route(A, B), (attempt(A, failed("auth")),), B)
    assert not has_others(route(B, A, C), (attempt(B, failed("auth")), *too_long), C)


def test_the_same_target_twice_is_asked_as_one() -> None:
    """Two names of one way count as one, so that a chain cannot ask it twice as often."""
    assert plain(walk(route(A, A), failed("auth"))[0]) == "a"


def test_a_long_chain_is_bounded() -> None:
    """No chain makes more than so many calls, and the end is a failure like any other."""
    way = route(*(target(f"p{n}.one") for n in range(40)))
    steps, reported = walk(way, failed("server", status=500))
    assert (len(steps), reported.kind) == (MAX_ATTEMPTS, "server")


TARGETS = st.lists(
    st.builds(
        lambda n, window: target(f"p{n}.one", context=window), st.integers(0, 9), st.sampled_from([None, 8_000, 64_000])
    ),
    max_size=8,
)
LIMITS = st.builds(
    lambda retries, most: Limits(budget={}, retries=retries, max_wait=most),
    st.integers(0, 4),
    st.sampled_from([0.0, 20.0]),
)
ENDS = st.lists(st.tuples(st.sampled_from(FAULTS), st.booleans(), st.floats(0, 40)), min_size=1, max_size=40)


@given(TARGETS, LIMITS, ENDS, st.floats(0, 1, exclude_max=True), st.booleans())
def test_no_history_breaks_the_rule(
    targets: list[Target],
    limits: Limits,
    ends: list[tuple[Failure, bool, float]],
    chance: float,
    falls_over: bool,  # noqa: FBT001 - hypothesis hands values by place
) -> None:
    """Whatever fails in whatever order, it ends, waits only on the last, repeats nothing shown, says the same twice."""
    way = route(*targets, content_filter_falls_over=falls_over)
    attempts: tuple[Attempt, ...] = ()
    elapsed = 0.0
    move = next_move(way, attempts, limits, chance=chance)
    for failure, shown, seconds in ends * MAX_ATTEMPTS:
        move = next_move(way, attempts, limits, elapsed=elapsed, chance=chance)
        assert move == next_move(way, attempts, limits, elapsed=elapsed, chance=chance)
        if not isinstance(move, Try):
            break
        last = attempts[-1] if attempts else None
        asked = [one.target.health_key for one in attempts]
        assert move.target in targets
        assert last is None or not last.shown
        assert 0 <= move.after <= limits.max_wait
        assert elapsed + move.after < limits.route
        assert asked.count(move.target.health_key) <= max(limits.retries, 0)
        if move.target.health_key in asked:
            # A repeat is always of the last one asked; it waits only where nothing else is left.
            assert last is not None
            assert last.target.health_key == move.target.health_key
        if move.after:
            left = {one.health_key for one in targets} - set(asked)
            too_small = any(isinstance(one.outcome, Failure) and one.outcome.kind == "context" for one in attempts)
            assert not left or too_small
        elapsed += move.after + seconds
        attempts = (*attempts, attempt(move.target, failure, shown=shown, may_grow=True))
    assert isinstance(move, GiveUp)
    assert len(attempts) <= MAX_ATTEMPTS
