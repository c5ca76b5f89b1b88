"""Secrets leave as placeholders and come back as themselves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.placeholders import SHIPPED, hide, restore

KEY = "sk-abcdefghijklmnopqrstuvwx"
PATTERNS = (r"\d{2,}", r"[A-Z]+", "e", r"\b\w{3}\b", r"HIDDEN", r"[\[\]-]", "1", r".", *SHIPPED)
TEXTS = st.text("abeHIDENX[]-12 \n", max_size=40) | st.text(max_size=20)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"use {KEY} twice: {KEY}", "use [HIDDEN-1] twice: [HIDDEN-1]"),
        ("nothing here", "nothing here"),
        ("https://me:pass@host/x", "https://[HIDDEN-1]@host/x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----", "[HIDDEN-1]"),
        (f"HIDDEN {KEY}", "HIDDEN [HIDDENX-1]"),
    ],
)
def test_secrets_are_hidden(text: str, hidden: str) -> None:
    """One placeholder a secret, which a model will copy as it is."""
    assert hide((text,), SHIPPED).texts == (hidden,)


@given(texts=st.lists(TEXTS, max_size=3).map(tuple), patterns=st.lists(st.sampled_from(PATTERNS), max_size=4))
def test_what_is_hidden_comes_back(texts: tuple[str, ...], patterns: list[str]) -> None:
    """The round trip is exact for every text of a request."""
    found = hide(texts, patterns)
    assert tuple(restore(text, found.table) for text in found.texts) == texts


@given(texts=st.lists(TEXTS, max_size=3).map(tuple), patterns=st.lists(st.sampled_from(PATTERNS), max_size=4))
def test_no_secret_survives(texts: tuple[str, ...], patterns: list[str]) -> None:
    """Not elsewhere in the text, not over the edge of a placeholder, not in a placeholder."""
    found = hide(texts, patterns)
    assert not any(value in text for value in found.table.values() for text in found.texts)


@given(texts=st.lists(TEXTS, max_size=3).map(tuple), patterns=st.lists(st.sampled_from(PATTERNS), max_size=4))
def test_placeholders_are_one_to_one(texts: tuple[str, ...], patterns: list[str]) -> None:
    """None is in a text by itself, none stands for two secrets, none is within another."""
    table = hide(texts, patterns).table
    assert not any(name in text for name in table for text in texts)
    assert len(set(table.values())) == len(table)
    assert not any(one != other and one in other for one in table for other in table)
