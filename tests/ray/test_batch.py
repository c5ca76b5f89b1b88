"""`outrider batch --engine ray`: nothing lost, nothing asked that is kept, one wall, whoever asks."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.doors.booking import rows
from tests.network import opened_loopback
from tests.ray import cluster
from tests.torture.documents import HEARD, PRICE, Clerk, answers, ended, write_clerk, write_documents

pytestmark = pytest.mark.ray
KEY = "SOMEWHERE_KEY"
WORKER_KEY = "a-key-that-only-workers-have"
BILLED = "SELECT COUNT(*), SUM(cost_nano) FROM attempts WHERE outcome <> 'open'"


class Ready(NamedTuple):
    """A Python with Ray, and a cluster by its address and its first process."""

    python: Path
    address: str
    head: int


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ready]:
    """Starts one cluster for all tests; what cannot be installed skips them all, and says so."""
    try:
        python = cluster.install()
    except cluster.CannotInstallError as fault:
        pytest.skip(f"Ray cannot be installed: {fault}")
    home = tmp_path_factory.mktemp("workers")
    with cluster.running(python, home, **{KEY: WORKER_KEY}) as (address, head):
        yield Ready(python, address, head)


def typed(ready: Ready, home: Path, *flags: str, **more: str) -> "subprocess.Popen[str]":
    """Starts a batch on the cluster."""
    command = [
        ready.python, "-I", "-m", "outrider", "batch", "documents.jsonl", "-m", "here.one", "--engine", "ray",
        *(["--ray-address", ready.address] if ready.address else []), *flags,
    ]  # fmt: skip
    return subprocess.Popen(
        [str(word) for word in command], env=cluster.environment(home, **more), cwd=home, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def book_of(home: Path) -> Path:
    """Returns where the book is."""
    return home / ".config" / "outrider"


def test_two_hundred_documents_come_out_once_each(ready: Ready, tmp_path: Path) -> None:
    """A row in the book for every call, an answer for every document; the same command again sends nothing."""
    write_documents(tmp_path, 200)
    flags = ("--max-cost", "5", "-o", "answers.jsonl", "-q")
    with opened_loopback(), Clerk() as clerk:
        write_clerk(tmp_path, clerk)
        assert ended(typed(ready, tmp_path, *flags)) == (0, "", "")
        assert (len(clerk.times), set(clerk.times.values())) == (200, {1})
        assert ended(typed(ready, tmp_path, *flags)) == (0, "", "")
        assert len(clerk.asked) == 200
    found = [(one["id"], one["ok"], one["answer"]) for one in answers(tmp_path / "answers.jsonl")]
    assert found == [(f"d{number}", True, f"{HEARD}document {number}") for number in range(200)]
    assert rows(book_of(tmp_path), BILLED) == [(200, 200 * 20_000)]
    assert rows(book_of(tmp_path), "SELECT DISTINCT outcome, certainty FROM attempts") == [("answer", "exact")]


def test_the_wall_holds(ready: Ready, tmp_path: Path) -> None:
    """What the workers take together is never more than `--max-cost`, and the command says why it ended."""
    write_documents(tmp_path, 100)
    with opened_loopback(), Clerk() as clerk:
        write_clerk(tmp_path, clerk)
        code, _, said = ended(typed(ready, tmp_path, "--max-cost", "0.005", "-o", "answers.jsonl"))
        asked = len(clerk.asked)
    assert code == 5, said
    ((count, billed),) = rows(book_of(tmp_path), BILLED)
    assert (count, billed) == (asked, asked * 20_000)
    assert 0 < Decimal(billed) / 10**9 <= Decimal("0.005")


def test_a_killed_worker_takes_no_document_along(ready: Ready, tmp_path: Path) -> None:
    """What it had under way is booked in doubt, asked again by another worker, and booked again."""
    write_documents(tmp_path, 60)
    with opened_loopback(), Clerk(delay=0.4) as clerk:
        write_clerk(tmp_path, clerk)
        process = typed(ready, tmp_path, "--max-cost", "5", "--concurrency", "4", "-o", "answers.jsonl", "-q")
        clerk.wait_for(4, process)
        pids = cluster.members(ready.head)
        os.kill(pids[0], signal.SIGKILL)
        assert ended(process) == (0, "", "")
        asked = clerk.times
    assert [one["ok"] for one in answers(tmp_path / "answers.jsonl")] == [True] * 60
    assert len(asked) == 60
    ((count, _),) = rows(book_of(tmp_path), BILLED)
    doubts = rows(book_of(tmp_path), "SELECT COUNT(*) FROM attempts WHERE certainty = 'in_doubt'")[0][0]
    # A call that was booked may not have left when its worker died: it is in doubt all the same.
    assert (count, 1 <= doubts <= 4) == (60 + doubts, True)
    assert 60 <= asked.total() <= count


def test_a_signal_ends_it(ready: Ready, tmp_path: Path) -> None:
    """Within five seconds, with what was in flight booked in doubt; the next one goes on."""
    write_documents(tmp_path, 20)
    with opened_loopback(), Clerk(delay=30.0) as clerk:
        write_clerk(tmp_path, clerk)
        process = typed(ready, tmp_path, "--max-cost", "5", "--concurrency", "4", "-o", "answers.jsonl", "-q")
        clerk.wait_for(4, process)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        code, _, _ = ended(process)
        assert (code, time.monotonic() - began < 5.0) == (130, True)
    assert rows(book_of(tmp_path), "SELECT kind, certainty, COUNT(*) FROM attempts GROUP BY 1, 2") == [
        ("interrupted", "in_doubt", 4)
    ]


@pytest.mark.parametrize(("variable", "code"), [(KEY, 0), ("ELSEWHERE_KEY", 1)])
def test_a_worker_uses_its_own_key(ready: Ready, tmp_path: Path, variable: str, code: int) -> None:
    """The driver's key is not sent along: where a worker has none, nothing is sent, and it says where."""
    write_documents(tmp_path, 3)
    with opened_loopback(), Clerk() as clerk:
        provider: dict[str, Any] = {"dialect": "openai", "base_url": clerk.url, "keys": [variable]}
        model = {"provider": "here", "id": "one", "price": PRICE, "max_output": 100}
        write_clerk(tmp_path, clerk, providers={"here": provider}, models={"here.one": model})
        process = typed(ready, tmp_path, "--max-cost", "5", "-o", "answers.jsonl", **{variable: "the-driver-s-own"})
        ended_with, _, said = ended(process)
        assert (ended_with, len(clerk.asked)) == (code, 0 if code else 3)
    assert ("has no key for here (ELSEWHERE_KEY is not set there)" in said) == bool(code), said
    assert "the-driver-s-own" not in said


def test_a_private_batch_stays_here(ready: Ready, tmp_path: Path) -> None:
    """`--private` and a cluster exclude each other."""
    write_documents(tmp_path, 1)
    with opened_loopback(), Clerk() as clerk:
        write_clerk(tmp_path, clerk)
        code, _, said = ended(typed(ready, tmp_path, "--private"))
        assert (code, clerk.asked) == (5, [])
    assert said.splitlines() == [
        "error: private documents do not go to a Ray cluster: its workers may be on other machines",
        "hint: leave `--engine ray` out",
    ]


def test_without_an_address_it_starts_a_cluster_for_itself(ready: Ready, tmp_path: Path) -> None:
    """It listens on the loopback alone, and ends with the command."""
    write_documents(tmp_path, 8)
    with opened_loopback(), Clerk(delay=1.0) as clerk:
        write_clerk(tmp_path, clerk)
        process = typed(ready._replace(address=""), tmp_path, "--max-cost", "5", "--concurrency", "2", "-o", "a.jsonl")
        clerk.wait_for(1, process)
        family = cluster.descendants(process.pid)
        assert any(line.startswith("ray::Member") for line in family.values()), family
        if sys.platform == "linux":
            assert cluster.open_to_others(family) == []
        code, out, said = ended(process)
    assert (code, out, len(clerk.asked), said.count("\n")) == (0, "", 8, 1), said
    left = [pid for pid in family if pid != process.pid and Path(f"/proc/{pid}").exists()]
    assert left == []


def test_an_address_where_nobody_answers(ready: Ready, tmp_path: Path) -> None:
    """It says so at once."""
    write_documents(tmp_path, 1)
    with Clerk() as clerk:
        write_clerk(tmp_path, clerk)
    for address, said in (("127.0.0.1:9", "error: nobody answers at 127.0.0.1:9: "), ("auto", "error: `auto` is no")):
        code, _, told = ended(typed(ready._replace(address=address), tmp_path), seconds=20)
        assert (code, told.startswith(said)) == (2, True), told
