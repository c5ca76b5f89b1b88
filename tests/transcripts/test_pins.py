"""Each way in which the real client comes to a subagent's model, judged from what it wrote."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from outrider.cli.pin_warning import warning
from outrider.cli.pinning import judged
from outrider.cli.session import Session
from outrider.rules.pins import ALARMS, Judged, warning_text
from tests.transcripts.pin_cases import CASES, Case
from tests.transcripts.record_pins import PINS, set_up
from tests.transcripts.writing import MODEL, Folder, reply


def put(case: Case, home: Path, project: Path, *, pins: Path = PINS) -> None:
    """Puts a case where the client would have it: its project as it was, its transcripts with that project's folder."""
    set_up(case, project)
    (project / ".git").mkdir()
    for path in project.rglob("*.md"):
        os.utime(path, (0, 0))
    target = home / ".claude"
    shutil.copytree(pins / case.name, target, dirs_exist_ok=True)
    for path in target.rglob("*.jsonl"):
        path.write_text(path.read_text(encoding="utf-8").replace("/work/project", str(project)), encoding="utf-8")


def judge(case: Case, home: Path, project: Path, *, pins: Path = PINS) -> Judged:
    """Judges the one spawn of a case."""
    put(case, home, project, pins=pins)
    (found,) = judged(Session())
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_judged_right(case: Case, home: Path, tmp_path: Path) -> None:
    """What was asked, by whom, what ran, the verdict, why, and the dollars."""
    found = judge(case, home, tmp_path / "project")
    assert (found.verdict, found.asked, found.source, "".join(found.ran)) == (
        case.verdict, case.asked, case.source, case.ran
    )  # fmt: skip
    assert found.why.startswith(case.why) or (case.verdict == "OK" and not case.why), found.why
    assert found.extra == case.extra
    assert found.version == case.version
    assert found.agent == case.call["subagent_type"]


def test_a_file_that_was_changed_since_is_no_alarm(home: Path, tmp_path: Path) -> None:
    """What it says now is not what it said then."""
    case = next(case for case in CASES if case.name == "forced-onto-parent")
    put(case, home, tmp_path / "project")
    os.utime(tmp_path / "project" / ".claude" / "agents" / "scout.md", (4_000_000_000, 4_000_000_000))
    (found,) = judged(Session())
    assert (found.verdict, found.why) == ("UNKNOWN", "the agent's file was changed after it ran")
    assert found.extra == 0


def test_a_subagent_without_its_papers_is_still_one(home: Path) -> None:
    """Where the session's own transcript is gone, its subagents are listed, and none of them is an alarm."""
    folder = home / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "scout.md").write_text("---\nname: scout\nmodel: haiku\n---\n", encoding="utf-8")
    os.utime(folder / "scout.md", (0, 0))
    whose: dict[str, Any] = {"agentId": "a", "isSidechain": True, "attributionAgent": "scout"}
    Folder(home).write("p/s/subagents/agent-a.jsonl", reply(1, **whose))
    (found,) = judged(Session())
    assert (found.agent, found.verdict, found.asked, found.ran) == ("scout", "UNKNOWN", "haiku", (MODEL,))


def test_an_adviser_is_no_other_model(home: Path) -> None:
    """What is billed beside a reply answered another question."""
    advised = {"iterations": [{"type": "advisor_message", "model": "claude-fable-5-2", "input_tokens": 9}]}
    whose: dict[str, Any] = {"agentId": "a", "isSidechain": True, "requestedModel": MODEL}
    Folder(home).write("p/s/subagents/agent-a.jsonl", reply(1, usage=advised, **whose))
    called = {"type": "tool_use", "id": "t", "name": "Agent", "input": {"subagent_type": "general-purpose"}}
    Folder(home).write("p/s.jsonl", reply(0).replace('"content":[]', f'"content":[{json.dumps(called)}]'))
    paper = {"agentType": "general-purpose", "toolUseId": "t", "model": MODEL}
    (home / ".claude/projects/p/s/subagents/agent-a.meta.json").write_text(json.dumps(paper), encoding="utf-8")
    (found,) = judged(Session())
    assert (found.verdict, found.ran, found.calls) == ("OK", (MODEL,), 2)


def test_a_file_that_is_gone_is_no_alarm(home: Path, tmp_path: Path) -> None:
    """Nobody can say what it asked for; what the call said still stands."""
    for name, verdict in (("forced", "UNKNOWN"), ("not-available-call", "IGNORED")):
        case = next(case for case in CASES if case.name == name)
        put(case, home, tmp_path / name)
        shutil.rmtree(tmp_path / name)
        (found,) = judged(Session())
        assert found.verdict == verdict
        shutil.rmtree(home / ".claude")
        (home / ".config" / "outrider" / "transcripts.db").unlink()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_stop_is_warned_of_at_once_or_not_at_all(case: Case, home: Path, tmp_path: Path) -> None:
    """From the event alone: the same alarms as the audit raises over the whole history, and no other."""
    found = judge(case, home, tmp_path / "project")
    said = warning(stopped(home), Session())
    assert said == (warning_text(found) if found.verdict in ALARMS else None)


@pytest.mark.parametrize(
    "event", [{}, {"agent_id": "a", "agent_transcript_path": "/etc/passwd", "transcript_path": "/etc/passwd"}]
)
def test_a_strange_event_is_silent(event: dict[str, Any]) -> None:
    """A hook is in the way of the user's work: where it cannot judge, it says nothing."""
    assert warning(event, Session()) is None


def stopped(home: Path) -> dict[str, Any]:
    """Returns the event of the one subagent of a history."""
    (own,) = (home / ".claude" / "projects").rglob("agent-*.jsonl")
    agent_id = own.name.removeprefix("agent-").removesuffix(".jsonl")
    return {
        "agent_id": agent_id, "agent_transcript_path": str(own), "transcript_path": f"{own.parent.parent}.jsonl",
        "hook_event_name": "SubagentStop",
    }  # fmt: skip
