"""What lies in Claude Code's folders that concerns our pack: agents by name, forms of install, variables. Only reads.

It must not know what any of it means.
"""

import os
import re
from collections.abc import Iterable, Iterator

from outrider.doors import client_settings
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


def agent_trees(places: Places) -> dict[str, dict[str, tuple[str, ...]]]:
    """Returns the user's agents and the project's, in the order in which a later one wins."""
    folders = {"user": os.path.join(places.claude, "agents")}
    if places.project is not None:
        folders["project"] = os.path.join(places.project, ".claude", "agents")
    return {name: agents(folder) for name, folder in folders.items()}


def loose_form(places: Places) -> str | None:
    """Returns the folder of skills that is our pack, if it is there."""
    path = os.path.join(places.claude, "skills", "outrider")
    return path if os.path.isdir(path) else None


def plugin_forms(places: Places) -> tuple[str, ...]:
    """Returns the folders in which Claude Code keeps our plugin, one for each marketplace."""
    cache = os.path.join(places.claude, "plugins", "cache")
    return tuple(
        path for market in _names(cache) if _names(path := os.path.join(cache, market, "outrider"))
    )  # fmt: skip


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


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
