"""`outrider install --project`: the pack in a repository, for the whole team; and what each version is."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.trees import laid_out, times
from tests.cli.typing_it import Shell, write_layer

AGENTS = ("architect", "builder", "bulk", "private-reader", "reviewer", "scout", "scribe", "second-opinion")
OVERLAY = "config/models.json"


@pytest.fixture
def repository(typed: Shell, tmp_path: Path) -> Path:
    """Makes the working folder a repository."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir()
    return folder


def test_it_writes_agents_an_overlay_and_a_manifest(typed: Shell, repository: Path, home: Path) -> None:
    """And nothing else: no skills, no hooks, no registry, nothing in the user's own folder."""
    done = typed("install", "--project")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("the pack 0.4.0 for this repository is in ")
    assert "next      commit .claude/agents/outrider and .claude/config; they work without a helper, too\n" in done.out
    wanted = {f"agents/outrider/{name}.md" for name in AGENTS} | {OVERLAY, "config/outrider.pack.json"}
    laid = laid_out(repository / ".claude")
    assert {path for path, what in laid.items() if what != "folder"} == wanted
    assert {what[0] for what in laid.values() if isinstance(what, tuple)} == {0o644}
    assert not (home / ".claude").exists()
    overlay = json.loads((repository / ".claude" / OVERLAY).read_bytes())
    assert sorted(overlay) == ["$comment", "version"]
    assert "$comment" not in typed("config", "check").err


def test_it_leaves_no_trace(typed: Shell, repository: Path) -> None:
    """A second install changes nothing; uninstall gives back every byte."""
    (repository / ".claude").mkdir()
    (repository / ".claude/settings.json").write_text("{}", encoding="utf-8")
    before = laid_out(repository)
    typed("install", "--project")
    once = times(repository)
    assert typed("install", "--project", "--json").json["changed"] is False
    assert times(repository) == once
    assert typed("uninstall", "--project").code == 0
    assert laid_out(repository) == before
    assert typed("uninstall", "--project").out == "the pack is not installed here\n"


def test_it_is_the_same_for_everybody(typed: Shell, repository: Path, home: Path, tmp_path: Path) -> None:
    """Neither the user's layer nor their switch reaches what the team shares; the repository's own settings do."""
    typed("install", "--project")
    plain = laid_out(repository)
    write_layer(home, {"agents": {"scout": {"tier": "opus/max"}}})
    typed("switch", "think")
    assert typed("install", "--project", "--json").json["changed"] is False
    assert laid_out(repository) == plain
    (repository / ".claude" / OVERLAY).write_text('{"agents": {"architect": {"tier": "sonnet/low"}}}', encoding="utf-8")
    report = typed("upgrade", "--project", "--json").json
    assert report["agents"]["architect"]["tier"] == "sonnet/low"
    assert b"model: sonnet" in (repository / ".claude/agents/outrider/architect.md").read_bytes()


def test_the_overlay_is_the_repositorys_own(typed: Shell, repository: Path) -> None:
    """One that is there already is no conflict, and stays; ours that was edited stays, too."""
    path = repository / ".claude" / OVERLAY
    path.parent.mkdir(parents=True)
    path.write_text('{"version": 1}', encoding="utf-8")
    before = laid_out(repository)
    done = typed("install", "--project")
    assert (done.code, done.err, "conflict" in done.out) == (0, "", False)
    typed("uninstall", "--project")
    assert laid_out(repository) == before


def test_a_name_that_the_repository_has_stays_its_own(typed: Shell, repository: Path, home: Path) -> None:
    """But not one that the user has: the team's agents override those natively."""
    for folder, name in ((repository, "scout"), (home, "bulk")):
        path = folder / ".claude/agents/own.md"
        path.parent.mkdir(parents=True)
        path.write_text(f"---\nname: {name}\ndescription: own\n---\n", encoding="utf-8")
    agents = typed("install", "--project", "--json").json["agents"]
    assert (agents["scout"]["name"], agents["bulk"]["name"]) == ("outrider-scout", "bulk")


@pytest.mark.parametrize(
    ("made", "root"),
    [
        ([], "a/b"),
        ([".claude"], ""),
        ([".claude", "a/.claude"], "a"),
        ([".git", "a/.claude"], ""),
        (["a/.git", ".claude"], "a"),
    ],
)  # fmt: skip
def test_a_project_needs_no_git(
    typed: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made: list[str], root: str
) -> None:
    """The checkout around; else the nearest folder with `.claude`; else this one."""
    top = tmp_path / "work"
    (top / "a/b").mkdir(parents=True)
    for name in made:
        (top / name).mkdir()
    monkeypatch.chdir(top / "a/b")
    assert typed("install", "--project", "--json").json["root"] == str((top / root / ".claude").resolve())


@pytest.mark.parametrize("inner", ["", ".claude", ".claude/agents"])
def test_the_home_is_no_project(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch, inner: str) -> None:
    """Neither it nor the user's own Claude folder."""
    (home / inner).mkdir(parents=True, exist_ok=True)
    before = laid_out(home)
    monkeypatch.chdir(home / inner)
    done = typed("install", "--project")
    assert (done.code in {2, 3}, done.out) == (True, "")
    assert laid_out(home) == before


def test_the_home_is_no_project_of_a_folder_in_it(
    typed: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the client's own folder is, `~/.claude` makes no project of the whole home."""
    (home / ".claude").mkdir()
    (home / "notes").mkdir()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.chdir(home / "notes")
    assert typed("install", "--project", "--json").json["root"] == str((home / "notes/.claude").resolve())


@pytest.mark.parametrize("place", [".claude", ".claude/agents", ".claude/agents/outrider", ".claude/config"])
def test_a_checkout_cannot_lead_us_elsewhere(typed: Shell, repository: Path, home: Path, place: str) -> None:
    """A link in a repository is never followed, to the user's own agents least of all."""
    target = home / ".claude/agents"
    target.mkdir(parents=True)
    path = repository / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    done = typed("install", "--project")
    assert (done.code, done.out) == (3, "")
    assert os.listdir(target) == []


def test_a_repositorys_manifest_is_not_believed(typed: Shell, repository: Path) -> None:
    """It cannot have us remove what is not ours, nor reach out of its folders."""
    folder = repository / ".claude/config"
    folder.mkdir(parents=True)
    victim = repository / ".claude/settings.json"
    victim.write_text("{}", encoding="utf-8")
    entry = {"offered": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}
    told = {"version": 1, "helper": "0.1", "form": "project", "names": {}, "files": {"settings.json": entry}}
    (folder / "outrider.pack.json").write_text(json.dumps(told), encoding="utf-8")
    for command in ("install", "uninstall", "upgrade"):
        assert typed(command, "--project").code == 2
    assert victim.read_text(encoding="utf-8") == "{}"


def test_upgrade_names_every_version_that_differs(typed: Shell, repository: Path, home: Path) -> None:
    """The user's pack, the repository's, and a layer that is written for a newer helper."""
    typed("install")
    typed("install", "--project")
    assert typed("upgrade").err == ""
    for folder in (home, repository):
        path = folder / ".claude/config/outrider.pack.json"
        path.write_text(path.read_text(encoding="utf-8").replace('"0.4.0"', '"0.1.0"'), encoding="utf-8")
    (repository / ".claude" / OVERLAY).write_text('{"requires": ">=1.2"}', encoding="utf-8")
    done = typed("upgrade")
    assert done.out.startswith("the pack 0.4.0 is in ~/.claude, 0.1.0 before: nothing to do\n")
    assert (
        "outrider: the pack of this repository is 0.1.0, the helper 0.4.0: `outrider upgrade --project`\n" in done.err
    )
    assert f"{repository}/.claude/config/models.json asks for outrider >=1.2, and this is 0.4.0" in done.err
    path = home / ".claude/config/outrider.pack.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"0.4.0"', '"0.2.0"'), encoding="utf-8")
    done = typed("upgrade", "--project")
    assert "0.1.0 before" in done.out
    assert "outrider: your own pack is 0.2.0, the helper 0.4.0: `outrider upgrade`\n" in done.err
    assert "0.1.0" not in typed("upgrade").err


def test_upgrade_installs_nothing_that_is_not_there(typed: Shell, home: Path) -> None:
    """It says how to install instead."""
    done = typed("upgrade")
    assert (done.code, done.out) == (
        0, "the helper is 0.4.0; the pack is not installed as files here: `outrider install`\n",
    )  # fmt: skip
    assert not (home / ".claude").exists()


def test_the_plugin_is_named_where_it_doubles_ours(typed: Shell, repository: Path, home: Path) -> None:
    """A repository's agents stand beside those of the plugin; and `upgrade` knows which form there is."""
    folder = home / ".claude/plugins"
    folder.mkdir(parents=True)
    listed = {"version": 2, "plugins": {"outrider@market": [{"scope": "user", "version": "0.1.0"}]}}
    (folder / "installed_plugins.json").write_text(json.dumps(listed), encoding="utf-8")
    (home / ".claude/settings.json").write_text('{"enabledPlugins": {"outrider@market": true}}', encoding="utf-8")
    done = typed("install", "--project")
    assert (done.code, "so agents are listed twice here: `scout` and `outrider:scout`\n" in done.err) == (0, True)
    done = typed("upgrade")
    assert done.out == "the helper is 0.4.0; the pack is the plugin outrider@market\n"
    assert "the plugin outrider@market is 0.1.0, the helper 0.4.0: `claude plugin update outrider@market`\n" in done.err


def test_explore_is_no_repositorys_choice(typed: Shell, repository: Path) -> None:
    """It stands in for a built-in agent of the user's."""
    assert typed("install", "--project", "--explore").code == 2
