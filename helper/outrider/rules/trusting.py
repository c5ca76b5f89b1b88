"""Which repositories the managed layer names as trusted. Pure: real paths come in.

`*` and `?` stand for letters within one name, `**` for any number of folders; everything else means itself.
"""

import re
from collections.abc import Iterable


def is_named(path: str, patterns: Iterable[object]) -> bool:
    """Whether a folder is one of those that are named, by path or by glob. Only absolute patterns count."""
    return any(_fits(path, pattern) for pattern in patterns if isinstance(pattern, str))


def _fits(path: str, pattern: str) -> bool:
    if not pattern.startswith("/") or ".." in pattern.split("/"):
        return False
    parts = [part for part in pattern.split("/") if part]
    if not parts:
        return False
    return re.fullmatch("".join(_part(part) for part in parts), path.rstrip("/"), re.DOTALL) is not None


def _part(part: str) -> str:
    if part == "**":
        return "(?:/[^/]+)*"
    letters = ("[^/]*" if letter == "*" else "[^/]" if letter == "?" else re.escape(letter) for letter in part)
    return "/" + "".join(letters)
