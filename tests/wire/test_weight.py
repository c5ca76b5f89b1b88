"""Large replies: what would take more memory than one answer may is left, and what only looks so is read."""

import json

import pytest

from outrider.data import Answer, Failure
from tests.wire.making import chunk, make_target, read, sse

OPENAI = make_target("openai")

HEAVY = {
    "lists": b'{"choices": [' + b"[]," * 1_500_000 + b"1]}",
    "entries": b'{"choices": [' + b"12," * 1_500_000 + b"1]}",
    "wide letters": json.dumps({"text": "😀" + "a" * 17_000_000}, ensure_ascii=False).encode(),
    "wide escapes": json.dumps({"text": "😀" + "a" * 17_000_000}).encode(),
}


@pytest.mark.parametrize("name", HEAVY)
def test_a_body_that_grows_is_left(name: str) -> None:
    """It is told by what it holds before it is read."""
    found = read(HEAVY[name], OPENAI)
    assert isinstance(found, Failure)
    assert (found.kind, found.certainty) == ("too_large", "in_doubt")


@pytest.mark.parametrize("text", ["a" * 20_000_000, "é" * 5_000_000, "a, [b] {c} " * 90_000], ids=["a", "é", "code"])
def test_a_large_answer_is_read(text: str) -> None:
    """Much plain text is an answer."""
    body = json.dumps({"choices": [{"message": {"content": text}}]}, ensure_ascii=False).encode()
    found = read(body, OPENAI)
    assert isinstance(found, Answer)
    assert found.text == text


def test_a_stream_that_grows_is_left() -> None:
    """A wide letter counts for all that come with it, wherever it stands."""
    pieces = ["😀", *["a" * 900_000] * 19]
    found = read(sse(*(chunk(piece) for piece in pieces)), OPENAI, stream=True)
    assert isinstance(found, Failure)
    assert found.kind == "too_large"
