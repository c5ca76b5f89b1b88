"""LIKE answers what SQLite's own does, only never slowly."""

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.facts.likeness import like

LETTERS = st.text(alphabet="abAB%_.x\\", max_size=12)


@given(pattern=LETTERS, value=LETTERS)
def test_it_answers_as_sqlite_does(pattern: str, value: str) -> None:
    """Capitals, any letter, any text: the same answer, for every pattern and value."""
    connection = sqlite3.connect(":memory:")
    try:
        expected = connection.execute("SELECT ? LIKE ?", (value, pattern)).fetchone()[0]
    finally:
        connection.close()
    assert like(pattern, value) == expected


def test_what_is_not_known_is_like_nothing() -> None:
    """Nothing is like a NULL, and an escaped sign is itself."""
    assert like(None, "a") is None
    assert like("a", None) is None
    assert (like("50!%", "50%", "!"), like("50!%", "500", "!")) == (1, 0)
