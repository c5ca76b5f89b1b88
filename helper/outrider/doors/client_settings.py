"""Claude Code's own settings, read for one thing: which files its `permissions.deny` keeps it from. Never written."""

import json
import os

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError
from outrider.rules.permissions import Rule

MANAGED = "/etc/claude-code/managed-settings.json"


def deny_rules(places: Places) -> tuple[Rule, ...]:
    """Returns every line of `permissions.deny`: the machine's, the user's, the project's and its local ones."""
    project = places.project or os.path.abspath(os.curdir)
    folder = os.path.join(project, ".claude")
    files = (
        (MANAGED, "/"),
        (user_settings(places), places.claude),
        (os.path.join(folder, "settings.json"), project),
        (os.path.join(folder, "settings.local.json"), project),
    )
    return tuple(Rule(text=text, file=path, root=root) for path, root in files for text in _denied(path))


def user_settings(places: Places) -> str:
    """Returns where the user's own settings of the client are."""
    return os.path.join(places.claude, "settings.json")


def folders(places: Places) -> tuple[str, ...]:
    """Returns what relative rules may be relative to: the project first, then the working folder."""
    here = os.path.abspath(os.curdir)
    return tuple(dict.fromkeys((places.project or here, os.path.realpath(places.project or here), here)))


def _denied(path: str) -> tuple[str, ...]:
    try:
        data = read_small(path, limit=SMALL_FILE)
        values = json.loads(data) if data else {}
        found = values["permissions"]["deny"]
    except (OutriderError, ValueError, KeyError, TypeError, RecursionError):
        # The client passes over settings that it cannot read, and so they keep it from nothing.
        return ()
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
