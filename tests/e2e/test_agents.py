"""Our agents in the real client: listed, and spawned on their tier with their tools."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.client import CURRENT, OLD
from tests.e2e.conftest import Make
from tests.e2e.messages_api import MessagesApi, spawn
from tests.e2e.stage import Stage, write
from tests.e2e.wire import sent, tools_sent
from tests.machines import ROOT

pytestmark = pytest.mark.e2e

TIERS = {
    name: row["tier"]
    for name, row in json.loads((ROOT / ".claude/config/models.json").read_text(encoding="utf-8"))["agents"].items()
}
PAGE = "---\nname: scout\ndescription: the project's own\ntools: Read\nmodel: sonnet\neffort: low\n---\n\nYou look.\n"


def pages(folder: Path) -> Mapping[str, Mapping[str, Any]]:
    """Reads what stands at the head of each agent's file, by the file's name."""
    return {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8").split("---\n")[1])
        for path in sorted(folder.glob("*.md"))
    }


def one_line(words: str) -> str:
    """Folds a text into one line."""
    return " ".join(words.split())


@pytest.mark.parametrize("version", [CURRENT, OLD])
@pytest.mark.parametrize("form", ["loose", "plugin"])
def test_agents_are_listed_and_spawned_on_their_tier(make: Make, repository: Path, form: str, version: str):
    """Each agent is offered to the model by name and description, and reaches the wire with its model and tools."""
    bare = make(None, version)
    with MessagesApi() as api:
        before = bare.client.ask("hello", api=api).init["agents"]
    stage = make(form, version)
    found = pages(repository / "agents" if form == "plugin" else stage.claude / "agents/outrider")
    ours = {name: page for name, page in found.items() if name != "Explore"}
    with MessagesApi(main=[[spawn(stage.called(name))] for name in ours]) as api:
        run = stage.client.ask("hello", api=api)
    assert sorted(set(run.init["agents"]) - set(before)) == sorted(stage.called(name) for name in ours)
    offered = one_line(api.main[0].said)
    for name, page in ours.items():
        assert f"- {stage.called(name)}: {one_line(page['description'])} (Tools: " in offered
    spawned = {name: (it.model, it.effort, it.tools) for name, it in zip(ours, api.sub, strict=True)}
    assert spawned == {name: (*sent(TIERS[name], version), tools_sent(page["tools"])) for name, page in ours.items()}
    assert set(TIERS) - set(ours) == (set() if form == "loose" else {"private-reader"})


def test_plugin_folder(make: Make, repository: Path):
    """A folder that is named at the start works like an installed plugin."""
    stage = make(None)
    with MessagesApi(main=[[spawn("outrider:scout")]]) as api:
        stage.client.ask("hello", "--plugin-dir", str(repository), api=api)
    assert [(it.model, it.effort) for it in api.sub] == [sent(TIERS["scout"])]


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_project_page_beats_the_users(make: Make, version: str):
    """A repository's own agent of the same name is the one that is spawned, on the tier that it names."""
    stage = make("loose", version)
    write(stage.project / ".claude/agents/look.md", PAGE)
    with MessagesApi(main=[[spawn("scout")]]) as api:
        stage.client.ask("hello", api=api)
    assert [(it.model, it.effort, it.tools) for it in api.sub] == [(*sent("sonnet/low", version), ("Read",))]


def test_project_install_beats_the_users(make: Make):
    """What `install --project` writes wins over the user's agents, and works for who has no helper at all."""
    stage = make("loose")
    stage.project_layer({"agents": {"reviewer": {"tier": "haiku/medium"}}})
    stage.outrider("install", "--project")
    colleague = make(None, helper=False)
    write(colleague.project / ".claude/agents/outrider/reviewer.md", project_page(stage, "reviewer"))
    for who in (stage, colleague):
        with MessagesApi(main=[[spawn("reviewer")]]) as api:
            who.client.ask("hello", api=api)
        assert [(it.model, it.effort) for it in api.sub] == [sent("haiku/medium")]


def project_page(stage: Stage, agent: str) -> str:
    """Reads the page that the project commits for an agent."""
    return (stage.project / f".claude/agents/outrider/{agent}.md").read_text(encoding="utf-8")
