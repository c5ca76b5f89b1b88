"""The money in the book, whatever happens in whatever order: calls leave, end, cost more, die, and days go by."""

import sqlite3
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from outrider.data import Failure
from outrider.doors import ledger_page
from outrider.doors.ledger import Ledger, Reservation
from outrider.rows import Model, Price, Rates
from outrider.rules.limits import Booking, Limits, Spend, book, remaining
from outrider.rules.targets import Served
from tests.doors.booking import a_run, answered, failed, places_at, reserve

CENT = Decimal("0.01")
BUDGET = {"run": 40 * CENT, "day": 60 * CENT, "month": 150 * CENT, "per_repo": 50 * CENT}
LIMITS = Limits(budget=BUDGET)
TOKEN_A_CENT = Model(
    name="here.one", provider="here", id="one", max_output=1_000,
    price=Price(base=Rates(input=Decimal(0), output=Decimal(10_000))),
)  # fmt: skip
START = 1_764_547_200.0
"""The last day of a month, so that a day more is a month more."""
DAY = 86_400
REPOSITORIES = (None, "/home/me/one", "/home/me/two")


class Budget(RuleBasedStateMachine):
    """One book, several runs in several repositories, and a clock that only goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ours"
        self.ledger = Ledger(places_at(self.path))
        self.ledger.record_served("here", Served(alive=True))
        self.at = START
        self.open: list[Reservation] = []
        self.lost: list[Reservation] = []
        self.patch = pytest.MonkeyPatch()
        clock = SimpleNamespace(time=lambda: self.at, monotonic=time.monotonic)
        self.patch.setattr(ledger_page, "time", clock)

    def teardown(self) -> None:
        """Closes the book."""
        self.patch.undo()
        self.ledger.close()
        self.folder.cleanup()

    @initialize(cents=st.integers(1, 30))
    def first(self, cents: int) -> None:
        """Makes the book, with a call under way."""
        self.leave(run="a", repository=None, cents=cents)

    @rule(run=st.sampled_from("abc"), repository=st.sampled_from(REPOSITORIES), cents=st.integers(1, 30))
    def leave(self, run: str, repository: str | None, cents: int) -> None:
        """A call asks to leave; the wall is each budget, with all that is reserved and was ever billed."""
        seen: list[Spend] = []

        def check(spend: Spend) -> Booking | Failure:
            seen.append(spend)
            return book(TOKEN_A_CENT, LIMITS, spend, wanted=cents, input_tokens=0, at=self.at)

        # A run stays in its repository.
        name = f"{run}{REPOSITORIES.index(repository)}"
        summed = self.summed(name, repository)
        left = remaining(LIMITS, summed)
        booked = reserve(self.ledger, a_run(name, repository=repository), check=check)
        assert seen == [summed]
        assert isinstance(booked, Reservation) == (cents * CENT <= min(left.values()))
        if isinstance(booked, Reservation):
            assert booked.nano == cents * 10**7
            self.open.append(booked)
            after = remaining(LIMITS, self.ledger.spend(name, at=self.at, repository=repository))
            assert min(after.values()) >= 0

    @rule(data=st.data(), cents=st.integers(0, 60))
    def end(self, data: st.DataObject, cents: int) -> None:
        """A call ends, at less than was reserved or at more; also one that was thought to be lost."""
        if self.open or self.lost:
            reservation = data.draw(st.sampled_from(self.open + self.lost))
            (self.open if reservation in self.open else self.lost).remove(reservation)
            self.ledger.settle(reservation, answered(cost=str(cents * CENT)))

    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        """A call ends without an answer: not billed, or in doubt."""
        if self.open:
            reservation = data.draw(st.sampled_from(self.open))
            self.open.remove(reservation)
            in_doubt = data.draw(st.booleans())
            cost = Decimal(reservation.nano) / 10**9 if in_doubt else Decimal(0)
            attempt = failed("timeout", certainty="in_doubt" if in_doubt else "not_sent", cost=str(cost))
            self.ledger.settle(reservation, attempt)

    @rule(data=st.data())
    def die(self, data: st.DataObject) -> None:
        """A process ends in the middle of its call; the next call finds out."""
        if self.open:
            reservation = data.draw(st.sampled_from(self.open))
            self.open.remove(reservation)
            self.lost.append(reservation)
            self.written("UPDATE attempts SET boot = 'an earlier one' WHERE id = ?", reservation.row)

    @rule(hours=st.integers(1, 48))
    def pass_time(self, hours: int) -> None:
        """A day goes by, or two; what is open counts to the day on which it left."""
        self.at += hours * 3_600

    @rule()
    def come_back(self) -> None:
        """Another process goes on with the same book."""
        self.ledger.close()
        self.ledger = Ledger(places_at(self.path))

    @invariant()
    def every_total_is_the_sum_of_its_attempts(self) -> None:
        """By day, by month, by a repository's day, by run: the running totals lose nothing and invent nothing."""
        join = "FROM attempts JOIN runs ON runs.id = attempts.run"
        dated = "date(attempts.at, 'unixepoch')"
        for name, group in (
            ("'day:' || " + dated, ""),
            ("'month:' || substr(" + dated + ", 1, 7)", ""),
            ("'repo:' || " + dated + " || ':' || runs.repository", "WHERE runs.repository IS NOT NULL"),
        ):
            kind = name[1 : name.index(":")]
            sums = self.read(f"SELECT {name}, SUM(attempts.cost_nano) {join} {group} GROUP BY 1")
            assert sums == self.read(f"SELECT period, nano FROM spend WHERE period LIKE '{kind}:%'")
        assert self.read("SELECT run, SUM(cost_nano) FROM attempts GROUP BY 1") == self.read(
            "SELECT id, cost_nano FROM runs WHERE EXISTS (SELECT 1 FROM attempts WHERE run = runs.id)"
        )
        assert min([nano for _, nano in self.read("SELECT period, nano FROM spend")], default=0) >= 0

    def summed(self, run: str, repository: str | None) -> Spend:
        """Returns what was spent, by adding up the attempts."""
        day = time.strftime("%Y-%m-%d", time.gmtime(self.at))
        found = self.read(
            "SELECT date(attempts.at, 'unixepoch'), runs.id, runs.repository, attempts.cost_nano"
            " FROM attempts JOIN runs ON runs.id = attempts.run"
        )

        def total(wanted: Any) -> Decimal:
            return Decimal(sum(row[3] for row in found if wanted(row))) / 10**9

        return Spend(
            run=total(lambda row: row[1] == run), day=total(lambda row: row[0] == day),
            month=total(lambda row: row[0][:7] == day[:7]),
            per_repo=None if repository is None else total(lambda row: row[0] == day and row[2] == repository),
        )  # fmt: skip

    def read(self, query: str) -> list[Any]:
        """Reads the book as another program would, in order."""
        connection = sqlite3.connect(f"file:{self.path}/ledger.db?mode=ro", uri=True)
        try:
            return sorted(connection.execute(query).fetchall(), key=repr)
        finally:
            connection.close()

    def written(self, query: str, *values: Any) -> None:
        """Writes to the book behind its back."""
        connection = sqlite3.connect(self.path / "ledger.db")
        with connection:
            connection.execute(query, values)
        connection.close()


Budget.TestCase.settings = settings(max_examples=12, stateful_step_count=25, deadline=None)
TestBudget = Budget.TestCase
