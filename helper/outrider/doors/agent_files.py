"""Finds the file of a subagent by the name that a transcript gives it, and what around a folder moves its model.

Only reads, and only what is there now: what was there when it ran may have been another. Decides nothing.
"""

import os
import re
from collections.abc import Iterator, Mapping

from outrider.doors import client_settings
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places, project_root
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules.pin_asking import VARIABLES, AgentFile, Around

MANAGED = "/etc/claude-code/.claude/agents"
MOST_FILES = 2_000
DEEPEST = 32
SPAWNERS = frozenset({"Agent", "Task"})
_LINE = re.compile(r"(name|model|effort):[ \t]*(['\"]?)([^'\"\r\n#]*?)\2[ \t]*(?:#.*)?")


class AgentFiles:
    """Looks for agents and settings; each tree is read once."""

    def __init__(self, places: Places, environment: Mapping[str, str]) -> None:
        self._places = places
        self._environment = environment
        self._trees: dict[str, dict[str, tuple[AgentFile, ...]]] = {}
        self._around: dict[str, Around] = {}
        self._roots: dict[str, str | None] = {}

    def called(self, name: str, *, folder: str) -> tuple[AgentFile, ...]:
        """Returns the files that claim a name where it wins: several only where the client takes one undefined."""
        if ":" in name:
            return tuple(file for tree in self._plugins(name.partition(":")[0]) for file in tree.get(name, ()))
        for tree in (MANAGED, *self._project(folder), os.path.join(self._places.claude, "agents")):
            found = self._tree(tree).get(name)
            if found:
                return found
        return ()

    def around(self, folder: str) -> Around:
        """Returns what moves the models of subagents that run in a folder."""
        root = self._root(folder) or ""
        if root not in self._around:
            self._around[root] = self._look_around(root or None)
        return self._around[root]

    def _root(self, folder: str) -> str | None:
        if folder not in self._roots:
            is_there = os.path.isabs(folder) and "\0" not in folder and os.path.isdir(folder)
            root = project_root(folder, user=self._environment.get("HOME", "")) if is_there else None
            self._roots[folder] = root or (folder if is_there else None)
        return self._roots[folder]

    def _project(self, folder: str) -> Iterator[str]:
        root, here = self._root(folder), folder
        for _ in range(DEEPEST if root is not None else 0):
            yield os.path.join(here, ".claude", "agents")
            if here == root or here == os.path.dirname(here):
                return
            here = os.path.dirname(here)

    def _plugins(self, plugin: str) -> Iterator[dict[str, tuple[AgentFile, ...]]]:
        for folder in self._plugin_folders(plugin):
            yield self._tree(os.path.join(folder, "agents"), plugin=plugin)

    def _plugin_folders(self, plugin: str) -> Iterator[str]:
        cache, skills = (os.path.join(self._places.claude, *names) for names in (("plugins", "cache"), ("skills",)))
        for market in _names(cache):
            for version in _names(os.path.join(cache, market, plugin)):
                yield os.path.join(cache, market, plugin, version)
        for name in _names(skills):
            manifest = os.path.join(skills, name, ".claude-plugin", "plugin.json")
            if client_settings.values(manifest).get("name") == plugin:
                yield os.path.join(skills, name)

    def _tree(self, folder: str, *, plugin: str = "") -> dict[str, tuple[AgentFile, ...]]:
        if folder not in self._trees:
            found: dict[str, tuple[AgentFile, ...]] = {}
            for path in _markdown(folder):
                file = _agent(path)
                if file is None:
                    continue
                name = file.name
                if plugin:
                    parts = os.path.relpath(path, folder).split(os.sep)[:-1]
                    own = name or os.path.splitext(os.path.basename(path))[0]
                    name = ":".join((plugin, *parts, own))
                if name:
                    found[name] = (*found.get(name, ()), file)
            self._trees[folder] = found
        return self._trees[folder]

    def _look_around(self, root: str | None) -> Around:
        variables = {name: (self._environment[name], "the environment") for name in VARIABLES if self._set(name)}
        available: tuple[str, ...] | None = None
        available_in, hooks = "", []
        for path in client_settings.files(replace(self._places, project=root)):
            found = client_settings.values(path)
            block = found.get("env")
            for name in VARIABLES:
                if isinstance(block, dict) and isinstance(block.get(name), str) and block[name]:
                    variables[name] = (block[name], path)
            names = found.get("availableModels")
            if isinstance(names, list):
                available, available_in = tuple(name for name in names if isinstance(name, str)), path
            if _hooks_agents(found):
                hooks.append(path)
        hooks += [path for path in self._hook_files() if _hooks_agents(client_settings.values(path))]
        return Around(variables=variables, available=available, available_in=available_in, hooks=tuple(hooks))

    def _set(self, name: str) -> bool:
        return bool(self._environment.get(name))

    def _hook_files(self) -> Iterator[str]:
        skills, cache = (os.path.join(self._places.claude, *names) for names in (("skills",), ("plugins", "cache")))
        folders = [os.path.join(skills, name) for name in _names(skills)]
        for market in _names(cache):
            for plugin in _names(os.path.join(cache, market)):
                inner = os.path.join(cache, market, plugin)
                folders += [os.path.join(inner, version) for version in _names(inner)]
        for folder in folders[:MOST_FILES]:
            path = os.path.join(folder, "hooks", "hooks.json")
            if os.path.isfile(path):
                yield path


def _hooks_agents(settings: Mapping[str, object]) -> bool:
    """Whether settings have a hook that may change a spawn before it begins."""
    hooks = settings.get("hooks")
    entries = hooks.get("PreToolUse") if isinstance(hooks, dict) else None
    matchers = (
        [entry.get("matcher", "") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    )
    return any(not matcher or matcher == "*" or any(name in str(matcher) for name in SPAWNERS) for matcher in matchers)


def _agent(path: str) -> AgentFile | None:
    """Returns what the first lines of a file say, or None where they are no agent's."""
    try:
        data = read_small(path, limit=SMALL_FILE)
        changed = os.stat(path).st_mtime
    except (OSError, OutriderError):
        return None
    lines = (data or b"").decode("utf-8-sig", "replace").splitlines()
    if not lines or lines[0].rstrip() != "---":
        return None
    said: dict[str, str] = {}
    for line in lines[1:]:
        if line.rstrip() == "---":
            return AgentFile(path=path, changed=changed, **{"name": "", **said})
        match = _LINE.fullmatch(line.rstrip())
        if match is not None:
            said.setdefault(match[1], match[3].strip())
    return None


def _markdown(folder: str) -> Iterator[str]:
    left = MOST_FILES
    for parent, folders, files in os.walk(folder):
        folders.sort()
        for file in sorted(files):
            if file.endswith(".md") and left > 0:
                left -= 1
                yield os.path.join(parent, file)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []
