"""A command that hands documents to a provider's batch is killed at every step, and nothing is asked twice or lost."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import write_layer
from tests.doors.booking import rows
from tests.doors.workers import ROOT
from tests.servers.batches import BatchServer, Shape

pytestmark = pytest.mark.torture

DOCUMENTS = 40
PRICE = {"input": 1, "output": 10, "variants": {"batch": {"input": 0.5, "output": 5}}}
WORDS = ("batch", "in.jsonl", "--text-field", "text", "-m", "here.one", "--max-cost", "1", "-o", "out.jsonl")
STEPS: dict[Shape, dict[str, tuple[str, str]]] = {
    "openai": {
        "upload": ("POST", "/files"), "start": ("POST", "/batches"), "state": ("GET", "/batches/batch_1"),
        "results": ("GET", "/content"),
    },
    "google": {
        "announce": ("POST", "/upload/v1beta/files"), "start": ("POST", "/batches"),
        "results": ("GET", ":download"),
    },
    "jobs": {"start": ("POST", "/batch/jobs"), "state": ("GET", "/batch/jobs/batch_1")},
    "anthropic": {
        "start": ("POST", "/batches"), "state": ("GET", "/batches/batch_1"), "results": ("GET", "/results"),
    },
}  # fmt: skip


def command(home: Path, *words: str) -> "subprocess.Popen[str]":
    """Starts a command as a shell would."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper"), "HERE_API_KEY": "sk-key-of-here-0001"}
    return subprocess.Popen(
        [sys.executable, "-m", "outrider", *words], env=environment, cwd=home, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def ran(home: Path, *words: str) -> tuple[int, str, str]:
    """Runs a command to its end."""
    process = command(home, *words)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


def prepared(home: Path, server: BatchServer) -> None:
    """Writes the registry's rows and the input."""
    shape = server.shape
    row = {
        "dialect": "anthropic" if shape == "anthropic" else "openai", "base_url": server.base_url,
        "key": "HERE_API_KEY", "batches": {"shape": shape},
    }  # fmt: skip
    model = {"provider": "here", "id": "one", "max_output": 1_000, "price": PRICE}
    write_layer(home, {"providers": {"here": row}, "models": {"here.one": model}})
    lines = [json.dumps({"id": f"d{number}", "text": f"text {number}"}) for number in range(DOCUMENTS)]
    (home / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    server.created = int(time.time())


def book(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Asks the book."""
    return rows(home / ".config" / "outrider", query)


@pytest.mark.parametrize(
    ("shape", "step"), [(shape, step) for shape, steps in STEPS.items() for step in steps]
)  # fmt: skip
def test_a_kill_at_any_step_loses_nothing_and_asks_nothing_twice(
    home: Path, loopback: None, shape: Shape, step: str
) -> None:
    """Another process collects what is there, the same command asks the rest, and each is paid for once."""
    with BatchServer(shape) as server:
        prepared(home, server)
        server.hangs_at = STEPS[shape][step]
        process = command(home, *WORDS, "--by", "2h")
        assert server.hung.wait(60), process.communicate()
        process.send_signal(signal.SIGKILL)
        process.communicate()
        server.let_go.set()
        listed = json.loads(ran(home, "jobs", "list", "--json")[1])["jobs"]
        for job in listed:
            assert ran(home, "jobs", "collect", job["id"], "--wait", "0")[0] in (0, 6)
        code, out, err = ran(home, *WORDS, "--by", "2h")
        assert code == 0, out + err
        asked = server.asked + server.sync
        assert sorted(asked) == sorted(f"text {number}" for number in range(DOCUMENTS))
    answers = [json.loads(line)["answer"] for line in (home / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    assert answers == [f"TEXT {number}" for number in range(DOCUMENTS)]
    half = 100 * 500 + 10 * 5_000
    assert book(home, "SELECT SUM(cost_nano), SUM(outcome = 'open') FROM attempts") == [(DOCUMENTS * half, 0)]
    assert book(home, "SELECT cost_nano FROM runs") == [(DOCUMENTS * half,)]


def test_many_collect_the_same_batch_at_once(home: Path, loopback: None) -> None:
    """Each answer is booked once, whoever comes first."""
    with BatchServer("openai") as server:
        prepared(home, server)
        server.polls = 99
        process = command(home, *WORDS, "--by", "2h")
        while not server.batches or not book(home, "SELECT 1 FROM provider_batches WHERE state = 'submitted'"):
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        ((name,),) = book(home, "SELECT id FROM provider_batches")
        server.polls = 0
        collecting = [command(home, "jobs", "collect", name) for _ in range(6)]
        ended = [(one.communicate(timeout=120), one.returncode) for one in collecting]
    assert [code for _, code in ended] == [0] * 6, ended
    assert {len(out.splitlines()) for (out, _), _ in ended} == {DOCUMENTS}
    half = 100 * 500 + 10 * 5_000
    assert book(home, "SELECT cost_nano, attempts FROM runs") == [(DOCUMENTS * half, DOCUMENTS)]
