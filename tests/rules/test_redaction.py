"""Keys are taken out of text that others wrote."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.redaction import REDACTED, redact

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
