"""Taking keys out of text that was not written by us: exact values first, then what looks like a key.

Always before a text is cut, since the first half of a key is no longer found.
"""

import re

LOOKS_LIKE_KEY = r"\b(?:sk|pk|rk|gsk|xai|r8|hf|ghp|gho|glpat|AIza|AKIA|Bearer|key)[-_ ]?[A-Za-z0-9][A-Za-z0-9_\-]{18,}"
REDACTED = "[redacted]"


def redact(text: str, values: tuple[str, ...]) -> str:
    """Returns the text without any of these values, and without anything that has a key's shape."""
    # All in one pass, longest first: a short value would else be found inside the mark of a longer one.
    known = "|".join(re.escape(value) for value in sorted(values, key=len, reverse=True) if value)
    if known:
        text = re.sub(known, REDACTED, text)
    return re.sub(LOOKS_LIKE_KEY, REDACTED, text)
