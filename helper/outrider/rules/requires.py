"""Which helper a file of settings was written for: `requires: ">=1.2"`. It informs, and stops nothing.

Pure. Versions are compared as PEP 440 does: by their numbers, missing ones being zero, and a pre-release comes before
its release.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

_WANTED = re.compile(r">=\s*([0-9]{1,6}(?:\.[0-9]{1,6}){0,2})")
_RELEASE = re.compile(r"([0-9]+(?:\.[0-9]+)*)(.*)", re.DOTALL)
_BEFORE = re.compile(r"[-._]?(?:a|b|c|rc|alpha|beta|pre|preview|dev)", re.IGNORECASE)


def is_met(wanted: str, version: str) -> bool:
    """Whether a version is what was asked for; a wish that nobody can read is met by any."""
    wish, have = _WANTED.fullmatch(wanted.strip()), _RELEASE.match(version)
    if wish is None or have is None:
        return True
    least, release = _numbers(wish[1]), _numbers(have[1])
    length = max(len(least), len(release))
    least += (0,) * (length - len(least))
    release += (0,) * (length - len(release))
    return release > least or (release == least and _BEFORE.match(have[2]) is None)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def unmet(said: Mapping[str, Any], *, path: str, version: str) -> Iterator[str]:
    """Yields the sentence for a file that was written for a later helper than this one."""
    wanted = said.get("requires")
    if isinstance(wanted, str) and not is_met(wanted, version):
        yield f"{path} asks for outrider {wanted[:40]}, and this is {version}: see `outrider upgrade`"
