"""The nearest known name to a mistyped one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.nearest import nearest

KNOWN = ("openai.gpt_6", "deepseek.chat", "code-review", "local", "cheap", "best")


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("cheap", "cheap"),
        ("chepa", "cheap"),
        ("cheep", "cheap"),
        ("chea", "cheap"),
        ("cheaper", "cheap"),
        ("CHEAP", "cheap"),
        ("code-reviw", "code-review"),
        ("code_review", "code-review"),
        ("gpt_6", "openai.gpt_6"),
        ("gpt_7", None),
        ("chat", "deepseek.chat"),
        ("openai", "openai.gpt_6"),
        ("openia.gpt_6", "openai.gpt_6"),
        ("lcoal", "local"),
        ("zzz", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_nearest(name: str, found: str | None) -> None:
    """A slip of the fingers finds what was meant, a name without its provider too, and nonsense finds nothing."""
    assert nearest(name, KNOWN) == found


def test_ties_are_broken_by_name() -> None:
    """Of two that are as near, the first by name is told, whatever the order."""
    assert nearest("cat", ("car", "bat")) == nearest("cat", ("bat", "car")) == "bat"


def test_nothing_known() -> None:
    """Without names there is no nearest one."""
    assert nearest("cheap", ()) is None


WORDS = st.text(alphabet="abcd.", min_size=3, max_size=20)


@given(st.lists(WORDS, unique=True), WORDS, st.integers(0, 19), st.sampled_from("abcdz"))
def test_one_slip_is_forgiven(others: list[str], word: str, place: int, letter: str) -> None:
    """Whatever else is known, one wrong letter leads to a name that is as near."""
    slipped = word[:place] + letter + word[place + 1 :]
    found = nearest(slipped, [*others, word])
    assert found is not None
    assert nearest(word, [*others, word]) is not None


@given(st.text(), st.lists(st.text()))
def test_only_known_names_are_found(name: str, known: list[str]) -> None:
    """Any text is judged, and the answer is one of the known names or none."""
    assert nearest(name, known) in {*known, None}
