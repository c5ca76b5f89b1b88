"""Rates and requests to be left alone, held in the book for every process."""

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from outrider.data import Failure, Target
from outrider.doors.ledger import Check, Ledger, Reservation
from outrider.records import replace
from outrider.rules.limits import Booking
from outrider.rules.rates import POLL, Wait
from tests.doors.booking import (
    WORST,
    a_run,
    a_target,
    answered,
    booked,
    failed,
    places_at,
    reserve,
    rows,
)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Says where the book is."""
    return tmp_path / "ours"


@pytest.fixture
def ledgers(book: Path) -> Iterator[tuple[Ledger, Ledger]]:
    """Gives the same book to two processes, as it were."""
    made = Ledger(places_at(book)), Ledger(places_at(book))
    yield made
    for ledger in made:
        ledger.close()


def limited(model: str = "here.one", **limits: Any) -> Target:
    """Returns a way to a model at a provider with these limits."""
    target = a_target(model)
    return replace(target, provider=replace(target.provider, row={"limits": limits}))


def patient(seconds: float = 20.0, *, tokens: int = 0, turn: float | None = None) -> Check:
    """Returns a check that lets a call leave as soon as its provider does."""
    return lambda _spend: Booking(
        cap=tokens, worst=WORST, known=True, input_tokens=0, patience=seconds, turn=turn
    )  # fmt: skip


def test_turns_are_given_to_all_processes(ledgers: tuple[Ledger, Ledger], book: Path) -> None:
    """The second waits for its own turn, whoever asked first; nothing is booked for who waits."""
    target = limited(requests_per_second=2)
    one, other = ledgers
    assert isinstance(reserve(one, target=target, check=patient()), Reservation)
    wait = reserve(other, a_run("b"), target, check=patient())
    assert isinstance(wait, Wait)
    assert wait.seconds == pytest.approx(0.5, abs=0.2)
    third = reserve(one, a_run("c"), target, check=patient())
    assert isinstance(third, Wait)
    assert third.turn == pytest.approx((wait.turn or 0) + 0.5)
    assert rows(book, "SELECT run FROM attempts") == [("run1",)]
    taken = reserve(other, a_run("b"), target, check=patient(turn=time.monotonic()))
    assert isinstance(taken, Reservation)


def test_who_cannot_wait_goes_elsewhere(ledgers: tuple[Ledger, Ledger], book: Path) -> None:
    """It is refused as a rate limit that was never sent, its run says so, and the queue is no longer for it."""
    target = limited(requests_per_second=0.1)
    booked(ledgers[0], target=target)
    refused = [reserve(ledgers[1], a_run("b"), target, check=patient(1.0)) for _ in range(3)]
    assert {(type(one), getattr(one, "kind", ""), getattr(one, "certainty", "")) for one in refused} == {
        (Failure, "rate_limit", "not_sent")
    }
    assert "0.1 requests a second" in getattr(refused[0], "message", "")
    assert rows(book, "SELECT id, outcome, kind FROM runs WHERE id = 'b'") == [("b", "failure", "rate_limit")]
    wait = reserve(ledgers[1], a_run("c"), target, check=patient(20.0))
    assert isinstance(wait, Wait)
    assert wait.seconds == pytest.approx(10, abs=1)


def test_room_is_taken_by_open_calls_of_the_living(ledgers: tuple[Ledger, Ledger], book: Path) -> None:
    """An open call takes room in every process, until it ends or its process does."""
    target = limited(concurrency=2)
    one, other = ledgers
    first = booked(one, a_run("a"), target)
    booked(one, a_run("b"), target)
    full = reserve(other, a_run("c"), target, check=patient())
    assert full == Wait(seconds=POLL, limit="2 calls at one time")
    booked(other, a_run("elsewhere"), a_target("here.two"))
    one.settle(first, answered(target))
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute("UPDATE attempts SET boot = 'an earlier one' WHERE run = 'b'")
    connection.commit()
    connection.close()
    other._looked_for_orphans = 0.0
    # The call elsewhere is at the same provider, so one place is left.
    assert isinstance(reserve(other, a_run("c"), target, check=patient()), Reservation)
    assert isinstance(reserve(other, a_run("d"), target, check=patient()), Wait)


def test_tokens_are_settled_to_what_was_used(ledgers: tuple[Ledger, Ledger]) -> None:
    """What a call may use is taken when it leaves; what it did not use is there for the next."""
    target = limited(tokens_per_minute=6_000)
    one, other = ledgers
    first = reserve(one, a_run("a"), target, check=patient(tokens=6_000))
    assert isinstance(first, Reservation)
    assert reserve(other, a_run("b"), target, check=patient(tokens=1_000)) == Wait(
        seconds=POLL, limit="6,000 tokens a minute"
    )
    one.settle(first, answered(target))
    assert isinstance(reserve(other, a_run("b"), target, check=patient(tokens=5_900)), Reservation)
    last = reserve(other, a_run("c"), target, check=patient(0.1, tokens=1_000))
    assert isinstance(last, Failure)


def test_tokens_in_doubt_stay_taken(ledgers: tuple[Ledger, Ledger]) -> None:
    """Who knows what a call used whose answer never came."""
    target = limited(tokens_per_minute=6_000)
    first = reserve(ledgers[0], a_run("a"), target, check=patient(tokens=6_000))
    assert isinstance(first, Reservation)
    ledgers[0].settle(first, failed("timeout", target, certainty="in_doubt"))
    wait = reserve(ledgers[1], a_run("b"), target, check=patient(tokens=3_000))
    assert isinstance(wait, Failure)
    assert "6,000 tokens a minute" in wait.message


def test_who_asked_to_be_left_alone_is_by_all(ledgers: tuple[Ledger, Ledger], book: Path) -> None:
    """A `Retry-After` that one process was told is kept by the next, the last target of its chain or not."""
    target = a_target()
    one, other = ledgers
    one.settle(booked(one), failed("rate_limit", target, retry_after=300.0))
    refused = reserve(other, a_run("b"), target)
    assert isinstance(refused, Failure)
    assert (refused.kind, refused.certainty) == ("rate_limit", "not_sent")
    assert refused.retry_after == pytest.approx(300, abs=5)
    one.settle(booked(one, a_run("c"), a_target("here.two")), answered(a_target("here.two")))
    assert isinstance(reserve(other, a_run("d"), a_target(key_id="k2")), Reservation)
    assert rows(book, "SELECT COUNT(*) FROM attempts WHERE run = 'b'") == [(0,)]


def test_a_shorter_wait_does_not_end_a_longer_one(ledgers: tuple[Ledger, Ledger]) -> None:
    """Of two calls that were under way, the one that is told less changes nothing."""
    one, other = ledgers
    first, second = booked(one, a_run("a")), booked(other, a_run("b"))
    one.settle(first, failed("rate_limit", retry_after=300.0))
    other.settle(second, failed("rate_limit", retry_after=1.0))
    refused = reserve(one, a_run("c"))
    assert isinstance(refused, Failure)
    assert refused.retry_after == pytest.approx(300, abs=5)


@pytest.mark.parametrize("told", [{"retry_after": None}, {"retry_after": 300.0, "certainty": "not_sent"}])
def test_only_what_a_server_asks_for_closes(ledgers: tuple[Ledger, Ledger], told: dict[str, Any]) -> None:
    """A rate limit without a time is waited out by our own measure, and a call that was not sent was told nothing."""
    ledgers[0].settle(booked(ledgers[0]), failed("rate_limit", **told))
    assert isinstance(reserve(ledgers[1], a_run("b")), Reservation)


def test_an_earlier_boot_closed_nothing(ledgers: tuple[Ledger, Ledger], book: Path) -> None:
    """Its clock no longer runs, so neither its turns nor its closed targets mean anything."""
    target = limited(requests_per_second=0.1)
    ledgers[0].settle(booked(ledgers[0], target=target), failed("rate_limit", target, retry_after=300.0))
    connection = sqlite3.connect(book / "ledger.db")
    for table in ("paces", "closures"):
        connection.execute(f"UPDATE {table} SET boot = 'an earlier one'")
    connection.commit()
    connection.close()
    assert isinstance(reserve(ledgers[1], a_run("b"), target), Reservation)
