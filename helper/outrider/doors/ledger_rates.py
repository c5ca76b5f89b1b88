"""What was taken of each provider's rate, and which targets asked to be left alone: rows that all processes share.

Every function works inside a transaction of the ledger. Moments are of the monotonic clock and mean nothing after a
boot, so each row names its own.
"""

import time

from outrider.data import Attempt, Failure, Target
from outrider.doors.ledger_file import Connection
from outrider.rules import rates
from outrider.rules.limits import Booking

REFUSED = "rate_limit"


class Turns:
    """The rates as one transaction sees them, with its own calls taken; `write` keeps each provider's once."""

    def __init__(self, connection: Connection, boot: str) -> None:
        self._connection = connection
        self._boot = boot
        self._closed: dict[str, float | None] = {}
        self._paces: dict[str, rates.Pace] = {}
        self._open: dict[str, int] = {}
        self._changed: set[str] = set()

    def ask(self, target: Target, booking: Booking) -> rates.Wait | Failure | None:
        """Says whether a call may leave now (None), has to wait for its turn, or cannot wait for it."""
        now = time.monotonic()
        until = self._closed_until(_key(target))
        if until is not None and until > now:
            return rates.closed(until - now, target.name)
        rate = rates.rate_from(target.provider.row)
        if rate is None:
            return None
        name = target.provider.name
        before = self._pace(name)
        after, wait = rates.take(
            rate, before, now=now, tokens=booking.tokens, open_calls=self._open_calls(name),
            turn=booking.turn, patience=booking.patience,
        )  # fmt: skip
        if after != before:
            self._keep(name, after)
        if wait is not None and wait.seconds > booking.patience:
            return rates.gave_up(wait, name)
        return wait

    def left(self, target: Target) -> None:
        """Counts a call that leaves."""
        self._count(target.provider.name, 1)

    def came_back(self, attempt: Attempt, *, taken: int) -> None:
        """Gives back the tokens that a call did not use, and remembers how long its target asked to be left alone."""
        outcome, target = attempt.outcome, attempt.target
        self._count(target.provider.name, -1)
        asked = outcome.retry_after if isinstance(outcome, Failure) and outcome.kind == REFUSED else None
        if asked is not None and attempt.certainty != "not_sent":
            until = time.monotonic() + asked
            self._connection.execute(
                "INSERT INTO closures VALUES (?1, ?2, ?3) ON CONFLICT (target) DO UPDATE SET boot = ?2,"
                " until = CASE WHEN boot = ?2 THEN MAX(until, ?3) ELSE ?3 END",
                (_key(target), self._boot, until),
            )
            self._closed.pop(_key(target), None)
        rate = rates.rate_from(target.provider.row)
        if rate is None or rate.tokens_per_minute is None:
            return
        usage = outcome.usage
        # What is in doubt may have used all that it took.
        used = taken if attempt.certainty == "in_doubt" else usage.input + usage.output
        name = target.provider.name
        self._keep(name, rates.returned(rate, self._pace(name), taken=taken, used=used))

    def write(self) -> None:
        """Writes what was taken and given back."""
        for name in sorted(self._changed):
            pace = self._paces[name]
            self._connection.execute(
                "INSERT OR REPLACE INTO paces VALUES (?, ?, ?, ?)", (name, self._boot, pace.requests, pace.tokens)
            )

    def _closed_until(self, key: str) -> float | None:
        if key not in self._closed:
            row = self._connection.execute(
                "SELECT until FROM closures WHERE target = ? AND boot = ?", (key, self._boot)
            ).fetchone()
            self._closed[key] = row["until"] if row is not None else None
        return self._closed[key]

    def _open_calls(self, provider: str) -> int:
        if provider not in self._open:
            row = self._connection.execute(
                "SELECT COUNT(*) AS calls FROM attempts WHERE outcome = 'open' AND boot <> 'batch' AND provider = ?",
                (provider,),
            ).fetchone()
            self._open[provider] = int(row["calls"])
        return self._open[provider]

    def _count(self, provider: str, calls: int) -> None:
        if provider in self._open:
            self._open[provider] += calls

    def _pace(self, provider: str) -> rates.Pace:
        if provider not in self._paces:
            row = self._connection.execute(
                "SELECT requests, tokens FROM paces WHERE provider = ? AND boot = ?", (provider, self._boot)
            ).fetchone()
            self._paces[provider] = (
                rates.Pace() if row is None else rates.Pace(requests=row["requests"], tokens=row["tokens"])
            )
        return self._paces[provider]

    def _keep(self, provider: str, pace: rates.Pace) -> None:
        self._paces[provider] = pace
        self._changed.add(provider)


def _key(target: Target) -> str:
    return target.health_key.encode("utf-8", "replace").decode()
