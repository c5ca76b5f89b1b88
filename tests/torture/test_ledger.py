"""The ledger under what no ordinary day brings. Each test says in a line what it measured."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from decimal import Decimal
from pathlib import Path

import pytest

from outrider.doors.ledger import Ledger
from tests.doors.booking import a_run, answered, booked, places_at, rows
from tests.doors.workers import COST, ROOT, ended, gate, start
from tests.servers import ScriptedServer
from tests.torture.conftest import Measured

pytestmark = pytest.mark.torture
NANO = 10**9


def is_sound(home: Path) -> bool:
    """Whether the file is whole, no row is open, and the totals are the sums of the rows."""
    return (
        rows(home, "PRAGMA integrity_check") == [("ok",)]
        and rows(home, "SELECT count(*) FROM attempts WHERE outcome = 'open'") == [(0,)]
        and rows(home, "SELECT coalesce(sum(nano), 0) FROM spend WHERE period LIKE 'day:%'")
        == rows(home, "SELECT coalesce(sum(cost_nano), 0) FROM attempts")
        == rows(home, "SELECT coalesce(sum(cost_nano), 0) FROM runs")
    )


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Opens the gate for workers that start alone, and says where the book is."""
    with gate(tmp_path / "ours"):
        pass
    return tmp_path / "ours"


@pytest.mark.alone
def test_sixty_four_processes_lose_none_of_12800_rows(tmp_path: Path, measured: Measured) -> None:
    """64 processes of 200 calls each: every row once, the spend exact, in less than 180 seconds."""
    home = tmp_path / "ours"
    with ExitStack() as stack:
        stack.enter_context(gate(home))
        workers = [start("book", home, f"w{number}", 200) for number in range(64)]
    began = time.monotonic()
    slowest = max(ended(worker)["slowest"] for worker in workers)
    seconds = time.monotonic() - began
    nano = int(COST * NANO) * 12_800
    assert rows(home, "SELECT count(*), count(DISTINCT prompt_digest), sum(cost_nano) FROM attempts") == [
        (12_800, 12_800, nano)
    ]
    assert rows(home, "SELECT count(*), sum(attempts) FROM runs WHERE outcome = 'answer'") == [(12_800, 12_800)]
    assert rows(home, "SELECT sum(nano) FROM spend WHERE period LIKE 'day:%'") == [(nano,)]
    assert is_sound(home)
    measured(
        f"64 x 200 calls: 12,800 rows in {seconds:.1f} s, {12_800 / seconds:.0f} calls/s;"
        f" slowest call waited {slowest:.2f} s for its two writes"
    )
    assert seconds <= 180


def test_thirty_two_processes_at_one_moment_stay_within_the_budget(tmp_path: Path, measured: Measured) -> None:
    """Each wants thirty calls; what is billed stays within the day's budget in every round."""
    for number in range(5):
        home, budget = tmp_path / str(number) / "ours", Decimal("0.5")
        home.parent.mkdir()
        with ExitStack() as stack:
            stack.enter_context(gate(home))
            workers = [start("spend", home, str(name), 30, str(budget)) for name in range(32)]
        said = [ended(worker) for worker in workers]
        billed = sum((Decimal(one["billed"]) for one in said), Decimal(0))
        refused = sum(one["refused"] for one in said)
        assert billed <= budget
        assert rows(home, "SELECT count(*) FROM attempts") == [(32 * 30 - refused,)]
        assert rows(home, "SELECT nano FROM spend WHERE period LIKE 'day:%'") == [(int(billed * NANO),)]
        assert is_sound(home)
        measured(f"32 processes, budget ${budget}: ${billed} billed, {refused} of 960 calls refused")


def test_no_kill_leaves_a_call_without_its_row(home: Path, server: ScriptedServer, measured: Measured) -> None:
    """Forty processes are killed while they ask: what the server heard is in the book, and the next call works."""
    chance = random.Random(20261121)
    for number in range(40):
        seen = len(server.asked)
        worker = start("ask", home, f"w{number}", 100_000, server.url)
        assert server.wait_for(seen + 1, seconds=30)
        time.sleep(chance.random() * 0.2)
        worker.kill()
        worker.communicate(timeout=10)
        assert ended(start("ask", home, f"next{number}", 1, server.url)) == {"answers": 1}
    heard = [asked.json["messages"][-1]["content"] for asked in server.asked]
    booked_digests = {digest for (digest,) in rows(home, "SELECT prompt_digest FROM attempts")}
    assert set(heard) <= booked_digests
    assert len(heard) == len(set(heard))
    assert is_sound(home)
    in_doubt = rows(home, "SELECT count(*) FROM attempts WHERE certainty = 'in_doubt'")[0][0]
    assert in_doubt <= 40
    measured(
        f"40 kills over {len(heard)} calls: {len(booked_digests)} rows, {in_doubt} in doubt, 0 calls without a row"
    )


def test_no_kill_in_the_middle_of_a_write_harms_the_book(home: Path, measured: Measured) -> None:
    """Sixty times four writers die at a random moment; the book is whole and open to the next each time."""
    chance = random.Random(7)
    for number in range(60):
        with ExitStack() as stack:
            stack.enter_context(gate(home))
            workers = [start("book", home, f"r{number}w{name}", 100_000) for name in range(4)]
        time.sleep(0.15 + chance.random() * 0.1)
        for worker in workers:
            worker.kill()
        for worker in workers:
            worker.communicate(timeout=10)
        ledger = Ledger(places_at(home))
        ledger.settle(booked(ledger, a_run(f"after{number}")), answered(cost=str(COST)))
        ledger.close()
        assert is_sound(home)
    count = rows(home, "SELECT count(*) FROM attempts")[0][0]
    in_doubt = rows(home, "SELECT count(*) FROM attempts WHERE certainty = 'in_doubt'")[0][0]
    assert in_doubt <= 240
    measured(f"240 kills among writers: {count} rows, {in_doubt} in doubt, the book whole after every one")


WITHOUT_ROOM = """
import resource, signal, sys
from tests.doors.booking import *
from outrider.doors.ledger import Ledger
from outrider.errors import StorageFault
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
ledger, done = Ledger(places_at(sys.argv[1])), 0
try:
    for number in range(2000):
        ledger.settle(booked(ledger, a_run(sys.argv[2] + "-" + str(number))), answered())
        done += 1
except StorageFault as fault:
    print(done, fault.message)
"""


def test_no_limit_of_room_breaks_the_book(home: Path, measured: Measured) -> None:
    """Wherever the room ends, to the half page, what was booked is whole and there is one line of fault."""
    environment = {"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}", "PATH": os.environ["PATH"]}
    total = 0
    for room in range(0, 160_000, 2_500):
        command = [sys.executable, "-c", WITHOUT_ROOM, str(home), str(room)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
        assert (done.returncode, done.stderr, done.stdout.count("\n")) == (0, "", 1)
        total += int(done.stdout.split()[0])
        ledger = Ledger(places_at(home))
        ledger.settle(booked(ledger, a_run(f"after {room}")), answered())
        ledger.close()
        total += 1
        assert is_sound(home)
        assert rows(home, "SELECT count(*) FROM attempts WHERE outcome = 'answer'") == [(total,)]
    measured(f"64 limits of room: {total} rows, each one whole")


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mounts a disk of 800 KB; without the right to, the test says so, loudly."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", str(place)]
    if os.geteuid() != 0 or shutil.which("mount") is None or subprocess.run(command, check=False).returncode:
        pytest.skip("LOUD: no disk can be mounted here, so a really full one is not tested")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_really_full_disk_is_a_fault_and_then_is_over(small_disk: Path, measured: Measured) -> None:
    """Rows are booked until there is no room; with room again the next call works, and nothing was lost."""
    home = small_disk / "ours"
    environment = {"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}", "PATH": os.environ["PATH"]}
    program = WITHOUT_ROOM.replace("resource.setrlimit", "(lambda *_: None)")
    for number in range(5):
        ballast = small_disk / "ballast"
        # Less each time: the rows that were booked meanwhile stay.
        ballast.write_bytes(b"x" * (200_000 - 30_000 * number))
        done = subprocess.run(
            [sys.executable, "-c", program, str(home), str(number)], env=environment, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        assert "disk" in done.stdout
        ballast.unlink()
        ledger = Ledger(places_at(home))
        ledger.settle(booked(ledger, a_run(f"after {number}")), answered())
        ledger.close()
        assert is_sound(home)
    measured(f"5 times a full disk: {rows(home, 'SELECT count(*) FROM attempts')[0][0]} rows, each one whole")


def test_groups_of_sixteen_processes_keep_a_row_for_every_call(tmp_path: Path, measured: Measured) -> None:
    """16 processes of twenty at once, half of them killed in the middle: no call without a row, no cent astray."""
    home = tmp_path / "ours"
    with ExitStack() as stack:
        stack.enter_context(gate(home))
        workers = [start("group", home, f"g{number}", 500, "1000") for number in range(16)]
    began = time.monotonic()
    log = tmp_path / "served"
    chance = random.Random(16)
    for index, worker in enumerate(workers[::2]):
        # By what they have done and not by the clock: a busy machine takes seconds to start them.
        while not log.exists() or log.read_bytes().count(b"\n") < 300 * (index + 1):
            time.sleep(0.002 + chance.random() * 0.02)
        worker.kill()
    for worker in workers[1::2]:
        assert ended(worker) == {"refused": 0}
    for worker in workers[::2]:
        worker.communicate(timeout=60)
    seconds = time.monotonic() - began
    with closing(Ledger(places_at(home))) as ledger:
        ledger.settle(booked(ledger, a_run("after")), answered())  # finds the rows of the dead
    served = log.read_text(encoding="utf-8").split()
    known = {digest for (digest,) in rows(home, "SELECT prompt_digest FROM attempts")}
    assert len(served) == len(set(served)) >= 8 * 500
    assert set(served) <= known
    assert is_sound(home)
    measured(f"{len(served):,} calls in {seconds:.1f} s, {len(known) - len(served) - 1} booked that never left")


def test_a_budget_is_a_wall_for_the_groups_of_sixteen_processes(tmp_path: Path, measured: Measured) -> None:
    """All want four times what is left: what is booked is the budget and not a cent more."""
    home = tmp_path / "ours"
    budget = COST * 800
    with ExitStack() as stack:
        stack.enter_context(gate(home))
        workers = [start("group", home, f"g{number}", 200, str(budget)) for number in range(16)]
    refused = sum(ended(worker)["refused"] for worker in workers)
    assert refused == 16 * 200 - 800
    assert rows(home, "SELECT count(*), sum(cost_nano) FROM attempts") == [(800, int(budget * NANO))]
    assert is_sound(home)
    measured(f"{refused:,} of {16 * 200:,} refused, {budget} dollars booked")
