"""The whole command among many: budgets, jobs and salts, as agents would use them all at once."""

import fcntl
import json
import os
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import write_layer
from tests.doors.booking import rows
from tests.doors.workers import ROOT
from tests.servers import ScriptedServer, say
from tests.torture.conftest import Measured
from tests.torture.test_ledger import is_sound

pytestmark = pytest.mark.torture

AT_THE_GATE = """
import fcntl, os, sys
with open(sys.argv[1]) as gate:
    fcntl.flock(gate, fcntl.LOCK_SH)
os.execv(sys.executable, [sys.executable, "-m", "outrider", *sys.argv[2:]])
"""


def write_models(home: Path, server: ScriptedServer, *, budget: float) -> None:
    """Writes a layer with one dear model at the scripted provider, and a budget for the day."""
    write_layer(
        home,
        {
            "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
            "models": {"here.one": {"provider": "here", "id": "one", "price": {"input": 1, "output": 1000}}},
            "limits": {"budget_usd": {"day": budget}},
        },
    )


def ask_all_at_once(home: Path, count: int) -> list[tuple[int, dict[str, Any]]]:
    """Starts as many commands at one moment; returns their codes and what they printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}
    flags = ["ask", "-m", "here.one", "--json", "--max-output", "100", "hello"]
    with (home / "gate").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        started = [
            subprocess.Popen(
                [sys.executable, "-c", AT_THE_GATE, str(home / "gate"), *flags], env=environment, cwd=home, text=True,
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            )
            for _ in range(count)
        ]  # fmt: skip
        time.sleep(0.5)
    found = []
    for process in started:
        out, err = process.communicate(timeout=120)
        assert "Traceback" not in err
        found.append((process.returncode, json.loads(out)))
    return found


def test_thirty_two_commands_at_one_moment_stay_within_the_budget(
    home: Path, server: ScriptedServer, measured: Measured
) -> None:
    """What the server billed is within the day's budget, and what was refused was never sent."""
    write_models(home, server, budget=1.0)
    server.always(say("dear", usage=(11, 100, 0)))
    began = time.monotonic()
    ended = ask_all_at_once(home, 32)
    seconds = time.monotonic() - began
    answered = [said for code, said in ended if code == 0]
    refused = [said for code, said in ended if code != 0]
    assert {code for code, _ in ended} == {0, 5}
    assert {said["error"]["kind"] for said in refused} == {"budget"}
    billed = len(server.asked) * (Decimal(11) * 1 + Decimal(100) * 1000) / 1_000_000
    assert len(server.asked) == len(answered)
    assert Decimal("0.7") < billed <= Decimal("1.0")
    book = home / ".config" / "outrider"
    assert is_sound(book)
    assert rows(book, "SELECT nano FROM spend WHERE period LIKE 'day:%'") == [(int(billed * 10**9),)]
    assert rows(book, "SELECT count(*) FROM runs") == [(32,)]
    measured(f"32 commands, budget $1: ${billed} billed, {len(refused)} refused, {seconds:.1f} s")


def test_killed_commands_leave_their_rows(home: Path, server: ScriptedServer, measured: Measured) -> None:
    """Thirty commands are killed when the server has heard them: each has its row, and the next command works."""
    write_models(home, server, budget=100.0)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}
    command = [sys.executable, "-m", "outrider", "ask", "-m", "here.one", "--max-output", "100", "question"]
    for number in range(30):
        process = subprocess.Popen(
            command, env=environment, cwd=home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        arrived = server.wait_for(number + 1, seconds=30)
        process.kill()
        process.wait(10)
        assert arrived
    last = subprocess.run(
        [*command[:-1], "--raw", "last"], env=environment, cwd=home, stdin=subprocess.DEVNULL, capture_output=True,
        text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (last.returncode, last.stdout) == (0, "hello from one\n")
    book = home / ".config" / "outrider"
    assert rows(book, "SELECT count(*) FROM attempts") == [(31,)]
    assert len(server.asked) == 31
    assert is_sound(book)
    kinds = dict(rows(book, "SELECT certainty, count(*) FROM attempts GROUP BY certainty"))
    measured(f"30 killed commands: 31 rows for 31 questions, {kinds}")
