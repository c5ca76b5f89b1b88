"""Whether a body would weigh more in memory, once read, than it is worth.

Loaded only for bodies far larger than any model's answer: small ones are bounded by their size alone.
"""

import re

MOST_HOLDERS = 200_000
MOST_ENTRIES = 1_000_000
"""Lists, objects and their entries: a body of nothing else takes thirty times its own size."""
MOST_WIDE = 1 << 24
"""The largest body, in bytes, with letters of which one makes Python keep four bytes for each."""
WIDE = re.compile(rb"[\xf0-\xf4]|\\u[dD][89abAB]")


def is_too_heavy(body: bytes) -> bool:
    """Whether reading this JSON would take more memory than one answer may."""
    if body.count(b"[") + body.count(b"{") > MOST_HOLDERS or body.count(b",") > MOST_ENTRIES:
        return True
    return len(body) > MOST_WIDE and WIDE.search(body) is not None
