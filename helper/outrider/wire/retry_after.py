"""How long a server asks to be left alone, in every form in which servers say it.

It has no clock: a date counts only beside the reply's own `date`. What is not plainly a number of seconds, a
number of milliseconds or a date ahead is no answer, and the caller waits by its own rule.
"""

import re
from collections.abc import Mapping

MOST = 30 * 86_400.0
"""The longest wait that is believed, in seconds."""

NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,9})?", re.ASCII)
DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6},? "
    r"(?:(?P<day>\d\d)[ -](?P<month>[A-Z][a-z]{2})[ -](?P<year>\d{4}|\d\d) (?P<time>\d\d:\d\d:\d\d) GMT"
    r"|(?P<month2>[A-Z][a-z]{2}) (?P<day2>[ \d]\d) (?P<time2>\d\d:\d\d:\d\d) (?P<year2>\d{4}))",
    re.ASCII,
)
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Returns the seconds that the lower-cased headers ask to wait, or nothing."""
    in_milliseconds = read_number(headers.get("retry-after-ms", ""))
    if in_milliseconds is not None:
        return in_milliseconds / 1000
    asked = headers.get("retry-after", "")
    seconds = read_number(asked)
    if seconds is not None:
        return seconds if seconds <= MOST else None
    until, sent = _read_date(asked), _read_date(headers.get("date", ""))
    if until is None or sent is None or not 0 < until - sent <= MOST:
        return None
    return until - sent


def read_delay(text: object) -> float | None:
    """Returns the seconds of a duration such as `34.07s`, or nothing."""
    if not isinstance(text, str) or not text.endswith("s"):
        return None
    seconds = read_number(text[:-1])
    return seconds if seconds is not None and seconds <= MOST else None


def read_number(text: str) -> float | None:
    """Returns a plain decimal number in ASCII digits, or nothing."""
    found = NUMBER.fullmatch(text.strip(" \t"))
    return float(found.group()) if found else None


def _read_date(text: str) -> float | None:
    """Returns the seconds since 1970 of an HTTP date in any of its three forms, or nothing."""
    found = DATE.fullmatch(text.strip(" \t"))
    if found is None:
        return None
    # Imported here: few replies carry a date that matters, and every call would pay for it.
    from datetime import UTC, datetime

    part = {name.rstrip("2"): value for name, value in found.groupdict().items() if value is not None}
    hour, minute, second = map(int, part["time"].split(":"))
    year = int(part["year"])
    try:
        moment = datetime(
            year if year > 99 else 2000 + year,
            MONTHS.index(part["month"]) + 1,
            int(part["day"]),
            hour,
            minute,
            min(second, 59),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    return moment.timestamp()
