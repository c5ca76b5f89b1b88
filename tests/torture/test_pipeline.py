"""A pipeline loses nothing and asks nothing twice that it has kept, in whichever stage it is killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.doors.booking import rows
from tests.doors.workers import ROOT
from tests.network import opened_loopback
from tests.torture.conftest import Measured
from tests.torture.documents import HEARD, Clerk, ended, killed, write_clerk, write_documents
from tests.torture.test_batch import committed
from tests.torture.test_ledger import is_sound

pytestmark = pytest.mark.torture
DOCUMENTS, KILLS, AT_ONCE = 120, 25, 8
PIPELINE = {
    "input": "documents.jsonl",
    "stages": [
        {"name": "first", "model": "here.one", "template": "{prompt}", "max_output": 100},
        {"name": "second", "model": "here.one", "template": "again: {first}", "max_output": 100},
        {"name": "groups", "kind": "reduce", "size": 10, "model": "here.one", "template": "{items}", "max_output": 100,
         "item": "{second}"},
        {"name": "all", "kind": "reduce", "model": "here.one", "template": "in all: {items}", "max_output": 100},
    ],
}  # fmt: skip
PROMPTS = DOCUMENTS + DOCUMENTS + DOCUMENTS // 10 + 1


def started(folder: Path, *flags: str) -> "subprocess.Popen[str]":
    """Starts the pipeline of a folder."""
    command = [sys.executable, "-m", "outrider", "pipeline", "run", "p.json", "--max-cost", "5", *flags]
    return subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT / "helper")}, cwd=folder, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_twenty_five_kills_over_four_stages(home: Path, tmp_path: Path, measured: Measured) -> None:
    """Killed in every stage, a run ends with each answer once; what is asked again was under way at a kill."""
    book = home / ".config" / "outrider"
    flags = ("--concurrency", str(AT_ONCE), "-q")
    write_documents(tmp_path, DOCUMENTS)
    (tmp_path / "p.json").write_text(json.dumps(PIPELINE), encoding="utf-8")
    with opened_loopback(), Clerk(delay=0.02) as clerk:
        write_clerk(home, clerk)
        kept: list[int] = []
        for number in range(KILLS):
            before = len(clerk.asked)
            process = started(tmp_path, *flags)
            clerk.wait_for(before + 3 + number % 11, process)
            killed(process)
            kept.append(len(committed(book)))
        code, out, err = ended(started(tmp_path, *flags))
        assert (code, err) == (0, "")
        asked = len(clerk.asked)
        assert ended(started(tmp_path, *flags))[:2] == (0, out)
        assert len(clerk.asked) == asked
    assert kept == sorted(kept)
    assert asked - PROMPTS <= KILLS * AT_ONCE
    assert all(f"{HEARD}again: {HEARD}document {number}\n" in out for number in range(DOCUMENTS))
    assert len(committed(book)) == PROMPTS
    assert is_sound(book)
    assert rows(book, "SELECT count(*) FROM attempts WHERE outcome = 'open'") == [(0,)]
    # The last sitting found everything done, and asked nothing of anybody: there is one run with calls.
    assert rows(book, "SELECT count(DISTINCT run) FROM attempts") == [(1,)]
    measured(f"{KILLS} kills over {PROMPTS} prompts of four stages: {asked - PROMPTS} asked again, 0 kept ones")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_five_seconds(number: signal.Signals, home: Path, tmp_path: Path) -> None:
    """It takes nothing more, books what is under way, says so, and goes on when it is typed again."""
    write_documents(tmp_path, DOCUMENTS)
    (tmp_path / "p.json").write_text(json.dumps(PIPELINE), encoding="utf-8")
    with opened_loopback(), Clerk(delay=0.05) as clerk:
        write_clerk(home, clerk)
        process = started(tmp_path)
        clerk.wait_for(20, process)
        began = time.monotonic()
        process.send_signal(number)
        code, out, err = ended(process)
        assert time.monotonic() - began < 5.0
        assert (code, out) == (128 + number, "")
        assert "error: stopped before all was asked" in err
        assert ended(started(tmp_path))[0] == 0
        assert len(clerk.asked) <= PROMPTS + 16


def test_a_second_process_says_who_works_on_it(home: Path, tmp_path: Path) -> None:
    """One works, the other says so and ends with 6."""
    write_documents(tmp_path, DOCUMENTS)
    (tmp_path / "p.json").write_text(json.dumps(PIPELINE), encoding="utf-8")
    with opened_loopback(), Clerk(delay=0.05) as clerk:
        write_clerk(home, clerk)
        first = started(tmp_path)
        clerk.wait_for(5, first)
        code, _, err = ended(started(tmp_path))
        assert (code, f"is being worked on by process {first.pid}" in err) == (6, True), err
        assert ended(first)[0] == 0
        assert len(clerk.asked) == PROMPTS
