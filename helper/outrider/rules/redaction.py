"""Taking keys out of text that was not written by us: exact values first, then what looks like a key.

Always before a text is cut, since the first half of a key is no longer found; where somebody else has cut it, the
half at its end is taken out too.
"""

import re

LOOKS_LIKE_KEY = r"\b(?:sk|pk|rk|gsk|xai|r8|hf|ghp|gho|glpat|AIza|AKIA|Bearer|key)[-_ ]?[A-Za-z0-9][A-Za-z0-9_\-]{18,}"
REDACTED = "[redacted]"
LEAST = 6
"""So many letters of a key at the end of a cut text are taken for its first half."""


def redact(text: str, values: tuple[str, ...]) -> str:
    """Returns the text without any of these values, and without anything that has a key's shape."""
    text = without(text, values)
    cut = len(text.rstrip(".… \n"))
    half = _begun(text[:cut], values)
    if half >= LEAST:
        text = text[: cut - half] + REDACTED + text[cut:]
    return re.sub(LOOKS_LIKE_KEY, REDACTED, text)


def without(text: str, values: tuple[str, ...]) -> str:
    """Returns the text without any of these values."""
    # All in one pass, longest first: a short value would else be found inside the mark of a longer one.
    known = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True) if value)
    return re.sub(known, REDACTED, text) if known else text


def ready(text: str, values: tuple[str, ...]) -> tuple[str, str]:
    """Splits text that is still coming into what can be shown and what may be the beginning of one of these values."""
    text = without(text, values)
    keep = _begun(text, values)
    return (text[: len(text) - keep], text[len(text) - keep :]) if keep else (text, "")


def _begun(text: str, values: tuple[str, ...]) -> int:
    """Returns how many letters at the end of a text are the beginning of a value, and not all of it."""
    return max((_overlap(text, value) for value in values), default=0)


def _overlap(text: str, value: str) -> int:
    return next((size for size in range(min(len(value) - 1, len(text)), 0, -1) if text.endswith(value[:size])), 0)
