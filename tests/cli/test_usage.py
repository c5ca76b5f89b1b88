"""`outrider usage` and `outrider runs`: the book, read."""

import json
from typing import Any

import pytest

from tests.cli.typing_it import Shell
from tests.servers import ScriptedServer, status, way


@pytest.fixture
def booked(typed: Shell, models: Any, server: ScriptedServer) -> Shell:
    """Asks four times: an answer, a fallback, a call in doubt, a refusal."""
    typed("ask", "-m", "here.one", "hello")
    server.always(status(501), model="one")
    typed("ask", "-t", "both", "hello")
    server.always(way("close"), model="two")
    typed("ask", "-m", "here.two", "--no-fallback", "hello")
    typed("ask", "--private", "hello")
    return typed


def test_nothing_asked_is_said(typed: Shell) -> None:
    """Before the first run there are no sums and no runs, and no failure."""
    assert typed("usage") == (0, "nothing was asked yet\n", "")
    assert typed("usage", "--since", "2020-01-01").out == "nothing was asked since 2020-01-01T00:00:00Z\n"
    assert typed("usage", "--rows", "--json") == (0, "", "")
    shape = typed("usage", "--json").json
    assert [row["period"] for row in shape.pop("budgets")] == ["run", "day", "month", "per_repo"]
    assert shape == {
        "since": None, "by": ["model"], "rows": [],
        "total": {"calls": 0, "failures": 0, "input": 0, "output": 0, "cached": 0, "cost_usd": 0.0,
                  "in_doubt_usd": 0.0, "unpriced": 0, "share": 0.0, "source": "outrider", "basis": "measured",
                  "cache_write": 0, "cache_write_1h": 0, "token_share": 0.0},
        "totals": {}, "skipped": [],
        "claude_code": {"basis": "priced", "priced_as_of": None, "copies": 0, "skipped": [], "unpriced": []},
    }  # fmt: skip
    assert typed("runs") == (0, "no such run; `outrider ask` makes one\n", "")
    assert typed("runs", "--json").json == {"runs": []}


def test_calls_are_summed_by_model(booked: Shell) -> None:
    """Eleven tokens in and seven out for a dollar and two a million; what is in doubt stands apart."""
    shape = booked("usage", "--json").json
    by_model = {row["model"]: row for row in shape["rows"]}
    assert by_model["here.one"] == {
        "model": "here.one", "calls": 2, "failures": 1, "input": 11, "output": 7, "cached": 3, "cost_usd": 25e-6,
        "in_doubt_usd": 0.0, "unpriced": 0, "share": 0.5, "source": "outrider", "basis": "measured", "cache_write": 0,
        "cache_write_1h": 0, "token_share": 0.5,
    }  # fmt: skip
    assert by_model["here.two"]["cost_usd"] == 25e-6
    assert by_model["here.two"]["in_doubt_usd"] > 0
    assert shape["total"]["cost_usd"] == 50e-6
    assert sum(row["share"] for row in shape["rows"]) == 1


def test_the_table_ends_with_the_total(booked: Shell) -> None:
    """One line each, then everything."""
    lines = booked("usage", "--by", "provider,task").out.splitlines()
    assert lines[0].split() == [
        "provider", "task", "source", "calls", "failed", "in", "out", "read", "written", "dollars", "share", "in",
        "doubt",
    ]  # fmt: skip
    assert sorted(line.split()[:2] for line in lines[1:3]) == [["here", "-"], ["here", "both"]]
    assert "total" in [line.split()[0] for line in lines if line]


@pytest.mark.parametrize("by", ["task", "day", "repo", "session", "provider", "preset", "day,model"])
def test_every_sum_adds_up(booked: Shell, by: str) -> None:
    """However it is cut, it is the same whole."""
    shape = booked("usage", "--by", by, "--json").json
    assert sum(row["calls"] for row in shape["rows"]) == shape["total"]["calls"]
    assert set(by.split(",")) <= set(shape["rows"][0])


def test_rows_are_one_object_an_attempt(booked: Shell) -> None:
    """The contract's export, a line each."""
    printed = booked("usage", "--rows", "--json").out.splitlines()
    rows = [json.loads(line) for line in printed]
    assert set(rows[0]) == {
        "run", "attempt", "at", "model", "provider", "origin", "local", "task", "outcome", "kind", "certainty",
        "tokens", "cost_usd", "prompt_digest", "item",
    }  # fmt: skip
    assert [(row["model"], row["outcome"]) for row in rows[:3]] == [
        ("here.one", "answer"),
        ("here.one", "failure"),
        ("here.two", "answer"),
    ]
    table = booked("usage", "--rows").out.splitlines()
    assert len(table) == len(rows) + 1
    assert booked("usage", "--rows", "--json", "--since", "2099-01-01").out == ""


def test_runs_are_listed_newest_first(booked: Shell) -> None:
    """With ids that `why` takes, and filters that narrow."""
    found = booked("runs", "--json").json["runs"]
    assert [(run["outcome"], run["kind"], run["task"]) for run in found] == [
        ("refused", "private", found[0]["task"]),
        ("failure", "network", None),
        ("answer", None, "both"),
        ("answer", None, None),
    ]
    assert booked("why", found[2]["run"]).code == 0
    assert [run["run"] for run in booked("runs", "--failed", "--json").json["runs"]] == [
        found[0]["run"],
        found[1]["run"],
    ]
    assert [run["run"] for run in booked("runs", "--fallbacks", "--json").json["runs"]] == [found[2]["run"]]
    assert len(booked("runs", "--limit", "1", "--json").json["runs"]) == 1
    listed = booked("runs", "--limit", "1")
    assert len(listed.out.splitlines()) == 2
    assert listed.err == "outrider: the newest 1; more with `--limit`\n"


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (("usage", "--by", "modl"), "`--by modl` is nothing to sum by", "did you mean `model`?"),
        (
            ("usage", "--by", "zzz"),
            "`--by zzz` is nothing to sum by",
            "sum by one or more of model, task, agent, day, repo, repository, session, provider, preset, plugin",
        ),
        (
            ("usage", "--since", "soon"),
            "`soon` is no time",
            "write it as `--since 7d`, `24h`, or a date such as 2026-11-01",
        ),
        (("runs", "--repo"), "this folder is in no repository", "go into one, or leave `--repo` out"),
    ],
)
def test_what_cannot_be_asked_is_guided(typed: Shell, arguments: tuple[str, ...], error: str, hint: str) -> None:
    """One error, one hint."""
    assert typed(*arguments) == (2, "", f"error: {error}\nhint: {hint}\n")
