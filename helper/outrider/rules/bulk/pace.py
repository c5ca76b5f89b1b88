"""How many calls a provider gets at one time: fewer when it refuses, is late or slows down, more while it is well.

A server that queues instead of refusing (most local ones do) shows it by its latency alone: calls take longer and no
more of them are answered. So the time of recent answers is held against the best that was seen.
"""

from outrider.records import record, replace

REFUSED = frozenset({"rate_limit"})
LATE = frozenset({"timeout"})
HALF, LESS = 0.5, 0.8
SLOWER = 2.5
"""So many times the best seen is slow: below that it is the documents that differ."""
FORGETTING = 1.05
"""By how much the best seen is believed less with every round, so that a slow hour becomes the new measure."""
LEAST_ROUND = 8
"""How many answers are needed before they say anything."""


@record
class Pace:
    """How many calls at one time a provider gets now, `most` at most.

    `best` is the mean time of the fastest round, `answers` and `seconds` are of the round that is running, `held` is
    how many answers must come before it is slowed down again: the calls under way know nothing of the last time.
    """

    now: float
    most: int
    best: float | None = None
    answers: int = 0
    seconds: float = 0.0
    held: int = 0

    @property
    def calls(self) -> int:
        """The whole number of calls at one time."""
        return max(int(self.now), 1)


def begun(most: int) -> Pace:
    """Returns the pace of a provider that nobody has asked yet: as wished."""
    return Pace(now=float(most), most=most)


def after(pace: Pace, kind: str | None, seconds: float) -> Pace:
    """Returns the pace after one more call has ended: answered (`kind` is None) or failed, after so many seconds."""
    held = max(pace.held - 1, 0)
    if kind in REFUSED or kind in LATE:
        if held:
            return replace(pace, held=held)
        now = max(pace.now * HALF, 1.0)
        return replace(pace, now=now, held=int(pace.now), answers=0, seconds=0.0)
    if kind is not None:
        return replace(pace, held=held)
    grown = pace.now if held else min(pace.now + 1 / pace.now, float(pace.most))
    pace = replace(pace, now=grown, held=held, answers=pace.answers + 1, seconds=pace.seconds + seconds)
    return pace if pace.answers < max(LEAST_ROUND, pace.calls) else _after_round(pace)


def _after_round(pace: Pace) -> Pace:
    mean = pace.seconds / pace.answers
    best = mean if pace.best is None else min(pace.best * FORGETTING, mean)
    if mean > SLOWER * best and pace.now > 1:
        return replace(
            pace, now=max(pace.now * LESS, 1.0), best=best, answers=0, seconds=0.0, held=pace.calls
        )  # fmt: skip
    return replace(pace, best=best, answers=0, seconds=0.0)
