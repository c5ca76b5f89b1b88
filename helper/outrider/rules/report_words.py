"""How the report writes things: money, tokens, spans of time, days, and names that somebody else chose.

Pure. A name is shown without controls, and never longer than its place; markup in it stays what it is, text.
"""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from unicodedata import combining, east_asian_width

from outrider.rules.containment import clean

CENT = Decimal("0.01")
FINE = Decimal("0.0001")
LONGEST_NAME = 100
"""The longest name in a table, in characters; the page is no place to read a novel in."""
SHORT = 30
"""The longest name beside a bar, in columns of a narrow window."""
BROAD = "MWmw@%"
"""Letters that take nearly the room of two."""
NOBODY = "\u2013"
MINUS = "\u2212"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def money(amount: Decimal | None, *, of: Decimal | None = None) -> str:
    """Returns dollars as people read them, `?` where unknown.

    To the cent; to a hundredth of a cent where the whole (`of`, or else the amount itself) is less than a dollar.
    """
    if amount is None:
        return "?"
    size, sign = abs(amount), MINUS if amount < 0 else ""
    least = FINE if abs(amount if of is None else of) < 1 else CENT
    if not size:
        return "$0.00"
    if size < least / 2:
        return f"{sign}<${least}"
    return f"{sign}${size.quantize(least, ROUND_HALF_EVEN):,}"


def exact(amount: Decimal | None) -> str:
    """Returns dollars as a program reads them."""
    return "" if amount is None else f"{amount:f}"


def axis_money(value: float, step: float) -> str:
    """Returns a mark of an axis in dollars, with as many places as its steps need."""
    sign, size = (MINUS if value < 0 else ""), abs(value)
    if not size:
        return "$0"
    for unit, letter in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if size >= unit:
            return f"{sign}${size / (1e3 if letter == 'k' else unit):g}{letter}"
    places = next((places for places in (0, 2, 3, 4, 5) if round(step, places) == step), 6)
    return f"{sign}${size:,.{places}f}"


def count(number: int) -> str:
    """Returns a whole number with its thousands apart."""
    return f"{number:,}".replace("-", MINUS)


def brief(number: float) -> str:
    """Returns a number as short as a label wants it."""
    for unit, letter in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= unit:
            return f"{number / unit:.3g} {letter}"
    return f"{number:g}"


def seconds(length: float) -> str:
    """Returns a span of time."""
    if length < 0.9995:
        return f"{length * 1000:.0f} ms"
    if length < 99.95:
        return f"{length:.1f} s"
    return f"{length / 60:.1f} min" if length < 3_597 else f"{length / 3_600:.1f} h"


def axis_seconds(length: float) -> str:
    """Returns a mark of an axis of time, each ten times the one before."""
    return f"{length:g} s" if length >= 1 else f"{length * 1000:g} ms"


def per_cent(part: float) -> str:
    """Returns a share of a whole; a little of something is not nothing."""
    if 0 < part < 0.005:
        return "<1 %"
    return f"{part * 100:.0f} %".replace("-", MINUS)


def plural(number: int, one: str, many: str = "") -> str:
    """Returns a number with its noun."""
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def day_words(day: str, *, with_year: bool = False) -> str:
    """Returns a day as `3 Nov`; what is no day stays as it is."""
    try:
        found = date.fromisoformat(day)
    except ValueError:
        return name(day)
    words = f"{found.day} {MONTHS[found.month - 1]}"
    return f"{words} {found.year}" if with_year else words


def name(text: str | None, *, longest: int = LONGEST_NAME) -> str:
    """Returns a name that somebody else chose, on one line, without controls, and not without end."""
    if not text:
        return NOBODY
    plain = " ".join(clean(text[: 4 * longest]).split()) or NOBODY
    return plain if len(plain) <= longest else plain[: longest - 1] + "\u2026"


def short(text: str | None, *, room: int = SHORT) -> str:
    """Returns a name that fits beside a number; its beginning and its end are what tells it from others."""
    plain = name(text)
    if _columns(plain) <= room:
        return plain
    end = _fitting(plain[::-1], room // 3)[::-1]
    return f"{_fitting(plain, room - 1 - _columns(end))}\u2026{end}"


def _columns(text: str) -> int:
    return sum(_width(letter) for letter in text)


def _width(letter: str) -> int:
    return 0 if combining(letter) else 2 if letter in BROAD or east_asian_width(letter) in "WF" else 1


def _fitting(text: str, room: int) -> str:
    taken = 0
    for index, letter in enumerate(text):
        taken += _width(letter)
        if taken > room:
            return text[:index]
    return text
