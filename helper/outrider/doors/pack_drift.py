"""How the pack's files are now, beside what the manifest says was offered. Only reads.

It must not know what the files are for.
"""

import os

from outrider.doors.manifest import parse
from outrider.doors.pack_files import Tree
from outrider.doors.settings import Places
from outrider.records import record
from outrider.rules.installing import MANIFEST, NEW, OVERLAY, on_disk, settled

LINKS = frozenset({"agents", "skills", "config"})
"""Folders of the user's own that may be links, into a repository of dotfiles."""


@record
class Drift:
    """One installed form: the helper that wrote it, and what of its files is edited, missing, or waits beside one."""

    helper: str
    edited: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


def of_user(places: Places) -> Drift | None:
    """Looks at the user's own files of the pack; None where there are none. Raises where the manifest is damaged."""
    return _drift(Tree(places.claude, links=LINKS))


def of_project(places: Places) -> Drift | None:
    """Looks at the pack's files in the repository."""
    return None if places.project is None else _drift(Tree(os.path.join(places.project, ".claude")))


def _drift(tree: Tree) -> Drift | None:
    data = tree.read(MANIFEST) if os.path.isdir(tree.root) else None
    if data is None:
        return None
    manifest = parse(data, source=tree.path(MANIFEST))
    edited, missing, waiting = [], [], []
    for path, entry in sorted(manifest.files.items()):
        place = on_disk(path, paused=manifest.paused)
        actual = tree.look(place).digest
        if path.endswith(NEW):
            waiting += [tree.path(place)] if actual is not None else []
        elif manifest.form == "project" and path == OVERLAY:
            # A repository's own settings begin with our file, and are to be written on.
            continue
        elif actual is None:
            missing.append(tree.path(place))
        elif actual != settled(entry, actual):
            edited.append(tree.path(place))
    return Drift(helper=manifest.helper, edited=tuple(edited), missing=tuple(missing), waiting=tuple(waiting))
