"""Which project files the user has trusted, by the exact bytes they had then.

Stored in our home, at user level, with the bytes themselves, so that a change can be shown; a project can say nothing
about its own trust. A worktree is covered by the trust in its clone while its files have the same bytes.
"""

import json
import os
import time
from collections.abc import Mapping
from typing import Any

from outrider.doors.digest import blake2b
from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.doors.worktrees import clone_of
from outrider.errors import OutriderError, StorageFault
from outrider.records import as_dict, record

FILE = "trust.json"
FOLDER = "trust"
NOTHING: Mapping[str, str] = {}

Files = tuple[tuple[str, bytes], ...]


@record
class Grant:
    """One trusted project: what its files came to with its path, what they came to without, and each file's digest.

    `clone` is the clone's common folder, where there is one; `at` is seconds since 1970, 0 where it is not known.
    """

    digest: str
    content: str = ""
    clone: str | None = None
    at: float = 0.0
    files: Mapping[str, str] = NOTHING


def digest(root: str, files: Files) -> str:
    """Returns what a trust decision is about: the real path of the project and every byte that was read of it."""
    return _digest(os.path.realpath(root), root, files)


def _digest(where: str, root: str, files: Files) -> str:
    whole = blake2b(where.encode("utf-8", "surrogateescape"), digest_size=32)
    for path, data in files:
        name = os.path.relpath(path, root).encode("utf-8", "surrogateescape")
        whole.update(b"\0%d\0%s%d\0" % (len(name), name, len(data)))
        whole.update(data)
    return whole.hexdigest()


def granted(places: Places) -> dict[str, Grant]:
    """Returns the trusted projects by real path."""
    path = places.ours(FILE)
    data = read_small(path, limit=SMALL_FILE, follow=False)
    if data is None:
        return {}
    try:
        return {str(root): _grant(stored) for root, stored in json.loads(data)["projects"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise StorageFault(f"{path} is damaged", hint=f"remove it and trust again: `rm {path}`") from None


def _grant(stored: Any) -> Grant:
    if isinstance(stored, str):  # version 1 kept the digest alone
        return Grant(digest=stored)
    return Grant(
        digest=str(stored["digest"]), content=str(stored["content"]), clone=stored["clone"], at=float(stored["at"]),
        files={str(name): str(value) for name, value in stored["files"].items()},
    )  # fmt: skip


def is_trusted(places: Places, root: str, files: Files) -> bool:
    """Whether the user trusted exactly these files of this project, here or in another worktree of its clone."""
    known = granted(places)
    own = known.get(os.path.realpath(root))
    if own is not None and own.digest == digest(root, files):
        return True
    return covering(known, root, files) is not None


def covering(known: Mapping[str, Grant], root: str, files: Files) -> str | None:
    """Returns the worktree of the same clone whose trusted files have the same bytes, or None."""
    if not any(grant.clone for grant in known.values()):
        return None
    clone, content = _in_clone(root, files)
    if clone is None:
        return None
    return next((path for path, grant in known.items() if grant.clone == clone and grant.content == content), None)


def _in_clone(root: str, files: Files) -> tuple[str | None, str]:
    found = clone_of(root)
    clone, inside = found if found is not None else (None, "")
    return clone, _digest(inside, root, files)


def grant(places: Places, root: str, files: Files) -> None:
    """Trusts these exact files of a project, and keeps their bytes."""
    clone, content = _in_clone(root, files)
    make_folder(places.home)
    with locked(places.ours("lock")):
        kept = {os.path.relpath(path, root): _keep(places, data) for path, data in files}
        new = Grant(digest=digest(root, files), content=content, clone=clone, at=time.time(), files=kept)
        _save(places, {**granted(places), os.path.realpath(root): new})


def revoke(places: Places, root: str) -> tuple[str, ...]:
    """Takes trust back from a project and from all worktrees of its clone; returns those that had it."""
    if not granted(places):
        return ()
    found = clone_of(root)
    with locked(places.ours("lock")):
        projects = granted(places)
        own = os.path.realpath(root)
        gone = tuple(
            path for path, grant in projects.items() if path == own or (found is not None and grant.clone == found[0])
        )
        if gone:
            _save(places, {path: grant for path, grant in projects.items() if path not in gone})
    return gone


def last_trusted(places: Places, root: str) -> tuple[str, float, dict[str, bytes]] | None:
    """Returns what of a project, or of a worktree of its clone, was trusted last: where, when, and the bytes by name.

    None where nothing was, or where its bytes are not kept.
    """
    known = granted(places)
    own = known.get(os.path.realpath(root))
    where = os.path.realpath(root)
    if own is None:
        found = clone_of(root)
        kin = [(grant.at, path) for path, grant in known.items() if found is not None and grant.clone == found[0]]
        if not kin:
            return None
        where = max(kin)[1]
        own = known[where]
    kept = {name: _kept(places, value) for name, value in own.files.items()}
    whole = {name: data for name, data in kept.items() if data is not None}
    return (where, own.at, whole) if whole and len(whole) == len(kept) else None


def _keep(places: Places, data: bytes) -> str:
    name = blake2b(data, digest_size=32).hexdigest()
    make_folder(places.ours(FOLDER))
    write_whole(places.ours(FOLDER, name), data)
    return name


def _kept(places: Places, name: str) -> bytes | None:
    if not (name.isalnum() and name.isascii()):
        return None
    try:
        data = read_small(places.ours(FOLDER, name), limit=SMALL_FILE, follow=False)
    except OutriderError:
        return None
    return data if data is not None and blake2b(data, digest_size=32).hexdigest() == name else None


def _save(places: Places, projects: dict[str, Grant]) -> None:
    shape = {path: {**as_dict(grant), "files": dict(grant.files)} for path, grant in projects.items()}
    text = json.dumps({"version": 2, "projects": shape}, indent=1, sort_keys=True) + "\n"
    write_whole(places.ours(FILE), text.encode())
    used = {name for grant in projects.values() for name in grant.files.values()}
    try:
        for entry in os.listdir(places.ours(FOLDER)):
            if entry not in used and not entry.endswith(".tmp"):
                os.unlink(places.ours(FOLDER, entry))
    except OSError:
        # What is no longer needed takes some room, and does no harm.
        return
