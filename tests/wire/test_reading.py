"""The frame of every reply: what is complete, what is cut, what is no answer at all."""

import json
from typing import Any

import pytest

from outrider.data import Answer, Failure, FailureKind, Fault, Usage
from outrider.rows import Dialect
from outrider.wire.call import reading
from outrider.wire.sse import LINE_LIMIT
from tests.wire.making import chunk, make_target, read, recorded, sse

OPENAI = make_target()
ANTHROPIC = make_target("anthropic")
OLLAMA = make_target("ollama")
TARGETS = {"openai": OPENAI, "anthropic": ANTHROPIC, "ollama": OLLAMA}
CUT = Fault(kind="incomplete", message="the connection broke off", certainty="in_doubt")
WHOLE = {
    "openai": recorded("openai/answer.json"),
    "anthropic": recorded("anthropic/answer.json"),
    "ollama": recorded("ollama/answer.json"),
}
STREAMS = {
    "openai": recorded("openai/answer.sse"),
    "anthropic": recorded("anthropic/answer.sse"),
    "ollama": recorded("ollama/answer.ndjson"),
}
BAD_BODIES = (
    b"<!DOCTYPE html><html><body>Bad gateway</body></html>",
    b"null",
    b"17",
    b'"text"',
    b"[]",
    b"[1]",
    b"{}",
    b'{"choices": [{"message": ',
    b'{"choices": [], "content": {}, "message": 3}',
    b'{"choices": [{"index": 0}], "content": null, "message": null}',
    b'{"choices": [{"index": 1, "message": {"content": "no"}}]}',
    b"[" * 100_000,
    b'{"n": ' + b"9" * 100_000 + b"}",
    b"\xff\xfe\x00",
    b"upstream connect error",
    b"error: upstream",
)


def told(outcome: object) -> tuple[str, str]:
    """Returns the kind and the certainty of a failure."""
    assert isinstance(outcome, Failure)
    return outcome.kind, outcome.certainty


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("body", BAD_BODIES, ids=lambda body: repr(body[:24]))
@pytest.mark.parametrize("dialect", TARGETS)
def test_what_is_no_answer_is_a_bad_response(dialect: str, body: bytes, *, stream: bool) -> None:
    """Pages, wrong shapes, broken JSON, nests and numbers without end: one class, and the cost is in doubt."""
    assert told(read(body, TARGETS[dialect], stream=stream)) == ("bad_response", "in_doubt")


@pytest.mark.parametrize("dialect", TARGETS)
def test_an_empty_body_is_a_bad_response_or_a_cut_stream(dialect: str) -> None:
    """Nothing at all is bad as a body, and cut before its first event as a stream."""
    target = TARGETS[dialect]
    assert told(read(b"", target)) == ("bad_response", "in_doubt")
    assert told(read(b"\n\n", target, stream=True)) == ("incomplete", "in_doubt")
    headers = {"content-type": "application/json"}
    assert told(read(b"", target, stream=True, headers=headers)) == ("bad_response", "in_doubt")


def test_comments_alone_are_no_answer() -> None:
    """A stream that only kept the line open ended before its first event."""
    assert told(read(b": still working\n\n" * 5, OPENAI, stream=True)) == ("incomplete", "in_doubt")


@pytest.mark.parametrize("dialect", TARGETS)
def test_a_plain_body_is_read_although_a_stream_was_asked(dialect: str) -> None:
    """Some servers do not stream."""
    plain = read(WHOLE[dialect], TARGETS[dialect])
    assert isinstance(plain, Answer)
    assert read(WHOLE[dialect], TARGETS[dialect], stream=True) == plain


def test_a_stream_is_read_although_a_plain_body_was_asked() -> None:
    """Some servers always stream."""
    assert read(STREAMS["openai"], OPENAI) == read(STREAMS["openai"], OPENAI, stream=True)


@pytest.mark.parametrize("dialect", TARGETS)
def test_a_stream_without_its_end_is_incomplete(dialect: str) -> None:
    """Every cut before the last words leaves a failure with the text that had come."""
    body, target = STREAMS[dialect], TARGETS[dialect]
    end = {"openai": b'"finish_reason":"stop"', "anthropic": b'"type":"message_stop"', "ollama": b'"done":true'}[
        dialect
    ]
    kinds = set()
    for length in range(1, body.index(end), 7):
        for fault in (None, CUT):
            found = read(body[:length], target, stream=True, fault=fault)
            assert isinstance(found, Failure)
            assert "Paris.".startswith(found.partial)
            assert found.certainty == ("exact" if found.usage.known and fault is None else "in_doubt")
            kinds.add(found.kind)
    assert kinds <= {"incomplete", "bad_response"}
    whole = read(body, target, stream=True)
    assert read(body, target, stream=True, fault=CUT) == whole


def test_a_stream_that_finished_is_an_answer_even_when_its_end_is_missing() -> None:
    """The finish reason is the end of an answer: what follows is bookkeeping."""
    body = sse(chunk("Paris."), chunk(finish="stop"))
    answer = Answer(text="Paris.", usage=Usage(), finish="stop")
    for rest in (b"", b"data: {broken\n\n", sse({"error": {"code": 500}}), b"data: " + b"x" * LINE_LIMIT + b"xx"):
        assert read(body + rest, OPENAI, stream=True) == answer
        assert read(body + rest, OPENAI, stream=True, fault=CUT) == answer


def test_done_without_a_finish_reason_is_an_end() -> None:
    """Some servers send only the last word, and not even its blank line."""
    answer = Answer(text="Paris.", usage=Usage(), finish="stop")
    assert read(sse(chunk("Paris."), "[DONE]"), OPENAI, stream=True) == answer
    assert read(sse(chunk("Paris.")) + b"data: [DONE]", OPENAI, stream=True) == answer


def test_a_stream_without_any_choice_is_a_bad_response() -> None:
    """An end alone answers nothing."""
    for body in (sse("[DONE]"), sse({"choices": []}, "[DONE]"), sse({"type": "message_stop"})):
        target = ANTHROPIC if b"message_stop" in body else OPENAI
        assert told(read(body, target, stream=True)) == ("bad_response", "in_doubt")


def test_a_broken_plain_body_is_what_broke_it() -> None:
    """A body shorter than promised is no answer, however whole it looks."""
    found = read(WHOLE["openai"], OPENAI, headers={"x-request-id": "req_1"}, fault=CUT)
    message = "the connection broke off"
    assert found == Failure(kind="incomplete", message=message, status=200, certainty="in_doubt", request_id="req_1")


@pytest.mark.parametrize("kind", ["timeout", "network", "tls", "too_large", "interrupted"])
def test_a_fault_without_a_reply_is_passed_on(kind: FailureKind) -> None:
    """What the transport says is what the failure says."""
    reader = reading(OPENAI, stream=True)
    fault = Fault(kind=kind, message="gone", certainty="not_sent")
    assert reader.finish(fault) == Failure(kind=kind, message="gone", certainty="not_sent")


def test_a_fault_keeps_what_had_arrived() -> None:
    """Text and usage that came before a break are not lost."""
    usage = {"prompt_tokens": 5, "completion_tokens": 1}
    found = read(sse(chunk("Par") | {"usage": usage}), OPENAI, stream=True, fault=CUT)
    assert found == Failure(
        kind="incomplete",
        message="the connection broke off",
        status=200,
        certainty="in_doubt",
        usage=Usage(input=5, output=1, known=True),
        partial="Par",
    )


def test_a_reported_error_outlives_the_break_after_it() -> None:
    """The server said why before it hung up."""
    body = sse(chunk("Par"), {"error": {"code": 503, "message": "busy"}})
    found = read(body, OPENAI, stream=True, fault=CUT)
    assert isinstance(found, Failure)
    assert (found.kind, found.message, found.status, found.partial) == ("incomplete", "busy", 503, "Par")


def test_an_error_before_any_text_is_not_owed() -> None:
    """An error with a code costs nothing unless usage is told; one without a code leaves doubt."""
    assert told(read(sse({"error": {"code": 503}}), OPENAI, stream=True)) == ("server", "exact")
    assert told(read(sse({"error": "oops"}), OPENAI, stream=True)) == ("incomplete", "in_doubt")
    assert told(read(b'{"error": "oops"}', OPENAI)) == ("bad_response", "in_doubt")
    assert told(read(b'[{"error": {"code": 401}}]', OPENAI)) == ("auth", "exact")
    assert told(read(b'event: error\ndata: {"message": "oops"}\n\n', OPENAI, stream=True))[0] == "incomplete"
    assert told(read(b'event: error\ndata: {"message": "oops"}\n\n', ANTHROPIC, stream=True))[0] == "incomplete"


def test_a_bad_event_after_good_ones_is_incomplete() -> None:
    """Before the first it is a bad response, after it a stream that broke."""
    assert told(read(b"data: {broken\n\n", OPENAI, stream=True))[0] == "bad_response"
    found = read(sse(chunk("Par")) + b"data: {broken\n\n" + sse(chunk("is.", "stop")), OPENAI, stream=True)
    assert isinstance(found, Failure)
    assert (found.kind, found.partial) == ("incomplete", "Par")


@pytest.mark.parametrize("dialect", TARGETS)
def test_an_endless_line_is_too_large(dialect: str) -> None:
    """A line past its bound is refused, whatever way it was split."""
    start = b'{"message":{"content":"' if dialect == "ollama" else b"data: "
    body = start + b"x" * (LINE_LIMIT + 1)
    half = len(body) // 2
    for pieces in ([body], [body[:half], body[half:]], [body + b"\n", b"more\n"]):
        assert told(read(pieces, TARGETS[dialect], stream=True)) == ("too_large", "in_doubt")


@pytest.mark.parametrize(
    ("finish", "text", "kind"),
    [
        ("length", "", "truncated"),
        ("max_tokens", "  \n", "truncated"),
        ("model_context_window_exceeded", "", "context"),
        ("content_filter", "Par", "content_filter"),
        ("SAFETY", "", "content_filter"),
        ("error", "", "server"),
        ("stop", "", "empty"),
        ("stop", " \n", "empty"),
        ("whatever", "", "empty"),
    ],
)
def test_how_it_ended_decides_what_it_is(finish: str, text: str, kind: str) -> None:
    """Each finish without an answer is a failure of its own kind, and its usage was billed."""
    usage = {"prompt_tokens": 3, "completion_tokens": 4}
    body = sse(chunk(text), chunk(finish=finish), {"choices": [], "usage": usage}, "[DONE]")
    found = read(body, OPENAI, stream=True)
    assert isinstance(found, Failure)
    assert (found.kind, found.certainty, found.usage) == (kind, "exact", Usage(input=3, output=4, known=True))
    assert told(read(sse(chunk(text), chunk(finish=finish)), OPENAI, stream=True)) == (kind, "in_doubt")


@pytest.mark.parametrize("finish", ["length", "model_context_window_exceeded"])
def test_cut_json_is_no_answer_where_a_schema_is_wanted(finish: str) -> None:
    """Half a JSON value helps nobody; half a text does."""
    body = sse(chunk('{"a": 1'), chunk(finish=finish))
    answer = Answer(text='{"a": 1', usage=Usage(), finish="length", truncated=True)
    assert read(body, OPENAI, stream=True) == answer
    found = read(body, OPENAI, stream=True, schema_wanted=True)
    assert isinstance(found, Failure)
    assert (found.kind, found.partial) == ("truncated", '{"a": 1')


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("openai", {"choices": [{"message": {"content": None, "tool_calls": [{}]}, "finish_reason": "tool_calls"}]}),
        ("anthropic", {"content": [{"type": "tool_use"}], "stop_reason": "tool_use"}),
        ("ollama", {"message": {"content": "", "tool_calls": [{}]}, "done": True}),
    ],
)
def test_a_call_of_no_tool_is_no_answer(dialect: Dialect, payload: dict[str, Any]) -> None:
    """A reply without text whose calls name nothing is empty."""
    found = read(json.dumps(payload).encode(), make_target(dialect))
    assert isinstance(found, Failure)
    assert found.kind == "empty"


def test_the_request_id_of_the_header_comes_first() -> None:
    """A provider's support asks for the header's id."""
    for name in ("x-request-id", "request-id"):
        found = read(WHOLE["openai"], OPENAI, headers={name: "req_7\x1b"})
        assert found.request_id == "req_7"


def test_bad_letters_are_replaced() -> None:
    """Broken UTF-8, lone surrogates and NUL arrive as the replacement character; halves of a pair find each other."""
    body = b'data: {"choices":[{"index":0,"delta":{"content":"a\xffb\\ud83d"}}]}\n\n'
    body += sse(chunk("\ude00\ud800c\x00"), chunk("\ud83d", "stop"))
    found = read(b"\xef\xbb\xbf" + body, OPENAI, stream=True)
    assert found == Answer(text="a\ufffdb\U0001f600\ufffdc\ufffd\ufffd", usage=Usage(), finish="stop")


def test_a_message_in_place_of_a_delta_is_read() -> None:
    """Some servers end a stream with the message whole."""
    body = sse({"choices": [{"index": 0, "message": {"content": "Paris."}, "finish_reason": "stop"}]})
    assert read(body, OPENAI, stream=True) == Answer(text="Paris.", usage=Usage())


def test_a_list_of_parts_is_text() -> None:
    """Content may be parts in any provider's reply."""
    content = [{"type": "text", "text": "Par"}, {"type": "image"}, "no", {"text": "is."}]
    body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    assert read(body, OPENAI) == Answer(text="Paris.", usage=Usage())


def test_an_error_in_a_choice_is_an_error() -> None:
    """A gateway may put the error beside the text."""
    body = json.dumps({"choices": [{"message": {"content": ""}, "error": {"code": 502, "message": "down"}}]}).encode()
    found = read(body, OPENAI)
    assert isinstance(found, Failure)
    assert (found.kind, found.message, found.status) == ("server", "down", 502)


def test_errors_in_plain_replies_of_any_dialect_are_found() -> None:
    """Beside whatever else the reply holds."""
    body = b'{"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}'
    for target in (ANTHROPIC, OPENAI, OLLAMA):
        assert read(body, target) == Failure(kind="server", message="busy")


def test_events_of_no_meaning_are_passed_over() -> None:
    """What a dialect adds tomorrow does not break today's codec."""
    odd = [
        {"type": "ping"},
        {"type": 3},
        {"type": "message_start", "message": 1},
        {"type": "message_delta", "delta": 1},
    ]
    odd += [
        {"type": "content_block_delta", "delta": None},
        {"type": "content_block_start", "content_block": {"type": 1}},
    ]
    end = [{"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Paris."}}, {"type": "message_stop"}]
    assert read(sse(*odd, *end), ANTHROPIC, stream=True) == Answer(text="Paris.", usage=Usage())
    more = [{"object": "ping"}, {"choices": [None, {"index": 4}]}, chunk("Paris.", "stop")]
    assert read(sse(*more), OPENAI, stream=True) == Answer(text="Paris.", usage=Usage())


def test_usage_of_a_stream_that_never_ends_well_stays_unknown() -> None:
    """A last count that makes no sense is no count, though the first did."""
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 9, "output_tokens": 1}}}
    text = {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Paris."}}
    last = {"type": "message_delta", "usage": {"output_tokens": -5}}
    found = read(sse(start, text, last, {"type": "message_stop"}), ANTHROPIC, stream=True)
    assert found == Answer(text="Paris.", usage=Usage(input=9, output=1))
