"""Reads the files that a project may have: never through a link out of the checkout, never a device.

It must not know what is in them, but for one thing: whether a file of tool servers names any.
"""

import os
import re

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places

SERVERS = (".claude", "mcp-servers.json")
_EMPTY = re.compile(rb'"mcpServers"\s*:\s*\{\s*\}')
"""What the file of tool servers holds that this repository ships: it names none."""


def read(places: Places, path: str) -> bytes | None:
    """Returns a file of the project, None where there is none."""
    # A link out of the checkout would let its bytes change without a change in the checkout.
    root = os.path.realpath(places.project or "/")
    if not (os.path.realpath(path) + os.sep).startswith(root + os.sep):
        return None
    return read_small(path, limit=SMALL_FILE, follow=False) if not os.path.islink(path) else None


def tool_servers(places: Places) -> tuple[str, bytes] | None:
    """Returns the project's file of tool servers; None where there is none, or where it names none."""
    if places.project is None:
        return None
    path = os.path.join(places.project, *SERVERS)
    data = read(places, path)
    return None if data is None or _EMPTY.search(data) else (path, data)
