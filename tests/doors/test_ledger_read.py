"""Questions to the book."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from outrider.data import Answer, Attempt, Failure, Target, Usage
from outrider.doors import ledger_read
from outrider.doors.ledger import Ledger, Reservation, RunRow
from outrider.doors.ledger_read import Sum
from outrider.doors.settings import Places, places
from outrider.errors import StorageFault
from outrider.rows import Model, Provider
from outrider.rules.limits import Booking, Spend

PROVIDER = Provider(name="here", dialect="openai", base_url="https://here.example/v1", keys=("HERE_KEY",))


def target(name: str) -> Target:
    """Returns a target of this name."""
    return Target(model=Model(name=f"here.{name}", provider="here", id=name), provider=PROVIDER, wire_id=name)


def run(name: str, **fields: Any) -> RunRow:
    """Returns a run's row."""
    given = {"task": "coding", "preset": None, "session": "s1", "repository": "/repo", "private": False, **fields}
    return RunRow(id=name, command="ask", rule="r", level=None, decision={}, **given)


def half_a_dollar(_: Spend) -> Booking:
    """Allows any call, at half a dollar."""
    return Booking(cap=100, worst=Decimal("0.5"), known=True)


def book(ledger: Ledger, row: RunRow, *steps: tuple[str, Answer | Failure | None, str]) -> None:
    """Books a run's attempts: the model, how it ended (None: it has not), and what it cost."""
    for number, (name, outcome, cost) in enumerate(steps, start=1):
        reserved = ledger.reserve(
            row, target(name), number=number, check=half_a_dollar, prompt_digest="d", prompt_bytes=3
        )
        assert isinstance(reserved, Reservation)
        if outcome is not None:
            certainty = outcome.certainty if isinstance(outcome, Failure) else "exact"
            attempt = Attempt(
                target=target(name), outcome=outcome, seconds=1.0, cost=Decimal(cost), certainty=certainty
            )
            ledger.settle(reserved, attempt)


ANSWER = Answer(text="hi", usage=Usage(input=10, output=5, cached=2, known=True), served_by="one")
REFUSED = Failure(kind="network", message="no", certainty="not_sent")
BROKEN = Failure(kind="timeout", message="slow", certainty="in_doubt")


@pytest.fixture
def where(home: Path, tmp_path: Path) -> Places:
    """Gives the places of an empty home."""
    return places(cwd=str(tmp_path))


@pytest.fixture
def ledger(where: Places) -> Ledger:
    """Gives a book with four runs: a fallback, an answer, a failure in doubt, one still running."""
    ledger = Ledger(where)
    book(ledger, run("r1"), ("one", REFUSED, "0"), ("two", ANSWER, "0.02"))
    book(ledger, run("r2", preset="cheap"), ("one", ANSWER, "0.06"))
    book(ledger, run("r3", task="", repository=None), ("two", BROKEN, "0.5"))
    book(ledger, run("r4"), ("one", None, ""))
    return ledger


def test_attempts_are_summed(ledger: Ledger) -> None:
    """Dollars that were billed and those in doubt stand apart; the dearest comes first."""
    found = ledger_read.sums(ledger, by=("model",), since=0)
    assert found == (
        Sum(names=("here.one",), calls=3, failures=1, input=10, output=5, cached=2, written=0, cost=Decimal("0.06"),
            in_doubt=Decimal("0.5"), unpriced=0),
        Sum(names=("here.two",), calls=2, failures=1, input=10, output=5, cached=2, written=0, cost=Decimal("0.02"),
            in_doubt=Decimal("0.5"), unpriced=0),
    )  # fmt: skip
    (total,) = ledger_read.sums(ledger, by=(), since=0)
    assert (total.calls, total.cost, total.in_doubt) == (5, Decimal("0.08"), Decimal("1.0"))


@pytest.mark.parametrize(
    ("by", "names"),
    [
        (("task",), {("coding",), (None,)}),
        (("repo",), {("/repo",), (None,)}),
        (("session",), {("s1",)}),
        (("provider",), {("here",)}),
        (("preset", "model"), {(None, "here.one"), ("cheap", "here.one"), (None, "here.two")}),
    ],
)
def test_every_dimension_sums(ledger: Ledger, by: tuple[str, ...], names: set[tuple[str | None, ...]]) -> None:
    """Alone and together; what has no name is None."""
    found = ledger_read.sums(ledger, by=by, since=0)
    assert {entry.names for entry in found} == names
    assert sum(entry.calls for entry in found) == 5


def test_nothing_is_summed_before_there_is_a_book(where: Places) -> None:
    """An empty home has no sums, no runs and no damage, and gets no file by being asked."""
    empty = Ledger(where)
    assert ledger_read.sums(empty, by=("model",), since=0) == ()
    assert list(ledger_read.attempts(empty, since=0)) == []
    assert ledger_read.damage(empty) is None
    assert not Path(empty.path).exists()


def test_attempts_have_the_contracts_shape(ledger: Ledger) -> None:
    """One row each, in the order they were made."""
    rows = list(ledger_read.attempts(ledger, since=0))
    assert [(row["run"], row["attempt"], row["outcome"], row["kind"], row["certainty"]) for row in rows] == [
        ("r1", 1, "failure", "network", "not_sent"),
        ("r1", 2, "answer", None, "exact"),
        ("r2", 1, "answer", None, "exact"),
        ("r3", 1, "failure", "timeout", "in_doubt"),
        ("r4", 1, "open", None, "in_doubt"),
    ]
    assert rows[1].pop("at").endswith("Z")
    assert rows[1] == {
        "run": "r1", "attempt": 2, "model": "here.two", "provider": "here", "origin": "https://here.example:443",
        "local": False, "task": "coding", "outcome": "answer", "kind": None, "certainty": "exact",
        "tokens": {"input": 10, "output": 5, "cached": 2, "cache_write": 0, "reasoning": 0}, "cost_usd": 0.02,
        "prompt_digest": "d", "item": None,
    }  # fmt: skip
    assert list(ledger_read.attempts(ledger, since=9e12)) == []


def test_many_attempts_come_page_by_page(where: Places) -> None:
    """More than a page loses none and repeats none."""
    ledger = Ledger(where)
    with ledger.transaction() as connection:
        connection.execute(
            "INSERT INTO runs (id, at, command, task, rule, private, decision) VALUES ('r', 1, 'ask', '', '', 0, '{}')"
        )
        connection.executemany(
            "INSERT INTO attempts (run, number, at, monotonic, boot, pid, target, model, provider, wire_id, origin,"
            " local, prompt_digest, prompt_bytes, reserved_nano, cost_nano, cost_known, outcome)"
            " VALUES ('r', ?, 1, 1, 'b', 1, 't', 'm', 'p', 'w', 'o', 0, 'd', 1, 0, 0, 1, 'answer')",
            [(number,) for number in range(4_000)],
        )
    assert [row["attempt"] for row in ledger_read.attempts(ledger, since=0)] == list(range(4_000))


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ({}, ["r4", "r3", "r2", "r1"]),
        ({"limit": 2}, ["r4", "r3"]),
        ({"failed": True}, ["r3"]),
        ({"fallbacks": True}, ["r1"]),
        ({"repository": "/repo"}, ["r4", "r2", "r1"]),
        ({"since": 9e12}, []),
    ],
)
def test_runs_are_found(ledger: Ledger, question: dict[str, Any], found: list[str]) -> None:
    """The newest first, narrowed by what is asked."""
    asked = {"since": 0.0, "limit": 20, "repository": None, "failed": False, "fallbacks": False, **question}
    assert [entry["run"] for entry in ledger_read.runs(ledger, **asked)] == found


def test_a_damaged_book_is_set_aside_whole(ledger: Ledger, where: Places) -> None:
    """Its bytes stay under a dated name, and the next run begins a new one."""
    assert ledger_read.damage(ledger) is None
    ledger.close()
    path = Path(ledger.path)
    data = bytearray(path.read_bytes())
    data[:16] = b"no book any more"
    path.write_bytes(data)
    broken = Ledger(where)
    assert "not a database" in str(ledger_read.damage(broken))
    moved = Path(ledger_read.set_aside(broken, at=1_790_000_000))
    assert moved.name == "ledger.db.damaged-20260921T141320Z"
    assert moved.read_bytes() == bytes(data)
    again = Ledger(where)
    book(again, run("r9"), ("one", ANSWER, "0.01"))
    assert ledger_read.damage(again) is None


def test_a_newer_book_is_not_damaged(ledger: Ledger, where: Places) -> None:
    """What a newer version wrote is not ours to judge."""
    with ledger.transaction() as connection:
        connection.execute("PRAGMA user_version = 999")
    ledger.close()
    with pytest.raises(StorageFault, match="newer"):
        ledger_read.damage(Ledger(where))
