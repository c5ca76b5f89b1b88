"""Budgets and rates are walls: many processes at one moment, on a provider that counts what it is asked and bills.

The small rounds are in the lane of whole commands; those marked `torture` are the full ones.
"""

import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.typing_it import write_layer
from tests.lanes import marked
from tests.torture.billing import BillingServer
from tests.torture.conftest import Measured
from tests.torture.crowd import Crowd, gather

ASK = ("ask", "-m", "bank.one", "--no-stream", "--max-output", "1000", "--json", "say something")
"""At most 1,000 tokens of answer: one cent, and a little for the question."""


class Ground(NamedTuple):
    """Where a round takes place, and how it tells its figures (the full ones do)."""

    home: Path
    folder: Path
    tell: Measured


@pytest.fixture
def ground(home: Path, tmp_path: Path, loopback: None, measured: Measured) -> Ground:
    """Makes a repository to stand in, with the loopback open."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir(parents=True)
    return Ground(home, folder, measured)


def book(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Reads the book as another program would."""
    connection = sqlite3.connect(f"file:{home}/.config/outrider/ledger.db?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def spent(home: Path, like: str) -> Decimal:
    """Returns a running total, which is also the sum of the attempts."""
    ((total,),) = book(home, f"SELECT SUM(nano) FROM spend WHERE period LIKE '{like}'")
    assert book(home, "SELECT SUM(cost_nano) FROM attempts") == [(total,)]
    assert book(home, "SELECT SUM(cost_nano) FROM runs") == [(total,)]
    return Decimal(total) / 10**9


def check_wall(crowd: Crowd, bank: BillingServer, home: Path, *, budget: Decimal, sent: int) -> None:
    """Holds a round to its promises: billed within the budget, refused is not sent, nobody ended otherwise."""
    assert bank.billed <= budget
    assert set(crowd.codes) <= {0, 5}
    assert crowd.codes.count(0) == len(bank.bills) == sent
    assert spent(home, "day:%") == bank.billed
    assert book(home, "SELECT COUNT(*) FROM attempts") == [(sent,)]


@pytest.mark.parametrize(
    ("count", "period"),
    [
        pytest.param(8, "day", marks=pytest.mark.process),
        pytest.param(32, "day", marks=pytest.mark.torture),
        pytest.param(32, "month", marks=pytest.mark.torture),
        pytest.param(32, "per_repo", marks=pytest.mark.torture),
    ],
)
def test_no_crowd_gets_past_a_budget(count: int, period: str, ground: Ground) -> None:
    """Processes at one moment against a budget for five calls: five are sent, and what is billed fits."""
    budget = Decimal("0.0505")
    with BillingServer(delay=0.5) as bank:
        write_layer(ground.home, bank.layer(limits={"budget_usd": {period: float(budget)}}))
        crowd = gather(count, ground.folder, *ASK)
        check_wall(crowd, bank, ground.home, budget=budget, sent=5)
        again = gather(2, ground.folder, *ASK)
        assert (again.codes, len(bank.bills)) == ((5, 5), 5)
    ground.tell(
        f"{count} processes, {period} budget ${budget}: {len(bank.bills)} sent, ${bank.billed} billed, "
        f"{crowd.codes.count(5)} refused, {crowd.seconds:.1f} s"
    )


@pytest.mark.torture
def test_what_was_not_used_is_there_for_the_next(ground: Ground) -> None:
    """Calls that turn out cheap make room for more, and still nothing gets past the wall."""
    budget = Decimal("0.0505")
    with BillingServer(delay=0.05, shares=(1, 10, 3, 7)) as bank:
        write_layer(ground.home, bank.layer(limits={"budget_usd": {"day": float(budget)}}))
        crowd = gather(32, ground.folder, *ASK, times=6)
        assert bank.billed <= budget
        assert spent(ground.home, "day:%") == bank.billed
        assert len(bank.bills) > 5
    ground.tell(
        f"32 processes, 6 calls each, bills of a whole to a tenth: {len(bank.bills)} sent, ${bank.billed} of "
        f"${budget} billed, {crowd.seconds:.1f} s"
    )


@pytest.mark.parametrize("count", [marked(8), pytest.param(32, marks=pytest.mark.torture)])
def test_a_killed_crowd_has_paid(count: int, ground: Ground) -> None:
    """What was in flight when every process was killed stays booked: the next ones get nothing that is spent."""
    budget = Decimal("0.0505")
    with BillingServer(delay=30) as bank:
        write_layer(ground.home, bank.layer(limits={"budget_usd": {"day": float(budget)}}))
        killed = gather(count, ground.folder / "killed", *ASK, kill=1.0 if count < 20 else 4.0)
        first = len(bank.bills)
        bank._delay = 0.0
        after = gather(count, ground.folder / "after", *ASK)
        assert bank.billed <= budget
        assert first <= 5
        assert after.codes.count(0) == len(bank.bills) - first
        assert spent(ground.home, "day:%") >= bank.billed
        assert book(ground.home, "SELECT COUNT(*) FROM attempts WHERE outcome = 'open'") == [(0,)]
    ground.tell(
        f"{count} killed with {first} in flight, {count} after them: {len(bank.bills)} sent in all, "
        f"${bank.billed} of ${budget} billed, {killed.codes.count(9)} killed"
    )


@pytest.mark.parametrize(
    ("count", "times"), [marked((6, 1)), pytest.param(16, 1, marks=pytest.mark.torture),
                         pytest.param(16, 4, marks=pytest.mark.torture)],
)  # fmt: skip
def test_no_crowd_is_faster_than_its_provider_allows(count: int, times: int, ground: Ground) -> None:
    """At five requests a second no second sees more than ten, everybody is served, and nobody waits for nothing."""
    with BillingServer(delay=0.05) as bank:
        write_layer(ground.home, bank.layer(rates={"requests_per_second": 5}))
        crowd = gather(count, ground.folder, *ASK, times=times)
        assert set(crowd.codes) == {0}
        assert len(bank.bills) == count * times
        most = bank.most_within(1.0)
        assert most <= 10
        times_seen = sorted(bill.at for bill in bank.bills)
        span = times_seen[-1] - times_seen[0]
        assert span >= (count * times - 1) / 5 - 0.6
    ground.tell(
        f"{count} processes, {times} calls each, at 5/s: at most {most} in any second, "
        f"{len(bank.bills)} calls in {span:.1f} s"
    )


@pytest.mark.parametrize(("count", "times"), [marked((4, 1)), pytest.param(16, 3, marks=pytest.mark.torture)])
def test_no_crowd_is_wider_than_its_provider_allows(count: int, times: int, ground: Ground) -> None:
    """With room for three calls, never more than three are open, whoever makes them."""
    with BillingServer(delay=0.1) as bank:
        write_layer(ground.home, bank.layer(rates={"concurrency": 3}, limits={"budget_usd": {"run": 1}}))
        crowd = gather(count, ground.folder, *ASK, times=times)
        assert bank.most_open <= 3
        assert len(bank.bills) == count * times
        assert set(crowd.codes) == {0}
    ground.tell(
        f"{count} processes, {times} calls each, room for 3: at most {bank.most_open} open, {crowd.seconds:.1f} s"
    )


@pytest.mark.torture
def test_no_crowd_takes_more_tokens_than_a_minute_has(ground: Ground) -> None:
    """At 9,000 tokens a minute, calls that use a third of what they may leave no more than two minutes' worth."""
    with BillingServer(delay=0.1, shares=(3,)) as bank:
        write_layer(ground.home, bank.layer(rates={"tokens_per_minute": 9_000}, limits={"max_wait": 5}))
        crowd = gather(32, ground.folder, *ASK)
        used = sum(bill.tokens for bill in bank.bills)
        assert used <= 18_000
        assert set(crowd.codes) <= {0, 1}
        assert crowd.codes.count(0) == len(bank.bills) > 9
    ground.tell(f"32 processes at 9,000 tokens a minute, waiting 5 s at most: {len(bank.bills)} sent, {used:,} tokens")
