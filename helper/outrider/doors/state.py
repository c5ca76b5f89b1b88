"""The user's standing choices (`switch`): in our home, by user and by project, never in a repository."""

import json
import os
from collections.abc import Mapping
from typing import Any

from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import StorageFault

FILE = "state.json"


def load(places: Places) -> dict[str, Any]:
    """Returns all standing choices: the user's own, and under `projects` those by real path."""
    path = places.ours(FILE)
    data = read_small(path, limit=SMALL_FILE, follow=False)
    if data is None:
        return {}
    try:
        stored = json.loads(data)
    except (ValueError, RecursionError):
        stored = None
    if not isinstance(stored, dict) or not _is_by_project(stored.get("projects", {})):
        raise StorageFault(f"{path} is damaged", hint=f"remove it and switch again: `rm {path}`")
    return stored


def _is_by_project(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(said, dict) for said in value.values())


def standing(places: Places) -> tuple[dict[str, Any], dict[str, Any]]:
    """Returns what stands for this project and what stands for the user."""
    stored = load(places)
    projects = stored.get("projects", {})
    own = projects.get(os.path.realpath(places.project), {}) if places.project else {}
    return own, stored


def note_keys(places: Places, digests: Mapping[str, str], *, at: float) -> None:
    """Notes when each key was stored, with what tells it from a later one; of the key itself nothing."""
    make_folder(places.home)
    with locked(places.ours("lock")):
        stored = load(places)
        kept = stored.get("keys")
        noted = {name: {"at": int(at), "digest": digest} for name, digest in digests.items()}
        stored["keys"] = {**(kept if isinstance(kept, dict) else {}), **noted}
        write_whole(places.ours(FILE), (json.dumps(stored, indent=1, sort_keys=True) + "\n").encode())


def change(places: Places, said: Mapping[str, Any], *, for_project: bool) -> None:
    """Stores choices; a value of None takes one back."""
    make_folder(places.home)
    with locked(places.ours("lock")):
        stored = load(places)
        target = stored
        if for_project and places.project is not None:
            target = stored.setdefault("projects", {}).setdefault(os.path.realpath(places.project), {})
        for name, value in said.items():
            if value is None:
                target.pop(name, None)
            else:
                target[name] = value
        write_whole(places.ours(FILE), (json.dumps(stored, indent=1, sort_keys=True) + "\n").encode())
