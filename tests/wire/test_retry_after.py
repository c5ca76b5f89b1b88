"""Every form in which a server asks to be left alone, and every form that says nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.wire.retry_after import MOST, read_delay, read_retry_after

SENT = "Sun, 06 Nov 1994 08:49:37 GMT"


@pytest.mark.parametrize(
    ("told", "wait"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 20 ", 20.0),
        ("0.5", 0.5),
        ("1.25", 1.25),
        ("120", 120.0),
        ("2592000", MOST),
        ("2592001", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        ("Infinity", None),
        ("-1", None),
        ("-0", None),
        ("+5", None),
        ("1e3", None),
        ("1_000", None),
        ("0x10", None),
        ("1,5", None),
        (".5", None),
        ("5.", None),
        ("5 s", None),
        ("soon", None),
        ("next Tuesday", None),
        ("1" + "0" * 40, None),
        ("٣", None),
        ("\uff13", None),
        ("²", None),
        ("5\n", None),
        ("Sun, 06 Nov 1994 08:49:40 GMT", 3.0),
        ("Sunday, 06-Nov-94 08:49:40 GMT", None),
        ("Sun Nov  6 08:49:40 1994", 3.0),
        ("Sun Nov 16 08:49:37 1994", 864_000.0),
        ("Sun, 06 Nov 1994 08:49:60 GMT", 22.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:30 GMT", None),
        ("Tue, 06 Dec 1994 08:49:38 GMT", None),
        ("Sun, 31 Feb 1995 08:49:37 GMT", None),
        ("Sun, 06 Xxx 1994 08:49:37 GMT", None),
        ("Sun, 06 Nov 1994 28:49:37 GMT", None),
        ("Sun, 06 Nov 1994 08:49:40 CET", None),
        ("Sun, 06 Nov 1994 08:49:40", None),
        ("٠٦ Nov 1994", None),
    ],
)
def test_a_header_is_seconds_or_a_date_ahead(told: str, wait: float | None) -> None:
    """What is not plainly one of them is no answer."""
    assert read_retry_after({"retry-after": told, "date": SENT}) == wait


def test_a_date_counts_only_beside_the_replys_own() -> None:
    """There is no clock here; a short year is of this century."""
    later = {"retry-after": "Sun, 06 Nov 1994 08:49:40 GMT"}
    assert read_retry_after(later) is None
    assert read_retry_after({**later, "date": "yesterday"}) is None
    short = {"retry-after": "Friday, 20-Nov-26 10:00:09 GMT", "date": "Fri, 20 Nov 2026 10:00:00 GMT"}
    assert read_retry_after(short) == 9.0
    assert read_retry_after({}) is None


@pytest.mark.parametrize(
    ("told", "wait"), [("1500", 1.5), ("0", 0.0), ("12.5", 0.0125), ("-1", 7.0), ("nan", 7.0), ("", 7.0)]
)
def test_milliseconds_come_first(told: str, wait: float) -> None:
    """Where they make sense."""
    assert read_retry_after({"retry-after-ms": told, "retry-after": "7"}) == wait


@pytest.mark.parametrize(
    ("told", "wait"),
    [("34.07s", 34.07), ("0s", 0.0), ("34", None), ("s", None), ("-3s", None), ("1m3s", None), (3, None), (None, None)],
)
def test_a_delay_is_seconds_with_their_letter(told: object, wait: float | None) -> None:
    """As in an error's details."""
    assert read_delay(told) == wait


@given(st.text(), st.text(), st.text())
def test_no_header_breaks_the_reading(seconds: str, milliseconds: str, date: str) -> None:
    """Anything at all is a wait within bounds, or none."""
    wait = read_retry_after({"retry-after": seconds, "retry-after-ms": milliseconds, "date": date})
    assert wait is None or 0 <= wait <= 10**9
