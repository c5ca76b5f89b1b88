"""`outrider drill`: the chain that is really configured, and every fault at its first model."""

from pathlib import Path
from typing import Any

import pytest

from outrider.rules.drilling import MISHAPS
from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer

ROW = {
    "fault", "class", "answered_by", "kind", "seconds", "cost_usd", "in_doubt_usd", "budget_eaten", "attempts", "leaks",
}  # fmt: skip


def chain(home: Path, url: str = "https://cloud.invalid/v1", *, local: bool = False, **row: Any) -> None:
    """Writes a layer with two models, of which the second takes more in, and tasks over both and over one."""
    price = {"input": 1, "output": 2}
    models = {
        "here.one": {"provider": "here", "id": "one", "price": price, "context": 100_000, "max_output": 9_000, **row},
        "here.two": {"provider": "here", "id": "two", "price": price, "context": 200_000, "max_output": 9_000},
    }
    tasks = {"both": {"chain": ["here.one", "here.two"]}, "one": {"chain": ["here.one"]}}
    tasks["quiet"] = {"chain": ["here.one", "here.two"], "private": True}  # type: ignore[dict-item]
    here = {"dialect": "openai", "base_url": url, "key": "HERE_KEY", "key_optional": True, "local": local}
    write_layer(home, {"providers": {"here": here}, "models": models, "tasks": tasks})


def test_two_models_answer_every_fault(typed: Shell, home: Path) -> None:
    """With a larger model behind the first one, nothing leaves you without an answer, and the exit says so."""
    chain(home)
    drilled = typed("drill", "both")
    assert (drilled.code, drilled.err) == (0, "")
    lines = drilled.out.splitlines()
    assert lines[0] == "chain: here.one, here.two"
    assert len(lines) == len(MISHAPS) + 2
    assert sum(" here.two " in line for line in lines[2:]) == len(MISHAPS) - sum(each.is_final for each in MISHAPS)


def test_the_machine_shape_is_whole(typed: Shell, home: Path) -> None:
    """One object with every fault, its class, who answered, and every attempt."""
    chain(home)
    shape = typed("drill", "both", "--json").json
    assert {name: shape[name] for name in shape if name != "faults"} == {
        "task": "both", "chain": ["here.one", "here.two"], "private": False, "unanswered": 0, "budget_eaten": 0,
        "leaks": [],
    }  # fmt: skip
    assert [row["fault"] for row in shape["faults"]] == [mishap.name for mishap in MISHAPS]
    assert all(set(row) == ROW for row in shape["faults"])
    first = shape["faults"][0]
    assert (first["class"], first["kind"], first["answered_by"], first["leaks"]) == ("server", None, "here.two", [])
    assert [attempt["kind"] for attempt in first["attempts"]] == ["server", "server", None]


def test_one_model_alone_is_told_of(typed: Shell, home: Path) -> None:
    """Exit 1, with what would mend it."""
    chain(home)
    for words in (("one",), ("-m", "here.one")):
        drilled = typed("drill", *words)
        assert drilled.code == 1
        assert "would leave you without an answer; another key or a local server" in drilled.err
        silent = sum(not mishap.is_final for mishap in MISHAPS)
        assert typed("drill", *words, "--json").json["unanswered"] == silent


def test_a_budget_that_is_eaten_is_told_of(typed: Shell, home: Path) -> None:
    """An attempt in doubt that takes all the budget leaves nothing for the next model."""
    chain(home, price={"input": 1, "output": 100}, max_output=1_000_000, context=1_000_000)
    shape = typed("drill", "both", "--json").json
    drilled = typed("drill", "both")
    eaten = [row["fault"] for row in shape["faults"] if row["budget_eaten"]]
    assert drilled.code == (1 if shape["unanswered"] else 0)
    assert len(eaten) == shape["budget_eaten"]
    assert ("eats the budget" in drilled.out) == bool(eaten)
    assert ("in doubt" in drilled.err) == bool(eaten)
    assert all(row["cost_usd"] <= 1 for row in shape["faults"])


def test_a_private_chain_leaks_nothing(typed: Shell, home: Path) -> None:
    """On this machine's own addresses a private task is drilled; over a cloud there is nothing to drill."""
    chain(home, "http://127.0.0.1:9/v1", local=True)
    shape = typed("drill", "quiet", "--json").json
    assert (shape["private"], shape["leaks"]) == (True, [])
    assert all(row["leaks"] == [] for row in shape["faults"])
    chain(home)
    refused = typed("drill", "quiet")
    assert refused.code == 2
    assert refused.err.startswith("error: there is nothing to drill: no local model can be used")


def test_a_leak_has_an_exit_code_of_its_own(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a private question to leave the machine, the drill would say so above all else."""
    from outrider.jobs.drill import Drilled

    chain(home)
    monkeypatch.setattr(Drilled, "leaks", lambda _drilled, _route: ("https://cloud.invalid/v1",))
    assert typed("drill", "one").code == 5


def test_nothing_is_sent_and_nothing_is_booked(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """A server that is there hears nothing, and the book is not begun."""
    chain(home, f"{server.url}/v1")
    assert typed("drill", "both").code == 0
    assert server.requests == ()
    assert not (home / ".config" / "outrider" / "ledger.db").exists()
    assert typed("runs", "--json").json == {"runs": []}


def test_no_chain_is_no_drill(typed: Shell) -> None:
    """Without a key there is nothing to drill, and the error says which key would change that."""
    drilled = typed("drill")
    assert drilled.code == 2
    assert drilled.err.startswith("error: there is nothing to drill: no usable model")
