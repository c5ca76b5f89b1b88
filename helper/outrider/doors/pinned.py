"""Which subagents a repository defines itself, and on which model: no choice of the user's moves those.

Reads the heads of the files in `.claude/agents`, never through a link, and at most so many of them.
"""

import os
import re
from collections.abc import Iterator

from outrider.doors.files import read_small
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import record

MOST_FILES = 200
MOST_FOLDERS = 40
DEEPEST = 4
LARGEST = 262_144
_FIELD = re.compile(r"(name|model|effort)\s*:\s*[\"']?([A-Za-z0-9._:/\[\]-]{1,100})[\"']?\s*(?:#.*)?")


@record
class Own:
    """One subagent of a repository's: the file, and the model and effort that it names, if any."""

    file: str
    model: str | None = None
    effort: str | None = None

    @property
    def tier(self) -> str | None:
        """What it runs on, as a tier is written; None where it takes what it is given."""
        return f"{self.model}/{self.effort}" if self.model and self.effort else self.model


def defined(places: Places, start: str | None = None) -> dict[str, Own]:
    """Returns every subagent that the repository defines, by name.

    The client looks in each folder from the working one up to the checkout's, and the nearest wins.
    """
    found: dict[str, Own] = {}
    for folder in _folders(places, start):
        for name, own in _in_folder(folder).items():
            found.setdefault(name, own)
    return found


def pinned(places: Places, start: str | None = None) -> tuple[tuple[str, str], ...]:
    """Returns the repository's subagents that name a model, with what they run on, by name."""
    named = ((name, own.tier) for name, own in defined(places, start).items())
    return tuple(sorted((name, tier) for name, tier in named if tier is not None))


def _folders(places: Places, start: str | None) -> Iterator[str]:
    if places.project is None:
        return
    root, folder = os.path.realpath(places.project), os.path.realpath(start or os.curdir)
    for _ in range(MOST_FOLDERS):
        if not (folder + os.sep).startswith(root.rstrip(os.sep) + os.sep) or folder == root:
            break
        yield os.path.join(folder, ".claude", "agents")
        folder = os.path.dirname(folder)
    yield os.path.join(places.project, ".claude", "agents")


def _in_folder(folder: str) -> dict[str, Own]:
    found: dict[str, Own] = {}
    for number, path in enumerate(_files(folder, depth=0)):
        if number >= MOST_FILES:
            break
        head = _head(path)
        if head is not None:
            name = head.get("name", os.path.basename(path).removesuffix(".md"))
            model = head.get("model", "inherit")
            found[name] = Own(file=path, model=None if model == "inherit" else model, effort=head.get("effort"))
    return found


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


def _head(path: str) -> dict[str, str] | None:
    """Returns the name, the model and the effort in a file's front matter; None where there is none."""
    try:
        data = read_small(path, limit=LARGEST, follow=False)
    except OutriderError:
        data = None
    lines = (data or b"").decode("utf-8-sig", "replace").splitlines()
    if not lines or lines[0].strip() != "---":
        return None
    found: dict[str, str] = {}
    for line in lines[1:]:
        if line.strip() == "---":
            return found
        match = _FIELD.fullmatch(line.rstrip())
        if match is not None:
            found.setdefault(match[1], match[2])
    return None
