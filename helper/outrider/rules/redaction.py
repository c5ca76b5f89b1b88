"""Taking keys out of text that was not written by us: exact values first, then what looks like a key.

Always before a text is cut, since the first half of a key is no longer found; where somebody else has cut it, the
half at its end is taken out too.
"""

import re

LOOKS_LIKE_KEY = r"\b(?:sk|pk|rk|gsk|xai|r8|hf|ghp|gho|glpat|AIza|AKIA|Bearer|key)[-_ ]?[A-Za-z0-9][A-Za-z0-9_\-]{18,}"
LONG_WORD = b"x" * 19
"""The least letters in a row that such a thing ends in; what is no letter of a key is no x."""
_KEY_LETTERS = bytes(120 if code < 128 and (chr(code).isalnum() or chr(code) in "_-") else 0 for code in range(256))
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
    return re.sub(LOOKS_LIKE_KEY, REDACTED, text) if _has_long_word(text) else text


def has_key_shape(text: str) -> bool:
    """Whether something in a text looks like a key."""
    return _has_long_word(text) and re.search(LOOKS_LIKE_KEY, text) is not None


def _has_long_word(text: str) -> bool:
    """Whether a text has a row of a key's letters as long as what follows its mark: most prose has none."""
    return LONG_WORD in text.encode("ascii", "replace").translate(_KEY_LETTERS)


def without(text: str, values: tuple[str, ...]) -> str:
    """Returns the text without any of these values."""
    if not any(value and value in text for value in values):
        return text
    # All in one pass, longest first: a short value would else be found inside the mark of a longer one.
    known = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True) if value)
    return re.sub(known, REDACTED, text)


def ready(text: str, values: tuple[str, ...]) -> tuple[str, str]:
    """Splits text that is still coming into what can be shown and what may be the beginning of one of these values."""
    text = without(text, values)
    keep = _begun(text, values)
    return (text[: len(text) - keep], text[len(text) - keep :]) if keep else (text, "")


def _begun(text: str, values: tuple[str, ...]) -> int:
    """Returns how many letters at the end of a text are the beginning of a value, and not all of it."""
    return max((_overlap(text, value) for value in values), default=0)


def _overlap(text: str, value: str) -> int:
    end = text[-(len(value) - 1) :] if len(value) > 1 else ""
    start = end.find(value[0]) if end else -1
    while start >= 0:
        if value.startswith(end[start:]):
            return len(end) - start
        start = end.find(value[0], start + 1)
    return 0
