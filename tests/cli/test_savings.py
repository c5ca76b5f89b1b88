"""`outrider savings` as a user types it: dollars or plan, what is assumed, what is too little to claim anything."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell
from tests.transcripts.test_savings import write
from tests.transcripts.writing import Folder, reply


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has Claude Code billed by the token."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "dummy")


def test_three_columns_with_what_they_rest_on(typed: Shell, home: Path, api: None) -> None:
    """Each line says how its figure is known; the snapshot of prices and every assumption are printed."""
    write(home)
    found = typed("savings")
    lines = [line.split("  ") for line in found.out.splitlines()]
    cells = {line[0]: [cell.strip() for cell in line[1:] if cell.strip()] for line in lines if line[0]}
    assert found.out.splitlines()[0] == "30 delegations: 30 subagents, 0 answers through outrider"
    assert cells["subagents"] == ["$0.3036", "$0.6072", "$0.0155", "priced"]
    assert cells["total"] == ["$0.3356", "$0.6712", "$0.0475", "priced"]
    assert cells["of it only for routing"] == ["$0.2220", "$0.4440", "$0.0681", "modelled"]
    assert cells["saved"] == ["$0.0661 (58%)", "$0.1797 (79%)", "modelled"]
    assert "another model would have used the same tokens" in found.out
    assert "the best single model is claude.opus: 57.6 on " in found.out
    assert "paid by the token: ANTHROPIC_API_KEY is set in the environment (`--plan` overrides)" in found.out
    assert found.out.splitlines()[-1].startswith("prices: list prices as of 2026-11-20, registry ")


def test_a_plan_sees_shares_and_no_dollars(typed: Shell, home: Path) -> None:
    """Without a key of the API the unit is the share of the plan's tokens; in the object dollars are null."""
    write(home)
    found = typed("savings")
    assert "$" not in found.out
    assert "on a smaller class than their session's: 92.4% (measured)" in found.out.splitlines()
    shape = typed("savings", "--json").json
    assert (shape["plan"], shape["unit"], shape["rows"], shape["saved"], shape["totals"]) == (
        "subscription", "plan_tokens", None, None, None
    )  # fmt: skip
    assert shape["plan_because"] == "no key of the API is in the environment or in the client's settings"
    assert typed("savings", "--plan", "api", "--json").json["saved"] == {"session": 0.06612, "best": 0.17972}


@pytest.mark.parametrize(
    ("settings", "plan"),
    [
        ('{"apiKeyHelper": "x"}', "api"),
        ('{"env": {"CLAUDE_CODE_USE_BEDROCK": "1"}}', "api"),
        ('{"env": {"OTHER": "1"}}', "subscription"),
        ("{", "subscription"),
    ],
)
def test_the_clients_settings_say_how_it_is_paid(typed: Shell, home: Path, settings: str, plan: str) -> None:
    """A key there means the token; a file that cannot be read says nothing."""
    (home / ".claude").mkdir()
    (home / ".claude" / "settings.json").write_text(settings, encoding="utf-8")
    assert typed("savings", "--json").json["plan"] == plan


def test_too_few_delegations_are_counted_and_nothing_is_claimed(typed: Shell, home: Path, api: None) -> None:
    """One session with two subagents says so, and where to look instead."""
    write(home, subagents=2)
    found = typed("savings")
    assert found.out.splitlines() == [
        "2 delegations: 2 subagents, 0 answers through outrider",
        "too few for a claim: 30 are needed",
    ]
    assert found.err == "outrider: `outrider savings --what-if` needs none\n"
    assert (shape := typed("savings", "--json").json)["saved"] is None
    assert (shape["enough"], shape["delegations"]) == (False, {"all": 2, "subagents": 2, "answers": 0})


def test_no_history_is_said(typed: Shell) -> None:
    """Of nothing nothing is claimed, and the three lines are none."""
    assert typed("savings").out.startswith("0 delegations: 0 subagents, 0 answers through outrider\n")
    assert typed("savings", "--what-if").out.startswith("no history: ")
    assert typed("savings", "--what-if", "--json").json["smaller_share"] == 0
    assert typed("savings", "--brief")[:3] == (0, "", "")


def test_as_run_is_what_usage_says(
    typed: Shell, models: Any, server: Any, home: Path, api: None
) -> None:  # fmt: skip
    """Both books, to the cent; what ran through the helper is measured, and one column's lines are its total."""
    write(home)
    typed("ask", "-m", "here.one", "hello")
    shape, used = typed("savings", "--json").json, typed("usage", "--json").json
    assert shape["totals"]["run"] == pytest.approx(used["total"]["cost_usd"], abs=1e-12)
    assert shape["delegations"] == {"all": 31, "subagents": 30, "answers": 1}
    by_name = {row["name"]: row for row in shape["rows"]}
    assert (by_name["outrider"]["run"], by_name["outrider"]["basis"]) == (25e-6, "measured")
    for column in ("session", "best", "run"):
        assert sum(row[column] for row in shape["rows"]) == pytest.approx(shape["totals"][column])
        assert sum(row[column] for row in shape["routing"]) == pytest.approx(shape["overhead"][column])
    assert shape["outside"]["tokens"] > 0


@pytest.mark.parametrize("damage", ["version", "bytes"])
def test_a_ledger_that_cannot_be_read_is_said(
    typed: Shell, models: Any, home: Path, api: None, damage: str
) -> None:  # fmt: skip
    """What the transcripts say stands without it."""
    write(home)
    typed("ask", "-m", "here.one", "hello")
    book = home / ".config" / "outrider" / "ledger.db"
    if damage == "version":
        with closing(sqlite3.connect(book)) as ledger:
            ledger.execute("PRAGMA user_version = 999")
    else:
        book.write_bytes(b"no book" * 4_000)
    found = typed("savings", "--json")
    assert (found.code, found.json["delegations"]["subagents"]) == (0, 30)
    assert "the ledger is in no figure: " in found.err


def test_what_if_says_who_ran_on_what(typed: Shell, home: Path) -> None:
    """An agent that ran above its tier is named, with its share; an agent of no tier is left as it ran."""
    Folder(home).write("p/s.jsonl", reply(1, output=700, model="claude-opus-5-5"))
    for name, agent, model in (
        ("a", "Explore", "claude-opus-5-5"), ("b", "scout", "claude-haiku-5-5"), ("c", "mine", "claude-opus-5-5")
    ):  # fmt: skip
        line = reply(name, output=100, model=model, agentId=name, isSidechain=True, attributionAgent=agent)
        Folder(home).write(f"p/s/subagents/agent-{name}.jsonl", line)
    shape = typed("savings", "--what-if", "--json").json
    rows = {row["agent"]: (row["model"], row["tier"], row["is_larger"], row["token_share"]) for row in shape["rows"]}
    assert rows == {
        "main": ("claude-opus-5-5", None, False, 0.571429),
        "Explore": ("claude-opus-5-5", "haiku", True, 0.142857),
        "scout": ("claude-haiku-5-5", "haiku", False, 0.142857),
        "mine": ("claude-opus-5-5", None, False, 0.142857),
    }
    assert (shape["smaller_share"], shape["basis"], shape["saved_usd"]) == (0.142857, "modelled", None)
    assert "a smaller class would have taken 14.3% of 1,400 tokens (modelled)" in typed("savings", "--what-if").out
    priced = typed("savings", "--what-if", "--plan", "api", "--json").json
    assert priced["saved_usd"] == pytest.approx((100 * (4 - 0.1) + 100 * (20 - 0.5)) / 1e6)


def test_three_lines_end_the_installer(typed: Shell, home: Path) -> None:
    """Each true, each marked, without a key; older history is not of the last 30 days."""
    now = datetime.now(tz=UTC).isoformat()
    Folder(home).write("p/old.jsonl", reply(1, at="2001-01-01T00:00:00Z"))
    assert typed("savings", "--brief").out == ""
    Folder(home).write("p/new.jsonl", reply(2, at=now, model="claude-opus-5-5", sessionId="t"))
    assert typed("savings", "--brief").out.splitlines() == [
        "your last 30 days: 1 session and 0 subagents used 110 tokens, 100% of them the sessions' own (measured)",
        "subagents on a smaller class would have taken 0% of them (modelled)",
        "nothing was sent anywhere; `outrider savings --what-if` shows which agents, and what is assumed",
    ]
