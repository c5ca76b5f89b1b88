"""Many calls share a commit: each still has its row before it leaves, and none takes another's with it."""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

import pytest

from outrider.doors.ledger import Ledger, Reservation
from outrider.doors.ledger_file import Connection
from outrider.doors.ledger_group import MOST, Group
from outrider.errors import StorageFault
from outrider.rules.limits import Booking, Spend
from tests.doors.booking import WORST, a_run, a_target, allow, answered, failed, places_at, refuse, rows, within

Result = TypeVar("Result")


def grouped(home: Path, work: Callable[[Group], Awaitable[Result]]) -> Result:
    """Runs something with a group on an event loop of its own, and closes the book."""

    async def run() -> Result:
        group = Group(ledger)
        try:
            return await work(group)
        finally:
            await group.close()

    ledger = Ledger(places_at(home))
    try:
        return asyncio.run(run())
    finally:
        ledger.close()


async def booked(group: Group, number: int = 1, **more: Any) -> Any:
    """Books one call."""
    known: dict[str, Any] = {"check": allow(), "prompt_digest": f"d{number}", "prompt_bytes": 12}
    return await group.reserve(a_run(), a_target(), number=number, **(known | more))


def commits(home: Path) -> int:
    """Returns how often the book's file was changed, by its own count."""
    return int.from_bytes((home / "ledger.db").read_bytes()[24:28], "big")


def outcomes(home: Path) -> list[tuple[Any, ...]]:
    """Returns how each call ended."""
    return rows(home, "SELECT prompt_digest, outcome, certainty FROM attempts ORDER BY id")


def total(home: Path) -> int:
    """Returns what the day's total says, in nano-dollars."""
    return int(rows(home, "SELECT nano FROM spend WHERE period LIKE 'day:%'")[0][0])


def test_calls_at_one_time_share_a_commit(tmp_path: Path) -> None:
    """A hundred are booked in one and settled in one; rows, run and totals are those of a hundred single ones."""

    async def work(group: Group) -> int:
        await booked(group, 0)
        before = commits(tmp_path)
        reservations = await asyncio.gather(*(booked(group, number, item=f"i{number}") for number in range(1, 101)))
        await asyncio.gather(*(group.settle(one, answered(cost="0.1")) for one in reservations))
        return commits(tmp_path) - before

    assert grouped(tmp_path, work) == 2
    assert rows(tmp_path, "SELECT count(*), count(DISTINCT item) FROM attempts WHERE outcome = 'answer'") == [
        (100, 100)
    ]
    assert rows(tmp_path, "SELECT attempts, input, output, cost_nano FROM runs") == [(100, 1_100, 700, 10_250_000_000)]
    assert total(tmp_path) == 10_250_000_000


def test_more_than_fit_go_into_several_commits(tmp_path: Path) -> None:
    """No transaction grows without bound."""

    async def work(group: Group) -> int:
        await booked(group, 0)
        before = commits(tmp_path)
        await asyncio.gather(*(booked(group, number) for number in range(2 * MOST + 1)))
        return commits(tmp_path) - before

    assert grouped(tmp_path, work) == 3


def test_a_call_alone_does_not_wait_for_others(tmp_path: Path) -> None:
    """Where nobody else writes, the next round of the loop commits."""

    async def work(group: Group) -> float:
        await booked(group, 0)
        began = asyncio.get_running_loop().time()
        task = asyncio.create_task(booked(group))
        for _ in range(4):
            await asyncio.sleep(0)
        assert task.done()
        return asyncio.get_running_loop().time() - began

    grouped(tmp_path, work)


def test_a_budget_is_a_wall_within_one_commit(tmp_path: Path) -> None:
    """Each check sees what was reserved before it, on the same page: four of twenty fit, and none more."""

    async def work(group: Group) -> list[Any]:
        check = within(4 * WORST)
        return await asyncio.gather(*(booked(group, number, check=check) for number in range(20)))

    found = grouped(tmp_path, work)
    assert [isinstance(one, Reservation) for one in found] == [True] * 4 + [False] * 16
    assert total(tmp_path) == 4 * WORST * 10**9


def test_a_settlement_on_the_same_page_gives_back_before_the_next_check(tmp_path: Path) -> None:
    """What a call did not use is there for the one behind it."""
    seen: list[Decimal] = []

    def check(spend: Spend) -> Booking:
        seen.append(spend.day)
        return Booking(cap=100, worst=WORST, known=True)

    async def work(group: Group) -> None:
        first = await booked(group, check=check)
        await asyncio.gather(group.settle(first, answered(cost="0.1")), booked(group, 2, check=check))

    grouped(tmp_path, work)
    assert seen == [Decimal(0), Decimal("0.1")]


def test_a_refusal_is_told_and_leaves_no_row(tmp_path: Path) -> None:
    """One is refused between two that are booked."""

    async def work(group: Group) -> list[Any]:
        checks = (allow(), refuse, allow())
        return await asyncio.gather(*(booked(group, number, check=check) for number, check in enumerate(checks)))

    assert [type(one).__name__ for one in grouped(tmp_path, work)] == ["Reservation", "Failure", "Reservation"]
    assert [row[0] for row in outcomes(tmp_path)] == ["d0", "d2"]


def test_what_is_written_beside_a_settlement_is_there_with_it(tmp_path: Path) -> None:
    """Both or neither: the journal's row is part of the transaction that books the cost."""

    def also(connection: Connection) -> None:
        connection.execute("INSERT INTO purses VALUES ('journal', 7)")

    async def work(group: Group) -> None:
        await group.settle(await booked(group), answered(), also=also)

    grouped(tmp_path, work)
    assert outcomes(tmp_path) == [("d1", "answer", "exact")]
    assert rows(tmp_path, "SELECT * FROM purses") == [("journal", 7)]


def test_one_that_fails_takes_no_other_with_it(tmp_path: Path) -> None:
    """Its own waiter hears of it, and nothing of it is written; the others are settled and counted once."""

    def broken(connection: Connection) -> None:
        connection.execute("INSERT INTO purses VALUES ('half', 1)")
        raise LookupError

    async def work(group: Group) -> list[Any]:
        reservations = [await booked(group, number) for number in range(3)]
        also = (None, broken, None)
        return await asyncio.gather(
            *(group.settle(one, answered(), also=extra) for one, extra in zip(reservations, also, strict=True)),
            return_exceptions=True,
        )

    first, second, third = grouped(tmp_path, work)
    assert (first, type(second), third) == (None, LookupError, None)
    assert outcomes(tmp_path) == [("d0", "answer", "exact"), ("d1", "open", "in_doubt"), ("d2", "answer", "exact")]
    assert rows(tmp_path, "SELECT * FROM purses") == []
    assert total(tmp_path) == 2 * 100_000_000 + WORST * 10**9
    assert rows(tmp_path, "SELECT attempts FROM runs") == [(2,)]


def test_a_full_disk_books_nothing_for_anybody(tmp_path: Path) -> None:
    """No row, no call: every waiter gets the fault, which names the file, and later calls are booked again."""

    async def work(group: Group) -> list[Any]:
        await booked(group, 0)
        pages = group.ledger.read("PRAGMA page_count")[0][0]
        group.ledger.read(f"PRAGMA max_page_count = {pages}")
        found = await asyncio.gather(*(booked(group, number) for number in range(200)), return_exceptions=True)
        group.ledger.read("PRAGMA max_page_count = 1000000")
        await booked(group, 999)
        return found

    found = grouped(tmp_path, work)
    faults = [one for one in found if isinstance(one, StorageFault)]
    assert faults
    assert {str(tmp_path / "ledger.db") in fault.message for fault in faults} == {True}
    assert rows(tmp_path, "SELECT count(*) FROM attempts") == [(202 - len(faults),)]


def test_who_gave_up_before_the_commit_has_booked_nothing(tmp_path: Path) -> None:
    """An intent that nobody waits for is not written; those beside it are."""

    async def work(group: Group) -> None:
        gone, stays = asyncio.create_task(booked(group, 1)), asyncio.create_task(booked(group, 2))
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, stays, return_exceptions=True)

    grouped(tmp_path, work)
    assert outcomes(tmp_path) == [("d2", "open", "in_doubt")]


def test_who_gave_up_after_the_commit_gets_all_of_it_back(tmp_path: Path) -> None:
    """The row is there and the call never left: it is closed as that, and costs nothing."""

    async def work(group: Group) -> None:
        gone = asyncio.create_task(booked(group))
        await asyncio.sleep(0)
        await group.close()  # commits; the task has not run on yet
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone

    grouped(tmp_path, work)
    assert outcomes(tmp_path) == [("d1", "failure", "not_sent")]
    assert total(tmp_path) == 0


def test_a_settlement_is_written_whoever_waits_for_it(tmp_path: Path) -> None:
    """What was paid is booked, though the one who asked is gone."""

    async def work(group: Group) -> None:
        task = asyncio.create_task(group.settle(await booked(group), answered()))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    grouped(tmp_path, work)
    assert outcomes(tmp_path) == [("d1", "answer", "exact")]


def test_the_health_of_a_target_moves_within_a_page(tmp_path: Path) -> None:
    """A failure and then an answer on one page leave the target well; the other way round it rests."""

    async def work(group: Group) -> list[int]:
        found = []
        for attempts in ((failed(), answered()), (answered(), failed())):
            reservations = [await booked(group, number) for number in range(2)]
            await asyncio.gather(*(group.settle(one, each) for one, each in zip(reservations, attempts, strict=True)))
            found.append(len(group.ledger.health()))
        return found

    assert grouped(tmp_path, work) == [0, 1]


def test_anything_may_be_written_in_its_turn(tmp_path: Path) -> None:
    """What the work returns comes back when it is on disk."""

    async def work(group: Group) -> Any:
        await booked(group)
        return await group.write(lambda connection: connection.execute("UPDATE runs SET level = 'x'").rowcount)

    assert grouped(tmp_path, work) == 1
    assert rows(tmp_path, "SELECT level FROM runs") == [("x",)]
