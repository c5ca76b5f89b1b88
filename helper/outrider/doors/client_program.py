"""Which version the client on PATH is, as its own folder tells: starting it to ask costs far more on a cold disk."""

import os
import re
from shutil import which

from outrider.doors import client_settings

_IN_PATH = re.compile(r"(?:^|/)versions/(\d{1,4})\.(\d{1,4})\.(\d{1,6})(?:/|$)")
_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,6})")
_PACKAGES = "@anthropic-ai/claude-code"
_HIGHEST = 5


def version() -> tuple[int, int, int] | None:
    """Returns the version by the program's real path, or by the package around it; None where neither says it."""
    found = which("claude")
    if found is None:
        return None
    path = os.path.realpath(found)
    match = _IN_PATH.search(path) or _of_package(path)
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))


def _of_package(path: str) -> re.Match[str] | None:
    folder = os.path.dirname(path)
    for _ in range(_HIGHEST):
        package = client_settings.values(os.path.join(folder, "package.json"))
        name, said = package.get("name"), package.get("version")
        if isinstance(name, str) and name.startswith(_PACKAGES) and isinstance(said, str):
            return _VERSION.fullmatch(said)
        folder = os.path.dirname(folder)
    return None
