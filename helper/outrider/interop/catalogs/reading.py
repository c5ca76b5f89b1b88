"""What all catalogues are read with: one row at a time, nothing taken on trust, and a count of what was refused.

A value of the wrong kind is unknown. A price that is negative, not finite or beyond reason refuses its whole row, since
whoever is wrong about one number of a row is wrong about the others too.
"""

import json
import math
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation

from outrider.data import Json
from outrider.records import record
from outrider.rules.facts.merging import merged
from outrider.rules.facts.nouns import Fact

MOST_ROWS = 50_000
LONGEST_TEXT = 200
DEAREST = Decimal(10_000)
"""Dollars for a million tokens; the dearest model ever offered cost a tenth of it."""
LARGEST_WINDOW = 1_000_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class ChangedShape(Exception):
    """What came is not what this source used to send."""


class UnsoundRow(Exception):
    """A row that cannot be true."""


@record
class Read:
    """What one source says: its facts, each model once, how many rows were refused, and where more of it is."""

    facts: tuple[Fact, ...]
    refused: int = 0
    more: str = ""


@record
class Source:
    """Where a catalogue is and how it is read; `key` is the variable with the user's key, where it needs one."""

    name: str
    url: str
    read: Callable[[Json], Read]
    key: str = ""
    credit: str = ""


def document(data: bytes) -> Json:
    """Returns the JSON of an answer; raises where it is none."""
    try:
        return json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError:
        raise ChangedShape("it is not text") from None
    except (ValueError, RecursionError):
        begins = data[:64].lstrip()[:1]
        what = "a web page" if begins == b"<" else "broken or half JSON" if begins in {b"{", b"["} else "not JSON"
        raise ChangedShape(f"it is {what}") from None


def _refuse(name: str) -> Json:
    raise ValueError(name)


def read_rows(rows: Iterable[Json], to_fact: Callable[[Json], Fact | None]) -> Read:
    """Returns the facts of rows; `to_fact` returns None for what is no chat model, and raises for what is unsound."""
    facts: list[Fact] = []
    refused = 0
    for number, row in enumerate(rows):
        if number >= MOST_ROWS:
            raise ChangedShape(f"it has more than {MOST_ROWS:,} rows")
        try:
            fact = to_fact(row)
        except (UnsoundRow, KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
            refused += 1
            continue
        if fact is not None:
            facts.append(fact)
    if not facts or refused > len(facts):
        raise ChangedShape(f"{len(facts):,} of {len(facts) + refused:,} rows are of the known shape")
    # A model that is there twice is one: what the first row does not say, the second may.
    return Read(facts=merged((facts,)).facts, refused=refused)


def mapping(value: Json, name: str = "it") -> Mapping[str, Json]:
    """Returns an object; raises where there is none."""
    if not isinstance(value, Mapping):
        raise ChangedShape(f"{name} is no object")
    return value


def text(value: Json) -> str:
    """Returns a short text without control characters; raises where there is none."""
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_TEXT or not value.isprintable():
        raise UnsoundRow("no text")
    return value.strip()


def maybe_text(value: Json) -> str:
    """Returns the same, nothing where there is none."""
    try:
        return text(value)
    except UnsoundRow:
        return ""


def day(value: Json) -> str | None:
    """Returns a date as `2026-11-20`."""
    found = _DAY.match(value) if isinstance(value, str) else None
    return found[0] if found else None


def flag(value: Json) -> bool | None:
    """Returns yes, no or unknown."""
    return value if isinstance(value, bool) else None


def whole(value: Json) -> int | None:
    """Returns a number of tokens; zero is how some say that they do not know."""
    if isinstance(value, str) and value.isdecimal() and len(value) < 12:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 < value <= LARGEST_WINDOW else None


def score(value: Json) -> float | None:
    """Returns a score or a speed; zero of something measured is no measurement."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value) if 0 < value < 1e6 else None


def money(value: Json, *, times: int = 1) -> Decimal | None:
    """Returns dollars for a million tokens, None where nothing is said; `times` is what a source counts in."""
    if value is None or isinstance(value, bool):
        return None
    try:
        amount = Decimal(str(value)) * times
    except InvalidOperation:
        raise UnsoundRow("no price") from None
    if not amount.is_finite() or not 0 <= amount <= DEAREST:
        raise UnsoundRow("no price can be that")
    # Binary fractions of a token's price leave a tail of digits that nobody meant.
    return amount.quantize(Decimal("1e-9")).normalize() + 0
