"""What lies in Claude Code's folders that concerns our pack: agents by name, forms of install, variables. Only reads.

It must not know what any of it means.
"""

import os
import re
from collections.abc import Iterable, Iterator

from outrider.doors import client_pack, client_settings
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError

MOST_FILES = 2_000
_NAME = re.compile(r"name:[ \t]*(['\"]?)([^'\"\r\n#]+?)\1[ \t]*(?:#.*)?")


def agents(folder: str) -> dict[str, tuple[str, ...]]:
    """Returns the agents in a folder and below it: every name, with the files that claim it."""
    found: dict[str, tuple[str, ...]] = {}
    for path in _markdown(folder):
        name = _agent_name(path)
        if name is not None:
            found[name] = (*found.get(name, ()), path)
    return found


def forms(places: Places) -> tuple[str, ...]:
    """Returns every form in which the client would load our pack, for people."""
    stored = client_settings.values(os.path.join(places.claude, *client_pack.MANIFEST))
    is_live = os.path.isdir(os.path.join(places.claude, "skills", client_pack.PLUGIN))
    loose = (os.path.join(places.claude, "skills", client_pack.PLUGIN),) if is_live else ()
    if not loose and stored.get("form") == "loose" and stored.get("paused") is not True:
        loose = (os.path.join(places.claude, "agents", client_pack.PLUGIN),)
    loaded = (f"plugin {name}" for name, is_enabled in client_pack.plugins(places).items() if is_enabled)
    return (*loose, *loaded)


def plugin_version(places: Places, where: str) -> str | None:
    """Returns the version of a plugin of ours: `where` is its name and marketplace, or the folder that it runs from."""
    folder = where if os.path.isabs(where) else _plugin_folder(places, where)
    said = client_settings.values(os.path.join(folder, ".claude-plugin", "plugin.json")) if folder else {}
    version = said.get("version")
    return version[:40] if isinstance(version, str) else None


def _plugin_folder(places: Places, name: str) -> str | None:
    """Returns where the client reads a plugin from: a marketplace that is a folder is read live, others are copied."""
    folder = os.path.join(places.claude, "plugins")
    market = client_settings.values(os.path.join(folder, "known_marketplaces.json")).get(name.partition("@")[2])
    source = market.get("source") if isinstance(market, dict) else None
    if isinstance(market, dict) and isinstance(source, dict) and source.get("source") == "directory":
        live = market.get("installLocation")
        return live if isinstance(live, str) and os.path.isabs(live) else None
    listed = client_settings.values(os.path.join(folder, "installed_plugins.json")).get("plugins")
    copies = listed.get(name) if isinstance(listed, dict) else None
    for copy in copies if isinstance(copies, list) else [copies]:
        path = copy.get("installPath") if isinstance(copy, dict) else None
        if isinstance(path, str) and os.path.isabs(path):
            return path
    return None


def variables_set(places: Places, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields which of these variables the client's settings set, and in which file."""
    wanted = tuple(names)
    for path in client_settings.files(places):
        block = client_settings.values(path).get("env")
        if isinstance(block, dict):
            yield from ((name, path) for name in wanted if block.get(name))


def _markdown(folder: str) -> Iterator[str]:
    left = MOST_FILES
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if file.endswith(".md") and left > 0:
                left -= 1
                yield os.path.join(parent, file)


def _agent_name(path: str) -> str | None:
    """Returns the `name` in a file's first lines, which is what the client calls an agent by."""
    try:
        data = read_small(path, limit=SMALL_FILE)
    except OutriderError:
        return None
    lines = (data or b"").decode("utf-8-sig", "replace").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return None
    for line in lines[1:]:
        if line.rstrip() == "---":
            return None
        match = _NAME.fullmatch(line.rstrip())
        if match is not None:
            return match[2].strip()
    return None
