"""The book: every call has its row before it leaves, every sum is the sum of its rows, and rests are remembered."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from outrider.data import Failure
from outrider.doors import ledger as ledger_door
from outrider.doors.ledger import Ledger, Reservation
from outrider.records import replace
from outrider.rules.health import FOREVER, PROBE_REST, is_resting
from outrider.rules.limits import Booking, Spend
from outrider.rules.targets import Served
from tests.doors.booking import (
    WORST,
    a_run,
    a_target,
    allow,
    answered,
    booked,
    failed,
    places_at,
    refuse,
    reserve,
    rows,
    within,
)

NOTHING = Spend()


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Says where the book is."""
    return tmp_path / "ours"


@pytest.fixture
def ledger(book: Path) -> Iterator[Ledger]:
    """Gives a book that does not exist yet."""
    made = Ledger(places_at(book))
    yield made
    made.close()


def rest_is_over(book: Path, target: str) -> None:
    """Lets a target's rest end now."""
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute("UPDATE health SET until = ? WHERE target = ?", (time.monotonic() - 1, target))
    connection.commit()
    connection.close()


def test_a_book_that_is_not_there_is_empty(ledger: Ledger, book: Path) -> None:
    """Reading makes no file."""
    assert (ledger.health(), ledger.served(), ledger.spend("run1", at=0.0)) == ({}, {}, NOTHING)
    assert not book.exists()


def test_a_call_is_booked_before_it_leaves(ledger: Ledger, book: Path) -> None:
    """Its row says where it goes, what it may cost and that it may have been billed."""
    reserve(ledger, a_run(repository="/home/me/project"))
    assert rows(
        book,
        "SELECT run, number, target, model, provider, wire_id, origin, local, key_name, prompt_digest, prompt_bytes,"
        " outcome, certainty, reserved_nano, cost_nano, cost_known, pid FROM attempts",
    ) == [
        (
            "run1", 1, "here|here.one|k1", "here.one", "here", "here.one", "https://api.here.test:443", 0,
            "HERE_API_KEY", "d1", 12, "open", "in_doubt", 250_000_000, 250_000_000, 1, os.getpid(),
        )
    ]  # fmt: skip
    assert rows(book, "SELECT id, command, task, repository, outcome, decision, cost_nano FROM runs") == [
        ("run1", "ask", "simple", "/home/me/project", "open", '{"tokens": 3}', 250_000_000)
    ]


def test_what_is_reserved_counts_as_spent(ledger: Ledger) -> None:
    """Run, day and month hold the worst case while a call is under way."""
    booked(ledger)
    assert ledger.spend("run1", at=time.time()) == Spend(run=WORST, day=WORST, month=WORST)


def test_settling_leaves_what_was_billed(ledger: Ledger, book: Path) -> None:
    """The sums come down to the real cost, and the row holds what came back."""
    reservation = booked(ledger)
    ledger.settle(reservation, answered(cost="0.1"))
    cost = Decimal("0.1")
    assert ledger.spend("run1", at=time.time()) == Spend(run=cost, day=cost, month=cost)
    assert rows(
        book,
        "SELECT outcome, kind, status, message, seconds, certainty, reserved_nano, cost_nano, input, output, cached,"
        " cache_write, reasoning, served_by, request_id, shown FROM attempts",
    ) == [("answer", None, None, None, 1.5, "exact", 250_000_000, 100_000_000, 11, 7, 3, 2, 1, "one-2026", "req_1", 0)]
    assert rows(book, "SELECT outcome, kind, model, input, output, attempts, seconds, cost_nano FROM runs") == [
        ("answer", None, "here.one", 11, 7, 1, 1.5, 100_000_000)
    ]


def test_a_run_is_the_sum_of_its_attempts(ledger: Ledger, book: Path) -> None:
    """A failed-over run has each attempt in order, and the end of the last."""
    one, two = a_target("here.one"), a_target("here.two")
    ledger.settle(booked(ledger, target=one), failed("server", one))
    doubtful = failed("timeout", one, certainty="in_doubt", cost="0.25")
    ledger.settle(booked(ledger, target=one, number=2), doubtful)
    ledger.settle(booked(ledger, target=two, number=3), answered(two, cost="0.05"))
    assert rows(book, "SELECT number, model, outcome, kind, certainty, cost_nano FROM attempts ORDER BY id") == [
        (1, "here.one", "failure", "server", "exact", 0),
        (2, "here.one", "failure", "timeout", "in_doubt", 250_000_000),
        (3, "here.two", "answer", None, "exact", 50_000_000),
    ]
    assert rows(book, "SELECT outcome, kind, model, attempts, seconds, cost_nano FROM runs") == [
        ("answer", None, "here.two", 3, 0.5 + 2.0 + 0.5 + 2.0 + 1.5, 300_000_000)
    ]
    assert ledger.spend("run1", at=time.time()).day == Decimal("0.3")


def test_money_is_whole_nano_dollars(ledger: Ledger) -> None:
    """A third of a cent is booked ten times without a trace of rounding in the sum."""
    for number in range(10):
        ledger.settle(booked(ledger, number=number), answered(cost="0.003333333"))
    assert ledger.spend("run1", at=time.time()).day == Decimal("0.033333330")


def test_a_refused_call_leaves_no_attempt(ledger: Ledger, book: Path) -> None:
    """What the check refuses was never sent and costs nothing; the failure is handed back as it is."""
    verdict = reserve(ledger, check=refuse)
    assert verdict == refuse(NOTHING)
    assert rows(book, "SELECT count(*) FROM attempts") == [(0,)]
    assert ledger.spend("run1", at=time.time()) == NOTHING


def test_the_check_sees_what_is_spent_and_reserved(ledger: Ledger) -> None:
    """Reservations of runs that are under way count, so the wall holds before anything is billed."""
    check = within(Decimal("0.6"))
    first = reserve(ledger, a_run("a"), check=check)
    second = reserve(ledger, a_run("b"), check=check)
    third = reserve(ledger, a_run("c"), check=check)
    assert isinstance(first, Reservation)
    assert isinstance(second, Reservation)
    assert isinstance(third, Failure)
    ledger.settle(first, answered(cost="0.01"))
    assert isinstance(reserve(ledger, a_run("d"), check=check), Reservation)


def test_a_check_that_breaks_leaves_nothing(ledger: Ledger, book: Path) -> None:
    """A bug in a rule is no half-written row, and the book is free for the next."""

    def broken(_spend: Spend) -> Booking:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        reserve(ledger, check=broken)
    booked(ledger)
    assert rows(book, "SELECT count(*) FROM attempts") == [(1,)]


def test_a_run_that_ended_before_any_call_is_booked(ledger: Ledger, book: Path) -> None:
    """`why` can explain it: it has a row, a kind and no attempt."""
    ledger.record_run(a_run(), outcome="refused", kind="private")
    assert rows(book, "SELECT id, outcome, kind, attempts, cost_nano FROM runs") == [
        ("run1", "refused", "private", 0, 0)
    ]


DIES = """
import os, sys
from tests.doors.booking import *
from outrider.doors import ledger as ledger_door
from outrider.doors.ledger import Ledger, Reservation
booked(Ledger(places_at(sys.argv[1])), a_run("dead"))
os._exit(9)
"""


def run_python(program: str, *args: str) -> int:
    """Runs a program that knows the house and these tests, and returns its exit code."""
    root = Path(__file__).parents[2]
    environment = {"PYTHONPATH": f"{root / 'helper'}:{root}", "PATH": os.environ["PATH"]}
    return subprocess.run([sys.executable, "-c", program, *args], env=environment, check=False, timeout=30).returncode


def test_a_call_whose_process_died_is_in_doubt(ledger: Ledger, book: Path) -> None:
    """The next call closes the row of a dead process; it may have been billed, so its worst case stays booked."""
    assert run_python(DIES, str(book)) == 9
    assert rows(book, "SELECT outcome FROM attempts") == [("open",)]
    mine = booked(ledger, a_run("mine"))
    assert rows(book, "SELECT run, outcome, kind, certainty, cost_nano FROM attempts ORDER BY id") == [
        ("dead", "failure", "interrupted", "in_doubt", 250_000_000),
        ("mine", "open", None, "in_doubt", 250_000_000),
    ]
    assert rows(book, "SELECT id, outcome, kind FROM runs ORDER BY id") == [
        ("dead", "failure", "interrupted"), ("mine", "open", None),
    ]  # fmt: skip
    ledger.settle(mine, answered(cost="0"))
    assert ledger.spend("dead", at=time.time()).day == WORST


def test_a_process_that_lives_long_looks_again(ledger: Ledger, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at every call, which would cost a look at every other process, but after a while."""
    booked(ledger, a_run("mine"))
    run_python(DIES, str(book))
    booked(ledger, a_run("soon"))
    assert rows(book, "SELECT outcome FROM attempts WHERE run = 'dead'") == [("open",)]
    monkeypatch.setattr(ledger_door, "ORPHANS_EVERY", 0.0)
    booked(ledger, a_run("later"))
    assert rows(book, "SELECT outcome FROM attempts WHERE run = 'dead'") == [("failure",)]


def test_a_call_that_is_under_way_elsewhere_is_left_alone(ledger: Ledger, book: Path) -> None:
    """An open row of a living process is nobody's to close."""
    booked(ledger, a_run("a"))
    other = Ledger(places_at(book))
    booked(other, a_run("b"))
    other.close()
    assert rows(book, "SELECT outcome FROM attempts") == [("open",), ("open",)]


def test_a_call_of_an_earlier_boot_is_in_doubt(ledger: Ledger, book: Path) -> None:
    """Its process number may belong to another now."""
    booked(ledger, a_run("a"))
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute("UPDATE attempts SET boot = 'an earlier one'")
    connection.commit()
    connection.close()
    other = Ledger(places_at(book))
    booked(other, a_run("b"))
    other.close()
    assert rows(book, "SELECT run, outcome FROM attempts") == [("a", "failure"), ("b", "open")]


@pytest.mark.parametrize("kind", ["server", "timeout", "network", "tls", "bad_response", "not_found", "quota"])
def test_a_target_that_failed_rests(ledger: Ledger, kind: str) -> None:
    """Every other process sees it, with the reason."""
    ledger.settle(booked(ledger), failed(kind))  # type: ignore[arg-type]
    (health,) = ledger.health().values()
    assert (health.failures, health.kind, health.message) == (1, kind, "overloaded")
    assert is_resting(health, now=time.monotonic())


def test_an_answer_ends_all_trouble(ledger: Ledger) -> None:
    """A target that answers is well."""
    ledger.settle(booked(ledger), failed("server"))
    ledger.settle(booked(ledger, number=2), answered())
    assert ledger.health() == {}


def test_targets_fare_on_their_own(ledger: Ledger) -> None:
    """Another model or another key is another target."""
    bad = a_target("here.one", key_id="old")
    ledger.settle(booked(ledger, target=bad), failed("auth", bad))
    assert list(ledger.health()) == ["here|here.one|old"]
    assert ledger.health()["here|here.one|old"].until == FOREVER


def test_one_call_probes_after_a_rest(ledger: Ledger, book: Path) -> None:
    """While it is under way the others stay away."""
    ledger.settle(booked(ledger), failed("server"))
    rest_is_over(book, a_target().health_key)
    assert not is_resting(ledger.health()[a_target().health_key], now=time.monotonic())
    probe = booked(ledger, number=2)
    after = ledger.health()[a_target().health_key]
    assert probe.is_probe
    assert after.until == pytest.approx(time.monotonic() + PROBE_REST, abs=2)
    assert not booked(ledger, a_run("other")).is_probe


def test_a_rest_doubles_with_every_failed_probe(ledger: Ledger, book: Path) -> None:
    """30, 60, 120 seconds and so on, ten minutes at most."""
    key = a_target().health_key
    rests = []
    for number in range(7):
        if number:
            rest_is_over(book, key)
        ledger.settle(booked(ledger, number=number), failed("server"))
        rests.append(ledger.health()[key].until - time.monotonic())
    assert [round(rest, -1) for rest in rests] == [30, 60, 120, 240, 480, 600, 600]
    assert ledger.health()[key].failures == 7


@pytest.mark.parametrize("kind", ["rate_limit", "server"])
def test_a_probe_that_is_answered_ends_the_rest(ledger: Ledger, book: Path, kind: str) -> None:
    """Its own claim does not stand in its way."""
    ledger.settle(booked(ledger), failed(kind))  # type: ignore[arg-type]
    rest_is_over(book, a_target().health_key)
    ledger.settle(booked(ledger, number=2), answered())
    assert ledger.health() == {}


def test_a_probe_that_says_nothing_of_the_target_lets_the_next_try(ledger: Ledger, book: Path) -> None:
    """A refused prompt proves neither health nor trouble: the rest stays over."""
    ledger.settle(booked(ledger), failed("server"))
    rest_is_over(book, a_target().health_key)
    ledger.settle(booked(ledger, number=2), failed("content_filter"))
    health = ledger.health()[a_target().health_key]
    assert (health.failures, is_resting(health, now=time.monotonic())) == (1, False)


def earlier_boot(book: Path) -> None:
    """Lets every rest be of an earlier boot, whose clock ran far ahead of this one's."""
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute("UPDATE health SET boot = 'an earlier one', until = until + 1e9 WHERE until < 1e300")
    connection.commit()
    connection.close()


def test_a_rest_ends_with_the_boot(ledger: Ledger, book: Path) -> None:
    """Its clock no longer runs; a refused key stays refused."""
    one, two = a_target("here.one"), a_target("here.two")
    ledger.settle(booked(ledger, target=one), failed("server", one))
    ledger.settle(booked(ledger, target=two), failed("auth", two))
    earlier_boot(book)
    assert list(ledger.health()) == [two.health_key]


def test_trouble_after_a_boot_is_remembered(ledger: Ledger, book: Path) -> None:
    """An old rest with an old clock does not hide a new one."""
    ledger.settle(booked(ledger), failed("server"))
    earlier_boot(book)
    ledger.settle(booked(ledger, number=2), failed("timeout"))
    health = ledger.health()[a_target().health_key]
    assert (health.kind, health.failures) == ("timeout", 2)
    assert health.until < time.monotonic() + 100


def test_what_a_server_serves_is_remembered(ledger: Ledger) -> None:
    """The last word counts, with when it was said."""
    ledger.record_served("ollama", Served(alive=True, ids=("llama3", "qwen")))
    ledger.record_served("vllm", Served(alive=False, ids=()))
    ledger.record_served("ollama", Served(alive=True, ids=("gemma",)))
    assert ledger.served() == {"ollama": Served(alive=True, ids=("gemma",)), "vllm": Served(alive=False, ids=())}
    assert ledger.served_at()["ollama"] == pytest.approx(time.time(), abs=5)


@pytest.mark.parametrize("text", ["half \ud800", "byte \udcff", "nul \0", "ünïcödé 🦙", "x" * 100_000])
def test_any_text_can_be_booked(ledger: Ledger, book: Path, text: str) -> None:
    """A folder's name, a flag or a server's words may hold what is no UTF-8; the row is written all the same."""
    target = a_target(text)
    run = replace(a_run(repository=text), task=text, decision={"preset": text}, agent=text)
    for attempt in (failed("server", target, message=text), answered(target)):
        ledger.settle(booked(ledger, run, target), attempt)
    assert rows(book, "SELECT count(*) FROM attempts WHERE outcome <> 'open'") == [(2,)]
    assert ledger.health() == {}


def test_no_prompt_and_no_key_is_in_the_book(ledger: Ledger, book: Path) -> None:
    """Of a prompt there is a digest and a size; of a key its name and a digest."""
    reserve(ledger, check=allow(), digest="0123abcd")
    ledger.close()
    columns = {
        name for table in ("runs", "attempts", "health", "servers", "spend")
        for _, name, *_ in rows(book, f"PRAGMA table_info({table})")
    }  # fmt: skip
    assert {name for name in columns if "prompt" in name or "key" in name} == {
        "prompt_digest", "prompt_bytes", "key_name",
    }  # fmt: skip
