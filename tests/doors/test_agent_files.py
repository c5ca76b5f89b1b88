"""The files of subagents, by the name that a transcript gives them, and what around a folder moves their models."""

import json
from pathlib import Path

import pytest

from outrider.doors.agent_files import AgentFiles
from outrider.doors.settings import Places
from outrider.rules.pin_asking import DEFAULT, FORCE


def agent(path: Path, name: str | None = "scout", model: str = "haiku") -> Path:
    """Writes an agent's file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    said = f"name: {name}\n" if name is not None else ""
    path.write_text(f"---\n{said}description: x\nmodel: '{model}' # why\neffort: low\n---\nbody\n", encoding="utf-8")
    return path


@pytest.fixture
def files(home: Path) -> AgentFiles:
    """Looks in the test's home."""
    where = Places(home=str(home / "ours"), claude=str(home / ".claude"), project=None, bundled="")
    return AgentFiles(where, {"HOME": str(home), DEFAULT: "haiku"})


def test_the_nearest_folder_wins_then_the_user(files: AgentFiles, home: Path, tmp_path: Path) -> None:
    """Up to the checkout's root, not above it; subfolders do not matter, the name in the file does."""
    root = tmp_path / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "inner" / "deep").mkdir(parents=True)
    agent(tmp_path / ".claude/agents/above.md", "above")
    agent(home / ".claude/agents/x.md", model="opus")
    agent(root / ".claude/agents/some/where.md", model="sonnet")
    agent(root / "inner/.claude/agents/y.md", "near")
    inner = str(root / "inner" / "deep")
    assert [(file.model, file.effort) for file in files.called("scout", folder=inner)] == [("sonnet", "low")]
    assert [file.model for file in files.called("scout", folder=str(home))] == ["opus"]
    assert [len(files.called(name, folder=inner)) for name in ("near", "above", "none")] == [1, 0, 0]
    assert [file.model for file in files.called("scout", folder="/gone/for/good")] == ["opus"]


def test_two_files_of_one_name_are_both_found(files: AgentFiles, home: Path) -> None:
    """The client takes either."""
    agent(home / ".claude/agents/a.md", model="opus")
    agent(home / ".claude/agents/b.md", model="haiku")
    assert {file.model for file in files.called("scout", folder="")} == {"opus", "haiku"}


def test_agents_of_plugins_have_their_scoped_name(files: AgentFiles, home: Path) -> None:
    """A subfolder joins it, a file without a name has its own; folders of skills may be plugins."""
    cached = home / ".claude/plugins/cache/market/pack/1.0.0/agents"
    agent(cached / "tier/deep.md", "deep")
    agent(cached / "plain.md", None, model="sonnet")
    skill = home / ".claude/skills/folder"
    agent(skill / "agents/s.md", "s", model="opus")
    (skill / ".claude-plugin").mkdir()
    (skill / ".claude-plugin/plugin.json").write_text('{"name": "mine"}', encoding="utf-8")
    names = ("pack:tier:deep", "pack:plain", "mine:s", "deep", "pack:none", "other:deep")
    assert [[file.model for file in files.called(name, folder="")] for name in names] == [
        ["haiku"], ["sonnet"], ["opus"], [], [], []
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "no agent", "---\nname: scout\n", "---\nname: 1\nname: scout\n---\n", "\xff"])
def test_what_is_no_agent_is_passed_over(files: AgentFiles, home: Path, text: str) -> None:
    """A file without its first lines claims no name."""
    path = home / ".claude/agents/a.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(text.encode("latin-1"))
    assert files.called("scout", folder="") == ()


def test_settings_say_what_moves_a_model(files: AgentFiles, home: Path, tmp_path: Path) -> None:
    """The project's over the user's over the environment; hooks that may change a spawn are named."""
    project = tmp_path / "project"
    for folder, values in (
        (home / ".claude", {"env": {DEFAULT: "opus", FORCE: "1", "OTHER": "x"}, "availableModels": ["opus", 1]}),
        (project / ".claude", {"env": {DEFAULT: "sonnet"}, "hooks": {"PreToolUse": [{"matcher": "Agent|Bash"}]}}),
        (home / ".claude/skills/pack/hooks", {"hooks": {"PreToolUse": [{"matcher": "Bash"}, {"hooks": []}]}}),
    ):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ("hooks.json" if folder.name == "hooks" else "settings.json")).write_text(
            json.dumps(values), encoding="utf-8"
        )
    (project / ".git").mkdir()
    user, own = f"{home}/.claude/settings.json", f"{project}/.claude/settings.json"
    found = files.around(str(project))
    assert (found.variables, found.available, found.available_in, found.hooks) == (
        {DEFAULT: ("sonnet", own), FORCE: ("1", user)}, ("opus",), user,
        (own, f"{home}/.claude/skills/pack/hooks/hooks.json"),
    )  # fmt: skip
    assert files.around("/gone").variables == {DEFAULT: ("opus", user), FORCE: ("1", user)}
