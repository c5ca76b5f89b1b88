"""In which form the pack is in this client, and what our agents are called there. On every road, so it reads little.

Loose: our manifest says so. As a plugin: the client's own lists do, or it runs us from the plugin's folder.
"""

import os
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Literal

from outrider.doors import client_settings
from outrider.doors.settings import Places
from outrider.records import record

AGENTS = ("scout", "scribe", "reviewer", "builder", "architect", "second-opinion", "bulk", "private-reader")
"""Every agent that the plugin brings; in the client its name there stands behind the plugin's."""
PLUGIN = "outrider"
OF_FOLDER = f"{PLUGIN}@skills-dir"
"""What the client calls the loose form's folder of skills, which is no marketplace's plugin."""
MANIFEST = ("config", "outrider.pack.json")
MOST_OF_PATH = 100
PLUGIN_NAMES: Mapping[str, str] = MappingProxyType(
    {agent: f"{PLUGIN}:{agent}" for agent in AGENTS} | {"private-reader": f"/{PLUGIN}:private"}
)
"""A plugin's agent cannot be guarded, so that one is a command which the user types."""


@record
class Installed:
    """How the pack is in this client: in which form, and what each agent of ours is called there.

    `form` is None where it is not installed, and `names` is empty then. `paused` says that the client does not see it.
    `where` is the manifest, or the plugin's name and marketplace, or the folder that it runs from.
    """

    form: Literal["loose", "plugin"] | None = None
    names: Mapping[str, str] = MappingProxyType({})
    paused: bool = False
    explore: bool = False
    where: str | None = None


def installed(places: Places, environment: Mapping[str, str] | None = None) -> Installed:
    """Returns how the pack is installed. A form that is paused counts where no other is there."""
    loose = _loose(places)
    if loose is not None and not loose.paused:
        return loose
    plugin = _plugin(places, os.environ if environment is None else environment)
    if plugin is not None and (loose is None or not plugin.paused):
        return plugin
    return loose or Installed()


def has_own_pack(places: Places) -> bool:
    """Whether the repository brings our agents itself: they are there without an install, and while it is paused."""
    return places.project is not None and os.path.isdir(os.path.join(places.project, ".claude", "agents", PLUGIN))


def gone(places: Places, pack: Installed) -> frozenset[str]:
    """Returns which of our agents have no file, where the pack is there as files; nor has anybody else their name."""
    folders = [os.path.join(places.claude, "agents")] if pack.form == "loose" and not pack.paused else []
    if has_own_pack(places):
        folders.append(os.path.join(places.project or "", ".claude", "agents"))
    if not folders or (pack.form == "plugin" and not pack.paused):
        return frozenset()
    return frozenset(agent for agent in AGENTS if not _has_file(agent, pack.names.get(agent, agent), folders))


def _has_file(agent: str, name: str, folders: list[str]) -> bool:
    paths = (path for folder in folders for path in ((folder, PLUGIN, agent), (folder, name)))
    return any(os.path.isfile(f"{os.path.join(*path)}.md") for path in paths)


def _loose(places: Places) -> Installed | None:
    path = os.path.join(places.claude, *MANIFEST)
    stored = client_settings.values(path)
    if stored.get("form") != "loose":
        return None
    named = stored.get("names")
    names = {agent: name for agent, name in named.items() if _is_name(name)} if isinstance(named, dict) else {}
    return Installed(
        form="loose", names=names, paused=stored.get("paused") is True, explore=stored.get("explore") is True,
        where=path,
    )  # fmt: skip


def _is_name(value: object) -> bool:
    return isinstance(value, str) and len(value) <= 64 and value.replace("-", "").replace("_", "").isalnum()


def plugins(places: Places) -> dict[str, bool]:
    """Returns our plugins by name and marketplace, and whether the client loads each here."""
    managed, *others = client_settings.files(places)
    enabled: dict[str, Any] = {}
    for path in (*others, managed):
        said = client_settings.values(path).get("enabledPlugins")
        enabled |= said if isinstance(said, dict) else {}
    known = client_settings.values(os.path.join(places.claude, "plugins", "installed_plugins.json")).get("plugins")
    listed = known if isinstance(known, dict) else {}
    return {
        name: enabled.get(name) is True
        for name in dict.fromkeys((*listed, *enabled))
        if name.partition("@")[0] == PLUGIN and name != OF_FOLDER and (name in listed or enabled[name] is True)
    }


def _plugin(places: Places, environment: Mapping[str, str]) -> Installed | None:
    running = next(_running(places, environment), None)
    if running is not None:
        return Installed(form="plugin", names=PLUGIN_NAMES, where=running)
    found = plugins(places)
    if not found:
        return None
    name = next((name for name, is_enabled in found.items() if is_enabled), next(iter(found)))
    return Installed(form="plugin", names=PLUGIN_NAMES, paused=not found[name], where=name)


def _running(places: Places, environment: Mapping[str, str]) -> Iterator[str]:
    """Yields the plugin's folder that the client runs us from: it tells hooks, and puts its `bin` on Bash's PATH."""
    if environment.get("CLAUDECODE") != "1" and "CLAUDE_PLUGIN_ROOT" not in environment:
        return
    bins = environment.get("PATH", "").split(os.pathsep)[:MOST_OF_PATH]
    roots = [os.path.dirname(folder) for folder in bins if os.path.basename(folder) == "bin"]
    own = os.path.join(places.claude, "skills", PLUGIN)
    for root in (environment.get("CLAUDE_PLUGIN_ROOT", ""), *roots):
        is_one = root not in {"", own} and os.path.isfile(os.path.join(root, "agents", f"{AGENTS[0]}.md"))
        manifest = os.path.join(root, ".claude-plugin", "plugin.json")
        if is_one and client_settings.values(manifest).get("name") == PLUGIN:
            yield root
