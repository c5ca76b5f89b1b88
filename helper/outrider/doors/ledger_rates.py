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


def ask_for_turn(connection: Connection, boot: str, target: Target, booking: Booking) -> rates.Wait | Failure | None:
    """Says whether a call may leave now (None), has to wait for its turn, or cannot wait for it."""
    now = time.monotonic()
    seconds = _closed_for(connection, boot, target, now=now)
    if seconds > 0:
        return rates.closed(seconds, target.name)
    rate = rates.rate_from(target.provider.row)
    if rate is None:
        return None
    name = target.provider.name
    before = _pace(connection, boot, name)
    after, wait = rates.take(
        rate, before, now=now, tokens=booking.tokens, open_calls=_open_calls(connection, name),
        turn=booking.turn, patience=booking.patience,
    )  # fmt: skip
    if after != before:
        _keep(connection, boot, name, after)
    if wait is not None and wait.seconds > booking.patience:
        return rates.gave_up(wait, name)
    return wait


def after_call(connection: Connection, boot: str, attempt: Attempt, *, taken: int) -> None:
    """Gives back the tokens that a call did not use, and remembers for how long its target asked to be left alone."""
    outcome, target = attempt.outcome, attempt.target
    asked = outcome.retry_after if isinstance(outcome, Failure) and outcome.kind == REFUSED else None
    if asked is not None and attempt.certainty != "not_sent":
        until = time.monotonic() + asked
        connection.execute(
            "INSERT INTO closures VALUES (?1, ?2, ?3) ON CONFLICT (target) DO UPDATE SET boot = ?2,"
            " until = CASE WHEN boot = ?2 THEN MAX(until, ?3) ELSE ?3 END",
            (_key(target), boot, until),
        )
    rate = rates.rate_from(target.provider.row)
    if rate is None or rate.tokens_per_minute is None:
        return
    usage = outcome.usage
    # What is in doubt may have used all that it took.
    used = taken if attempt.certainty == "in_doubt" else usage.input + usage.output
    pace = rates.returned(rate, _pace(connection, boot, target.provider.name), taken=taken, used=used)
    _keep(connection, boot, target.provider.name, pace)


def _closed_for(connection: Connection, boot: str, target: Target, *, now: float) -> float:
    row = connection.execute(
        "SELECT until FROM closures WHERE target = ? AND boot = ?", (_key(target), boot)
    ).fetchone()  # fmt: skip
    return row["until"] - now if row is not None else 0.0


def _open_calls(connection: Connection, provider: str) -> int:
    row = connection.execute(
        "SELECT COUNT(*) AS calls FROM attempts WHERE outcome = 'open' AND provider = ?", (provider,)
    ).fetchone()
    return int(row["calls"])


def _pace(connection: Connection, boot: str, provider: str) -> rates.Pace:
    row = connection.execute(
        "SELECT requests, tokens FROM paces WHERE provider = ? AND boot = ?", (provider, boot)
    ).fetchone()
    return rates.Pace() if row is None else rates.Pace(requests=row["requests"], tokens=row["tokens"])


def _keep(connection: Connection, boot: str, provider: str, pace: rates.Pace) -> None:
    connection.execute(
        "INSERT OR REPLACE INTO paces VALUES (?, ?, ?, ?)", (provider, boot, pace.requests, pace.tokens)
    )  # fmt: skip


def _key(target: Target) -> str:
    return target.health_key.encode("utf-8", "replace").decode()
