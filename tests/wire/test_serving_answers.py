"""What a client hears: whole answers, chunks, lists, and errors with a status for each kind."""

import json
from typing import Any, get_args

import pytest

from outrider.data import Answer, Failure, FailureKind, ToolCall, Usage
from outrider.errors import OutriderError, Refused, StorageFault
from outrider.wire.serving import answers
from outrider.wire.serving.answers import Receipt
from outrider.wire.serving.errors import STATUS, Unfit, failed, mistaken, told, unanswerable

USAGE = Usage(input=11, output=7, cached=3, reasoning=2, known=True)
RECEIPT = Receipt(run="r1", model="m.a", at=5, served_by="m/a-1", cost_usd=0.25)
COUNTED = {
    "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18, "prompt_tokens_details": {"cached_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}  # fmt: skip
OURS = {"run": "r1", "served_by": "m/a-1", "cost_usd": 0.25, "cost_known": True, "attempts": 1}
CALLS = (ToolCall(id="c1", name="look", arguments="{}"),)
SHAPED = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def events(data: bytes) -> list[Any]:
    """Reads the data of each event; the last may be `[DONE]`."""
    parts = [part.removeprefix("data: ") for part in data.decode().split("\n\n") if part]
    return [part if part == "[DONE]" else json.loads(part) for part in parts]


@pytest.mark.parametrize(
    ("answer", "message", "finish"),
    [
        (Answer(text="hi", usage=USAGE), {"content": "hi"}, "stop"),
        (Answer(text="hi", usage=USAGE, finish="length"), {"content": "hi"}, "length"),
        (Answer(text="hi", usage=USAGE, reasoning="hm"), {"content": "hi", "reasoning_content": "hm"}, "stop"),
        (
            Answer(text="", usage=USAGE, tool_calls=CALLS, finish="tool_calls"),
            {"content": None, "tool_calls": [SHAPED]},
            "tool_calls",
        ),
        (Answer(text="", usage=USAGE, finish="odd"), {"content": ""}, "stop"),
    ],
    ids=["text", "cut", "thought", "calls", "odd"],
)
def test_a_whole_answer(answer: Answer, message: dict[str, Any], finish: str) -> None:
    """The object is OpenAI's, with our receipt beside it."""
    assert answers.completion(answer, USAGE, RECEIPT) == {
        "id": "chatcmpl-r1", "object": "chat.completion", "created": 5, "model": "m.a",
        "choices": [{"index": 0, "message": {"role": "assistant", "refusal": None, **message}, "logprobs": None,
                     "finish_reason": finish}],
        "usage": COUNTED, "outrider": OURS,
    }  # fmt: skip


def test_a_stream_from_its_first_chunk_to_its_last() -> None:
    """Who speaks, a piece, the calls, how it ended with the receipt, the usage, the end."""
    answer = Answer(text="", usage=USAGE, tool_calls=CALLS, finish="tool_calls")
    data = answers.opening(RECEIPT) + answers.piece(RECEIPT, "é\n\ndata: x")
    found = events(data + answers.closing(answer, USAGE, RECEIPT, counts_usage=True))
    base = {"id": "chatcmpl-r1", "object": "chat.completion.chunk", "created": 5, "model": "m.a"}
    choice = {"index": 0, "logprobs": None, "finish_reason": None}
    assert found == [
        {**base, "choices": [{**choice, "delta": {"role": "assistant", "content": ""}}]},
        {**base, "choices": [{**choice, "delta": {"content": "é\n\ndata: x"}}]},
        {**base, "choices": [{**choice, "delta": {"tool_calls": [{"index": 0, **SHAPED}]}}]},
        {**base, "choices": [{**choice, "delta": {}, "finish_reason": "tool_calls"}], "outrider": OURS},
        {**base, "choices": [], "usage": COUNTED},
        "[DONE]",
    ]


def test_usage_is_told_where_it_was_asked_for() -> None:
    """Without the wish there is no such chunk, and a plain text has no calls."""
    found = events(answers.closing(Answer(text="x", usage=USAGE), USAGE, RECEIPT, counts_usage=False))
    assert [chunk if chunk == "[DONE]" else chunk["choices"][0]["finish_reason"] for chunk in found] == [
        "stop",
        "[DONE]",
    ]


def test_a_stream_that_broke_off_has_no_end() -> None:
    """The error is an event, and `[DONE]` does not follow."""
    assert events(answers.breaking({"error": {"message": "m"}})) == [{"error": {"message": "m"}}]


def test_a_list_of_models() -> None:
    """Each name with its owner."""
    row = {"id": "a", "object": "model", "created": 5, "owned_by": "me"}
    assert answers.listing((("a", "me"),), at=5) == {"object": "list", "data": [row]}


def test_every_kind_of_failure_has_a_status() -> None:
    """The table is whole, no failure is a client's missing token, and each is an error."""
    assert set(STATUS) == set(get_args(FailureKind))
    assert all(status >= 400 and status != 401 for status in STATUS.values())


@pytest.mark.parametrize(
    ("failure", "status", "kind", "code", "headers"),
    [
        (Failure(kind="server", message="m"), 502, "server_error", "server", {b"x-should-retry": b"false"}),
        (Failure(kind="context", message="m"), 400, "invalid_request_error", "context_length_exceeded",
         {b"x-should-retry": b"false"}),
        (Failure(kind="rate_limit", message="m", retry_after=7.5), 429, "rate_limit_error", "rate_limit_exceeded",
         {b"retry-after": b"7", b"x-should-retry": b"true"}),
        (Failure(kind="rate_limit", message="m", retry_after=3600), 429, "rate_limit_error", "rate_limit_exceeded",
         {b"retry-after": b"3600", b"x-should-retry": b"false"}),
        (Failure(kind="budget", message="m"), 402, "insufficient_quota", "budget", {b"x-should-retry": b"false"}),
        (Failure(kind="private", message="m"), 403, "permission_error", "private", {b"x-should-retry": b"false"}),
        (Failure(kind="timeout", message="m", retry_after=3), 504, "server_error", "timeout",
         {b"x-should-retry": b"false"}),
    ],
)  # fmt: skip
def test_a_failure_as_a_client_hears_it(
    failure: Failure, status: int, kind: str, code: str, headers: dict[bytes, bytes]
) -> None:
    """Status and code by kind, who it was, the hint, and whether to come again."""
    found = failed(failure, who="m.a", hint="do this")
    error = {"message": "m.a: m\nhint: do this", "type": kind, "param": None, "code": code}
    assert (found.status, found.body, dict(found.headers)) == (status, {"error": error}, headers)


@pytest.mark.parametrize(
    ("mistake", "status", "code", "param"),
    [
        (Unfit("m", status=413, code="too_large", param="p"), 413, "too_large", "p"),
        (Refused("m", hint="h"), 403, "private", None),
        (Refused("m", hint="h", kind="budget"), 402, "budget", None),
        (StorageFault("m", hint="h"), 500, "storage", None),
        (OutriderError("m", hint="h"), 400, "usage", None),
    ],
)
def test_a_mistake_as_a_client_hears_it(mistake: OutriderError, status: int, code: str, param: str | None) -> None:
    """Each of our errors has its status."""
    found = mistaken(mistake)
    error = found.body["error"]
    assert (found.status, error["code"], error["param"]) == (status, code, param)


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        ("budget", 402, "budget"), ("private", 403, "private"), ("context", 400, "context_length_exceeded"),
        ("not_found", 503, "no_usable_model"),
    ],
)  # fmt: skip
def test_nobody_to_ask_is_not_a_wrong_name(kind: str, status: int, code: str) -> None:
    """A wall is told as a wall; a missing key or server is ours to mend, not the client's model to change."""
    found = unanswerable(kind, "m", "h")
    assert (found.status, found.body["error"]["code"]) == (status, code)


def test_an_error_without_a_code_has_none() -> None:
    """Nothing is not a word."""
    assert told(500, "m").body == {"error": {"message": "m", "type": "server_error", "param": None, "code": None}}
