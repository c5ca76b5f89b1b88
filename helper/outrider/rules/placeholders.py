"""Putting placeholders where secrets were, and the secrets back into the answer.

A placeholder holds no part of a secret, occurs nowhere in the texts, and is the same wherever the same secret was.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from itertools import islice

from outrider.records import record
from outrider.rules.redaction import LOOKS_LIKE_KEY

SHIPPED = (
    LOOKS_LIKE_KEY,
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----",
    r"\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}",  # a signed token
    r"(?<=://)[^\s/:@]+:[^\s/@]+(?=@)",  # user and password in an address
)
RARE = 0xE000
"""Where the letters without a meaning begin, for texts in which any plain placeholder would itself be a secret."""


@record
class Hidden:
    """Texts without their secrets, and what each placeholder stands for."""

    texts: tuple[str, ...]
    table: Mapping[str, str]


def hide(texts: tuple[str, ...], patterns: Iterable[str]) -> Hidden:
    """Puts placeholders where a pattern matches, and wherever else the same text stands."""
    found: dict[str, None] = {}
    for pattern in dict.fromkeys(patterns):
        for text in texts:
            found |= dict.fromkeys(match[0] for match in re.finditer(pattern, text) if match[0])
    if not found:
        return Hidden(texts=texts, table={})
    values = tuple(found)
    for names in (_plain_names(texts, len(values)), _rare_names(texts, len(values))):
        hidden = _replaced(texts, dict(zip(values, names, strict=True)))
        if not any(value in text for value in values for text in hidden):
            return Hidden(texts=hidden, table=dict(zip(names, values, strict=True)))
    raise AssertionError("a letter that is in no text is in no secret")


def restore(text: str, table: Mapping[str, str]) -> str:
    """Puts the secrets back."""
    return _replaced((text,), table)[0] if table else text


def _replaced(texts: tuple[str, ...], table: Mapping[str, str]) -> tuple[str, ...]:
    # All in one pass, longest first: what was put in is never taken for something to replace.
    wanted = re.compile("|".join(re.escape(old) for old in sorted(table, key=len, reverse=True)))
    return tuple(wanted.sub(lambda match: table[match[0]], text) for text in texts)


def _plain_names(texts: tuple[str, ...], many: int) -> tuple[str, ...]:
    """Returns placeholders that a model will copy: a word that is in no text, and a number."""
    word = "HIDDEN"
    while any(word in text for text in texts):
        word += "X"
    return tuple(f"[{word}-{number}]" for number in range(1, many + 1))


def _rare_names(texts: tuple[str, ...], many: int) -> tuple[str, ...]:
    """Returns placeholders of letters that are in no text: a run of one, between two others."""
    used = set().union(*texts)
    left, inner, right = islice((chr(code) for code in range(RARE, sys.maxunicode) if chr(code) not in used), 3)
    return tuple(left + inner * number + right for number in range(1, many + 1))
