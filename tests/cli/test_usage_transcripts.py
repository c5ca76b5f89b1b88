"""`outrider usage` over both books: what ran through it, and what Claude Code ran itself."""

import csv
import io
import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell
from tests.servers import ScriptedServer
from tests.transcripts.record import GOLDEN
from tests.transcripts.writing import Folder, reply

UNPRICED = "outrider: transcripts: no dollars for 1 call of claude-nova-9: no price row\n"


@pytest.fixture
def golden(home: Path) -> Path:
    """Puts the golden history where the client keeps its own."""
    (home / ".claude").mkdir(exist_ok=True)
    return Path(shutil.copytree(GOLDEN / "projects", home / ".claude" / "projects"))


@pytest.fixture
def asked(typed: Shell, models: Any, server: ScriptedServer, golden: Path) -> Shell:
    """Asks once, beside a history."""
    typed("ask", "-m", "here.one", "hello")
    return typed


def test_both_books_are_summed(asked: Shell) -> None:
    """Each row has its source and how its dollars are known; rows add up to the total, and totals stand apart too."""
    found = asked("usage", "--json")
    shape, total = found.json, found.json["total"]
    assert {row["model"]: (row["source"], row["basis"], row["calls"], row["cost_usd"]) for row in shape["rows"]} == {
        "claude.opus": ("claude_code", "priced", 6, 0.126348),
        "claude.haiku": ("claude_code", "priced", 4, 0.078332),
        "claude.fable": ("claude_code", "priced", 1, 0.028),
        "claude.sonnet": ("claude_code", "priced", 6, 0.021724),
        "anthropic.opus_4_5": ("claude_code", "priced", 1, 0.0145),
        "here.one": ("outrider", "measured", 1, 25e-6),
        "claude-nova-9": ("claude_code", "priced", 1, None),
    }
    assert sum(row["cost_usd"] or 0 for row in shape["rows"]) == pytest.approx(total["cost_usd"], abs=1e-12)
    assert sum(row["share"] for row in shape["rows"]) == pytest.approx(1, abs=1e-5)
    assert sum(row["token_share"] for row in shape["rows"]) == pytest.approx(1, abs=1e-5)
    assert (total["source"], total["basis"], total["cost_usd"]) == ("both", "mixed", 0.268929)
    assert {name: part["cost_usd"] for name, part in shape["totals"].items()} == {
        "claude_code": 0.268904,
        "outrider": 25e-6,
    }
    assert shape["claude_code"] == {
        "basis": "priced", "priced_as_of": "2026-11-20", "copies": 5, "skipped": [],
        "unpriced": [{"model": "claude-nova-9", "why": "no price row", "calls": 1, "tokens": 600}],
    }  # fmt: skip
    assert found.err == UNPRICED


@pytest.mark.parametrize(("source", "sources"), [("outrider", {"outrider"}), ("claude_code", {"claude_code"})])
def test_one_book_can_be_asked_alone(asked: Shell, source: str, sources: set[str]) -> None:
    """The other is not opened."""
    shape = asked("usage", "--source", source, "--json").json
    assert {row["source"] for row in shape["rows"]} == sources == set(shape["totals"])


@pytest.mark.parametrize(
    "by", ["task", "agent", "repository", "repo", "day", "session", "preset", "plugin", "agent,model,day"]
)
def test_every_sum_is_the_same_whole(asked: Shell, by: str) -> None:
    """However it is cut."""
    shape = asked("usage", "--by", by, "--json").json
    assert sum(row["calls"] for row in shape["rows"]) == shape["total"]["calls"] == 20
    assert sum(row["input"] for row in shape["rows"]) == shape["total"]["input"]
    assert set(by.split(",")) <= set(shape["rows"][0])


def test_the_table_says_what_its_dollars_are(asked: Shell) -> None:
    """A line for each source, then both; a price that nobody knows is a question mark."""
    found = asked("usage")
    lines = [line.split() for line in found.out.splitlines()]
    assert lines[1][:2] == ["claude.opus", "claude_code"]
    assert ["claude-nova-9", "claude_code", "1", "0", "500", "100", "0", "0", "?", "0%"] in lines
    assert [line[:3] for line in lines if line[0] == "total"] == [
        ["total", "claude_code", "19"], ["total", "outrider", "1"], ["total", "both", "20"]
    ]  # fmt: skip
    assert (
        "claude_code: priced from the list of 2026-11-20, what the API would have charged; outrider: measured"
        in found.out.splitlines()
    )
    assert found.err == UNPRICED
    assert asked("usage", "--quiet").err == ""


def test_a_spreadsheet_gets_the_same(asked: Shell) -> None:
    """A head and a line for each sum, with the figures of `--json`."""
    printed = asked("usage", "--by", "agent,model", "--csv")
    rows = list(csv.DictReader(io.StringIO(printed.out)))
    shape = asked("usage", "--by", "agent,model", "--json").json
    assert [(row["agent"], row["model"], int(row["calls"]), float(row["cost_usd"] or 0)) for row in rows] == [
        (row["agent"] or "", row["model"], row["calls"], row["cost_usd"] or 0) for row in shape["rows"]
    ]


def test_a_spreadsheet_gets_no_formula(typed: Shell, home: Path) -> None:
    """Whoever names an agent does not write into somebody's table."""
    Folder(home).write("p/s.jsonl", reply(1, agentId="a", attributionAgent="=HYPERLINK(1)"))
    assert typed("usage", "--by", "agent", "--csv").out.splitlines()[1].startswith("'=HYPERLINK(1),1,")


def test_since_holds_for_both(asked: Shell) -> None:
    """What is older is in no sum."""
    assert (
        asked("usage", "--since", "2026-11-20T10:00:00", "--source", "claude_code", "--json").json["total"]["calls"]
        == 19
    )
    assert asked("usage", "--since", "2099-01-01").out == "nothing was asked since 2099-01-01T00:00:00Z\n"


def test_a_subagents_worktree_belongs_to_its_repository(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Folders inside a checkout, worktrees, and ones that are gone are one repository."""
    repository = tmp_path / "repository"
    (repository / "inner").mkdir(parents=True)
    for command in (
        ("init", "-q"),
        ("-c", "user.email=a@b.c", "-c", "user.name=a", "commit", "-q", "--allow-empty", "-m", "begin"),
        ("worktree", "add", "-q", "../tree"),
    ):
        subprocess.run(["git", *command], cwd=repository, check=True, capture_output=True)
    folders = (repository, repository / "inner", repository / "gone" / "deeper", tmp_path / "tree", "elsewhere\0")
    Folder(home).write("p/s.jsonl", *(reply(number, cwd=str(folder)) for number, folder in enumerate(folders)))
    rows = typed("usage", "--by", "repository", "--json").json["rows"]
    assert {row["repository"]: row["calls"] for row in rows} == {str(repository): 4, "elsewhere\0": 1}


def test_a_newer_ledger_is_said_and_the_rest_is_summed(asked: Shell, home: Path) -> None:
    """What the transcripts say is true without it; alone it is an error as before."""
    with closing(sqlite3.connect(home / ".config" / "outrider" / "ledger.db")) as ledger:
        ledger.execute("PRAGMA user_version = 999")
    found = asked("usage", "--json")
    assert (found.code, found.json["total"]["calls"], found.json["budgets"]) == (0, 19, [])
    assert "the ledger is in no total: " in found.err
    assert asked("usage").code == 0
    assert asked("usage", "--source", "outrider").code == 1


def test_what_was_skipped_is_a_line_each(typed: Shell, home: Path) -> None:
    """On stderr and in the object: no total is quietly too small."""
    Folder(home).write("p/s.jsonl", reply(1), reply(2)[:-9], '{"type":"user"', reply(3))
    found = typed("usage", "--json")
    assert found.json["total"]["calls"] == 2
    assert found.json["skipped"] == ["transcripts: 2 lines were cut in the middle"]
    assert found.err == "outrider: transcripts: 2 lines were cut in the middle\n"
