"""Installing, pausing and removing the pack, seen from the client; two forms at once; commands that the user types."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.client import CURRENT, OLD
from tests.e2e.conftest import Make
from tests.e2e.messages_api import MessagesApi, bash, spawn
from tests.e2e.stage import Stage, install_plugin, put_helper, tree, write

pytestmark = pytest.mark.e2e

LISTS = ("agents", "skills", "slash_commands", "tools", "mcp_servers", "plugins")


def loaded(stage: Stage) -> Mapping[str, Any]:
    """Starts the client and returns the lists of what it has loaded."""
    with MessagesApi() as api:
        init = stage.client.ask("hello", api=api).init
    return {name: init[name] for name in LISTS if name in init}


def of_ours(lists: Mapping[str, Any]) -> set[str]:
    """Returns what is listed of ours."""
    words = [*lists["agents"], *lists["skills"], *lists["slash_commands"]]
    words += [f"plugin {row['name']}" for row in lists["plugins"]]
    agents = {"scout", "scribe", "reviewer", "builder", "architect", "second-opinion", "bulk", "private-reader"}
    return {word for word in words if word in agents or "outrider" in word}


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_uninstall_leaves_the_client_as_it_was(make: Make, version: str):
    """After install and uninstall the client lists what it listed, and the user's folder is byte for byte the same."""
    stage = make(None, version)
    write(stage.claude / "settings.json", '{"permissions": {"deny": ["Read(./.env)"]}}\n')
    write(stage.claude / "agents/mine.md", "---\nname: mine\ndescription: my own\n---\nYou are mine.\n")
    write(stage.claude / "skills/own/SKILL.md", "---\nname: own\ndescription: my own\n---\nDo.\n")
    before = loaded(stage)
    files = tree(stage.claude)
    stage.outrider("install")
    assert of_ours(loaded(stage)) > {"scout", "plugin outrider", "outrider:multi-model"}
    during = tree(stage.claude)
    stage.outrider("uninstall")
    after = tree(stage.claude)
    assert loaded(stage) == before
    sessions = ("projects/", "sessions/", "shell-snapshots/", "backups/", "plugins/", "statsig/", "todos/")
    kept = {name: it for name, it in files.items() if not name.startswith(sessions)}
    assert {name: it for name, it in after.items() if name in kept or "outrider" in name} == kept
    assert set(after) - set(files) <= set(during) - {name for name in during if "outrider" in name}


def test_removing_the_plugin_leaves_the_client_as_it_was(make: Make, repository: Path):
    """After the client's own removal of the plugin it lists what it listed before."""
    stage = make(None)
    before = loaded(stage)
    install_plugin(stage, repository)
    assert of_ours(loaded(stage)) > {"outrider:scout", "plugin outrider", "outrider:multi-model"}
    stage.client.command("plugin", "uninstall", "outrider@outrider")
    stage.client.command("plugin", "marketplace", "remove", "outrider")
    assert loaded(stage) == before


@pytest.mark.parametrize("where", ["elsewhere", "linked"])
def test_a_settings_folder_elsewhere(make: Make, where: str):
    """With CLAUDE_CONFIG_DIR set, or `~/.claude` a link, the pack goes where the client looks, and goes again."""
    stage = make(None)
    real = stage.home / "dotfiles/claude"
    real.parent.mkdir()
    stage.claude.rename(real)
    env = {"CLAUDE_CONFIG_DIR": str(real)} if where == "elsewhere" else {}
    if where == "linked":
        stage.claude.symlink_to(real)
    moved = replace(stage, client=replace(stage.client, env=env))
    before = loaded(moved)
    moved.outrider("install")
    with MessagesApi(main=[[spawn("scout")], [bash("outrider ask -m echo hi")]]) as api:
        run = moved.client.ask("hello", api=api)
    assert ([it.model for it in api.sub], run.denied) == (["claude-haiku-5-5"], ())
    moved.outrider("uninstall")
    assert loaded(moved) == before
    assert stage.claude.is_symlink() == (where == "linked")


def test_a_name_that_the_user_has(make: Make):
    """The user's own `scout` stays the user's; ours is called `outrider-scout` and is spawned so."""
    stage = make(None)
    page = "---\nname: scout\ndescription: my own scout\ntools: Read\nmodel: sonnet\n---\nYou are mine.\n"
    write(stage.claude / "agents/mine.md", page)
    stage.outrider("install")
    with MessagesApi(main=[[spawn("scout")], [spawn("outrider-scout")]]) as api:
        run = stage.client.ask("hello", api=api)
    assert {"scout", "outrider-scout"} <= set(run.init["agents"])
    assert [it.model for it in api.sub] == ["claude-sonnet-5-5", "claude-haiku-5-5"]
    assert "You are mine." in api.sub[0].system
    assert "outrider-scout" in stage.outrider("status")


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_pause_and_resume(make: Make, version: str):
    """Paused, nothing of ours is loaded and no hook answers; resumed, all is back, byte for byte."""
    stage = make("loose", version)
    whole, files = loaded(stage), tree(stage.claude / "skills")
    stage.outrider("pause")
    assert of_ours(loaded(stage)) == set()
    with MessagesApi(main=[[bash("outrider ask -m echo hi")]]) as api:
        assert stage.client.ask("hello", api=api).denied == ("outrider ask -m echo hi",)
    stage.outrider("resume")
    assert (loaded(stage), tree(stage.claude / "skills")) == (whole, files)


def test_pause_of_the_plugin(make: Make):
    """For a marketplace install `pause` prints the client's own line, and that line silences the pack."""
    stage = make("plugin")
    line = "claude plugin disable outrider@outrider"
    assert line in stage.outrider("pause")
    stage.client.command(*line.split()[1:])
    assert of_ours(loaded(stage)) == set()
    assert "claude plugin enable outrider@outrider" in stage.outrider("resume")
    stage.client.command("plugin", "enable", "outrider@outrider")
    assert {"outrider:scout", "outrider:multi-model"} <= of_ours(loaded(stage))


def test_loose_install_beside_the_plugin_is_refused(make: Make):
    """Never two forms at once: `install` finds the plugin, says so, and writes nothing."""
    stage = make("plugin")
    before = tree(stage.claude)
    said = stage.outrider("install", code=3)
    assert "outrider@outrider" in said
    assert "claude plugin uninstall" in said
    assert tree(stage.claude) == before


def test_plugin_beside_a_loose_install_is_told(make: Make, repository: Path):
    """When the plugin came later, `status` and `doctor` say that both are there."""
    stage = install_plugin(make("loose"), repository)
    listed = of_ours(loaded(stage))
    assert {"scout", "outrider:scout"} <= listed
    said = stage.outrider("doctor")
    assert ("claude plugin uninstall outrider" in said, "outrider uninstall" in said) == (True, True)


@pytest.mark.parametrize("command", ["status", "switch", "why", "pause", "ask", "consensus"])
def test_typed_commands(pack: Stage, command: str):
    """What the user types as `/outrider:NAME` is known to the client and expands, without costing a listing."""
    with MessagesApi() as api:
        run = pack.client.ask(f"/outrider:{command} hello", api=api)
    assert f"outrider:{command}" in run.init["slash_commands"]
    assert run.result["is_error"] is False
    said = "\n".join(it.said for it in api.requests)
    assert "outrider" in said
    assert f"- outrider:{command}: " not in said


def test_missing_helper_is_told_in_one_line(make: Make):
    """From a marketplace alone, `outrider` says how to get the helper, and nothing is installed."""
    stage = make("plugin", helper=False)
    line = "outrider ask -m echo hi"
    with MessagesApi(main=[[spawn("outrider:second-opinion")]], sub=[[bash(line)]]) as api:
        run = stage.client.ask("hello", "--allowedTools", "Bash(outrider *)", api=api)
    (result,) = api.sub[-1].results
    told = [words for words in result.splitlines() if "install.sh --helper-only" in words]
    assert (run.denied, len(told)) == ((), 1)
    assert not (stage.home / ".local").exists()
    put_helper(stage)
    with MessagesApi(main=[[bash(line)]]) as api:
        assert stage.client.ask("hello", api=api).denied == ()
    assert "<outrider-answer" in api.main[-1].results[0]
