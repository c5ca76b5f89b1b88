"""`outrider policy`: another policy on what was asked, and this one on a table."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell

PRICE = {"input": 10, "output": 20}


@pytest.fixture
def asked(typed: Shell, models: Any) -> Shell:
    """Asks three times."""
    typed("ask", "-t", "both", "hello")
    typed("ask", "-m", "here.two", "hello")
    typed("ask", "-m", "echo", "hello")
    return typed


def written(layer: dict[str, Any]) -> str:
    """Writes a file of settings into the working folder, and returns its name."""
    Path("other.json").write_text(json.dumps(layer), encoding="utf-8")
    return "other.json"


def test_the_policy_in_force_decides_every_past_run_as_it_did(asked: Shell) -> None:
    """Its own inputs replayed: nothing changes, and both sides cost the same."""
    found = asked("policy", "diff", "current", "current", "--json").json
    assert (found["replayed"], found["skipped"], found["changes"]) == (3, 0, [])
    assert found["cost_usd"]["a"] == found["cost_usd"]["b"] > 0


def test_another_order_is_a_changed_decision_with_its_cost(asked: Shell, models: dict[str, Any]) -> None:
    """The run's own tokens at each side's price, and the risk of it."""
    models["models"]["here.two"]["price"] = PRICE
    models["tasks"]["both"]["chain"] = ["here.two", "here.one"]
    name = written(models)
    found = asked("policy", "diff", "current", name, "--json").json
    assert [(change["task"], change["a"]["first"], change["b"]["first"]) for change in found["changes"]] == [
        ("both", "here.one", "here.two")
    ]
    assert found["changes"][0]["risks"] == ["loses vision", "10.0 times the cost"]
    lines = asked("policy", "diff", "current", name).out.splitlines()
    assert lines[0].endswith("  both: here.one -> here.two")
    assert lines[3] == "3 runs decided again, 1 changed"


def test_a_policy_without_the_model_says_that_it_would_refuse(asked: Shell) -> None:
    """No error: the answer is what would have happened."""
    found = asked("policy", "diff", "current", "bundled", "--json").json
    assert [change["b"]["refused"] for change in found["changes"]] == [
        "no task is called `both`", "no model is called `here.two`",
    ]  # fmt: skip


def test_outcomes_put_both_sides_beside_the_yardsticks(asked: Shell, models: dict[str, Any]) -> None:
    """A policy, chance, the best single model, and one that always knew."""
    run = asked("runs", "--json").json["runs"][-1]["run"]
    Path("outcomes.jsonl").write_text(
        json.dumps({"run": run, "outcomes": {"here.one": 0.5, "here.two": 1}}) + "\n", encoding="utf-8"
    )
    models["tasks"]["both"]["chain"] = ["here.two"]
    found = asked("policy", "diff", "current", written(models), "--outcomes", "outcomes.jsonl", "--json").json
    names = ["this policy", "random", "best single (here.two)", "oracle"]
    assert [(one["name"], one["outcome"]) for one in found["beside"]["a"]] == list(
        zip(names, [0.5, 0.75, 1, 1], strict=True)
    )
    assert [one["outcome"] for one in found["beside"]["b"]] == [1, 0.75, 1, 1]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.json", None, "there is no file nothing.json"),
        ("wrong.json", "{", "wrong.json"),
        ("wrong.json", '{"taskz": {}}', "taskz"),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused(asked: Shell, name: str, content: str | None, message: str) -> None:
    """With its name, exit 2."""
    if content is not None:
        Path(name).write_text(content, encoding="utf-8")
    found = asked("policy", "diff", "current", name)
    assert (found.code, message in found.err) == (2, True)


def table(*cases: dict[str, Any], **rest: Any) -> str:
    """Writes a table of cases, and returns its name."""
    Path("routes.json").write_text(json.dumps({"cases": list(cases), **rest}), encoding="utf-8")
    return "routes.json"


def test_a_table_of_routes_that_hold_is_silent_success(typed: Shell, models: Any) -> None:
    """Decided as on a machine that has the keys of the table."""
    name = table(
        {"prompt": "hello", "task": "both", "expect": {"first": "here.one", "provider": "here", "how": "outrider"}},
        {"prompt": "x", "private": True, "expect": {"local": True, "provider": ["ollama"]}},
        {"prompt": "write docs", "task": "documentation", "expect": {"how": "outrider", "not": ["deepseek"]}},
        keys=["openai", "here"], served={"ollama": ["qwen3.8:27b"]},
    )  # fmt: skip
    found = typed("policy", "test", name)
    assert found == (0, "3 of 3 cases go where they should\n", ""), found.out


def test_a_route_that_is_wrong_is_told_and_fails(typed: Shell, models: Any) -> None:
    """Each with what it is and what was wanted; exit 4, for a team's CI."""
    name = table(
        {
            "name": "first",
            "prompt": "hello",
            "task": "both",
            "expect": {"first": "here.two", "max_cost_usd": 0.0000001},
        },
        {"prompt": "hello", "task": "both", "expect": {"not": "here.one"}},
    )
    found = typed("policy", "test", name)
    assert found.code == 4
    first, second, last = found.out.splitlines()
    assert first.startswith("first: first is here.one, wanted here.two; costs 0.00")
    assert (second, last) == ("hello: must not be here.one", "0 of 2 cases go where they should")
    shape = typed("policy", "test", name, "--json").json
    assert (shape["cases"], shape["failed"], shape["results"][1]["wrong"]) == (2, 2, ["must not be here.one"])


def test_outcomes_in_a_table_measure_the_policy(typed: Shell, models: Any) -> None:
    """Beside the same yardsticks."""
    outcomes = {"here.one": 0, "here.two": 1}
    name = table({"prompt": "hello", "task": "both", "expect": {"task": "both"}, "outcomes": outcomes})
    found = typed("policy", "test", name, "--json").json
    assert [(one["name"], one["outcome"]) for one in found["beside"]] == [
        ("this policy", 0), ("random", 0.5), ("best single (here.two)", 1), ("oracle", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "holds no `cases`"),
        ({"cases": []}, "holds no `cases`"),
        ({"cases": [{"expect": {"task": "both"}}]}, "case 1 has no prompt"),
        ({"cases": [{"prompt": "x"}]}, "case 1 expects nothing"),
        ({"cases": [{"prompt": "x", "expect": {"fist": "y"}}]}, "case 1, expect: there is no `fist`"),
        ({"cases": [{"prompt": "x", "expect": {"first": "y"}, "outcomes": {"a": 2}}]}, "a number from 0 to 1"),
        ({"cases": [{"prompt": "x", "expect": {"first": "y"}}], "keys": ["opnai"]}, "keys: there is no `opnai`"),
        ({"cases": [{"prompt": "x", "expect": {"first": "y"}}], "served": []}, "`served` wants a list of models"),
        ({"cases": [{"prompt": "x", "expect": {"first": "y"}}], "keyz": "all"}, "there is no `keyz`"),
    ],
)
def test_a_table_that_says_nothing_clear_is_refused(typed: Shell, document: Any, message: str) -> None:
    """Before anything is decided, with the place and the nearest word."""
    Path("routes.json").write_text(json.dumps(document), encoding="utf-8")
    found = typed("policy", "test", "routes.json")
    assert (found.code, message in found.err) == (2, True), found.err
