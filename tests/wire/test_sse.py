"""Lines and events, whatever way the bytes were split."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.wire.sse import LINE_LIMIT, Events, Lines


def events_of(*pieces: bytes) -> list[tuple[str, str]]:
    """Returns every event of a stream, the last one closed by its end."""
    reader = Events()
    found = [event for piece in pieces for event in reader.feed(piece)]
    return [*found, *reader.close()]


@pytest.mark.parametrize(
    ("stream", "events"),
    [
        (b"data: a\n\n", [("", "a")]),
        (b"data:a\r\n\r\ndata: b\r\rdata:  c\n\n", [("", "a"), ("", "b"), ("", " c")]),
        (b"event: ping\ndata: a\ndata: b\n\n", [("ping", "a\nb")]),
        (b"event: lost\n\ndata: a\n\n", [("", "a")]),
        (b": comment\n:\n\ndata: a\nid: 7\nretry: 5\n\n", [("", "a")]),
        (b"\xef\xbb\xbfdata: a\n\n", [("", "a")]),
        (b"data: \xff\n\n", [("", "\ufffd")]),
        (b"data: a", [("", "a")]),
        (b"data: a\n", [("", "a")]),
        (b"data\n\n", [("", "")]),
        (b"data: [DONE]\n\n\n\n", [("", "[DONE]")]),
        (b"", []),
        (b"\n\n: only\n\n", []),
    ],
)
def test_events_are_read_as_the_format_says(stream: bytes, events: list[tuple[str, str]]) -> None:
    """Comments, several lines, every line end, marks and broken letters."""
    assert events_of(stream) == events
    assert events_of(*[stream[n : n + 1] for n in range(len(stream))]) == events


@given(
    st.lists(
        st.sampled_from([b"data: ", b"a", b"\r", b"\n", b"\r\n", b":", b"event: x", b"\xef\xbb\xbf", b"\xc3", b""])
    )
)
def test_a_split_changes_nothing(pieces: list[bytes]) -> None:
    """The same bytes in other pieces are the same events."""
    assert events_of(*pieces) == events_of(b"".join(pieces))


@given(st.binary(), st.integers(0, 300))
def test_any_bytes_make_lines(stream: bytes, at: int) -> None:
    """And no line holds an end of line."""
    whole, halves = Lines(), Lines()
    lines = [*whole.feed(stream), whole.close()]
    assert [*halves.feed(stream[:at]), *halves.feed(stream[at:]), halves.close()] == lines
    assert not any("\n" in line or "\r" in line for line in lines)


@pytest.mark.parametrize("extra", [0, 1])
def test_a_line_has_a_bound(extra: int) -> None:
    """One byte more than the bound is too long, in one piece or many; nothing after it is read."""
    line = b"x" * (LINE_LIMIT + extra)
    for pieces in ([b"a\n" + line + b"\nb\n"], [b"a\n", line[:9], line[9:], b"\nb\n"]):
        reader = Lines()
        found = [one for piece in pieces for one in reader.feed(piece)]
        assert reader.too_long is bool(extra)
        assert [len(one) for one in found] == ([1] if extra else [1, LINE_LIMIT, 1])
        assert reader.close() == ""


def test_a_line_that_is_no_field_is_noticed() -> None:
    """So that a page can be told from a stream."""
    reader = Events()
    reader.feed(b"error: upstream\n")
    assert reader.strange
    assert not reader.too_long
