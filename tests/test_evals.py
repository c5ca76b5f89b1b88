"""The cases of `evals/`: how many, what they cover, and that none needs a judge. The client runs them in e2e."""

import re
import subprocess
from collections import Counter

import pytest

from outrider.doors.documents import load_yaml
from tests.eval_cases import EVALS, JUDGED, Case, cases
from tests.machines import ROOT

GUIDES = {"multi-model", "model-selection", "orchestration", "local-models", "setup"}
SILENCE = {
    "no-agent-of-ours": "Agent",
    "no-guide-of-ours": "Skill",
    "no-command-of-ours": "Bash",
    "no-word-of-us": None,
}
"""What every silent case grades, by the tool that must not be called."""

SILENT = [case for case in cases() if case.is_silent]
FIRING = [case for case in cases() if not case.is_silent]


def test_half_of_them_are_prompts_to_stay_silent_on() -> None:
    """There are at least 28 cases, and no more wait for the pack than wait for its silence."""
    assert len(cases()) >= 28
    assert len(SILENT) >= len(FIRING) > 0


def test_each_agent_and_each_guide_has_a_case() -> None:
    """Some case waits for every agent of the registry and for every guide."""
    registry = load_yaml((ROOT / "templates/registry.yaml").read_bytes(), source="registry")
    assert isinstance(registry, dict)
    wanted = {it for case in FIRING for it in case.wanted}
    assert {name for tool, name in wanted if tool == "Agent"} == set(registry["agents"])
    assert {name for tool, name in wanted if tool == "Skill"} == GUIDES


def test_names_and_prompts_are_their_own() -> None:
    """A report names a case by its folder, and no prompt is asked twice."""
    assert [case.name for case in cases()] == [case.folder.name for case in cases()]
    assert [it for it, times in Counter(case.name for case in cases()).items() if times > 1] == []
    assert [it for it, times in Counter(case.prompt for case in cases()).items() if times > 1] == []


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_no_case_needs_a_judge(case: Case) -> None:
    """Every case is graded from its trace: a tool that was called or was not, a word that was said or was not."""
    assert {grader["type"] for grader in case.graders} & JUDGED == set()
    assert {grader["type"] for grader in case.graders} <= {"tool_used", "regex"}
    for grader in case.graders:
        re.compile(str(grader.get("input_match") or grader["pattern"]))


@pytest.mark.parametrize("case", FIRING, ids=lambda case: case.name)
def test_a_prompt_does_not_name_what_it_waits_for(case: Case) -> None:
    """A user asks for work, not for an agent by its name."""
    assert case.wanted
    for _, name in case.wanted:
        assert not re.search(rf"\b{name.replace('-', '[- ]')}\b", case.prompt, re.IGNORECASE)


@pytest.mark.parametrize("case", SILENT, ids=lambda case: case.name)
def test_silence_is_graded_whole(case: Case) -> None:
    """No agent, guide, command or word of ours, with the plugin and in the run without it."""
    assert {grader["name"]: grader.get("tool") for grader in case.graders} == SILENCE
    for grader in case.graders:
        assert grader["arm"] == "both"
        if grader["type"] == "tool_used":
            assert (grader["min"], grader["max"]) == (0, 0)
        else:
            assert (grader["match"], grader["flags"]) == ("not_contains", "i")
    assert "outrider" not in case.prompt.lower()


def test_projects_are_laid_out_by_a_script_of_the_case() -> None:
    """The client takes a script from the case's own folder only; each copies the one sample project."""
    scripts = {case.name: case.scaffold for case in cases() if case.scaffold}
    assert set(scripts.values()) == {"scaffold.sh"}
    texts = {(EVALS / kind / name / "scaffold.sh") for name in scripts for kind in ("fires", "silent")}
    assert {path.read_text(encoding="utf-8") for path in texts if path.exists()} == {
        'cp -R "$(dirname "$0")/../../project/." . && git add -A && git commit -qm "A shop"\n'
    }


def test_results_are_not_committed() -> None:
    """What a scoring writes beside the cases is ignored by git."""
    path = "evals/results/2026-01-01T00-00-00-000Z/report.html"
    done = subprocess.run(["git", "check-ignore", "-q", path], cwd=ROOT, check=False)
    assert done.returncode == 0
