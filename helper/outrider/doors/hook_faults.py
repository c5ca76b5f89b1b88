"""Where a hook says what went wrong with it: a small file in our home that `doctor` reads. A hook itself says nothing.

Holds no command, no prompt and no path of the call; the newest few faults only.
"""

import json
import os
from typing import Any

from outrider.doors.files import make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError

FILE = "hook-faults.json"
KEPT = 20
LONGEST = 300


def note(places: Places, *, event: str, message: str, at: float) -> None:
    """Adds a fault. One that cannot be written is lost: nobody is there to be told."""
    entry = {"at": int(at), "event": event[:20], "message": message[:LONGEST]}
    try:
        make_folder(places.home)
        kept = json.dumps([*noted(places), entry][-KEPT:], indent=1)
        write_whole(places.ours(FILE), f"{kept}\n".encode("ascii"))
    except OutriderError:
        return


def noted(places: Places) -> list[dict[str, Any]]:
    """Returns the faults that were noted, the oldest first: `at` in seconds, `event`, `message`."""
    try:
        found = json.loads(read_small(places.ours(FILE), limit=SMALL_FILE, follow=False) or b"[]")
    except (OutriderError, ValueError, RecursionError):
        return []
    listed = found if isinstance(found, list) else []
    return [entry for entry in listed if isinstance(entry, dict) and _is_whole(entry)]


def forget(places: Places) -> None:
    """Takes the notes away."""
    try:
        os.unlink(places.ours(FILE))
    except OSError:
        return


def _is_whole(entry: dict[str, Any]) -> bool:
    return isinstance(entry.get("at"), int) and all(isinstance(entry.get(name), str) for name in ("event", "message"))
