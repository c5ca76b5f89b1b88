"""SQL's LIKE, in a time that grows with the two lengths and no faster.

SQLite's own tries every place for every `%`, looks at no clock meanwhile, and cannot be stopped: a short query with a
long value would run for hours.
"""

import re
from typing import Any

LONGEST_PATTERN = 1_000


def like(pattern: Any, value: Any, escape: str | None = None) -> int | None:
    """Answers LIKE in a time that grows with the two lengths only: `%` is any text, `_` any letter, capitals aside."""
    if pattern is None or value is None:
        return None
    pattern, value = str(pattern), str(value).lower()
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"a pattern has more than {LONGEST_PATTERN:,} letters")
    return int(_fits(_segments(pattern.lower(), (escape or "").lower()), value))


def _segments(pattern: str, escape: str) -> list[list[str | None]]:
    """Returns what stands between the `%`, each a list of letters, None for any letter."""
    segments: list[list[str | None]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if escape and letter == escape:
            segments[-1].append(next(letters, None) or escape)
        elif letter == "%":
            segments.append([])
        else:
            segments[-1].append(None if letter == "_" else letter)
    return segments


def _fits(segments: list[list[str | None]], value: str) -> bool:
    patterns = ["".join("." if letter is None else re.escape(letter) for letter in one) for one in segments]
    if len(patterns) == 1:
        return re.fullmatch(patterns[0], value, re.DOTALL) is not None
    first = re.match(patterns[0], value, re.DOTALL)
    last = len(value) - len(segments[-1])
    if first is None or last < first.end() or re.compile(patterns[-1], re.DOTALL).match(value, last) is None:
        return False
    place = first.end()
    # The first place that fits leaves the most for the others, so nothing is ever tried twice.
    for one in patterns[1:-1]:
        found = re.compile(one, re.DOTALL).search(value, place, last)
        if found is None:
            return False
        place = found.end()
    return True
