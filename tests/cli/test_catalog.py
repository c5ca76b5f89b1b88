"""`outrider catalog`: the seed's four queries, models for a role, what is stale, and what a plan costs."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer

ROOT = Path(__file__).parents[2]
SEED = {
    "orchestrator": """SELECT name, creator, intelligence, coding, price
          FROM llms
          WHERE intelligence >= 55 AND coding >= 45
          ORDER BY intelligence DESC
          LIMIT 5""",
    "reasoning": """SELECT name, creator, intelligence, price
          FROM llms
          WHERE intelligence >= 45
          ORDER BY price
          LIMIT 5""",
    "tools": """SELECT name, creator, intelligence, coding, price
          FROM llms
          WHERE intelligence >= 40 AND coding >= 40
          ORDER BY price
          LIMIT 5""",
    "cheap": """SELECT name, creator, intelligence, price, tps
          FROM llms
          WHERE intelligence >= 25
          ORDER BY price
          LIMIT 5""",
}
ROWS: dict[str, list[tuple[Any, ...]]] = {
    "orchestrator": [
        ("Claude Opus 5.5", "anthropic", 57.6, 66.0, 8.0), ("Claude Sonnet 5.5", "anthropic", 56.0, 68.4, 4.0)
    ],
    "reasoning": [
        ("Grok 4.7", "xai", 46.4, 3.0), ("Claude Sonnet 5.5", "anthropic", 56.0, 4.0),
        ("Gemini 4 Argon", "google", 53.0, 4.0), ("GPT-6 Sol", "openai", 47.6, 4.0),
        ("GPT-6.1 Sol", "openai", 51.8, 4.0),
    ],
    "tools": [
        ("Gemini 3.8 Flash", "google", 40.9, 41.9, 1.5), ("GLM-5.3 via OpenRouter", "zai", 44.8, 53.6, 2.15),
        ("GLM-5.3 on Together", "zai", 44.8, 53.6, 2.15), ("Grok 4.7", "xai", 46.4, 56.3, 3.0),
        ("Claude Sonnet 5.5", "anthropic", 56.0, 68.4, 4.0),
    ],
    "cheap": [
        ("Claude Haiku 5.5", "anthropic", 43.4, 0.2, 241.9), ("GPT-6 Luna", "openai", 38.1, 0.2, 129.4),
        ("DeepSeek V4.1 Flash", "deepseek", 39.5, 0.2625, 216.1),
        ("DeepSeek V4.1 Flash via OpenRouter", "deepseek", 39.5, 0.3675, None),
        ("DeepSeek V4.1 Flash on Together", "deepseek", 39.5, 0.525, None),
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", SEED)
def test_the_seeds_queries_run_as_written(typed: Shell, name: str) -> None:
    """Each finds the rows that the shipped facts have; one that finds fewer than it asks for says why."""
    done = typed("catalog", "sql", SEED[name], "--json")
    assert done.code == 0
    assert [tuple(row.values()) for row in done.json["rows"]] == ROWS[name]
    told = [note.partition(" models have ")[2] for note in done.json["notes"]]
    best = "whose best are 57.6 (intelligence) and 68.4 (coding)"
    why = f"a score of index version 4.3, {best}; older scores are in `scores`"
    assert told == ([why] if len(ROWS[name]) < 5 else [])


def test_three_ways_to_print(typed: Shell) -> None:
    """A table for people, commas for tools, one object for scripts: the same rows."""
    query = (
        "SELECT name, price, tps FROM llms WHERE id LIKE 'claude-haiku-5-5' OR name = 'DeepSeek V4.1 Flash on Together'"
    )
    as_json = typed("catalog", "sql", query, "--json").json
    assert as_json["columns"] == ["name", "price", "tps"]
    values = [list(row.values()) for row in as_json["rows"]]
    read = list(csv.reader(io.StringIO(typed("catalog", "sql", query, "--csv", "-q").out)))
    assert read[0] == as_json["columns"]
    assert read[1:] == [["" if value is None else str(value) for value in row] for row in values]
    shown = typed("catalog", "sql", query)
    assert shown.out.splitlines()[0].split() == ["name", "price", "tps"]
    assert len(shown.out.splitlines()) == 3
    short = "SELECT name FROM llms WHERE intelligence > 90 LIMIT 3"
    assert "0 of 3 rows" in typed("catalog", "sql", short).err
    assert typed("catalog", "sql", short, "-q").err == ""


@pytest.mark.parametrize(
    ("query", "message"),
    [("", "the query is empty"), ("DROP TABLE llms", "only one SELECT is answered"), ("SELECT", "incomplete input"),
     ("SELECT x FROM llms", "no such column: x")],
)  # fmt: skip
def test_a_bad_query_ends_with_two(typed: Shell, query: str, message: str) -> None:
    """A mistake is the user's, told with what there is."""
    done = typed("catalog", "sql", query, "--json")
    assert done.code == 2
    assert message in done.json["error"]["message"]
    assert done.json["error"]["hint"]


def test_a_role_is_picked(typed: Shell) -> None:
    """The best first by the role's priority, each exclusion with its number, under the registry's names."""
    done = typed("catalog", "pick", "orchestrator", "--json").json
    assert [row["model"] for row in done["models"]] == [
        "anthropic.opus_5_5", "anthropic.sonnet_5_5", "anthropic.fable_5_1", "gemini.4_argon", "openai.gpt_6_astra"
    ]  # fmt: skip
    assert (done["priority"], done["warnings"]) == ("capability", [])
    assert [(floor["axis"], floor["share"]) for floor in done["floors"]] == [("intelligence", 0.87), ("coding", 0.71)]
    assert {"name": "Claude Haiku 4.5", "why": "intelligence 16.9 is below 50.1"} in done["excluded"]
    assert done["left_out"] == len(done["excluded"])


def test_the_seeds_absolute_floors_are_taken_and_doubted(typed: Shell) -> None:
    """Its numbers belong to an older scale, which is said."""
    done = typed("catalog", "pick", "orchestrator", "--intelligence", "55", "--coding", "45")
    assert [line.split("  ")[0] for line in done.out.splitlines()[2:]] == ["Claude Opus 5.5", "Claude Sonnet 5.5"]
    assert "floors of an older version do not fit" in done.err


def test_a_role_that_is_none(typed: Shell) -> None:
    """The nearest is named."""
    done = typed("catalog", "pick", "orchestrater", "--json")
    assert (done.code, done.json["error"]["hint"]) == (
        2, "did you mean `orchestrator`? run `outrider tasks` to see them all"
    )  # fmt: skip


def test_the_users_own_price_stands(typed: Shell, home: Path) -> None:
    """What the user's settings say of a price is overruled by no source, whatever its date."""
    write_layer(home, {"models": {"openai.gpt_6_luna": {"price": {"input": 0.07, "output": 0.3}}}})
    (model,) = (row for row in typed("catalog", "show", "openai.gpt_6_luna", "--json").json["models"])
    assert (model["rates"][0]["input"], model["source"]) == (0.07, "your settings")


def test_endings_of_the_users_chains_come_first(typed: Shell, home: Path) -> None:
    """A model that a chain names is told before all others, with its end and what to use instead."""
    write_layer(home, {"tasks": {"mine": {"chain": ["openai.gpt_4o", "openai/o3"]}}})
    done = typed("catalog", "stale", "--json")
    assert done.code == 0
    first = [(one["id"], one["chains"], one["instead"]) for one in done.json["ending"][:2]]
    assert first == [("o3", ["mine"], "gpt-6.1-sol"), ("gpt-4o", ["mine"], "openai.gpt_6_1_terra")]
    assert ("gpt-4", "gpt-6.1-sol") in [(one["id"], one["instead"]) for one in done.json["ending"]]
    assert done.json["snapshots"] == []
    assert typed("catalog", "stale").out.splitlines()[0].endswith("use gpt-6.1-sol [mine]")


def test_the_seeds_pipeline_costs_a_ninth(typed: Shell) -> None:
    """Extract, analyse, report: stage by stage, in total, and beside one model for everything."""
    example = ROOT / "examples" / "extract-analyse-report.cost.yaml"
    done = typed("catalog", "cost", str(example), "--json").json
    assert [(stage["name"], stage["cost"]) for stage in done["stages"]] == [
        ("extract", 2.25), ("analyse", 9.335), ("report", 0.36)
    ]  # fmt: skip
    assert (done["total"], done["beside"]["costs"], done["beside"]["total"]) == (11.945, [90.0, 18.67, 0.72], 109.39)
    assert {name: price["as_of"] for name, price in done["prices"].items()} == dict.fromkeys(
        ("openai.gpt_6_luna", "anthropic.sonnet_5_5", "anthropic.opus_5_5"), "2026-11-20"
    )
    shown = typed("catalog", "cost", str(example))
    assert shown.out.splitlines()[-1] == "anthropic.opus_5_5 for everything costs 9.2 times as much"
    assert "prices of 2026-11-20" in shown.err


def test_a_plan_of_one_stage_needs_no_file(typed: Shell) -> None:
    """Flags say what a file would, and a native model is counted at its vendor's price."""
    flags = ("--documents", "1000", "--input", "1000", "--output", "1000", "--beside", "claude.opus", "--json")
    done = typed("catalog", "cost", "--model", "openai/gpt-oss-120b", *flags)
    assert (done.code, done.json["error"]["message"]) == (2, "`openai/gpt-oss-120b` is served by several providers")
    done = typed("catalog", "cost", "--model", "openai/gpt-6-luna", *flags)
    assert (done.json["total"], done.json["beside"]["total"], done.json["beside"]["times"]) == (0.6, 24.0, 40.0)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("", "is no plan"),
        ("[1]", "is no plan"),
        ("stages: []", "`stages` is a list of 1 to 100 stages"),
        ("stages: [{input: 3}]", "stages[0] names no `model`"),
        ("stages: [{model: openai.gpt_6_luna, docs: 3}]", "stages[0] has no `docs`"),
        ("stages: [{model: openai.gpt_6_luna, input: -3}]", "stages[0].input is a whole number from 0 to"),
        ("stages: [{model: openai.gpt_6_luna, batch_share: 3}]", "stages[0].batch_share is a number from 0 to 1"),
        ("stages: [{model: openai.gpt_6_luna, hour: 24}]", "stages[0].hour is a whole number from 0 to 23"),
        ("stages: [{model: openai.gpt_6_lune}]", "the catalog has no `openai.gpt_6_lune`"),
        ("stages: [{model: 3", "is not YAML"),
    ],
)
def test_a_plan_that_is_none_is_told(typed: Shell, tmp_path: Path, plan: str, message: str) -> None:
    """The place and what is wrong there, and nothing is counted."""
    file = tmp_path / "plan.yaml"
    file.write_text(plan, encoding="utf-8")
    done = typed("catalog", "cost", str(file), "--json")
    assert done.code == 2
    assert message in done.json["error"]["message"]


def test_a_model_without_a_price_is_unknown_and_not_free(typed: Shell, tmp_path: Path) -> None:
    """The total of a plan with an unknown price is not known either."""
    rows = typed("catalog", "sql", "SELECT DISTINCT provider, id FROM scores", "--json").json["rows"]
    assert rows
    file = tmp_path / "plan.json"
    stages = [
        {"model": "openai.gpt_6_luna", "input": 10},
        {"model": "anthropic/claude-3-5-haiku-20241022", "input": 10},
    ]
    file.write_text(json.dumps({"stages": stages}), encoding="utf-8")
    done = typed("catalog", "cost", str(file), "--json").json
    known = [stage["cost"] for stage in done["stages"]]
    assert (done["total"] is None) is (None in known)


def test_a_rowless_model_is_counted_under_a_wall(
    typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """A wire id that the catalog prices may be asked under a budget of the user's; one that nobody prices may not."""
    monkeypatch.setenv("OPENAI_API_KEY", "k-for-the-test")
    write_layer(home, {"limits": {"budget_usd": {"day": 1}}})
    done = typed("ask", "-m", "openai/gpt-5-mini", "--dry-run", "--json", "hello")
    assert (done.code, done.json["estimate_usd"]) == (0, 0.0016025)
    done = typed("ask", "-m", "openai/gpt-99", "--dry-run", "--json", "hello")
    assert done.code == 5
    assert "the price of openai/gpt-99 is not known" in done.json["error"]["message"]
