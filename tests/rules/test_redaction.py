"""Keys are taken out of text that others wrote."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.redaction import LOOKS_LIKE_KEY, REDACTED, has_key_shape, ready, redact

KEY = "sk-abcdefghijklmnopqrstuvwx"


@pytest.mark.parametrize(
    ("text", "values", "shown"),
    [
        ("nothing here", (), "nothing here"),
        ("nothing here", ("", "secret99"), "nothing here"),
        ("the key secret99 is wrong", ("secret99",), "the key [redacted] is wrong"),
        ("secret99secret99", ("secret99",), "[redacted][redacted]"),
        ("secret99-and-more", ("secret99", "secret99-and-more"), "[redacted]"),
        ("a red secret99", ("red", "secret99"), "a [redacted] [redacted]"),
        ("a.c(x)", ("a.c(x)",), "[redacted]"),
        ("abc(x)", ("a.c(x)",), "abc(x)"),
        (f"header: Bearer {KEY}", (), "header: [redacted]"),
        (f"({KEY})", (), "([redacted])"),
        ("Bearer abcdefghijklmnopqrstuvwxyz", (), "[redacted]"),
        ("AKIAIOSFODNN7EXAMPLE1234 and ghp_abcdefghijklmnopqrstuvwx", (), "[redacted] and [redacted]"),
        ("key sk-short is no key, a monkey is none", (), "key sk-short is no key, a monkey is none"),
    ],
)
def test_redact(text: str, values: tuple[str, ...], shown: str) -> None:
    """Known values go wherever they stand, the longest first; then whatever has a key's shape."""
    assert redact(text, values) == shown


VALUES = st.lists(st.text(alphabet="ABCDEF0123.-_*(\\", min_size=8, max_size=40), min_size=1, max_size=4)


@given(VALUES, st.lists(st.text(alphabet="ABC 01\n(") | st.integers(0, 3), max_size=12))
def test_no_known_value_survives(values: list[str], parts: list[str | int]) -> None:
    """Wherever and however often a value stands, nothing of the result holds it."""
    text = "".join(values[part % len(values)] if isinstance(part, int) else part for part in parts)
    shown = redact(text, tuple(values))
    assert not any(value in shown for value in values)
    assert redact(shown, tuple(values)) == shown


@given(st.integers(0, 40), st.integers(1, 60))
def test_redacted_before_it_is_cut(before: int, length: int) -> None:
    """Text that is redacted and then cut holds no part of a key; the other order would keep its first half."""
    shown = redact("x " * before + KEY, (KEY,))[:length]
    assert KEY[:4] not in shown
    assert set(shown) <= set(f"x {REDACTED}")


KEYISH = st.text(alphabet="sk-_ abcXYZ019é\n\u2003=:.", max_size=80) | st.from_regex(LOOKS_LIKE_KEY)


@given(before=KEYISH, inside=KEYISH, after=KEYISH)
def test_a_shape_is_found_where_the_pattern_finds_it(before: str, inside: str, after: str) -> None:
    """The look at long words, which spares most prose the search, overlooks nothing."""
    text = before + inside + after
    assert has_key_shape(text) is (re.search(LOOKS_LIKE_KEY, text) is not None)
    assert redact(text, ()) == re.sub(LOOKS_LIKE_KEY, REDACTED, text)


@given(text=st.text(alphabet="aab-", max_size=12), value=st.text(alphabet="aab-", min_size=1, max_size=8))
def test_the_longest_beginning_at_the_end_is_held_back(text: str, value: str) -> None:
    """What may still become a value is as long as any of its beginnings that the text ends in."""
    sure, rest = ready(text.replace(value, ""), (value,))
    whole = sure + rest
    most = max((size for size in range(len(value)) if whole.endswith(value[:size])), default=0)
    if value not in whole:
        assert (sure, rest) == (whole[: len(whole) - most], whole[len(whole) - most :])
