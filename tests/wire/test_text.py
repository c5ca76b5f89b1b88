"""Text made printable, and thinking taken out of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.wire.text import Joined, Thinking, clean, one_line


def split(*pieces: str) -> tuple[str, str]:
    """Returns the text and the reasoning of content in pieces."""
    reader = Thinking()
    found = [*(reader.split(piece) for piece in pieces), reader.close()]
    return "".join(text for text, _ in found), "".join(thought for _, thought in found)


@pytest.mark.parametrize(
    ("content", "text", "reasoning"),
    [
        ("Paris.", "Paris.", ""),
        ("<think>hm</think>Paris.", "Paris.", "hm"),
        (" \n<think>\nhm\n</think>\n\nParis.\n", "Paris.\n", "\nhm\n"),
        ("<thought>hm</thought>Paris.", "Paris.", "hm"),
        ("<think></think>Paris.", "Paris.", ""),
        ("<think>hm", "", "hm"),
        ("<think>hm</thi", "", "hm</thi"),
        ("<think>a</b></think>c", "c", "a</b>"),
        ("<thin", "<thin", ""),
        ("  <", "  <", ""),
        ("<thing>", "<thing>", ""),
        ("  Paris", "  Paris", ""),
        ("see <think>x</think>", "see <think>x</think>", ""),
        ("<think>a</think>b<think>c</think>", "b<think>c</think>", "a"),
        ("<think>a</think>\n \n", "", "a"),
        ("", "", ""),
    ],
)
def test_thinking_at_the_front_is_reasoning(content: str, text: str, reasoning: str) -> None:
    """Only there, and however it was cut."""
    assert split(content) == (text, reasoning)
    assert split(*content) == (text, reasoning)
    for at in range(len(content)):
        assert split(content[:at], content[at:]) == (text, reasoning)


@given(st.lists(st.sampled_from(["<think>", "</think>", "<", "th", "ink>", " ", "\n", "a", ""])))
def test_a_cut_changes_no_thought(pieces: list[str]) -> None:
    """The same content in other pieces is the same text and reasoning."""
    assert split(*pieces) == split("".join(pieces))


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain é \U0001f600", "plain é \U0001f600"),
        ("a\x00b", "a\ufffdb"),
        ("\ud800a\udc00", "\ufffda\ufffd"),
        ("\ud83d\ude00", "\U0001f600"),
        ("\udc00\ud800", "\ufffd\ufffd"),
    ],
)
def test_text_can_always_be_sent(text: str, cleaned: str) -> None:
    """Lone halves and NUL are replaced, pairs are joined."""
    assert clean(text) == cleaned


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=())), max_size=6))
def test_joined_text_is_clean_and_begins_with_what_was_said(pieces: list[str]) -> None:
    """Any letters in any pieces."""
    joined = Joined()
    said = "".join([joined.add(piece) for piece in pieces])
    whole = joined.close()
    assert whole == clean("".join(pieces))
    assert whole.startswith(said)


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_one_line_is_one_line(text: str) -> None:
    """Without anything that moves a cursor, turns the direction or hides."""
    line = one_line(text, 50)
    assert len(line) <= 50
    assert not set(line) & {chr(code) for code in (*range(32), *range(0x7F, 0xA0), 0x202E, 0x200B, 0xFEFF, 0xE0041)}
    line.encode()
