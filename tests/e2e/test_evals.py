"""The client runs the cases of `evals/` against a scripted model: their structure is proven, no score is claimed.

The scripted model knows each case's expected behaviour, so a case that cannot pass, and a grader that cannot fail, are
both found. What a real model does is scored with a real key: `docs/pack.md` says how.
"""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import CURRENT, Client
from tests.e2e.messages_api import Block, MessagesApi, Reply, Request, call, spawn, text
from tests.eval_cases import Case, cases
from tests.machines import ROOT

pytestmark = pytest.mark.e2e

OPTIONS = ("--runs", "1", "--ablation", "none", "--no-publish", "--trust-plugin", "--scaffold", "--concurrency", "2")
SECONDS = 600.0
UNKNOWN = re.compile(r"not found|unknown skill|no such", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the client says of one run of all cases."""

    cases: Mapping[str, Mapping[str, Any]]
    plugins: tuple[str, ...]
    printed: str
    unknown: tuple[str, ...]
    """What the client said to calls of agents and skills that it does not have."""

    @property
    def failed(self) -> Mapping[str, frozenset[str]]:
        """The graders that failed in each case."""
        return {name: frozenset(_failed(case)) for name, case in self.cases.items()}

    @property
    def errors(self) -> Mapping[str, str]:
        """What broke outside the graders."""
        ran = ((name, run) for name, case in self.cases.items() for run in case["arms"]["with"])
        return {name: run["error"] for name, run in ran if run["error"]}


def _failed(case: Mapping[str, Any]) -> Iterator[str]:
    for run in case["arms"]["with"]:
        yield from (grader["name"] for grader in run["graders"] if not grader["passed"])


def asked(request: Request) -> Case:
    """Returns the case whose prompt the session was given."""
    said = " ".join(request.said.split())
    return max(
        (case for case in cases() if " ".join(case.prompt.split()) in said),
        key=lambda case: len(case.prompt),
    )


def as_expected(request: Request) -> Reply:
    """Does what the case waits for, once; a subagent and everything after that just answer."""
    wanted = () if request.is_subagent or request.results else asked(request).wanted
    return [_step(*wanted[0])] if wanted else [text("Here you are.")]


def the_wrong_way(request: Request) -> Reply:
    """Calls the wrong part of the pack where one is wanted and reads what is private, and where none is, all kinds."""
    if request.is_subagent or request.results:
        return [text("Ask Outrider.")]
    case = asked(request)
    if case.is_silent:
        return [_step("Agent", "scout"), _step("Skill", "multi-model"), call("Bash", command="outrider ask hi")]
    wrong = next(it for it in (("Agent", "scout"), ("Agent", "architect")) if it not in case.wanted)
    private = "hr/payroll.csv"
    return [_step(*wrong), call("Read", file_path=private), call("Grep", pattern="salary", path=private)]


def _step(tool: str, name: str) -> Block:
    return spawn(f"outrider:{name}") if tool == "Agent" else call("Skill", skill=f"outrider:{name}")


@pytest.fixture
def client(program: Callable[[str], Path], repository: Path, home: Path, loopback: None) -> Client:
    """Stands in a clone of the repository, which is the plugin."""
    return Client(program=program(CURRENT), home=home, project=repository)


def run(client: Client, choose: Callable[[Request], Reply], *options: str) -> Report:
    """Has the client run every case; what it writes lands outside the checkout."""
    out = client.home.parent / "report"
    places = ("--output-dir", str(out), "--report", str(out / "report.html"), "--json", str(out / "all.json"))
    with MessagesApi(choose=choose) as api:
        printed = client.command("plugin", "eval", ".", *OPTIONS, *places, *options, api=api, seconds=SECONDS)
    report = json.loads((out / "all.json").read_text(encoding="utf-8"))
    told = {result for request in api.main for result in request.results}
    return Report(
        cases={case["name"]: case for case in report["cases"]},
        plugins=tuple(plugin["name"] for plugin in report["suite"]["plugins"]),
        printed=printed,
        unknown=tuple(sorted(result for result in told if UNKNOWN.search(result))),
    )


def test_every_case_can_pass(client: Client) -> None:
    """A model that does what is expected passes every case, by calls of agents and guides that the plugin has."""
    report = run(client, as_expected)
    assert report.errors == {}
    assert report.failed == {case.name: frozenset() for case in cases()}
    assert "cannot pass" not in report.printed
    assert report.plugins == ("outrider",)
    assert report.unknown == ()


def test_every_grader_can_fail(client: Client, tmp_path: Path) -> None:
    """A model that does the opposite fails every grader; of cases with the same graders, one runs."""
    ran = {json.dumps(case.graders): case for case in cases()}.values()
    folder = tmp_path / "some"
    shutil.copytree(client.project, folder)
    for case in cases():
        if case not in ran:
            shutil.rmtree(folder / case.folder.relative_to(ROOT))
    report = run(replace(client, project=folder), the_wrong_way, "--threshold", "0")
    assert report.errors == {}
    assert report.failed == {case.name: frozenset(str(it["name"]) for it in case.graders) for case in ran}
