"""What `status`, `switch`, `route` and `doctor` say of the pack: its form, its agents, who says what they run on."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer

TIERS = {
    "scout": "haiku/low", "scribe": "haiku/low", "reviewer": "sonnet/medium", "builder": "sonnet/medium",
    "architect": "opus/high", "second-opinion": "haiku/low", "bulk": "haiku/low", "private-reader": "haiku/low",
}  # fmt: skip
CLAUDE_AGENTS = ("scout", "scribe", "reviewer", "builder", "architect")


@pytest.fixture(autouse=True)
def quiet_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Takes away what this machine's environment says, and puts an `outrider` on PATH."""
    for name in list(os.environ):
        if name.startswith(("SSL_CERT", "REQUESTS_CA", "CURL_CA", "NODE_EXTRA", "AI_AGENT")):
            monkeypatch.delenv(name)
    bin_folder = tmp_path / "bin"
    program(bin_folder / "outrider", "")
    monkeypatch.setenv("PATH", str(bin_folder))
    monkeypatch.setenv("GROQ_API_KEY", "x")


@pytest.fixture
def repository(typed: Shell, tmp_path: Path) -> Path:
    """Makes the working folder a repository."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir()
    return folder


@pytest.fixture
def installed(typed: Shell, home: Path) -> Path:
    """Installs the pack as files, and gives the client's folder."""
    assert typed("install", "-q").code == 0
    return home / ".claude"


def program(path: Path, text: str) -> None:
    """Writes a program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def agent_file(folder: Path, name: str, *lines: str) -> Path:
    """Writes an agent of somebody else's."""
    path = folder / "agents" / f"{name}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(("---", f"name: {name}", "description: x", *lines, "---", "")), encoding="utf-8")
    return path


def tiers(typed: Shell) -> dict[str, str]:
    """Returns what each agent runs on, as `status` says."""
    return {row["agent"]: row["tier"] for row in typed("status", "--json").json["pack"]["agents"]}


def sources(typed: Shell) -> dict[str, str]:
    """Returns who says on what each agent runs."""
    return {row["agent"]: row["from"] for row in typed("status", "--json").json["pack"]["agents"]}


def troubles(typed: Shell) -> list[tuple[str, str]]:
    """Returns what `doctor` finds not to be well."""
    checks = typed("doctor", "--json").json["checks"]
    return [(check["name"], check["message"]) for check in checks if check["mark"] != "ok"]


def overlay(repository: Path, values: dict[str, Any]) -> Path:
    """Writes the repository's own layer."""
    path = repository / ".claude" / "config" / "models.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_pack_that_is_not_installed(typed: Shell) -> None:
    """Is one line; a route names the agent plainly all the same, and says that it is not there."""
    assert "pack      not installed: `outrider install`\n" in typed("status").out
    assert "agent     " not in typed("status").out
    routed = typed("route", "-t", "documentation", "hello", "--no-fallback")
    assert routed.out.startswith("claude.haiku: use the `scribe` subagent\n")
    assert routed.err == "outrider: the pack is not installed, so there is no `scribe` yet: `outrider install`\n"


def test_each_agent_is_shown_with_its_tier_and_who_said_so(typed: Shell, installed: Path) -> None:
    """As shipped; then with a switch, which leaves the outriders; and back."""
    assert tiers(typed) == TIERS
    assert set(sources(typed).values()) == {"bundled"}
    switched = typed("switch", "best").out
    assert "agents: scout (opus/high), scribe (opus/high), " in switched
    assert tiers(typed) == {**TIERS, **dict.fromkeys(CLAUDE_AGENTS, "opus/high")}
    assert {sources(typed)[name] for name in CLAUDE_AGENTS} == {"preset best, switched"}
    assert "agent     scout           opus/high (preset best, switched)\n" in typed("status").out
    typed("switch", "default")
    assert tiers(typed) == TIERS


def test_one_repository_is_switched_alone(typed: Shell, installed: Path, repository: Path) -> None:
    """Before the user's own choice, and without a file in the repository."""
    typed("switch", "cheap")
    typed("switch", "best", "--project")
    assert tiers(typed)["reviewer"] == "opus/high"
    assert sources(typed)["reviewer"] == "preset best, switched for this project"
    assert os.listdir(repository) == [".git"]
    typed("switch", "default", "--project")
    assert sources(typed)["reviewer"] == "preset cheap, switched"


def test_a_preset_may_say_a_tier_for_each_agent(typed: Shell, installed: Path, home: Path) -> None:
    """One that it does not name stays."""
    write_layer(home, {"presets": {"mine": {"agents": {"scout": "sonnet", "bulk": "sonnet/low"}}}})
    typed("switch", "mine")
    assert tiers(typed) == {**TIERS, "scout": "sonnet", "bulk": "sonnet/low"}
    assert "agents: scout sonnet, bulk sonnet/low\n" in typed("presets", "mine").out


def test_a_repository_lowers_untrusted_and_raises_trusted(typed: Shell, installed: Path, repository: Path) -> None:
    """Chains, too, move only after `trust`; what is ignored is said in one line."""
    path = overlay(repository, {
        "agents": {"architect": {"tier": "sonnet/low"}, "scout": {"tier": "opus/max"}},
        "preset": "best", "tasks": {"coding": {"chain": ["echo"]}},
    })  # fmt: skip
    line = f"outrider: {path} is not trusted, so its preset, tasks, agents.scout are ignored (see `outrider trust`)\n"
    routed = typed("route", "-t", "coding", "hello")
    assert line in routed.err
    assert not routed.out.startswith("echo")
    assert tiers(typed) == {**TIERS, "architect": "sonnet/low"}
    assert sources(typed)["architect"] == f"project {path}, not trusted"
    typed("switch", "cheap")
    assert tiers(typed)["architect"] == "haiku/low", "the project gives no more than the switch"
    typed("switch", "default")
    assert typed("trust", "--yes").code == 0
    assert {name: tiers(typed)[name] for name in ("architect", "scout", "reviewer")} == {
        "architect": "sonnet/low", "scout": "opus/max", "reviewer": "opus/high",
    }  # fmt: skip
    assert sources(typed)["reviewer"] == f"preset best, project {path}"
    assert "\n  then: echo" in typed("route", "-t", "coding", "hello").out
    typed("switch", "cheap")
    unchanged = "subagents that this repository's settings keep on a tier: scout (opus/max), architect (sonnet/low)"
    assert unchanged in typed("switch", "status", "--json").json["unchanged"]


def test_what_the_repository_defines_itself_wins(typed: Shell, installed: Path, repository: Path) -> None:
    """Its own file counts, whatever stands, and a switch says that it does not move it."""
    path = agent_file(repository / ".claude", "scout", "model: opus", "effort: max")
    typed("switch", "cheap")
    row = typed("status", "--json").json["pack"]["agents"][0]
    assert row == {
        "agent": "scout", "name": "scout", "tier": "opus/max", "from": f"the project's own, {path}",
        "note": f"the project's own `scout` wins here: {path}",
    }  # fmt: skip
    assert "subagents that this repository keeps on a model of its own: scout (opus/max)" in typed("switch").out
    assert troubles(typed) == []


def test_a_name_that_the_user_has(typed: Shell, home: Path) -> None:
    """Ours is installed beside it under another, and every command says it so."""
    mine = agent_file(home / ".claude", "reviewer")
    typed("install", "-q")
    row = typed("status", "--json").json["pack"]["agents"][2]
    assert (row["name"], row["note"]) == ("outrider-reviewer", f"`reviewer` is your own: {mine}")
    assert troubles(typed) == []
    routed = typed("route", "-t", "code-review", "hello", "--json").json
    assert routed["agent"] in {None, "outrider-reviewer"}


def test_a_clash_that_appeared_later(typed: Shell, installed: Path, home: Path) -> None:
    """Ours wins without a word in the client, so it is said here."""
    mine = agent_file(home / ".claude", "scout")
    ((name, message),) = troubles(typed)
    assert name == "agents"
    assert message == f"scout: {mine} is called `scout` too, and ours wins without a word: `outrider upgrade`"


def test_edited_and_deleted_files(typed: Shell, installed: Path) -> None:
    """Both stay as they are, and are named."""
    edited, deleted = (installed / "agents" / "outrider" / f"{name}.md" for name in ("scout", "scribe"))
    edited.write_text(edited.read_text(encoding="utf-8") + "More.\n", encoding="utf-8")
    deleted.unlink()
    shape = typed("status", "--json").json["pack"]
    assert (shape["edited"], shape["missing"], shape["waiting"]) == ([str(edited)], [str(deleted)], [])
    assert {row["agent"]: row["note"] for row in shape["agents"] if row["note"]} == {"scribe": "you deleted its file"}
    assert f"pack      edited by you, and kept so: {edited}\n" in typed("status").out
    assert troubles(typed) == [
        ("pack", f"edited since it was installed, and kept so: {edited}"),
        ("pack", f"deleted since it was installed, and left so: {deleted}"),
    ]


def test_a_manifest_that_is_damaged(typed: Shell, installed: Path) -> None:
    """Is a fault that everything else survives."""
    path = installed / "config" / "outrider.pack.json"
    path.write_text("{", encoding="utf-8")
    assert typed("status").code == 0
    assert typed("status", "--json").json["pack"]["problem"].startswith(f"{path} is damaged")
    assert ("pack", typed("status", "--json").json["pack"]["problem"]) in troubles(typed)


@pytest.mark.parametrize("flags", [(), ("--project",)])
def test_a_route_names_no_agent_whose_file_was_deleted(typed: Shell, repository: Path, home: Path, flags: Any) -> None:
    """Neither for people nor for scripts; who would have done it is said, and how it comes back."""
    assert typed("install", "-q", *flags).code == 0
    asked = ("route", "-t", "documentation", "hello")
    assert (typed(*asked, "--json").json["agent"], typed(*asked).out.partition("\n")[0]) == (
        "scribe", "claude.haiku: use the `scribe` subagent",
    )  # fmt: skip
    ((repository if flags else home) / ".claude" / "agents" / "outrider" / "scribe.md").unlink()
    routed = typed(*asked, "--json").json
    assert (routed["how"], routed["agent"]) == ("outrider", None)
    told = typed(*asked)
    assert (told.code, told.out.partition("\n")[0]) == (0, "claude.haiku")
    back = ["outrider", "install", *flags, "--restore"]
    words = f"`scribe` would do this, but its file is gone: `{' '.join(back)}` brings it back"
    assert told.err.splitlines().count(f"outrider: {words}") == 1
    assert "its file is gone" not in typed("route", "-m", "claude.haiku", "hello").err
    assert typed(*back[1:], "-q").code == 0
    assert typed(*asked, "--json").json["agent"] == "scribe"


def test_a_paused_pack(typed: Shell, installed: Path) -> None:
    """No agent of ours is there, so a route sends nobody to one."""
    assert typed("pause", "-q").code == 0
    assert "pack      as files, " in typed("status").out
    assert ", paused: `outrider resume`" in typed("status").out
    routed = typed("route", "-t", "documentation", "hello", "--no-fallback", "--json").json
    assert (routed["how"], routed["agent"]) == ("outrider", None)
    assert "the pack is paused" in typed("route", "-t", "documentation", "hello", "--no-fallback").err
    assert any("paused" in text for text in typed("switch", "best", "--json").json["unchanged"])
    assert troubles(typed) == []


def test_explore_is_put_in_place_and_taken_away(typed: Shell, installed: Path, repository: Path) -> None:
    """In the loose form it is a file, one for all repositories."""
    path = installed / "agents" / "outrider" / "Explore.md"
    assert "is put in place" in typed("switch", "explore", "on").out
    assert path.exists()
    assert typed("status", "--json").json["pack"]["explore"] is True
    assert "is taken away" in typed("switch", "explore", "off").out
    assert not path.exists()
    refused = typed("switch", "explore", "on", "--project")
    assert (refused.code, path.exists()) == (2, False)
    assert "one file for all repositories" in refused.err


def plugin(home: Path, market: Path, *, is_enabled: bool = True, version: str = "0.0.1") -> None:
    """Makes the client's lists say that the plugin is installed from a folder, which the client then reads live."""
    (market / ".claude-plugin").mkdir(parents=True)
    (market / ".claude-plugin" / "plugin.json").write_text(
        json.dumps({"name": "outrider", "version": version}), encoding="utf-8"
    )
    lists = {
        "plugins/installed_plugins.json": {"version": 2, "plugins": {"outrider@here": [
            {"scope": "user", "installPath": str(home / "cache"), "version": "0.0.0"}
        ]}},
        "plugins/known_marketplaces.json": {"here": {
            "source": {"source": "directory", "path": str(market)}, "installLocation": str(market)
        }},
        "settings.json": {"enabledPlugins": {"outrider@here": is_enabled}},
    }  # fmt: skip
    for name, values in lists.items():
        path = home / ".claude" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


def test_the_plugin(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Agents have the names that the client gives them, and the version is that of the folder that is read."""
    plugin(home, tmp_path / "market")
    shape = typed("status", "--json").json["pack"]
    assert (shape["form"], shape["where"], shape["version"]) == ("plugin", "outrider@here", "0.0.1")
    assert [row["name"] for row in shape["agents"]] == [
        *(f"outrider:{name}" for name in TIERS if name != "private-reader"), "/outrider:private",
    ]  # fmt: skip
    assert "agent     /outrider:private        as the session (a command that you type)\n" in typed("status").out
    assert "private" not in typed("switch", "best").out
    typed("switch", "default")
    assert [message for _, message in troubles(typed)] == [
        f"the pack is of 0.0.1, and the helper is {typed('status', '--json').json['versions']['outrider']}"
    ]
    assert "the hook of the plugin sees to it" in typed("switch", "explore", "on").out
    assert typed("status", "--json").json["pack"]["explore"] is True


def test_a_plugin_that_a_repository_turns_off(typed: Shell, home: Path, tmp_path: Path, repository: Path) -> None:
    """Is there, and silent here."""
    plugin(home, tmp_path / "market")
    (repository / ".claude").mkdir()
    (repository / ".claude" / "settings.local.json").write_text(
        '{"enabledPlugins": {"outrider@here": false}}', encoding="utf-8"
    )
    assert ", disabled here: `claude plugin enable outrider@here`" in typed("status").out
    routed = typed("route", "-t", "documentation", "hello", "--no-fallback", "--json").json
    assert (routed["how"], routed["agent"]) == ("outrider", None)


def test_a_layer_for_a_later_helper(typed: Shell, repository: Path) -> None:
    """One line wherever the registry is read, trusted or not; a value that nobody can read is a mistake."""
    path = overlay(repository, {"requires": ">=99.1"})
    version = typed("status", "--json").json["versions"]["outrider"]
    line = f"{path} asks for outrider >=99.1, and this is {version}: see `outrider upgrade`"
    assert typed("status", "--json").json["notes"] == [line]
    assert f"outrider: {line}\n" in typed("route", "hello").err
    assert troubles(typed) == [("settings", line)]
    path.write_text('{"requires": "99"}', encoding="utf-8")
    assert "the least helper version" in typed("config", "check").out
    assert typed("route", "hello").code == 2


def test_an_old_client_on_path(typed: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is asked for its version; in it the default model of subagents beats every tier."""
    program(tmp_path / "bin" / "claude", "echo '2.1.197 (Claude Code)'")
    monkeypatch.setenv("CLAUDE_CODE_SUBAGENT_MODEL", "haiku")
    assert [message for _, message in troubles(typed)] == [
        "Claude Code is 2.1.197: a switch moves the model of subagents there, and not their effort",
        (
            "CLAUDE_CODE_SUBAGENT_MODEL is set in this environment: "
            "before 2.1.251 it moves every subagent, whatever its tier"
        ),
    ]
    program(tmp_path / "bin" / "claude", "echo '2.1.328 (Claude Code)'")
    assert troubles(typed) == []


def test_a_forced_model_is_said_by_a_switch(typed: Shell, installed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Since no tier holds then."""
    monkeypatch.setenv("CLAUDE_CODE_SUBAGENT_MODEL_FORCE", "1")
    told = "the tiers of subagents: CLAUDE_CODE_SUBAGENT_MODEL_FORCE, set in this environment, keeps all on one model"
    assert told in typed("switch", "cheap", "--json").json["unchanged"]
