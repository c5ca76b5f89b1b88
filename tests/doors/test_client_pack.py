"""In which form the pack is in a client, as its own files and ours say."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from outrider.doors import client_survey
from outrider.doors.client_pack import AGENTS, PLUGIN_NAMES, Installed, gone, has_own_pack, installed, plugins
from outrider.doors.settings import Places

NAMES = {"scout": "scout", "reviewer": "outrider-reviewer"}
LOOSE = {"version": 1, "helper": "0.3.0", "form": "loose", "names": NAMES, "explore": True, "files": {}}
LISTED = {"version": 2, "plugins": {"outrider@here": [{"scope": "user", "installPath": "/x", "version": "1"}]}}


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """Gives a client's folder and a repository, both empty."""
    for name in ("claude", "repo"):
        (tmp_path / name).mkdir()
    return Places(
        home=str(tmp_path / "home"), claude=str(tmp_path / "claude"), project=str(tmp_path / "repo"), bundled=""
    )


def put(path: str, values: Any) -> None:
    """Writes a file of JSON, or of anything."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(values if isinstance(values, str) else json.dumps(values), encoding="utf-8")


def manifest(places: Places) -> str:
    """Returns where the manifest is."""
    return os.path.join(places.claude, "config", "outrider.pack.json")


def test_nothing_is_there(places: Places) -> None:
    """No form, and no names."""
    assert installed(places, {}) == Installed()


def test_as_files(places: Places) -> None:
    """The manifest says the form, the names, whether it is paused, and whether Explore is ours."""
    put(manifest(places), LOOSE)
    assert installed(places, {}) == Installed(form="loose", names=NAMES, explore=True, where=manifest(places))
    put(manifest(places), {**LOOSE, "paused": True})
    assert installed(places, {}).paused


@pytest.mark.parametrize(
    "stored",
    [
        "", "{", "[]", "null", "[" * 100_000, '{"form": []}', '{"form": "loose"', {"form": "project", "names": NAMES},
        {"names": NAMES}, "\x00",
    ],
)  # fmt: skip
def test_a_strange_manifest_installs_nothing(places: Places, stored: Any) -> None:
    """Whatever stands there."""
    put(manifest(places), stored)
    assert installed(places, {}) == Installed()


@pytest.mark.parametrize(
    "names", [None, [], "x", {"scout": 1}, {"scout": "a b"}, {"scout": "x" * 65}, {"scout": "\x1b[0m"}, {"scout": ""}]
)
def test_strange_names_are_left_out(places: Places, names: Any) -> None:
    """A name goes to a terminal and to a model, so it is a word."""
    put(manifest(places), {**LOOSE, "names": names})
    assert installed(places, {}).names == {}


def test_as_a_plugin(places: Places) -> None:
    """Listed by the client, and enabled by the settings, of which the nearest counts."""
    put(os.path.join(places.claude, "plugins", "installed_plugins.json"), LISTED)
    found = Installed(form="plugin", names=PLUGIN_NAMES, where="outrider@here", paused=True)
    assert installed(places, {}) == found
    put(os.path.join(places.claude, "settings.json"), {"enabledPlugins": {"outrider@here": True, "other@here": True}})
    assert plugins(places) == {"outrider@here": True}
    assert installed(places, {}).paused is False
    put(os.path.join(places.project or "", ".claude", "settings.json"), {"enabledPlugins": {"outrider@here": False}})
    assert installed(places, {}).paused
    local = os.path.join(places.project or "", ".claude", "settings.local.json")
    put(local, {"enabledPlugins": {"outrider@here": True}})
    assert installed(places, {}).paused is False


@pytest.mark.parametrize("said", ["[]", '{"plugins": []}', '{"plugins": {"outrider@x": 5}}', '{"plugins": null}', "{"])
@pytest.mark.parametrize("enabled", ["{}", '{"enabledPlugins": []}', '{"enabledPlugins": {"outrider@x": "yes"}}', "x"])
def test_strange_lists_of_the_client(places: Places, said: str, enabled: str) -> None:
    """Are read as far as they can be, and stop nothing."""
    put(os.path.join(places.claude, "plugins", "installed_plugins.json"), said)
    put(os.path.join(places.claude, "settings.json"), enabled)
    assert installed(places, {}).form in {None, "plugin"}
    assert not any(plugins(places).values())
    assert client_survey.plugin_version(places, "outrider@x") is None
    assert client_survey.forms(places) == ()


def test_the_folder_of_skills_is_no_plugin_of_a_marketplace(places: Places) -> None:
    """The client calls the loose form's folder a plugin too."""
    put(os.path.join(places.claude, "settings.json"), {"enabledPlugins": {"outrider@skills-dir": True}})
    assert installed(places, {}) == Installed()


def test_a_paused_form_gives_way_to_one_that_is_there(places: Places) -> None:
    """And is the answer where no other is."""
    put(manifest(places), {**LOOSE, "paused": True})
    put(os.path.join(places.claude, "plugins", "installed_plugins.json"), LISTED)
    assert installed(places, {}).form == "loose"
    put(os.path.join(places.claude, "settings.json"), {"enabledPlugins": {"outrider@here": True}})
    assert installed(places, {}).form == "plugin"
    put(manifest(places), LOOSE)
    assert installed(places, {}).form == "loose"
    assert client_survey.forms(places) == (
        os.path.join(places.claude, "agents", "outrider"), "plugin outrider@here",
    )  # fmt: skip


def test_a_plugin_that_is_run_from_a_folder(places: Places, tmp_path: Path) -> None:
    """No list has it: the client tells its hooks, and puts its `bin` on the PATH of Bash."""
    root = tmp_path / "checkout"
    put(str(root / "agents" / "scout.md"), "---\n")
    put(str(root / ".claude-plugin" / "plugin.json"), {"name": "outrider", "version": "9"})
    found = Installed(form="plugin", names=PLUGIN_NAMES, where=str(root))
    path = f"/usr/bin:{root / 'bin'}"
    assert installed(places, {"CLAUDE_PLUGIN_ROOT": str(root)}) == found
    assert installed(places, {"CLAUDECODE": "1", "PATH": path}) == found
    assert installed(places, {"PATH": path}) == Installed()
    assert client_survey.plugin_version(places, str(root)) == "9"
    put(str(root / ".claude-plugin" / "plugin.json"), {"name": "other"})
    assert installed(places, {"CLAUDECODE": "1", "PATH": path}) == Installed()


def test_the_version_is_that_of_the_folder_that_is_read(places: Places, tmp_path: Path) -> None:
    """A marketplace that is a folder is read live, any other from the client's copy."""
    for name, version in (("live", "2"), ("copy", "1")):
        put(str(tmp_path / name / ".claude-plugin" / "plugin.json"), {"version": version})
    listed = {"plugins": {"outrider@here": [{"installPath": str(tmp_path / "copy")}]}}
    put(os.path.join(places.claude, "plugins", "installed_plugins.json"), listed)
    markets = os.path.join(places.claude, "plugins", "known_marketplaces.json")
    assert client_survey.plugin_version(places, "outrider@here") == "1"
    put(markets, {"here": {"source": {"source": "github"}, "installLocation": str(tmp_path / "live")}})
    assert client_survey.plugin_version(places, "outrider@here") == "1"
    put(markets, {"here": {"source": {"source": "directory"}, "installLocation": str(tmp_path / "live")}})
    assert client_survey.plugin_version(places, "outrider@here") == "2"


def test_a_repository_that_brings_our_agents(places: Places) -> None:
    """They are there without an install."""
    assert not has_own_pack(places)
    put(os.path.join(places.project or "", ".claude", "agents", "outrider", "scout.md"), "---\n")
    assert has_own_pack(places)


def agent_files(folder: str | None, *names: str) -> None:
    """Writes files of agents of ours."""
    for name in names:
        put(os.path.join(folder or "", "agents", "outrider", f"{name}.md"), "---\n")


def test_an_agent_without_a_file_is_gone(places: Places) -> None:
    """Where the pack is there as files, and nobody else has its name; a plugin's are the client's matter."""
    loose, plugged = Installed(form="loose", names=NAMES), Installed(form="plugin", names=PLUGIN_NAMES)
    others = [name for name in AGENTS if name != "reviewer"]
    assert gone(places, Installed()) == frozenset()
    assert gone(places, loose) == frozenset(AGENTS)
    agent_files(places.claude, *others)
    assert gone(places, loose) == {"reviewer"}
    put(os.path.join(places.claude, "agents", "reviewer.md"), "---\n")
    assert gone(places, loose) == {"reviewer"}, "ours has another name here, which is free"
    put(os.path.join(places.claude, "agents", "outrider-reviewer.md"), "---\n")
    assert gone(places, loose) == frozenset()
    assert gone(places, plugged) == frozenset()


@pytest.mark.parametrize("pack", [Installed(), Installed(form="loose", paused=True)], ids=["not installed", "paused"])
def test_of_a_repositorys_own_pack_an_agent_may_be_gone(places: Places, pack: Installed) -> None:
    """Its files count beside the user's, and alone where the user has none or they are paused."""
    agent_files(places.claude, "scout")
    agent_files(os.path.join(places.project or "", ".claude"), *AGENTS[1:])
    assert gone(places, pack) == {AGENTS[0]} == {"scout"}
    assert gone(places, Installed(form="loose")) == frozenset()
