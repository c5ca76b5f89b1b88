"""`outrider pause` and `resume`: what is silent, what it survives, and what one repository does."""

import json
from pathlib import Path

import pytest

from tests.cli.trees import laid_out
from tests.cli.typing_it import Shell

FOLDERS = ("agents/outrider", "skills/outrider")


def test_it_moves_our_folders_and_brings_them_back(typed: Shell, home: Path) -> None:
    """Out of where the client looks, in one step each, and back byte by byte."""
    typed("install")
    claude = home / ".claude"
    before = laid_out(claude)
    assert typed("pause").out == "the pack is paused; `outrider resume` brings it back\n"
    assert [(claude / folder).exists() for folder in FOLDERS] == [False, False]
    assert [(claude / "outrider.paused" / folder).is_dir() for folder in FOLDERS] == [True, True]
    assert json.loads((claude / "config/outrider.pack.json").read_bytes())["paused"] is True
    assert typed("pause", "--json").json == {"state": "paused", "changed": False, "run": []}
    assert typed("resume").out == "the pack is active\n"
    assert laid_out(claude) == before
    assert typed("resume", "--json").json == {"state": "active", "changed": False, "run": []}


def test_while_paused_it_is_kept_up_to_date_and_stays_paused(typed: Shell, home: Path) -> None:
    """Install brings files up to date where they are, keeps edits, and says that nothing is loaded."""
    typed("install")
    claude = home / ".claude"
    before = laid_out(claude)
    typed("pause")
    (claude / "config/models.local.json").write_text('{"agents": {"scout": {"tier": "sonnet/low"}}}', encoding="utf-8")
    done = typed("install")
    assert "paused    nothing of it is loaded until `outrider resume`\n" in done.out
    assert b"model: sonnet" in (claude / "outrider.paused/agents/outrider/scout.md").read_bytes()
    assert not (claude / "agents/outrider").exists()
    (claude / "config/models.local.json").unlink()
    typed("upgrade")
    typed("resume")
    assert laid_out(claude) == before


def test_while_paused_it_can_be_taken_away(typed: Shell, home: Path) -> None:
    """Nothing is left, and a file of the user's in between is named and stays."""
    (home / ".claude").mkdir()
    before = laid_out(home / ".claude")
    typed("install")
    typed("pause")
    typed("uninstall")
    assert laid_out(home / ".claude") == before
    typed("install")
    (home / ".claude/agents/outrider/mine.md").write_text("mine", encoding="utf-8")
    typed("pause")
    assert "not ours  outrider.paused/agents/outrider/mine.md: left alone\n" in typed("uninstall").out
    assert (home / ".claude/outrider.paused/agents/outrider/mine.md").exists()


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("on", [True, False])
def test_half_a_move_is_finished(typed: Shell, home: Path, folder: str, *, on: bool) -> None:
    """A kill between the two renames: whatever runs next ends it, the way that the manifest says."""
    typed("install")
    claude = home / ".claude"
    active = laid_out(claude)
    typed("pause")
    paused = laid_out(claude)
    if not on:
        typed("resume")
    live, away = claude / folder, claude / "outrider.paused" / folder
    source, target = (away, live) if on else (live, away)
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)
    typed("install")
    assert laid_out(claude) == (paused if on else active)


def test_what_the_user_put_there_meanwhile_is_not_lost(typed: Shell, home: Path) -> None:
    """A folder of our name made by hand while paused: resume says so, and moves nothing."""
    typed("install")
    typed("pause")
    path = home / ".claude/agents/outrider/mine.md"
    path.parent.mkdir()
    path.write_text("mine", encoding="utf-8")
    before = laid_out(home / ".claude")
    done = typed("resume")
    assert (done.code, done.out) == (3, "")
    assert done.err.count("\n") == 2
    assert laid_out(home / ".claude") == before
    path.unlink()
    assert typed("resume").code == 0


def test_the_plugin_is_the_clients_to_turn_off(typed: Shell, home: Path) -> None:
    """The line for it is printed, and nothing is written."""
    assert typed("pause").out == "the pack is not installed: `outrider install`\n"
    folder = home / ".claude/plugins"
    folder.mkdir(parents=True)
    listed = {"version": 2, "plugins": {"outrider@market": [{"scope": "user"}]}}
    (folder / "installed_plugins.json").write_text(json.dumps(listed), encoding="utf-8")
    before = laid_out(home / ".claude")
    assert typed("pause").out == "the plugin is the client's: run `claude plugin disable outrider@market`\n"
    assert typed("resume", "--json").json["run"] == ["claude plugin enable outrider@market"]
    assert '"enabledPlugins": {"outrider@market": false}' in typed("pause", "--project").out
    assert laid_out(home / ".claude") == before
