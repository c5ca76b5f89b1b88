"""By when something is wanted, and what follows from it: ask at once, or hand it to a provider's batch and wait.

Pure: the moment and the clock's distance from UTC are arguments. A provider's batch costs about half and may take a
day, and most are done within the hour; what it has not done when it is stopped is not billed. So a batch is worth a
try whenever there is time to wait for it and still ask one by one what it left over.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Literal

from outrider.errors import OutriderError
from outrider.records import record

Offset = Callable[[float], float]
"""How many seconds local time is ahead of UTC at a moment."""

SPANS = {"m": 60.0, "min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
LONGEST = 30 * 86_400.0
"""Nobody keeps a batch's results longer than about a month."""
LEAST_WAIT = 900.0
"""A batch that could be waited for no longer than this is not worth its calls."""
SLACK = 2.0
"""How many times the time that asking one by one should take is kept for it."""
MARGIN = 300.0
"""Seconds that are kept between the last answer and the deadline, besides."""
SOONEST_POLL, LATEST_POLL = 20.0, 600.0
SETTLING = 120.0
"""For how many seconds after it left a call may still come to be in a provider's list."""
_SPAN = re.compile(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*(m|min|h|d|w)")
_CLOCK = re.compile(r"(?:(today|tomorrow)\s*)?(?:at\s+)?(?:([0-9]{1,2}):([0-9]{2}))?")
_HINT = "write it as `--by 2h`, `--by 18:00`, `--by 'tomorrow 09:00'` or `--by 2026-12-01T09:00`"


def parse(text: str, *, now: float, offset: Offset) -> float:
    """Returns the moment that a text means, in seconds since 1970; local time, where it says no zone."""
    said = " ".join(text.lower().split())
    moment = _span(said, now=now)
    if moment is None:
        moment = _clock(said, now=now, offset=offset)
    if moment is None:
        moment = _date(text.strip(), offset=offset)
    shown = text if len(text) <= 40 else text[:40] + "…"
    if moment is None:
        raise OutriderError(f"`{shown}` is no time", hint=_HINT)
    if moment <= now:
        raise OutriderError(f"`{shown}` is over", hint=_HINT)
    if moment > now + LONGEST:
        raise OutriderError(f"`{shown}` is more than 30 days away", hint="no provider keeps a batch that long")
    return moment


def _span(said: str, *, now: float) -> float | None:
    found = _SPAN.fullmatch(said)
    return now + float(found[1]) * SPANS[found[2]] if found is not None else None


def _clock(said: str, *, now: float, offset: Offset) -> float | None:
    """Reads a time of day: the next one, or that of today or tomorrow. A day alone means its end."""
    found = _CLOCK.fullmatch(said)
    if found is None or not said or not (found[1] or found[2]):
        return None
    day, hour, minute = found[1], int(found[2] or 23), int(found[3] or 59)
    if hour > 23 or minute > 59:
        return None
    today = datetime.fromtimestamp(now + offset(now), tz=UTC).replace(hour=hour, minute=minute, second=0, microsecond=0)
    moment = _moment(today + timedelta(days=1 if day == "tomorrow" else 0), offset)
    return _moment(today + timedelta(days=1), offset) if day is None and moment <= now else moment


def _date(text: str, *, offset: Offset) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return _moment(moment.replace(tzinfo=UTC), offset)
        return moment.timestamp()
    except (ValueError, OverflowError):
        return None


def _moment(wall: datetime, offset: Offset) -> float:
    """Returns when clocks on the wall show this. Twice an hour of the year does, and one does never: near is enough."""
    shown = wall.timestamp()
    return shown - offset(shown - offset(shown))


@record
class Plan:
    """Which way, why, and when what a batch has not done is asked one by one (None: never)."""

    way: Literal["sync", "batch"]
    why: str
    fall_back_at: float | None = None


def plan(*, now: float, by: float, seconds: float, window: float, cancel: float, barred: str = "") -> Plan:
    """Decides between asking one by one, which takes so many `seconds`, and a batch with this `window`.

    `barred` says why there is no batch at all; `cancel` is how long stopping one takes.
    """
    if barred:
        return Plan(way="sync", why=barred)
    fall_back_at = by - seconds * SLACK - cancel - MARGIN
    if fall_back_at - now < LEAST_WAIT:
        return Plan(way="sync", why="too little time to wait for a batch")
    if by - now >= window:
        return Plan(way="batch", why="there is time for its whole window", fall_back_at=fall_back_at)
    return Plan(way="batch", why="tried until time is short", fall_back_at=fall_back_at)


def next_poll(*, now: float, since: float, fall_back_at: float | None, asked: float | None = None) -> float:
    """Returns when to look again at a batch that runs `since`: more seldom with time, never past the fallback.

    `asked` is for how many seconds the provider wants to be left alone.
    """
    wait = min(max((now - since) / 10, SOONEST_POLL), LATEST_POLL)
    at = now + max(wait, min(asked or 0.0, LATEST_POLL))
    return min(at, fall_back_at) if fall_back_at is not None and fall_back_at > now else at


def is_short(*, now: float, fall_back_at: float | None) -> bool:
    """Whether what is not done has to be taken back now, to be asked one by one."""
    return fall_back_at is not None and now >= fall_back_at


def may_be_listed_later(*, now: float, left: float) -> bool:
    """Whether a batch that a provider does not list may still appear there, its call having left a moment ago."""
    return now < left + SETTLING
