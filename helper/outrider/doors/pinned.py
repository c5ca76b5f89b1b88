"""Which subagents a repository keeps on a model of its own: no choice of the user's moves those.

Reads the heads of the files in `.claude/agents`, never through a link, and at most so many of them.
"""

import os
import re
from collections.abc import Iterator

from outrider.doors.files import read_small
from outrider.errors import OutriderError

MOST_FILES = 200
DEEPEST = 4
LARGEST = 262_144
_FIELD = re.compile(r"(name|model)\s*:\s*[\"']?([A-Za-z0-9._:/\[\]-]{1,100})[\"']?\s*(?:#.*)?")


def pinned(project: str) -> tuple[tuple[str, str], ...]:
    """Returns the repository's subagents that name a model, with that model, by name."""
    found: dict[str, str] = {}
    for number, path in enumerate(_files(os.path.join(project, ".claude", "agents"), depth=0)):
        if number >= MOST_FILES:
            break
        head = _head(path)
        if head.get("model", "inherit") != "inherit":
            found[head.get("name", os.path.basename(path).removesuffix(".md"))] = head["model"]
    return tuple(sorted(found.items()))


def _files(folder: str, *, depth: int) -> Iterator[str]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False) and depth < DEEPEST:
            yield from _files(entry.path, depth=depth + 1)
        elif entry.name.endswith(".md") and entry.is_file(follow_symlinks=False):
            yield entry.path


def _head(path: str) -> dict[str, str]:
    """Returns the name and the model in a file's front matter."""
    try:
        data = read_small(path, limit=LARGEST, follow=False)
    except OutriderError:
        data = None
    lines = (data or b"").decode("utf-8-sig", "replace").splitlines()
    if not lines or lines[0].strip() != "---":
        return {}
    found: dict[str, str] = {}
    for line in lines[1:]:
        if line.strip() == "---":
            return found
        match = _FIELD.fullmatch(line.rstrip())
        if match is not None:
            found.setdefault(match[1], match[2])
    return {}
