"""A panel that is stopped ends in three seconds, with every call booked, and says so in the one object."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.seated import booked, ended, write_seats
from tests.lanes import only
from tests.servers import ScriptedServer, say, way

ROOT = Path(__file__).parents[2]
LIMIT = 3.0
COMMANDS = {
    "compare": ("compare", "--panel", "trio", "hello"),
    "consensus": ("consensus", "--panel", "trio", "hello"),
    "cascade": ("cascade", "-m", "here.one", "-m", "here.two", "--gate", "self", "hello"),
    "verify": ("verify", "-m", "here.one", "--verifier", "here.two", "hello"),
}


@pytest.fixture(autouse=True)
def _seats(home: Path, server: ScriptedServer) -> None:
    write_seats(home, server)


def start(*arguments: str, inside: bool = False) -> "subprocess.Popen[str]":
    """Starts a command as a shell would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper"), **({"CLAUDECODE": "1"} if inside else {})}
    return subprocess.Popen(
        [sys.executable, "-m", "outrider", *arguments], env=environment, cwd=os.environ["HOME"], text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def stopped(process: "subprocess.Popen[str]", number: signal.Signals) -> tuple[int, str, str, float]:
    """Sends a signal; returns the code, what was printed, and how long the end took."""
    began = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    return process.returncode, out, err, time.monotonic() - began


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
@pytest.mark.parametrize("command", only(COMMANDS, "cascade"))
def test_a_signal_ends_it_with_everything_booked(
    command: str, number: signal.Signals, code: int, home: Path, server: ScriptedServer
) -> None:
    """What was under way may be billed: its reservation is in the book, and the one object says the same sum."""
    server.always(way("hang"))
    server.always(say("an answer"), model="three")
    process = start(*COMMANDS[command], "--json")
    assert server.wait_for(3 if "trio" in COMMANDS[command] else 1)
    ended_with, out, err, seconds = stopped(process, number)
    shape = json.loads(out)
    total, calls = booked(home)
    assert (ended_with, out.count("\n"), seconds < LIMIT) == (code, 1, True)
    assert (shape["answer"], shape["error"]["kind"]) == (None, "interrupted")
    assert round(shape["cost_usd"] * 1e9) == total
    assert shape["in_doubt_usd"] > 0
    assert {(kind, certainty) for model, kind, certainty in calls if model != "three"} == {("interrupted", "in_doubt")}
    assert (ended(home), "Traceback" in err) == (("failure", "interrupted"), False)


@pytest.mark.process
def test_a_check_that_runs_is_ended_too(home: Path, server: ScriptedServer) -> None:
    """Nothing of it is left, and nothing but our own words is on stderr."""
    marker = home / "pid"
    code = f"import os, time; open({str(marker)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    (home / "check.py").write_text(code, encoding="utf-8")
    gate = f"check:{sys.executable} -I {home / 'check.py'}"
    process = start("cascade", "-m", "here.one", "-m", "here.two", "--gate", gate, "hello", "--json")
    end = time.monotonic() + 10
    while time.monotonic() < end and not (marker.exists() and marker.read_text(encoding="utf-8")):
        os.sched_yield()
    code_of, out, err, seconds = stopped(process, signal.SIGINT)
    assert (code_of, json.loads(out)["error"]["kind"], seconds < LIMIT) == (130, "interrupted", True)
    assert [line.partition(":")[0] for line in err.splitlines()] == ["error", "hint", "outrider"]
    with pytest.raises(ProcessLookupError):
        os.kill(int(marker.read_text(encoding="utf-8")), 0)


def test_a_signal_before_anybody_is_asked_is_told_in_one_object(home: Path) -> None:
    """While the prompt is still being read."""
    process = subprocess.Popen(
        [sys.executable, "-m", "outrider", "compare", "--panel", "trio", "--json"], text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "helper")}, cwd=home,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1.5)
    process.send_signal(signal.SIGTERM)
    out, _ = process.communicate(timeout=10)
    assert (process.returncode, json.loads(out)["error"]["kind"]) == (143, "interrupted")


def test_inside_claude_code_a_long_one_goes_on_detached(home: Path, server: ScriptedServer) -> None:
    """It is relayed while it is waited for, with its code, its fence and its one object."""
    server.always(say("42"))
    process = start(*COMMANDS["consensus"], inside=True)
    out, _ = process.communicate(timeout=20)
    assert (process.returncode, out.startswith("<outrider-answer id=")) == (0, True)
    shape: Any = json.loads(start(*COMMANDS["consensus"], "--json", inside=True).communicate(timeout=20)[0])
    assert shape["kind"] == "agreed"
    assert len(list((home / ".config" / "outrider" / "jobs").iterdir())) == 2


@pytest.mark.process
def test_many_processes_keep_one_wall_each(home: Path, server: ScriptedServer) -> None:
    """`--max-cost` is the most that all seats of a run are ever billed, whatever runs beside it."""
    server.always(say("word " * 300))
    running = [start("compare", "--panel", "trio", "--max-cost", "0.003", "--max-output", "900", "hello", "--json")
               for _ in range(6)]  # fmt: skip
    shapes = [json.loads(process.communicate(timeout=60)[0]) for process in running]
    assert all(shape["cost_usd"] <= 0.003 for shape in shapes)
    assert sum(round(shape["cost_usd"] * 1e9) for shape in shapes) == booked(home)[0]
