"""What a test needs to book a call by hand: places, a target, a run, and checks that say yes or no."""

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

from outrider.data import Answer, Attempt, Certainty, Failure, FailureKind, Target, Usage
from outrider.doors.ledger import Check, Ledger, Reservation, RunRow
from outrider.doors.settings import Places
from outrider.rows import Model, Provider
from outrider.rules.limits import Booking, Spend
from outrider.rules.rates import Wait

WORST = Decimal("0.25")


def places_at(home: Path | str) -> Places:
    """Returns places with their home here, outside of any checkout."""
    return Places(home=str(home), claude=f"{home}/.claude", project=None, bundled="/nowhere")


def a_target(model: str = "here.one", *, key_id: str = "k1", base_url: str = "https://api.here.test/v1") -> Target:
    """Returns a way to a model at a provider with a key."""
    provider = Provider(name="here", dialect="openai", base_url=base_url, keys=("HERE_API_KEY",))
    return Target(
        model=Model(name=model, provider="here", id=model), provider=provider, wire_id=model, key_id=key_id
    )  # fmt: skip


def a_run(run: str = "run1", *, repository: str | None = None) -> RunRow:
    """Returns a run of `ask`."""
    return RunRow(
        id=run, command="ask", task="simple", rule="default", level="simple", preset=None, private=False,
        decision={"tokens": 3}, repository=repository,
    )  # fmt: skip


def allow(worst: Decimal = WORST) -> Check:
    """Returns a check that lets any call leave, reserving this."""
    return lambda _spend: Booking(cap=100, worst=worst, known=True)


def refuse(_spend: Spend) -> Failure:
    """Lets no call leave."""
    return Failure(kind="budget", message="the day budget has nothing left", certainty="not_sent")


def within(budget: Decimal, worst: Decimal = WORST) -> Check:
    """Returns a check that holds the day's budget."""

    def check(spend: Spend) -> Booking | Failure:
        return Booking(cap=100, worst=worst, known=True) if spend.day + worst <= budget else refuse(spend)

    return check


def reserve(
    ledger: Ledger,
    run: RunRow | None = None,
    target: Target | None = None,
    *,
    number: int = 1,
    check: Check | None = None,
    digest: str = "d1",
) -> Reservation | Failure | Wait:
    """Books the worst case of one call."""
    return ledger.reserve(
        run or a_run(), target or a_target(), number=number, check=check or allow(), prompt_digest=digest,
        prompt_bytes=12,
    )  # fmt: skip


def booked(ledger: Ledger, run: RunRow | None = None, target: Target | None = None, *, number: int = 1) -> Reservation:
    """Books one call that nothing stands against."""
    reservation = reserve(ledger, run, target, number=number)
    assert isinstance(reservation, Reservation)
    return reservation


def answered(target: Target | None = None, *, cost: str = "0.1", seconds: float = 1.5) -> Attempt:
    """Returns an attempt that ended in an answer."""
    usage = Usage(input=11, output=7, cached=3, cache_write=2, reasoning=1, known=True)
    answer = Answer(text="hello", usage=usage, served_by="one-2026", request_id="req_1")
    return Attempt(target=target or a_target(), outcome=answer, seconds=seconds, cost=Decimal(cost))


def failed(
    kind: FailureKind = "server",
    target: Target | None = None,
    *,
    message: str = "overloaded",
    certainty: Certainty = "exact",
    cost: str = "0",
    retry_after: float | None = None,
) -> Attempt:
    """Returns an attempt that ended in a failure."""
    failure = Failure(kind=kind, message=message, status=503, certainty=certainty, retry_after=retry_after)
    return Attempt(
        target=target or a_target(), outcome=failure, seconds=0.5, waited=2.0, cost=Decimal(cost), certainty=certainty
    )  # fmt: skip


def rows(home: Path | str, query: str) -> list[tuple[Any, ...]]:
    """Reads the book as another program would."""
    connection = sqlite3.connect(f"file:{home}/ledger.db?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
