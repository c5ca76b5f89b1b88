"""`outrider install` and `uninstall`: what they write, what they keep, and that they leave no trace."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from tests.cli.trees import laid_out, times
from tests.cli.typing_it import Shell, write_layer

AGENTS = ("architect", "builder", "bulk", "private-reader", "reviewer", "scout", "scribe", "second-opinion")
SCOUT = "agents/outrider/scout.md"
MINE = "---\nname: scout\ndescription: mine\n---\nMine.\n"


@pytest.fixture
def claude(home: Path) -> Path:
    """Gives a Claude folder as somebody has it who has used the client for a year."""
    folder = home / ".claude"
    files = {
        "settings.json": '{"model": "opus"}', "CLAUDE.md": "Be brief.\n", "config/models.local.json": "{}",
        "agents/mine.md": MINE.replace("scout", "mine"), "skills/other/SKILL.md": "---\nname: other\n---\n",
        "projects/x/1.jsonl": "{}",
    }  # fmt: skip
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def retier(home: Path, tier: str) -> None:
    """Changes what one agent is made from, as a newer version or a user's own setting would."""
    write_layer(home, {"agents": {"scout": {"tier": tier}}})


def test_it_says_what_is_where_and_what_is_next(typed: Shell, home: Path) -> None:
    """Agents with their tiers, skills, commands, the offer, the budgets, the next step; and no word on stderr."""
    done = typed("install")
    assert (done.code, done.err) == (0, "")
    lines = {line.split()[0]: line for line in done.out.splitlines()}
    assert lines["the"].startswith("the pack 0.4.0 is in ~/.claude: ")
    assert "scout haiku/low, " in lines["agents"]
    assert "architect opus/high" in lines["agents"]
    assert "multi-model" in lines["skills"]
    assert "/outrider:status" in lines["commands"]
    assert lines["explore"].endswith("`outrider install --explore` keeps it on haiku")
    assert lines["budgets"] == "budgets   $1 a run, $10 a day, until you set your own"
    assert lines["next"].startswith("next      restart Claude Code: ")
    assert sorted(path.stem for path in (home / ".claude/agents/outrider").iterdir()) == sorted(AGENTS)
    assert os.access(home / ".claude/skills/outrider/bin/outrider", os.X_OK)
    assert list((home / ".claude/skills/outrider").rglob("agents*")) == []


def test_a_second_install_changes_nothing(typed: Shell, claude: Path) -> None:
    """Neither a byte nor a time."""
    typed("install")
    before = laid_out(claude), times(claude)
    again = typed("install", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert (laid_out(claude), times(claude)) == before


@pytest.mark.parametrize("is_new", [True, False])
def test_uninstall_leaves_no_trace(typed: Shell, home: Path, request: pytest.FixtureRequest, *, is_new: bool) -> None:
    """Byte by byte as it was, in an empty home and in a used one; and settings were never touched in between."""
    if not is_new:
        request.getfixturevalue("claude")
    before = laid_out(home)
    typed("install")
    after = laid_out(home)
    assert {path: what for path, what in after.items() if path in before} == before
    assert typed("uninstall").code == 0
    left = laid_out(home)
    assert {path: what for path, what in left.items() if not path.startswith(".config")} == before
    assert typed("uninstall").out == "the pack is not installed as files\n"


def test_a_dry_run_says_it_all_and_does_nothing(typed: Shell, home: Path, claude: Path) -> None:
    """Install, upgrade and uninstall."""
    before = laid_out(claude)
    said = typed("install", "--dry-run").out
    assert said.startswith("the pack 0.4.0 would be in ~/.claude: ")
    assert f"would create   {SCOUT}\n" in said
    assert laid_out(claude) == before
    typed("install")
    retier(home, "sonnet/low")
    before = laid_out(claude)
    assert f"would update   {SCOUT}\n" in typed("upgrade", "--dry-run").out
    assert f"would remove   {SCOUT}\n" in typed("uninstall", "--dry-run").out
    assert laid_out(claude) == before


def test_what_nobody_edited_is_brought_up_to_date(typed: Shell, home: Path) -> None:
    """A new tier reaches the file, and the file only."""
    typed("install")
    before = laid_out(home / ".claude")
    retier(home, "sonnet/low")
    report = typed("install", "--json").json
    layer = home / ".claude/config/models.local.json"
    assert report["agents"]["scout"] == {"name": "scout", "tier": "sonnet/low", "from": f"user {layer}"}
    after = laid_out(home / ".claude")
    changed = {path for path in after if after[path] != before.get(path)}
    assert {SCOUT, "config/outrider.pack.json"} <= changed
    assert b"model: sonnet" in (home / ".claude" / SCOUT).read_bytes()


def test_an_edit_stays_and_ours_is_put_beside(typed: Shell, home: Path) -> None:
    """Kept without a word of conflict while there is nothing new; then exit 3, ours as `.new`; nothing on a repeat."""
    typed("install")
    path, beside = home / ".claude" / SCOUT, home / ".claude" / f"{SCOUT}.new"
    path.write_text("mine", encoding="utf-8")
    kept = typed("install")
    assert (kept.code, f"kept      {SCOUT}: your edit" in kept.out, beside.exists()) == (0, True, False)
    retier(home, "sonnet/low")
    conflict = typed("install")
    assert conflict.code == 3
    assert (
        f"conflict  {SCOUT}: you changed it, and it changed here too; ours is beside it as scout.md.new\n"
        in conflict.out
    )
    assert path.read_text(encoding="utf-8") == "mine"
    assert b"model: sonnet" in beside.read_bytes()
    before = laid_out(home)
    again = typed("install", "--json")
    assert (again.code, again.json["conflicts"], again.json["changed"]) == (3, [SCOUT], False)
    assert laid_out(home) == before
    beside.unlink()
    settled = typed("install")
    assert (settled.code, f"kept      {SCOUT}: yours, and you deleted ours beside it\n" in settled.out) == (0, True)
    gone = typed("uninstall")
    assert (gone.code, f"kept      {SCOUT}: you changed it\n" in gone.out) == (0, True)
    assert laid_out(home / ".claude/agents") == {"outrider": "folder", "outrider/scout.md": (0o600, b"mine")}


def test_taking_ours_settles_a_conflict(typed: Shell, home: Path) -> None:
    """`mv scout.md.new scout.md` is all it takes."""
    typed("install")
    path = home / ".claude" / SCOUT
    path.write_text("mine", encoding="utf-8")
    retier(home, "sonnet/low")
    assert typed("install").code == 3
    path.with_name("scout.md.new").rename(path)
    assert typed("install").code == 0
    before = laid_out(home)
    assert typed("install", "--json").json["changed"] is False
    assert laid_out(home) == before


def test_a_deletion_is_respected_until_restore(typed: Shell, home: Path) -> None:
    """The deleted comes back, the edited goes aside and is kept."""
    typed("install")
    claude = home / ".claude"
    original = laid_out(claude)
    (claude / "agents/outrider/bulk.md").unlink()
    (claude / SCOUT).write_text("mine", encoding="utf-8")
    retier(home, "haiku/low")
    said = typed("install")
    assert said.code == 0
    assert "deleted   agents/outrider/bulk.md: you deleted it, and it stays so" in said.out
    (listed,) = (line for line in said.out.splitlines() if line.startswith("agents "))
    assert "second-opinion haiku/low" in listed
    assert "bulk" not in listed
    assert "bulk" not in typed("install", "--json").json["agents"]
    restored = typed("install", "--restore", "--json")
    assert restored.json["put_aside"] == {SCOUT: f"{SCOUT}.mine"}
    now = laid_out(claude)
    assert now.pop(f"{SCOUT}.mine") == (0o600, b"mine")
    del now["config/models.local.json"]
    assert now == original
    said = typed("uninstall")
    assert f"not ours  {SCOUT}.mine: left alone\n" in said.out


def test_what_a_newer_pack_no_longer_has_goes(typed: Shell, home: Path) -> None:
    """Untouched, with the folder that was made for it; edited, it is the user's from then on."""
    typed("install")
    claude = home / ".claude"
    before = laid_out(claude)
    manifest = claude / "config/outrider.pack.json"
    told = json.loads(manifest.read_bytes())
    for name in ("old", "edited"):
        path = claude / f"skills/outrider/skills/{name}/SKILL.md"
        path.parent.mkdir()
        path.write_bytes(b"once")
        told["files"][str(path.relative_to(claude))] = {"offered": hashlib.sha256(b"once").hexdigest()}
        told["folders"].append(str(path.parent.relative_to(claude)))
    manifest.write_text(json.dumps(told), encoding="utf-8")
    (claude / "skills/outrider/skills/edited/SKILL.md").write_bytes(b"mine")
    done = typed("upgrade")
    assert (done.code, ": 1 removed\n" in done.out) == (0, True)
    assert "kept      skills/outrider/skills/edited/SKILL.md: you changed it\n" in done.out
    after = laid_out(claude)
    assert after.pop("skills/outrider/skills/edited/SKILL.md")[1] == b"mine"
    assert after.pop("skills/outrider/skills/edited") == "folder"
    assert {**after, "config/outrider.pack.json": b""} == {**before, "config/outrider.pack.json": b""}
    again = laid_out(claude)
    assert typed("upgrade", "--json").json["foreign"] == ["skills/outrider/skills/edited/SKILL.md"]
    assert laid_out(claude) == again


def test_a_program_that_lost_its_bit_gets_it_back(typed: Shell, home: Path) -> None:
    """Archives and copies lose it; the bytes are the same, so it is no edit."""
    typed("install")
    before = laid_out(home / ".claude")
    (home / ".claude/skills/outrider/bin/outrider").chmod(0o600)
    assert typed("diff").out == "every file of the pack is as we offer it\n"
    assert ": 1 updated\n" in typed("install").out
    assert laid_out(home / ".claude") == before


def test_a_whole_pack_that_was_deleted_is_told(typed: Shell, home: Path) -> None:
    """Removing our folders by hand is a deletion too; `--restore` is the way back."""
    typed("install")
    original = laid_out(home / ".claude")
    for folder in ("agents/outrider", "skills/outrider"):
        for path in sorted((home / ".claude" / folder).rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        (home / ".claude" / folder).rmdir()
    assert typed("install").out.count("stays so (`outrider install --restore` brings it back)") > 8
    assert typed("install", "--restore").code == 0
    assert laid_out(home / ".claude") == original


def test_a_name_that_the_user_has_stays_theirs(typed: Shell, home: Path, claude: Path) -> None:
    """Ours becomes `outrider-scout`, also when the clash comes later; and again `scout` when it is gone."""
    assert typed("install", "--json").json["agents"]["scout"]["name"] == "scout"
    (claude / "agents/team").mkdir()
    (claude / "agents/team/s.md").write_text(MINE, encoding="utf-8")
    said = typed("upgrade")
    assert f"renamed   scout is installed as `outrider-scout`: {claude}/agents/team/s.md has that name\n" in said.out
    assert b"name: outrider-scout\n" in (claude / SCOUT).read_bytes()
    assert json.loads((claude / "config/outrider.pack.json").read_bytes())["names"]["scout"] == "outrider-scout"
    (claude / "agents/team/s.md").unlink()
    assert typed("upgrade", "--json").json["agents"]["scout"]["name"] == "scout"
    (claude / "agents/outrider/own.md").write_text(MINE, encoding="utf-8")
    assert typed("upgrade", "--json").json["agents"]["scout"]["name"] == "outrider-scout"


def test_the_explore_override_comes_and_goes(typed: Shell, home: Path, claude: Path) -> None:
    """Offered, put in place, taken away; and never over an Explore of the user's own."""
    path = claude / "agents/outrider/Explore.md"
    assert typed("install", "--explore", "--json").json["explore"] is True
    assert b"name: Explore\n" in path.read_bytes()
    assert "explore   the built-in agent is kept on haiku; " in typed("install").out
    assert typed("switch", "status", "--json").json["explore"] is True
    assert typed("install", "--no-explore", "--json").json["explore"] is False
    assert not path.exists()
    (claude / "agents/e.md").write_text(MINE.replace("scout", "Explore"), encoding="utf-8")
    assert typed("install", "--explore", "--json").json["explore"] is False
    assert not path.exists()
    said = "explore   you have an agent of that name yourself, so ours is not installed\n"
    assert said in typed("install", "--explore").out


@pytest.mark.parametrize("is_enabled", [True, False])
def test_there_are_never_two_forms(typed: Shell, home: Path, claude: Path, *, is_enabled: bool) -> None:
    """Where the plugin is loaded, nothing is written, and the line that removes it is said."""
    (claude / "plugins").mkdir()
    listed = {"version": 2, "plugins": {"outrider@market": [{"scope": "user", "version": "0.1.0"}]}}
    (claude / "plugins/installed_plugins.json").write_text(json.dumps(listed), encoding="utf-8")
    settings = {"enabledPlugins": {"outrider@market": is_enabled}}
    (claude / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    before = laid_out(claude)
    done = typed("install")
    if is_enabled:
        assert (done.code, done.out, laid_out(claude)) == (3, "", before)
        assert "as the plugin outrider@market" in done.err
        assert "hint: keep that one, or remove it first: `claude plugin uninstall outrider@market`" in done.err
    else:
        assert done.code == 0
    said = typed("upgrade").err
    assert (
        "the plugin outrider@market is 0.1.0, the helper 0.4.0: `claude plugin update outrider@market`" in said
        or is_enabled
    )


@pytest.mark.parametrize("where", ["claude", "home", "inner"])
def test_links_of_the_users_own_are_followed(
    typed: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """`~/.claude`, `~` itself, or the folders right below may be links into dotfiles."""
    dotfiles = tmp_path / "dotfiles"
    (dotfiles / "agents").mkdir(parents=True)
    if where == "claude":
        (home / ".claude").symlink_to(dotfiles)
    elif where == "home":
        link = tmp_path / "link"
        link.symlink_to(home)
        monkeypatch.setenv("HOME", str(link))
        monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(link / ".claude"))
    else:
        (home / ".claude").mkdir()
        (home / ".claude/agents").symlink_to(dotfiles / "agents")
    before = laid_out(tmp_path)
    assert typed("install").code == 0
    assert (home / ".claude" / SCOUT).exists()
    assert typed("uninstall").code == 0
    after = {path: what for path, what in laid_out(tmp_path).items() if not path.startswith("home/.config")}
    assert after == before


def test_the_clients_folder_may_be_elsewhere(
    typed: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CLAUDE_CONFIG_DIR moves the pack."""
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "else where" / "claude"))
    assert typed("install").code == 0
    assert (tmp_path / "else where/claude" / SCOUT).exists()
    assert not (home / ".claude").exists()


def test_it_follows_the_users_settings_and_no_repositorys(typed: Shell, home: Path, tmp_path: Path) -> None:
    """A broken overlay around the working folder is another command's matter."""
    folder = tmp_path / "work/.claude/config"
    folder.mkdir(parents=True)
    (folder / "models.json").write_text("{", encoding="utf-8")
    assert typed("install").code == 0
    typed("switch", "best")
    report = typed("install", "--json").json
    assert {name: agent["tier"] for name, agent in report["agents"].items()} != {}


def test_what_defeats_the_pack_is_told(
    typed: Shell, home: Path, claude: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable that forces one model, and a client older than any that was tried; neither stops the install."""
    monkeypatch.setenv("CLAUDE_CODE_SUBAGENT_MODEL_FORCE", "1")
    program = tmp_path / "share/claude/versions/2.1.100"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    program.chmod(0o755)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/claude").symlink_to(program)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    done = typed("install")
    assert done.code == 0
    assert done.err == (
        "outrider: this Claude Code is 2.1.100; the pack is tried on 2.1.197 and newer: "
        "update it with `claude update`\n"
        "outrider: CLAUDE_CODE_SUBAGENT_MODEL_FORCE is set in the environment: every subagent runs on one model, "
        "whatever its tier; unset it, or set CLAUDE_CODE_SUBAGENT_MODEL instead\n"
    )
    assert typed("install", "--quiet").err == ""


def test_the_mcp_server_is_on_when_it_was_wished_for(typed: Shell, home: Path) -> None:
    """Started by an absolute path, kept by every later install, and taken away by its opposite."""
    path = home / ".claude" / "skills" / "outrider" / ".mcp.json"
    assert (typed("install").code, path.exists()) == (0, False)
    assert typed("install", "--mcp", "--dry-run").code == 0
    assert not path.exists()
    assert "its server starts with every session" in typed("install", "--mcp").out
    server = json.loads(path.read_text(encoding="utf-8"))["mcpServers"]["outrider"]
    assert (Path(server["command"]).is_absolute(), server["args"][-1], set(server)) == (
        True, "mcp", {"command", "args"},
    )  # fmt: skip
    assert server["args"][0] == "-I"
    assert (typed("install", "--json").json["mcp"], path.exists()) == (True, True)
    assert typed("install", "--no-mcp").code == 0
    assert (typed("install", "--json").json["mcp"], path.exists()) == (False, False)
    typed("install", "--mcp")
    typed("uninstall")
    assert not path.exists()


def test_no_repository_turns_the_mcp_server_on(typed: Shell) -> None:
    """It would start in the sessions of everybody who works there."""
    done = typed("install", "--project", "--mcp")
    assert (done.code, done.err.splitlines()[0]) == (
        2, "error: the MCP server is a user's own choice, no repository's",
    )  # fmt: skip


def test_diff_shows_edits_and_deletions(typed: Shell, home: Path) -> None:
    """Unified, with what the user has first; nothing where all is as offered."""
    assert typed("diff").out == "the pack is not installed here: `outrider install`\n"
    typed("install")
    assert typed("diff") == (0, "every file of the pack is as we offer it\n", "")
    path = home / ".claude" / SCOUT
    path.write_bytes(path.read_bytes().replace(b"model: haiku", b"model: opus"))
    (home / ".claude/agents/outrider/bulk.md").unlink()
    done = typed("diff")
    assert done.code == 0
    assert f"--- {SCOUT} (yours)\n+++ {SCOUT} (ours)\n" in done.out
    assert "\n-model: opus\n+model: haiku\n" in done.out
    assert "--- agents/outrider/bulk.md (not there, or no plain file)\n" in done.out
    assert [entry["action"] for entry in typed("diff", "--json").json["files"]] == ["respect", "keep"]
