"""A batch loses nothing and asks nothing twice that it has kept, whatever ends it and however often."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.doors.booking import rows
from tests.doors.workers import ROOT
from tests.network import opened_loopback
from tests.torture.conftest import Measured
from tests.torture.documents import (
    HEARD,
    Clerk,
    answers,
    ended,
    killed,
    typed,
    write_clerk,
    write_documents,
)
from tests.torture.test_ledger import is_sound

pytestmark = pytest.mark.torture
DOCUMENTS, KILLS, AT_ONCE = 400, 25, 8


def committed(book: Path) -> set[str]:
    """Returns the documents whose answers are kept."""
    if not (book / "ledger.db").exists():
        return set()
    connection = sqlite3.connect(book / "ledger.db", timeout=30)
    try:
        found = connection.execute("SELECT key FROM batch_documents WHERE state = 'done'").fetchall()
    except sqlite3.OperationalError:
        return set()
    finally:
        connection.close()
    return {json.loads(key) for (key,) in found}


def test_twenty_five_kills_over_four_hundred_documents(home: Path, tmp_path: Path, measured: Measured) -> None:
    """Nothing is lost, nothing that was kept is asked again, and what is asked again was under way at a kill."""
    book = home / ".config" / "outrider"
    flags = ("--max-cost", "5", "--concurrency", str(AT_ONCE), "-o", "answers.jsonl", "-q")
    write_documents(tmp_path, DOCUMENTS)
    again_kept = 0
    with opened_loopback(), Clerk(delay=0.02) as clerk:
        write_clerk(home, clerk)
        for number in range(KILLS):
            before, kept = len(clerk.asked), committed(book)
            process = typed(tmp_path, *flags)
            clerk.wait_for(before + 5 + number % 7, process)
            killed(process)
            texts = {f"document {key[1:]}" for key in kept}
            again_kept += sum(text in texts for text in clerk.asked[before:])
        assert not (tmp_path / "answers.jsonl").exists()
        code, _, err = ended(typed(tmp_path, *flags))
        assert (code, err) == (0, "")
        asked = len(clerk.asked)
        assert ended(typed(tmp_path, *flags))[0] == 0
        assert len(clerk.asked) == asked
    found = answers(tmp_path / "answers.jsonl")
    assert [one["id"] for one in found] == [f"d{number}" for number in range(DOCUMENTS)]
    assert [one["answer"] for one in found] == [f"{HEARD}document {number}" for number in range(DOCUMENTS)]
    assert again_kept == 0
    assert asked - DOCUMENTS <= KILLS * AT_ONCE
    assert is_sound(book)
    assert rows(book, "SELECT count(*) FROM attempts")[0][0] >= asked
    assert rows(book, "SELECT count(*) FROM attempts WHERE outcome = 'open'") == [(0,)]
    assert rows(book, "SELECT count(*) FROM runs") == [(1,)]
    measured(f"{KILLS} kills over {DOCUMENTS} documents: {asked - DOCUMENTS} asked again, {again_kept} kept ones")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_a_batch_in_time(
    home: Path, tmp_path: Path, measured: Measured, number: signal.Signals, code: int
) -> None:
    """Calls that take longer than the moment they get are let go, and the whole ends within five seconds."""
    write_documents(tmp_path, 100)
    with opened_loopback(), Clerk(delay=20.0) as clerk:
        write_clerk(home, clerk)
        process = typed(tmp_path, "--max-cost", "5", "-o", "answers.jsonl")
        clerk.wait_for(16, process)
        began = time.monotonic()
        process.send_signal(number)
        assert ended(process)[0] == code
        seconds = time.monotonic() - began
    book = home / ".config" / "outrider"
    assert seconds <= 5.0
    assert rows(book, "SELECT outcome, kind, certainty, count(*) FROM attempts GROUP BY 1, 2, 3") == [
        ("failure", "interrupted", "in_doubt", 16)
    ]
    assert not list(tmp_path.glob("answers*"))
    measured(f"{number.name}: {seconds:.1f} s")


def test_a_provider_that_is_down_is_left_alone(home: Path, tmp_path: Path, measured: Measured) -> None:
    """While it is down it gets a probe now and then, and when it is back every document is answered."""
    count = 200
    write_documents(tmp_path, count)
    with opened_loopback(), Clerk() as clerk:
        write_clerk(home, clerk)
        clerk.is_down.set()
        process = typed(tmp_path, "--max-cost", "5", "-o", "answers.jsonl")
        clerk.wait_for(16, process)
        time.sleep(6)
        while_down = len(clerk.asked)
        clerk.is_down.clear()
        assert ended(process)[0] == 0
        asked = len(clerk.asked)
    assert all(one["ok"] for one in answers(tmp_path / "answers.jsonl"))
    assert asked <= 1.2 * count + 20
    measured(f"down for 6 s: {while_down} requests meanwhile, {asked} for {count} documents")


def test_with_fail_a_provider_that_is_down_ends_the_run(home: Path, tmp_path: Path, measured: Measured) -> None:
    """The run ends at once, its documents stay to be asked, and nobody was asked 1.2 times each and 20."""
    count = 300
    write_documents(tmp_path, count)
    with opened_loopback(), Clerk(delay=0.05) as clerk:
        write_clerk(home, clerk)
        clerk.is_down.set()
        flags = ("--max-cost", "5", "--concurrency", "256", "-o", "answers.jsonl")
        assert ended(typed(tmp_path, *flags, "--on-outage", "fail"))[0] == 1
        asked = len(clerk.asked)
        assert asked <= 1.2 * count + 20
        clerk.is_down.clear()
        assert ended(typed(tmp_path, *flags))[0] == 0
    assert len(answers(tmp_path / "answers.jsonl")) == count
    measured(f"down, 256 at once, --on-outage fail: {asked} requests for {count} documents")


def test_of_two_processes_on_one_run_one_works(home: Path, tmp_path: Path) -> None:
    """The other says so, names the first, and asks nobody."""
    write_documents(tmp_path, 60)
    with opened_loopback(), Clerk(delay=0.3) as clerk:
        write_clerk(home, clerk)
        flags = ("--max-cost", "5", "--concurrency", "4", "-o", "answers.jsonl")
        first = typed(tmp_path, *flags)
        clerk.wait_for(1, first)
        code, _, err = ended(typed(tmp_path, *flags))
        assert code == 6
        assert f"is being worked on by process {first.pid}" in err
        assert ended(first)[0] == 0
        assert set(clerk.times.values()) == {1}
    assert len(answers(tmp_path / "answers.jsonl")) == 60


def test_memory_does_not_grow_with_the_input(home: Path, tmp_path: Path, measured: Measured) -> None:
    """Ten thousand documents of 2 KB take less than 300 MiB, and so many more take a tenth more at most."""
    peaks = {}
    with opened_loopback(), Clerk() as clerk:
        for count in (1_000, 10_000):
            folder = tmp_path / str(count)
            folder.mkdir()
            write_documents(folder, count, size=2_000)
            write_clerk(home, clerk)
            peaks[count] = peak_of(folder, "--max-cost", "50", "--concurrency", "64", "-o", "answers.jsonl", "-q")
            assert len(answers(folder / "answers.jsonl")) == count
    measured(", ".join(f"{count:,} documents: {peak:.0f} MiB" for count, peak in peaks.items()))
    assert peaks[10_000] <= 300
    assert peaks[10_000] <= 1.1 * peaks[1_000] + 4


def peak_of(folder: Path, *flags: str) -> float:
    """Runs a batch and returns the most memory that it took, in MiB."""
    process = typed(folder, *flags, stdout=None, stderr=None)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss / 1024


def test_a_run_goes_on_in_three_seconds(home: Path, tmp_path: Path, measured: Measured) -> None:
    """Ten thousand documents of which all but a few are answered: the first question leaves within three seconds."""
    write_documents(tmp_path, 10_000, size=2_000)
    flags = ("--max-cost", "50", "--concurrency", "64", "-o", "answers.jsonl", "-q")
    with opened_loopback(), Clerk() as clerk:
        write_clerk(home, clerk)
        process = typed(tmp_path, *flags)
        clerk.wait_for(9_800, process, seconds=300)
        killed(process)
        before, began = len(clerk.asked), time.monotonic()
        process = typed(tmp_path, *flags)
        clerk.wait_for(before + 1, process)
        seconds = time.monotonic() - began
        assert ended(process)[0] == 0
    assert seconds <= 3.0
    measured(f"going on after 9,800 of 10,000 documents: the first question after {seconds:.2f} s")


def test_the_demo_of_a_thousand_documents(home: Path, tmp_path: Path, measured: Measured) -> None:
    """On the simulated provider, killed five times: every document has its own answer, and the demo says so."""
    command = [sys.executable, "-m", "outrider", "demo", "--batch", "1000", "--kills", "5"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert "1,000 documents, 1,000 with their own answer" in done.stdout
    assert not list(home.rglob("ledger.db"))
    measured(done.stdout.strip().splitlines()[-1])
