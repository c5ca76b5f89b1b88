"""What the report asks of the book is what one finds by looking at every row."""

from decimal import Decimal
from math import ceil
from pathlib import Path
from statistics import median_low

import pytest

from outrider.doors import ledger_report
from outrider.doors.ledger_file import LedgerFile
from outrider.rules.report_facts import Burn, Latency
from tests.doors.booking import places_at
from tests.page.history import BEGIN, Asked, Call, book

AT = BEGIN.timestamp()


def ledger(home: Path, *runs: Asked) -> LedgerFile:
    """Returns a book of these runs."""
    book(places_at(home), runs)
    return LedgerFile(places_at(home))


def answers(*seconds: float, at: float = AT, repository: str | None = "/r") -> tuple[Asked, ...]:
    """Returns runs whose answers took so long."""
    return tuple(Asked(at, "ask", "t", None, repository, [Call("m", None, one, 1, 1, Decimal(1))]) for one in seconds)


@pytest.mark.parametrize("count", [1, 2, 3, 9, 10, 11, 100])
def test_the_ranks_are_those_of_the_sorted_answers(tmp_path: Path, count: int) -> None:
    """The smallest time within which a tenth, half and nine tenths of the answers came."""
    seconds = [float((number * 7_919) % 1_009) for number in range(count)]
    (found,) = ledger_report.latencies(ledger(tmp_path, *answers(*seconds)), since=0, repository=None)
    ranked = sorted(seconds)
    assert found == Latency(
        model="m", answers=count, low=ranked[ceil(count / 10) - 1], half=median_low(ranked),
        high=ranked[ceil(9 * count / 10) - 1], most=ranked[-1],
    )  # fmt: skip


def test_a_time_and_a_repository_narrow_everything(tmp_path: Path) -> None:
    """What is older or elsewhere is not asked for; a repository's name is no pattern and no part of another."""
    runs = (*answers(1), *answers(2, repository="/r/x"), *answers(3, repository=None), *answers(4, at=AT + 86_400))
    found = ledger(tmp_path, *runs)
    asked = [
        ledger_report.latencies(found, since=since, repository=where)
        for since, where in ((0, None), (0, "/r"), (AT + 1, "/r"), (0, "/%"))
    ]
    assert [[one.answers for one in ones] for ones in asked] == [[4], [2], [1], []]
    days = [
        ledger_report.burn(found, since=since, repository=where)
        for since, where in (("", None), ("2026-10-23", None), ("", "/r"), ("", "/r/x"), ("", "/%"))
    ]
    assert days == [
        (Burn(day="2026-10-22", spent=Decimal(3)), Burn(day="2026-10-23", spent=Decimal(1))),
        (Burn(day="2026-10-23", spent=Decimal(1)),),
        (Burn(day="2026-10-22", spent=Decimal(1)), Burn(day="2026-10-23", spent=Decimal(1))),
        (Burn(day="2026-10-22", spent=Decimal(1)),),
        (),
    ]


def test_a_book_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """And is not made by asking."""
    found = LedgerFile(places_at(tmp_path / "none"))
    assert ledger_report.steps(found, since=0, repository=None) == ()
    assert ledger_report.latencies(found, since=0, repository=None) == ()
    assert ledger_report.climbs(found, since=0, repository=None) == ()
    assert ledger_report.burn(found, since="", repository=None) == ()
    assert not (tmp_path / "none").exists()
