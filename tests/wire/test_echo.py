"""The echo dialect answers with what was asked."""

from outrider.data import Answer, Failure, Image, Message, Usage
from tests.wire.making import body_of, make_request, make_target, read, send

ECHO = make_target("echo")


def test_the_call_carries_the_request() -> None:
    """Everything but the pictures' bytes."""
    messages = (
        Message(role="system", text="Be brief."),
        Message(role="user", text="hello\ud800", images=(Image(media_type="image/png", base64="iVBO"),)),
    )
    request = make_request(messages=messages, max_output=9, params={"seed": 1}, schema={"type": "object"})
    assert body_of(request, ECHO) == {
        "model": "one-1",
        "messages": [
            {"role": "system", "text": "Be brief.", "images": 0},
            {"role": "user", "text": "hello\ufffd", "images": 1},
        ],
        "max_output": 9,
        "params": {"seed": 1},
        "schema": {"type": "object"},
        "stream": False,
    }


def test_the_last_user_text_comes_back() -> None:
    """With usage counted at four letters a token, streamed or not."""
    messages = (
        Message(role="user", text="first"),
        Message(role="user", text="<think>x</think> é?"),
        Message(role="assistant", text="hm"),
    )
    for stream in (False, True):
        call, _ = send(make_request(messages=messages, stream=stream), ECHO)
        assert read([call.body[:7], call.body[7:]], ECHO, stream=stream) == Answer(
            text="<think>x</think> é?",
            usage=Usage(input=8, output=5, known=True),
            served_by="one-1",
            request_id="echo",
        )


def test_a_request_without_a_user_message_has_no_answer() -> None:
    """And an empty one is empty."""
    for text, body in (("bad_response", b'{"messages": 3}'), ("bad_response", b"{}"), ("empty", b"")):
        call, _ = send(make_request(" "), ECHO)
        found = read(body or call.body, ECHO)
        assert isinstance(found, Failure)
        assert found.kind == text


def test_nothing_streams() -> None:
    """What looks like events is no request."""
    found = read(b"data: {}\n\n", ECHO, stream=True)
    assert isinstance(found, Failure)
    assert found.kind == "bad_response"
