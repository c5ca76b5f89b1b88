"""The book among processes: nothing lost, nothing twice, no budget overrun. The torture lane has the great numbers."""

from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path

import pytest

from tests.doors.booking import rows
from tests.doors.workers import COST, ended, gate, start
from tests.lanes import thinned
from tests.servers import ScriptedServer


def open_book(tmp_path: Path) -> Path:
    """Opens the gate and says where the book is."""
    home = tmp_path / "ours"
    with gate(home):
        pass
    return home


def spent(home: Path) -> list[tuple[int]]:
    """Returns what the book counts as spent on all days, in nano-dollars."""
    return rows(home, "SELECT sum(nano) FROM spend WHERE period LIKE 'day:%'")


@pytest.mark.process
def test_eight_processes_lose_no_row(tmp_path: Path) -> None:
    """Each books 25 calls at once with the others: 200 rows, the sums are theirs, and the file is whole."""
    home = tmp_path / "ours"
    with ExitStack() as stack:
        stack.enter_context(gate(home))
        workers = [start("book", home, f"w{number}", 25) for number in range(8)]
    for worker in workers:
        ended(worker, seconds=60)
    nano = int(COST * 10**9) * 200
    assert rows(home, "SELECT count(*), count(DISTINCT prompt_digest), sum(cost_nano) FROM attempts") == [
        (200, 200, nano)
    ]
    assert rows(home, "SELECT count(*), sum(attempts), sum(cost_nano) FROM runs WHERE outcome = 'answer'") == [
        (200, 200, nano)
    ]
    assert spent(home) == [(nano,)]
    assert rows(home, "SELECT sum(nano) FROM spend WHERE period LIKE 'month:%'") == [(nano,)]
    assert rows(home, "PRAGMA integrity_check") == [("ok",)]


def test_a_budget_is_a_wall_for_all_at_once(tmp_path: Path) -> None:
    """Six processes want ten times what is left: what is billed stays within it, and the rest was refused."""
    home, budget = tmp_path / "ours", Decimal("0.06")
    with ExitStack() as stack:
        stack.enter_context(gate(home))
        workers = [start("spend", home, str(number), 10, str(budget)) for number in range(6)]
    said = [ended(worker, seconds=60) for worker in workers]
    billed = sum((Decimal(one["billed"]) for one in said), Decimal(0))
    assert Decimal("0.05") < billed <= budget
    assert rows(home, "SELECT count(*) FROM attempts")[0][0] == 60 - sum(one["refused"] for one in said)
    assert spent(home) == [(int(billed * 10**9),)]


@pytest.mark.parametrize("moment", thinned(range(3), 3))
def test_a_killed_process_leaves_no_call_without_its_row(tmp_path: Path, server: ScriptedServer, moment: int) -> None:
    """Whenever it died, every question that a server heard is in the book, and the next call works."""
    home = open_book(tmp_path)
    worker = start("ask", home, "dies", 10_000, server.url)
    assert server.wait_for(5 + moment)
    worker.kill()
    worker.communicate(timeout=10)
    assert ended(start("ask", home, "lives", 1, server.url), seconds=30) == {"answers": 1}
    heard = {seen.json["messages"][-1]["content"] for seen in server.asked}
    assert heard <= {digest for (digest,) in rows(home, "SELECT prompt_digest FROM attempts")}
    assert rows(home, "SELECT count(*) FROM attempts WHERE outcome = 'open'") == [(0,)]
    assert spent(home) == rows(home, "SELECT sum(cost_nano) FROM attempts")
    assert rows(home, "PRAGMA integrity_check") == [("ok",)]


def test_the_next_process_closes_what_a_dead_one_left(tmp_path: Path) -> None:
    """Whoever books next marks its row as in doubt; its worst case stays booked."""
    home = open_book(tmp_path)
    ended(start("hold", home, "dead", 1), seconds=30)
    assert rows(home, "SELECT outcome FROM attempts") == [("open",)]
    ended(start("hold", home, "next", 1), seconds=30)
    assert rows(home, "SELECT run, outcome, certainty FROM attempts ORDER BY id") == [
        ("dead", "failure", "in_doubt"), ("next", "open", "in_doubt"),
    ]  # fmt: skip
    assert spent(home) == [(500_000_000,)]
