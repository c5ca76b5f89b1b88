"""Claude Code's own settings, read for what `permissions.deny` keeps it from, and for variables. Never written."""

import json
import os
from typing import TYPE_CHECKING, Any

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError

if TYPE_CHECKING:
    from outrider.rules.permissions import Rule

MANAGED = "/etc/claude-code/managed-settings.json"


def deny_rules(places: Places) -> "tuple[Rule, ...]":
    """Returns every line of `permissions.deny`: the machine's, the user's, the project's and its local ones."""
    from outrider.rules.permissions import Rule

    roots = ("/", places.claude, *(places.project or os.path.abspath(os.curdir),) * 2)
    return tuple(
        Rule(text=text, file=path, root=root)
        for path, root in zip(files(places), roots, strict=True)
        for text in _denied(path)
    )


def files(places: Places) -> tuple[str, ...]:
    """Returns where settings can be: the machine's, the user's, the project's and its local ones."""
    folder = os.path.join(places.project or os.path.abspath(os.curdir), ".claude")
    own = (os.path.join(folder, "settings.json"), os.path.join(folder, "settings.local.json"))
    return (MANAGED, user_settings(places), *own)


def values(path: str) -> dict[str, Any]:
    """Returns what a file of settings says. The client passes over one that it cannot read, and so do we."""
    try:
        data = read_small(path, limit=SMALL_FILE)
        found = json.loads(data) if data else {}
    except (OutriderError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def user_settings(places: Places) -> str:
    """Returns where the user's own settings of the client are."""
    return os.path.join(places.claude, "settings.json")


def folders(places: Places) -> tuple[str, ...]:
    """Returns what relative rules may be relative to: the project first, then the working folder."""
    here = os.path.abspath(os.curdir)
    return tuple(dict.fromkeys((places.project or here, os.path.realpath(places.project or here), here)))


def _denied(path: str) -> tuple[str, ...]:
    permissions = values(path).get("permissions")
    found = permissions.get("deny") if isinstance(permissions, dict) else None
    return tuple(text for text in found if isinstance(text, str)) if isinstance(found, list) else ()
