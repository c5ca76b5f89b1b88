"""What all processes of a machine know of a provider: its retry quota, its rests, and how long it asked to be left."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.ledger import Ledger
from outrider.rules import quota
from tests.cli.typing_it import write_layer
from tests.doors.booking import places_at, rows
from tests.faults.running import a_target, ask
from tests.servers import Reply, ScriptedServer, status

ROOT = Path(__file__).parents[2]
PRICE = {"input": 1, "output": 2}


def repeats(server: ScriptedServer, home: Path, *, runs: int, others: bool) -> int:
    """Asks so many times while the provider is down; returns how many requests came on top of one each."""
    targets = [a_target("openai", server.url)] + ([a_target("openai", server.url, "two")] if others else [])
    for number in range(runs):
        ask(home, *targets, stream=False, name=f"run{number}")
    asked: int = sum(seen.json["model"] == "one" for seen in server.asked)
    return asked - runs


@pytest.mark.process
@pytest.mark.parametrize("others", [False, True], ids=["alone", "with another"])
def test_a_provider_that_is_down_is_no_amplifier(others: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """Over a hundred runs it is asked again five times in all, and another target is never held up by that."""
    server.always(status(503), model="one")
    assert repeats(server, tmp_path, runs=100, others=others) == 5
    assert sum(seen.json["model"] == "two" for seen in server.asked) == (100 if others else 0)
    assert rows(tmp_path, "SELECT * FROM purses") == [("p-one", quota.LEAST)]


def test_answers_fill_the_purse(server: ScriptedServer, tmp_path: Path) -> None:
    """One answer allows one repeat more, ten pay for it, and a full purse has no row."""
    server.always(status(503))
    repeats(server, tmp_path, runs=6, others=False)
    purses: list[list[Any]] = []
    for reply, runs in ((Reply(), 1), (status(503), 1), (Reply(), 59)):
        server.always(reply)
        for number in range(runs):
            ask(tmp_path, a_target("openai", server.url), stream=False, name=f"run-{len(purses)}-{number}")
        purses.append(rows(tmp_path, "SELECT tenths FROM purses"))
    assert purses == [[(51,)], [(41,)], []]


def test_a_purse_is_a_providers_own(server: ScriptedServer, tmp_path: Path) -> None:
    """One provider that is down takes nothing from another."""
    server.always(status(503))
    repeats(server, tmp_path, runs=6, others=False)
    ledger = Ledger(places_at(tmp_path))
    assert (ledger.purse("p-one"), ledger.purse("p-two")) == (quota.LEAST, quota.FULL)
    ledger.close()


def layer(home: Path, server: ScriptedServer) -> None:
    """Writes two models at one provider on loopback, and a task over both."""
    provider = {"dialect": "openai", "base_url": f"{server.url}/v1"}
    models = {f"here.{name}": {"provider": "here", "id": name, "price": PRICE} for name in ("one", "two")}
    write_layer(
        home, {"providers": {"here": provider}, "models": models, "tasks": {"both": {"chain": list(models)}}}
    )  # fmt: skip


def typed(*arguments: str) -> tuple[int, Any]:
    """Types a command into a process of its own; returns its exit code and its JSON."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}
    command = [sys.executable, "-m", "outrider", *arguments, "--json"]
    done = subprocess.run(
        command, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=30, check=False
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode()
    return done.returncode, json.loads(done.stdout)


def told(shape: Any) -> list[tuple[str, str]]:
    """Returns who was asked, and how it ended."""
    return [(attempt["model"], attempt["kind"] or attempt["outcome"]) for attempt in shape["attempts"]]


def test_another_process_leaves_a_closed_target_alone(home: Path, server: ScriptedServer, tmp_path: Path) -> None:
    """What asked one process for a minute's rest is passed over by the next one, and by the one after that."""
    layer(home, server)
    server.always(status(429, headers={"Retry-After": "60"}), model="one")
    code, first = typed("ask", "-t", "both", "hello")
    again = [typed("ask", "-t", "both", "hello") for _ in range(2)]
    assert (code, told(first)) == (0, [("here.one", "rate_limit"), ("here.two", "answer")])
    assert [(code, told(shape)) for code, shape in again] == [(0, [("here.two", "answer")])] * 2
    assert [seen.json["model"] for seen in server.asked] == ["one", "two", "two", "two"]
    why = next(passed["why"] for passed in again[0][1]["route"]["passed"] if passed["model"] == "here.one")
    assert why.startswith("rests ")
    assert why.endswith(" s more after rate_limit")


@pytest.mark.process
def test_another_process_waits_for_the_only_target(home: Path, server: ScriptedServer, tmp_path: Path) -> None:
    """What is left of a short rest is waited out before the only target is asked, in this process as in that."""
    layer(home, server)
    server.script(status(429, headers={"Retry-After": "1"}))
    code, first = typed("ask", "-m", "here.one", "hello", "--timeout", "0.9")
    assert (code, told(first)) == (1, [("here.one", "rate_limit")])
    ((until,),) = rows(home / ".config/outrider", "SELECT until FROM health")
    code, second = typed("ask", "-m", "here.one", "hello")
    assert (code, told(second)) == (0, [("here.one", "answer")])
    assert len(server.asked) == 2
    assert time.monotonic() >= until
