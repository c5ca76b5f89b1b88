"""Which project files the user has trusted, by the exact bytes they had then.

Stored in our home, at user level; a project can say nothing about its own trust.
"""

import json
import os

from outrider.doors.digest import blake2b
from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import StorageFault

FILE = "trust.json"


def digest(root: str, files: tuple[tuple[str, bytes], ...]) -> str:
    """Returns what a trust decision is about: the real path of the project and every byte that was read of it."""
    whole = blake2b(os.path.realpath(root).encode("utf-8", "surrogateescape"), digest_size=32)
    for path, data in files:
        name = os.path.relpath(path, root).encode("utf-8", "surrogateescape")
        whole.update(b"\0%d\0%s%d\0" % (len(name), name, len(data)))
        whole.update(data)
    return whole.hexdigest()


def granted(places: Places) -> dict[str, str]:
    """Returns the trusted projects: real path to the digest that was trusted."""
    path = places.ours(FILE)
    data = read_small(path, limit=SMALL_FILE, follow=False)
    if data is None:
        return {}
    try:
        stored = json.loads(data)
        return {str(root): str(value) for root, value in stored["projects"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StorageFault(f"{path} is damaged", hint=f"remove it and trust again: `rm {path}`") from None


def is_trusted(places: Places, root: str, files: tuple[tuple[str, bytes], ...]) -> bool:
    """Whether the user trusted exactly these files of this project."""
    return granted(places).get(os.path.realpath(root)) == digest(root, files)


def grant(places: Places, root: str, files: tuple[tuple[str, bytes], ...]) -> None:
    """Trusts these exact files of a project."""
    make_folder(places.home)
    with locked(places.ours("lock")):
        _save(places, {**granted(places), os.path.realpath(root): digest(root, files)})


def revoke(places: Places, root: str) -> bool:
    """Takes a project's trust back; False where it had none."""
    if not granted(places):
        return False
    with locked(places.ours("lock")):
        projects = granted(places)
        known = projects.pop(os.path.realpath(root), None) is not None
        if known:
            _save(places, projects)
    return known


def _save(places: Places, projects: dict[str, str]) -> None:
    text = json.dumps({"version": 1, "projects": projects}, indent=1, sort_keys=True) + "\n"
    write_whole(places.ours(FILE), text.encode())
