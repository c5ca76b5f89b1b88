"""What a run of many documents is called, so that the same command finds it again, and what its documents may be."""

import re
from collections.abc import Mapping
from typing import Any

from outrider.errors import OutriderError

LONGEST_NAME = 64
LONGEST_ID = 512
WHOM = frozenset({"-m", "-t", "--preset", "--fallback", "--param", "--max-output"})
"""The flags that say who answers and how much, but not what is asked: what failed may be asked with others."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def run_name(source: str, digest: str) -> str:
    """Returns the name of a run: of its input, as people call it, and a digest of input and template."""
    last = source.rstrip("/").rpartition("/")[2]
    stem = re.sub(r"[^A-Za-z0-9]+", "-", last.partition(".")[0]).strip("-").lower()[:32]
    return f"{stem or 'batch'}-{digest[:8]}"


def checked_name(name: str) -> str:
    """Returns a name that a user gave a run, or raises."""
    if len(name) > LONGEST_NAME or not _NAME.fullmatch(name):
        raise OutriderError(
            f"`--run {name[:80]}` is no name for a run",
            hint=f"use letters, digits, `.`, `_` and `-`, {LONGEST_NAME} at most: `--run reviews-2`",
        )
    return name


def id_problem(value: Any) -> str:
    """Says why a value is no id, or nothing."""
    if value is None:
        return "has no id"
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return "has an id that is neither text nor a whole number"
    text = str(value)
    if not text.strip():
        return "has an empty id"
    if len(text) > LONGEST_ID:
        return f"has an id of more than {LONGEST_ID} letters"
    return ""


def changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Names what is asked for otherwise than when the run began; both map a flag to what it was given."""
    return tuple(name for name in sorted({*before, *now}) if before.get(name) != now.get(name))
