"""How often a provider may be asked: requests a second, tokens a minute, calls at one time.

Pure: what was taken so far and what time it is are arguments, and the next state is part of the result. Times are
seconds on the machine's monotonic clock, which is one for all processes until the next boot.
"""

from collections.abc import Mapping
from typing import Any

from outrider.data import Failure
from outrider.records import record, replace

RATE_NAMES = ("requests_per_second", "tokens_per_minute", "concurrency")
GRACE = 0.5
"""How late a turn may be taken: what a busy machine needs, and too little for a second's turns to pile up."""
POLL = 0.25
"""When to look again where nobody knows when the calls under way will end."""
MINUTE = 60.0


@record
class Rate:
    """What one provider may be asked; None is no limit."""

    requests_per_second: float | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None


@record
class Pace:
    """What was taken of a rate: when the last turn is or was, and until when the tokens are spoken for.

    Both lie in the near future at most, whatever rate they were taken at: a project with a rate of one request a year
    slows itself down, and no other.
    """

    requests: float = float("-inf")
    tokens: float = float("-inf")


@record
class Wait:
    """Not yet: for how many seconds, for which limit, and from when on a turn is kept for the caller."""

    seconds: float
    limit: str
    turn: float | None = None


def rate_from(provider_row: Mapping[str, Any]) -> Rate | None:
    """Reads a provider's rate; None where nothing limits it."""
    said = provider_row.get("limits", {})
    found = {name: said[name] for name in RATE_NAMES if said.get(name) is not None}
    return Rate(**found) if found else None


def with_least(
    values: Mapping[str, Any],
    base: Mapping[str, Any],
    *,
    own: tuple[Mapping[str, Any], ...],
    projects: tuple[Mapping[str, Any], ...],
) -> dict[str, Any]:
    """Returns the merged provider rows with the smallest rates that any layer sets, or else the shipped ones.

    The user may raise what is shipped; a project raises nothing.
    """
    result = dict(values)
    for name, row in values.items():
        shipped = _least((_own_limits(base, name),))
        users = shipped | _least(tuple(_own_limits(layer, name) for layer in own))
        least = _least((users, *(_own_limits(layer, name) for layer in projects)))
        if least:
            result[name] = {**row, "limits": {**row.get("limits", {}), **least}}
    return result


def _least(said: tuple[Mapping[str, Any], ...]) -> dict[str, Any]:
    return {key: min(found) for key in RATE_NAMES if (found := [limits[key] for limits in said if key in limits])}


def _own_limits(providers: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    row = providers.get(name)
    limits = row.get("limits") if isinstance(row, Mapping) else None
    return limits if isinstance(limits, Mapping) else {}


def take(
    rate: Rate, pace: Pace, *, now: float, tokens: int, open_calls: int, turn: float | None, patience: float
) -> tuple[Pace, Wait | None]:
    """Says whether a call may leave now (None) or has to wait, and what is taken of the rate by that.

    Requests leave evenly spaced, and who comes early gets a turn: a place in the queue, taken when it is given. No
    turn is given to who cannot wait for it. `tokens` are the most that the call can use; what it did not use is given
    back by `returned`. `turn` is the one given before, `patience` for how long the caller can wait at most.
    """
    if rate.concurrency is not None and open_calls >= rate.concurrency:
        return pace, Wait(seconds=POLL, limit=f"{rate.concurrency} calls at one time", turn=turn)
    per_second = (rate.tokens_per_minute or 0) / MINUTE
    # A call that may use more than a minute's tokens takes the whole minute.
    wanted = min(tokens, rate.tokens_per_minute or 0)
    if rate.tokens_per_minute is not None:
        over = max(pace.tokens - now, 0.0) * per_second + wanted - rate.tokens_per_minute
        if over > 1e-6:
            # The calls under way will give back what they did not use, nobody knows when.
            seconds = min(over / per_second, POLL) if open_calls else over / per_second
            return pace, Wait(seconds=seconds, limit=f"{rate.tokens_per_minute:,} tokens a minute", turn=turn)
    pace, wait = _next_request(rate, pace, now=now, turn=turn, patience=patience)
    if wait is None and rate.tokens_per_minute is not None:
        pace = replace(pace, tokens=max(pace.tokens, now) + wanted / per_second)
    return pace, wait


def _next_request(
    rate: Rate, pace: Pace, *, now: float, turn: float | None, patience: float
) -> tuple[Pace, Wait | None]:
    if rate.requests_per_second is None:
        return pace, None
    limit = f"{rate.requests_per_second:g} requests a second"
    if turn is not None and now <= turn + GRACE:
        return pace, None if now >= turn else Wait(seconds=turn - now, limit=limit, turn=turn)
    mine = max(now, pace.requests + 1 / rate.requests_per_second)
    if mine - now > patience:
        return pace, Wait(seconds=mine - now, limit=limit)
    return replace(pace, requests=mine), Wait(seconds=mine - now, limit=limit, turn=mine) if mine > now else None


def returned(rate: Rate, pace: Pace, *, taken: int, used: int) -> Pace:
    """Returns the pace after a call has ended that had taken more tokens than it used, or fewer."""
    if rate.tokens_per_minute is None:
        return pace
    per_second = rate.tokens_per_minute / MINUTE
    return replace(pace, tokens=pace.tokens + (used - min(taken, rate.tokens_per_minute)) / per_second)


def gave_up(wait: Wait, provider: str) -> Failure:
    """Returns the failure of a call that cannot wait for its turn. It never left, and is not worth another try."""
    return Failure(
        kind="rate_limit", certainty="not_sent", retry_after=float("inf"),
        message=f"{provider} may be asked {wait.limit}, and a turn does not come in time",
    )  # fmt: skip


def closed(seconds: float, target: str) -> Failure:
    """Returns the failure of a call to a target that has asked to be left alone, and still has to be."""
    return Failure(
        kind="rate_limit", certainty="not_sent", retry_after=seconds,
        message=f"{target} asked to be left alone, {seconds:.0f} s more",
    )  # fmt: skip
