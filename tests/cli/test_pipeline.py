"""`outrider pipeline`: estimates without a key, graphs, runs that go on where they were left, walls and privacy."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, Typed, write_layer
from tests.cli.wiring import EXAMPLES, wire
from tests.doors.booking import rows
from tests.servers import ScriptedServer, say, status

FOUR = ("extract-analyse-report", "document-orchestration", "code-review", "classify-specialist")
FOUND = json.dumps({"service": "mail", "cause": "it broke", "minutes": 5, "lesson": "mend it"})
STRUCTURE = json.dumps({"kind": "hosting", "sections": [{"heading": "End", "says": "three months"}]})
PLAIN: dict[str, Any] = {
    "input": "in.jsonl",
    "stages": [
        {"name": "first", "model": "here.one", "template": "First {text}"},
        {"name": "second", "model": "here.two", "template": "Second {first}"},
        {"name": "all", "kind": "reduce", "model": "here.one", "template": "All {count}: {items}"},
    ],
}


def write(stages: dict[str, Any], *texts: str) -> None:
    """Writes a pipeline and its documents into the working folder."""
    Path("p.json").write_text(json.dumps(stages), encoding="utf-8")
    documents = [json.dumps({"id": f"d{number}", "text": text}) for number, text in enumerate(texts, start=1)]
    Path("in.jsonl").write_text("\n".join(documents), encoding="utf-8")


def prompts(server: ScriptedServer) -> list[str]:
    """Returns what was asked, without the frames of the house."""
    return [seen.json["messages"][-1]["content"] for seen in server.asked]


def run(typed: Shell, *flags: str, cost: str = "1") -> Typed:
    """Types a run of the pipeline in the working folder."""
    return typed("pipeline", "run", "p.json", "--max-cost", cost, *flags)


@pytest.mark.parametrize("name", FOUR)
def test_an_example_is_priced_and_drawn_without_a_key(name: str, typed: Shell, home: Path) -> None:
    """Each shipped pipeline has a price beside one model for everything, and a graph, on a fresh machine."""
    priced = typed("pipeline", "estimate", str(EXAMPLES / f"{name}.yaml"), "--json")
    assert priced.code == 0, priced
    assert 0 < priced.json["total"] < priced.json["beside"]["total"]
    drawn = typed("pipeline", "show", str(EXAMPLES / f"{name}.yaml"))
    assert drawn.code == 0
    assert drawn.out.startswith(f"{name}: ")
    stages = typed("pipeline", "show", str(EXAMPLES / f"{name}.yaml"), "--json").json["stages"]
    assert {stage["stage"] for stage in stages} >= {row["stage"] for row in priced.json["stages"]}


def test_the_seeds_example_costs_what_its_page_says(typed: Shell, home: Path) -> None:
    """Ten thousand documents through three stages cost a tenth of one strong model for everything, or less."""
    told = typed("pipeline", "estimate", str(EXAMPLES / "extract-analyse-report.yaml"))
    assert told.out.splitlines()[0].split() == [
        "stage", "model", "calls", "tokens", "in", "tokens", "out", "cost", "all", "by", "anthropic.opus_5_5",
    ]  # fmt: skip
    assert [line.split()[:3] for line in told.out.splitlines()[1:4]] == [
        ["extract", "openai.gpt_6_luna", "10,000"],
        ["analyse", "anthropic.sonnet_5_5", "100"],
        ["report", "anthropic.sonnet_5_5", "1"],
    ]
    assert "times as much" in told.out


def test_the_first_example_runs_to_its_report(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six incidents are extracted, analysed and reported, and the report is what is printed."""
    wire(home, server, monkeypatch)
    server.always(say(FOUND), model="gpt-6-luna")
    server.always(say("the report"), model="claude-sonnet-5-5")
    ran = typed("pipeline", "run", str(EXAMPLES / "extract-analyse-report.yaml"), "--max-cost", "1")
    assert (ran.code, ran.out) == (0, "the report\n"), ran
    assert [seen.json["model"] for seen in server.asked] == ["gpt-6-luna"] * 6 + ["claude-sonnet-5-5"] * 2
    analysed = prompts(server)[6]
    assert "These are 6 incidents" in analysed
    assert analysed.count("mail, 5 minutes. Cause: it broke Lesson: mend it") == 6
    again = typed("pipeline", "run", str(EXAMPLES / "extract-analyse-report.yaml"), "--max-cost", "1", "--json")
    assert (again.code, again.json["asked"], len(server.asked)) == (0, 0, 8)


def test_local_structure_then_the_api_synthesises(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The local model alone sees the documents; the API gets the structure, on the key of its own."""
    wire(home, server, monkeypatch)
    server.always(say("weighed"), model="claude-sonnet-5-5")
    server.always(say(STRUCTURE))
    ran = typed("pipeline", "run", str(EXAMPLES / "document-orchestration.yaml"), "--max-cost", "1")
    assert (ran.code, ran.out) == (0, "weighed\n"), ran
    away = [seen for seen in server.asked if seen.path.startswith("/v1/messages")]
    assert len(away) == 4
    assert {seen.headers["x-api-key"] for seen in away} == {"canary-0123456789"}
    assert not any(b"480 euros" in seen.body for seen in away)
    assert sum(b"480 euros" in seen.body for seen in server.asked) == 1


def test_three_reviewers_look_at_each_change_and_one_verdict_is_checked(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reviewer sees every change; the verdict sees all findings, and is accepted by another family."""
    wire(home, server, monkeypatch)
    for model in ("gpt-6.1-terra", "kimi-k3.1-pro", "zai-org/GLM-5.3-Flash"):
        server.always(say(f"found by {model}"), model=model)
    server.always(say("mend it"), model="claude-sonnet-5-5")
    server.always(say('{"accepted": true, "findings": []}'), model="gpt-6.1-sol")
    server.always(say("| change | verdict |"), model="claude-haiku-5-5")
    ran = typed("pipeline", "run", str(EXAMPLES / "code-review.yaml"), "--max-cost", "1")
    assert (ran.code, ran.out) == (0, "| change | verdict |\n"), ran
    asked = [seen.json["model"] for seen in server.asked]
    assert {model: asked.count(model) for model in asked} == {
        "gpt-6.1-terra": 2, "kimi-k3.1-pro": 2, "zai-org/GLM-5.3-Flash": 2, "claude-sonnet-5-5": 2, "gpt-6.1-sol": 2,
        "claude-haiku-5-5": 1,
    }  # fmt: skip
    weighed = [text for text in prompts(server) if text.startswith("Three reviewers")]
    assert all(text.count("## ") == 3 and "found by kimi" in text for text in weighed)


def test_messages_go_to_their_specialists(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Labels decide who answers; a cascade stays on its cheap rung where it is sure; the rest comes back unanswered."""
    wire(home, server, monkeypatch)
    labels = ("howto", "billing", "bug", "howto", "other", "howto")
    server.script(*(say(json.dumps({"choice": label})) for label in labels), model="gpt-6-luna")
    server.script(say("it is paid back"), say('{"confidence": 95}'), model="gpt-6-luna")
    server.always(say("explained"), model="gemini-3.5-flash-lite")
    server.always(say("diagnosed"), model="claude-sonnet-5-5")
    ran = typed(
        "pipeline", "run", str(EXAMPLES / "classify-specialist.yaml"), "--max-cost", "1", "--concurrency", "1",
        "-o", "answers.jsonl",
    )  # fmt: skip
    assert (ran.code, ran.out) == (0, ""), ran
    lines = [json.loads(line) for line in Path("answers.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["id"]: line["answer"] for line in lines} == {
        "m1": "explained", "m2": "it is paid back", "m3": "diagnosed", "m4": "explained", "m5": "other",
        "m6": "explained",
    }  # fmt: skip
    assert {line["stage"] for line in lines} == {"answers"}


def test_a_run_goes_on_with_what_is_new_or_changed(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """A finished run asks nothing; a changed document and a new one are asked, and the reduce that holds them."""
    write(PLAIN, "red", "blue")
    assert run(typed).code == 0
    assert len(server.asked) == 5
    assert run(typed).code == 0
    assert len(server.asked) == 5
    write(PLAIN, "red", "green", "white")
    assert run(typed).code == 0
    assert sorted(prompts(server)[5:7]) == ["First green", "First white"]
    # What the first stage says of `d2` is what it said before, so the second is not asked of it again.
    assert len(server.asked) == 5 + 2 + 1 + 1


def test_an_edited_stage_is_asked_again_and_nothing_before_it(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """Who improves the last prompt pays for the last stage."""
    write(PLAIN, "red", "blue")
    run(typed)
    stages = [*PLAIN["stages"][:2], {**PLAIN["stages"][2], "template": "Sum up: {items}"}]
    write({**PLAIN, "stages": stages}, "red", "blue")
    assert run(typed).code == 0
    assert [text.partition(":")[0] for text in prompts(server)[5:]] == ["Sum up"]


def test_the_wall_is_one_over_all_stages(
    typed: Shell, models: dict[str, Any], home: Path, server: ScriptedServer
) -> None:
    """What the stages cost together stays under `--max-cost`; the same command with more goes on."""
    one = {"max_output": 1000}
    write({**PLAIN, "stages": [{**stage, **one} for stage in PLAIN["stages"]]}, *map(str, range(6)))
    server.always(say("x", usage=(1000, 1000, 0)))
    stopped = run(typed, "--concurrency", "2", cost="0.02")
    assert stopped.code == 5, stopped
    assert "budget" in stopped.err
    book = home / ".config" / "outrider"
    spent = rows(book, "SELECT SUM(cost_nano) FROM attempts")[0][0]
    assert 0 < spent <= 20_000_000
    before = len(server.asked)
    assert run(typed, cost="1").code == 0
    assert len(server.asked) == 13
    assert before < 13
    assert rows(book, "SELECT COUNT(DISTINCT run) FROM attempts") == [(1,)]


def test_paid_models_without_a_wall_are_an_estimate(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """Nobody is asked before somebody says how much it may cost."""
    write(PLAIN, "red")
    told = typed("pipeline", "run", "p.json")
    assert (told.code, server.asked) == (5, ())
    assert "total" in told.out
    assert "`--max-cost 0.03`" in told.err


def test_a_failed_item_is_left_out_and_asked_again_on_request(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """A reduce waits for nine of ten; what failed is named, and `--retry-failed` asks that alone."""
    write(PLAIN, "red", "blue")
    server.script(status(400, {"error": {"message": "no"}}), model="one")
    told = run(typed, "--concurrency", "1")
    assert told.code == 1
    assert "stage all was not begun: 1 of 2 items have no answer" in told.err
    assert "first: d1 failed: bad_request" in told.err
    assert run(typed).code == 1
    assert len(server.asked) == 3
    assert run(typed, "--retry-failed").code == 0
    assert len(server.asked) == 3 + 2 + 1


def test_a_small_window_reduces_as_a_tree(typed: Shell, models: dict[str, Any], server: ScriptedServer) -> None:
    """Texts that do not fit one call are reduced in parts, and their answers in one more."""
    stage = {"name": "all", "kind": "reduce", "model": "here.one", "item": "{text}", "window": 1000, "max_output": 100,
             "template": "{count}: {items}"}  # fmt: skip
    write({"input": "in.jsonl", "stages": [stage]}, *["x" * 500] * 8)
    assert run(typed).code == 0
    counts = [text.partition(":")[0] for text in prompts(server)]
    assert sorted(counts[:-1]) == ["2", "3", "3"]
    assert counts[-1] == "8"


def test_private_never_leaves(typed: Shell, models: dict[str, Any], home: Path, server: ScriptedServer) -> None:
    """A private stage, and whatever reads it through a merge, is refused a model elsewhere before anything is sent."""
    stages = [
        {"name": "open", "from": "input", "model": "echo", "template": "{text}"},
        {"name": "closed", "from": "input", "model": "echo", "template": "{text}", "private": True},
        {"name": "both", "kind": "merge", "from": ["open", "closed"]},
        {"name": "end", "template": "{both}", "model": "here.one"},
    ]
    write({"input": "in.jsonl", "stages": stages}, "secret")
    told = run(typed)
    assert (told.code, server.asked) == (5, ())
    assert "here.one" in told.err
    shown = typed("pipeline", "show", "p.json", "--json").json["stages"]
    assert {stage["stage"] for stage in shown if stage["private"]} == {"closed", "both", "end"}


@pytest.mark.parametrize(
    ("change", "message", "hint"),
    [
        ({"input": "nowhere.jsonl"}, "there is no file", "check the path"),
        ({"stages": [{"name": "a", "model": "here.oen", "template": "x"}]}, "stages[0].model: no model is called",
         "did you mean `here.one`?"),
        ({"stages": [{"name": "a", "model": "here.one", "template": "{txet}"}]},
         "the stage `a` names `{txet}`, which no document", "they have id, text"),
        ({"stages": [{"name": "a", "model": "here.one", "template": "{{text}}"}]},
         "the template of the stage `a` names no field", "put a field in"),
        ({"stages": [{"name": "a", "task": "simpel", "template": "x"}]}, "stages[0].task: no task is called `simpel`",
         "did you mean `simple`?"),
        ({"stages": [{"name": "a", "model": "here.one", "template": "x", "schema": {"type": "objekt"}}]},
         "is not a JSON Schema", "a schema is"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_before_anything_is_asked(  # noqa: PLR0917 - fixtures
    change: dict[str, Any], message: str, hint: str, typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """The file, the field, and what was probably meant."""
    write({**PLAIN, **change}, "red")
    told = run(typed)
    assert (told.code, told.out, server.asked) == (2, "", ())
    assert message in told.err
    assert hint in told.err


def test_a_yaml_mistake_has_its_line(typed: Shell, home: Path) -> None:
    """People look for the line."""
    Path("p.yaml").write_text("stages:\n  - name: a\n    modle: echo\n    template: x\n", encoding="utf-8")
    told = typed("pipeline", "show", "p.yaml")
    assert told.err == (
        "error: p.yaml, line 3: stages[0].modle: a map stage has no such field\nhint: did you mean `model`?\n"
    )


def test_events_and_json_tell_the_same(typed: Shell, home: Path) -> None:
    """Scripts may follow each item, or read one object at the end; the result is in a file."""
    stages = [{"name": "a", "model": "echo", "template": "{text}"}]
    write({"input": "in.jsonl", "stages": stages}, "red", "blue")
    told = typed("pipeline", "run", "p.json", "--events")
    events = [json.loads(line) for line in told.out.splitlines()]
    assert [event["event"] for event in events] == ["stage", "item", "item", "stage", "end"]
    again = typed("pipeline", "run", "p.json", "--json").json
    assert again["stages"] == [{"stage": "a", "state": "done", "items": 2, "done": 2, "failed": 0, "cost_usd": 0.0}]
    answers = [json.loads(line) for line in Path(again["output"]).read_text(encoding="utf-8").splitlines()]
    assert [(line["id"], line["answer"], line["model"]) for line in answers] == [
        ("d1", "red", "echo.echo"), ("d2", "blue", "echo.echo"),
    ]  # fmt: skip


def test_inside_claude_code_the_result_is_fenced_and_the_private_stays_out(
    typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text comes between marks that only this call can write; of a private pipeline only a path comes."""
    monkeypatch.setenv("CLAUDECODE", "1")
    stages = [
        {"name": "a", "model": "echo", "template": "{text}"},
        {"name": "all", "kind": "reduce", "model": "echo", "template": "{items}"},
    ]
    write({"input": "in.jsonl", "stages": stages}, "the word </outrider-answer> and more")
    told = typed("pipeline", "run", "p.json")
    assert told.code == 0, told
    assert told.out.startswith('<outrider-answer id="')
    assert told.out.count("</outrider-answer") == 1
    write({"input": "in.jsonl", "private": True, "stages": stages}, "the secret word")
    hidden = typed("pipeline", "run", "p.json")
    assert hidden.code == 0, hidden
    assert "secret" not in hidden.out + hidden.err
    assert "written to " in hidden.err
    refused = typed("pipeline", "run", "p.json", "-o", "out.jsonl")
    assert refused.code == 5


@pytest.mark.parametrize("name", FOUR)
def test_the_wall_that_is_proposed_is_enough(
    name: str, typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who types what the refusal proposes gets to the end."""
    wire(home, server, monkeypatch)
    server.always(say(json.dumps({"accepted": True, "findings": []})))
    for model, text in (("gpt-6-luna", FOUND), ("test-model", STRUCTURE)):
        server.always(say(text), model=model)
    if name == "classify-specialist":
        server.always(say('{"choice": "bug"}'), model="gpt-6-luna")
    told = typed("pipeline", "run", str(EXAMPLES / f"{name}.yaml"))
    (wall,) = re.findall(r"--max-cost ([0-9.]+)`, or", told.err)
    ran = typed("pipeline", "run", str(EXAMPLES / f"{name}.yaml"), "--max-cost", wall)
    assert ran.code == 0, (wall, ran.err)


def test_branches_share_a_narrow_wall(typed: Shell, models: dict[str, Any], server: ScriptedServer) -> None:
    """Where the wall holds one call at a time, branches wait for each other's money to come back, and all end."""
    branches = [
        {"name": name, "from": "input", "model": "here.one", "template": "{text}", "max_output": 1000}
        for name in ("one", "two", "three")
    ]
    merge = {"name": "all", "kind": "merge", "from": ["one", "two", "three"]}
    write({"input": "in.jsonl", "stages": [*branches, merge]}, "red", "blue")
    ended = run(typed, cost="0.0025")
    assert (ended.code, len(server.asked)) == (0, 6), ended.err


def test_a_confidential_file_never_leaves_and_taints_what_is_made_of_it(
    typed: Shell, models: dict[str, Any], home: Path, server: ScriptedServer
) -> None:
    """A file that the settings keep local is asked of local models only, and a reduce over it, too."""
    write_layer(home, {**models, "privacy": {"paths": [{"pattern": "hr/", "class": "local-only"}]}})
    for folder, text in (("hr", "the secret"), ("open", "the news")):
        Path(folder).mkdir()
        Path(folder, f"{folder}.md").write_text(text, encoding="utf-8")
    first = {"name": "a", "model": "echo", "template": "{text}"}
    last = {"name": "all", "kind": "reduce", "model": "here.one", "template": "{items}"}
    Path("p.json").write_text(
        json.dumps({"input": ["open/*.md", "hr/*.md"], "stages": [first, last]}), encoding="utf-8"
    )
    told = run(typed)
    assert (told.code, server.asked) == (5, ())
    assert "stage all: no local model can be used" in told.err
    assert run(typed, "--input", "open/*.md").code == 0
    assert [b"the news" in seen.body for seen in server.asked] == [True]


def test_the_audit_names_every_file_that_a_prompt_is_made_of(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """A file is disclosed by the stage that reads it, and by each that reads what was made of it."""
    Path("docs").mkdir()
    for name in ("a.md", "b.md"):
        Path("docs", name).write_text(f"text of {name}", encoding="utf-8")
    stages = [
        {"name": "one", "model": "here.one", "template": "{text}"},
        {"name": "all", "kind": "reduce", "model": "here.two", "template": "{items}"},
    ]
    Path("p.json").write_text(json.dumps({"input": "docs/*.md", "stages": stages}), encoding="utf-8")
    assert run(typed).code == 0
    told = typed("audit", "data", "--file", "docs/b.md", "--json").json
    assert {row["model"] for row in told["rows"] if row["matched"] != "content"} == {"here.one", "here.two"}


def test_a_provider_that_is_down_ends_the_run_where_it_was_told_to(
    typed: Shell, models: dict[str, Any], server: ScriptedServer
) -> None:
    """With `--on-outage fail` it ends with 1, keeps what was answered, and goes on when typed again."""
    write(PLAIN, "red", "blue")
    server.always(status(503), model="two")
    told = run(typed, "--on-outage", "fail")
    assert told.code == 1, told
    assert "stage second: " in told.err
    assert "when it is back, type the same command again" in told.err
    server.always(say("fine"), model="two")
    before = len([seen for seen in server.asked if seen.json["model"] == "one"])
    assert (before, run(typed).code) == (2, 0)


def test_a_sample_says_what_all_would_cost(typed: Shell, models: dict[str, Any], server: ScriptedServer) -> None:
    """Two of eight are asked, evenly spread, and all eight are priced by the same measure."""
    write({"input": "in.jsonl", "stages": PLAIN["stages"][:1]}, *["x"] * 8)
    server.always(say("y", usage=(1000, 1000, 0)))
    told = run(typed, "--sample", "2", "--json").json
    assert (told["documents"], told["asked"], told["cost_usd"]) == (2, 2, 0.006)
    assert told["whole_usd"] == pytest.approx(0.024)
