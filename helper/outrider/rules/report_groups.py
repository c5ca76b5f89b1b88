"""What the report shows of many: sums by a dimension, the largest and the others, spans of days, a colour for a name.

Pure. A sum is never lost: what is not named is in `others`, what has no day in a span of its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import TypeVar
from zlib import crc32

from outrider.records import replace
from outrider.rules.report_facts import CUBE
from outrider.rules.report_words import MONTHS, day_words
from outrider.rules.sums import Entry, ordered, whole

Item = TypeVar("Item")
COLOURS = 10
"""How many colours the page's style has; `other` is one more."""
OTHER = "other"
MOST_DAYS = 62
NO_DAY = "no day"
_GRAINS: tuple[tuple[str, int, Callable[[date], date]], ...] = (
    ("day", 1, lambda day: day),
    ("week", 7, lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1))),
    ("month", 31, lambda day: day.replace(day=1)),
    ("year", 366, lambda day: day.replace(month=1, day=1)),
)


def of(entries: Iterable[Entry], source: str) -> tuple[Entry, ...]:
    """Returns the entries of one book."""
    return tuple(entry for entry in entries if entry.source == source)


def summed(entries: Iterable[Entry], *by: str) -> tuple[Entry, ...]:
    """Sums entries of the cube by some of its dimensions, each book apart, the dearest first."""
    places = tuple(CUBE.index(name) for name in by)
    groups: dict[tuple[object, ...], list[Entry]] = {}
    for entry in entries:
        groups.setdefault((entry.source, *(entry.names[place] for place in places)), []).append(entry)
    return ordered(
        replace(whole(group), names=tuple(group[0].names[place] for place in places)) for group in groups.values()
    )


def of_repository(entries: Iterable[Entry], repository: str | None) -> tuple[Entry, ...]:
    """Returns the entries of one repository, or all."""
    place = CUBE.index("repository")
    return tuple(entry for entry in entries if repository is None or entry.names[place] == repository)


def largest(items: Sequence[Item], most: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Returns the first so many, and the others; one that would be alone among the others is named too."""
    if len(items) <= most + 1:
        return tuple(items), ()
    return tuple(items[:most]), tuple(items[most:])


def colours(names: Iterable[str]) -> Mapping[str, str]:
    """Returns a colour for each name: its own wherever it can have it, so that it is the same in the next report."""
    found: dict[str, str] = {}
    taken: set[int] = set()
    for name in sorted(set(names)):
        first = crc32(name.encode("utf-8", "replace")) % COLOURS
        slots = [(first + step) % COLOURS for step in range(COLOURS)]
        slot = next((slot for slot in slots if slot not in taken), first)
        taken.add(slot)
        found[name] = f"c{slot}"
    return found


class Calendar:
    """The spans into which days fall: days, or weeks, months, years where there are too many to be seen."""

    def __init__(self, days: Iterable[str | None]) -> None:
        found = sorted({day for text in days if (day := _day(text)) is not None})
        length = (found[-1] - found[0]).days + 1 if found else 0
        fitting = (one for one in _GRAINS if length <= one[1] * MOST_DAYS)
        self._grain, longest, self._start = next(fitting, _GRAINS[-1])
        self._starts = tuple(_spans(self._start(found[0]), found[-1], longest, self._start)) if found else ()

    @property
    def grain(self) -> str:
        """What a span is: a day, a week, a month or a year."""
        return self._grain

    @property
    def spans(self) -> tuple[str, ...]:
        """Every span from the first day to the last, those without anything too."""
        return tuple(start.isoformat() for start in self._starts)

    def span(self, day: str | None) -> str:
        """Returns the span in which a day falls."""
        found = _day(day)
        return NO_DAY if found is None else self._start(found).isoformat()

    def label(self, span: str) -> str:
        """Returns how a span is called under a chart."""
        found = _day(span)
        if found is None:
            return span
        if self._grain == "year":
            return f"{found.year}"
        return f"{MONTHS[found.month - 1]} {found.year}" if self._grain == "month" else day_words(span)


def last_days(days: Iterable[str]) -> tuple[str, ...]:
    """Returns the last days up to the newest of these, without a gap, from the oldest or as many as can be seen."""
    found = sorted(day for text in days if (day := _day(text)) is not None)
    if not found:
        return ()
    length = min((found[-1] - found[0]).days + 1, MOST_DAYS)
    return tuple((found[-1] - timedelta(days=back)).isoformat() for back in reversed(range(length)))


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text or "")
    except ValueError:
        return None


def _spans(first: date, last: date, days: int, start: Callable[[date], date]) -> Iterator[date]:
    """Yields the begin of every span; the longest that a span can be leads from its begin into the next one."""
    span = first
    while span <= last:
        yield span
        if (date.max - span).days < days:
            return
        span = start(span + timedelta(days=days))
