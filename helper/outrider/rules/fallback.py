"""What to do next, given what has been tried: the failure table as one pure function.

With another usable target left, at most one immediate repeat and no waiting; waits are spent only on the last
target. The history alone decides, so a past run can be replayed from its ledger rows.
"""

from typing import assert_never

from outrider.data import Answer, Attempt, Failure, Route, Target
from outrider.records import record, replace
from outrider.rules import quota
from outrider.rules.limits import Limits

REPEATED_STATUS = frozenset({408, 409, 425, 500, 502, 503, 504, 529})
"""Server errors worth one more try at the same place; other 5xx say «never» rather than «not now»."""
MAX_ATTEMPTS = 24
"""A bound on one route, whatever its chain: no chain may become an amplifier."""
BACKOFF_CEILING = 8.0
THROTTLE_CEILING = 20.0


@record
class Try:
    """The next thing to do: ask this target, after this many seconds.

    `uncapped` lets the answer be as long as the model and the budget allow, whatever was asked for; `is_repeat` says
    that the retry quota pays for it.
    """

    target: Target
    after: float = 0.0
    uncapped: bool = False
    is_repeat: bool = False


@record
class Done:
    """There is an answer."""

    answer: Answer


@record
class GiveUp:
    """Nothing more can be tried; `failure` is the one to report."""

    failure: Failure


Move = Try | Done | GiveUp


def next_move(
    route: Route,
    attempts: tuple[Attempt, ...],
    limits: Limits,
    *,
    elapsed: float = 0.0,
    chance: float = 1.0,
    purse: int = quota.FULL,
) -> Move:
    """Returns what follows from the history.

    `chance` in [0, 1) spreads the waits, `elapsed` is in seconds, `purse` is the retry quota of the provider that was
    asked last.
    """
    if not attempts:
        return _first(route, limits)
    last = attempts[-1]
    match last.outcome:
        case Answer() as answer:
            return Done(answer=answer)
        case Failure() as failure:
            return _after_failure(route, attempts, limits, failure=failure, elapsed=elapsed, chance=chance, purse=purse)
        case never:
            assert_never(never)


def _first(route: Route, limits: Limits) -> Move:
    if route.targets:
        # What another process was told to wait is waited here too; what is longer may have been mended since.
        return Try(target=route.targets[0], after=route.wait if route.wait <= limits.max_wait else 0.0)
    reasons = "; ".join(f"{passed.model}: {passed.why}" for passed in route.passed[:3])
    return GiveUp(failure=Failure(kind="not_found", message=f"no usable model ({reasons or 'the chain is empty'})"))


def _after_failure(
    route: Route,
    attempts: tuple[Attempt, ...],
    limits: Limits,
    *,
    failure: Failure,
    elapsed: float,
    chance: float,
    purse: int,
) -> Move:
    if attempts[-1].shown:
        # Text that a person has already read is never continued by another model.
        return GiveUp(failure=failure)
    if failure.kind in {"bad_request", "storage", "interrupted", "private"}:
        return GiveUp(failure=failure)
    if failure.kind == "content_filter" and not route.content_filter_falls_over:
        return GiveUp(failure=failure)
    if len(attempts) >= MAX_ATTEMPTS or elapsed >= limits.route:
        return GiveUp(failure=_to_report(attempts))
    others = _others(route, attempts)
    target = attempts[-1].target
    tries = _tries(attempts, target)
    if _was_cut_by_its_cap(attempts[-1]) and tries <= 1 and limits.retries > 0:
        return Try(target=target, uncapped=True)
    if others:
        if tries <= 1 and limits.retries > 0 and quota.allows(purse) and _is_worth_one_repeat(failure):
            return Try(target=target, is_repeat=True)
        return Try(target=others[0])
    wait = _wait(failure, tries=tries, limits=limits, chance=chance)
    # A call that was held back here, for what another process was told, was none yet.
    is_repeat = failure.kind != "rate_limit" or failure.certainty != "not_sent"
    if wait is None or elapsed + wait >= limits.route or (is_repeat and not quota.allows(purse)):
        return GiveUp(failure=_to_report(attempts))
    return Try(target=target, after=wait, is_repeat=is_repeat)


def _others(route: Route, attempts: tuple[Attempt, ...]) -> tuple[Target, ...]:
    """Returns the targets that were not asked yet and whose window is larger than each that was too small."""
    tried = {attempt.target.health_key for attempt in attempts}
    left = tuple(target for target in route.targets if target.health_key not in tried)
    too_small = [
        _window(attempt.target)
        for attempt in attempts
        if isinstance(attempt.outcome, Failure) and attempt.outcome.kind == "context"
    ]
    return tuple(target for target in left if _window(target) > max(too_small)) if too_small else left


def has_others(route: Route, attempts: tuple[Attempt, ...], target: Target) -> bool:
    """Whether another target is left behind this one."""
    return any(other.health_key != target.health_key for other in _others(route, attempts))


def _window(target: Target) -> int:
    """Returns the tokens that a target takes in, 0 where nobody says."""
    return int(target.model.row.get("max_input") or target.model.context or 0)


def _was_cut_by_its_cap(attempt: Attempt) -> bool:
    """Whether JSON was cut short by a cap that may still grow; text without a schema is an answer, cut or not."""
    outcome = attempt.outcome
    return isinstance(outcome, Failure) and outcome.kind == "truncated" and bool(outcome.partial) and attempt.may_grow


def _tries(attempts: tuple[Attempt, ...], target: Target) -> int:
    return sum(attempt.target.health_key == target.health_key for attempt in attempts)


def _is_worth_one_repeat(failure: Failure) -> bool:
    match failure.kind:
        case "server":
            return failure.status is None or failure.status in REPEATED_STATUS or failure.status == 200
        case "network":
            # A refused connection will be refused again; a reset may be chance.
            return failure.certainty != "not_sent"
        case "bad_response" | "empty" | "incomplete":
            return True
        case _:
            return False


def _wait(failure: Failure, *, tries: int, limits: Limits, chance: float) -> float | None:
    """Returns how long to wait before the last target is asked again, or None to stop."""
    match failure.kind:
        case "server" if failure.status in REPEATED_STATUS or failure.status in {None, 200}:
            most, wait = limits.retries, _backoff(tries, step=0.5, ceiling=BACKOFF_CEILING, chance=chance)
        case "rate_limit":
            most, wait = limits.retries, _backoff(tries, step=1.0, ceiling=THROTTLE_CEILING, chance=chance)
        case "network" | "bad_response" | "empty" | "incomplete":
            most, wait = min(limits.retries, 1), _backoff(tries, step=0.5, ceiling=1.0, chance=chance)
        case "timeout" if failure.certainty == "not_sent":
            most, wait = min(limits.retries, 1), 0.0
        case _:
            return None
    if tries > most:
        return None
    if failure.retry_after is not None:
        wait = failure.retry_after
    return wait if wait <= limits.max_wait else None


def _backoff(tries: int, *, step: float, ceiling: float, chance: float) -> float:
    return chance * min(step * 2.0 ** min(tries - 1, 30), ceiling)


def _to_report(attempts: tuple[Attempt, ...]) -> Failure:
    """Returns the last failure, or the one word for all of them where nothing beyond this machine was reached."""
    failures = [(attempt.target, attempt.outcome) for attempt in attempts if isinstance(attempt.outcome, Failure)]
    last = failures[-1][1]
    told = [failure for _, failure in failures if failure.kind != "budget"]
    if last.kind == "budget" and told:
        # The wall stopped the run, and what had used the budget up is the other half of the story.
        return replace(last, message=f"{last.message} (after {told[-1].kind}: {told[-1].message})")
    is_several = len({target.health_key for target, _ in failures}) > 1
    has_remote = any(not target.local for target, _ in failures)
    if is_several and has_remote and all(_is_unreached(failure) for _, failure in failures):
        return replace(last, kind="network", message="no model could be reached: you seem to be offline")
    return last


def _is_unreached(failure: Failure) -> bool:
    return failure.kind in {"network", "timeout"} and failure.certainty == "not_sent"
