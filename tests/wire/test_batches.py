"""Four batch interfaces, call by call and line by line.

The replies were written by hand from the documents that each file of `outrider.wire.batches` names; none was recorded.
"""

import json
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Answer, Failure, Fault, HttpCall, Target, Timing
from outrider.records import replace
from outrider.rows import Dialect
from outrider.wire.batches import Listed, Result, Shape, Sheet, State, Uploaded, shape_of
from outrider.wire.batches.reading import LONGEST_LINE, MOST_SMALL, Lines, Small
from tests.wire.making import make_target

TIMING = Timing(connect=5, first_byte=300, idle=30, total=1_800, max_bytes=1 << 30)
NAMES = ("openai", "anthropic", "google", "jobs")
BASES = {
    "openai": "https://api.test/v1", "anthropic": "https://api.test", "google": "https://api.test/v1beta/openai",
    "jobs": "https://api.test/v1",
}  # fmt: skip


def target_of(name: str) -> Target:
    """Returns a target at an endpoint of this shape."""
    dialect: Dialect = "anthropic" if name == "anthropic" else "openai"
    target = make_target(dialect)
    provider = replace(target.provider, base_url=BASES[name], row={"batches": {"shape": name}})
    return replace(target, provider=provider)


def shape(name: str) -> Shape:
    """Returns a shape."""
    found = shape_of(target_of(name).provider)
    assert found is not None
    return found


def sheet(name: str) -> Sheet:
    """Returns a batch of two requests."""
    return Sheet(name="h1", target=target_of(name), key="sk-test", timing=TIMING, lines=(b'{"a":1}', b'{"a":2}'))


def told(call: HttpCall | None) -> tuple[str, str]:
    """Returns what a call asks for."""
    assert call is not None
    return call.method, call.url


def test_an_endpoint_without_a_row_for_it_takes_no_batches() -> None:
    """An unknown shape is none either."""
    provider = make_target().provider
    assert [shape_of(provider), shape_of(replace(provider, row={"batches": {"shape": "other"}}))] == [None, None]


@pytest.mark.parametrize(
    ("name", "calls"),
    [
        ("openai", {
            "upload": ("POST", "https://api.test/v1/files"), "create": ("POST", "https://api.test/v1/batches"),
            "status": ("GET", "https://api.test/v1/batches/b1"),
            "cancel": ("POST", "https://api.test/v1/batches/b1/cancel"),
            "listing": ("GET", "https://api.test/v1/batches?limit=100&after=b0"),
            "results": ("GET", "https://api.test/v1/files/f1/content"),
        }),
        ("google", {
            "upload": ("POST", "https://api.test/upload/v1beta/files"),
            "create": ("POST", "https://api.test/v1beta/openai/batches"),
            "status": ("GET", "https://api.test/v1beta/openai/batches/b1"),
            "cancel": ("POST", "https://api.test/v1beta/openai/batches/b1/cancel"),
            "listing": ("GET", "https://api.test/v1beta/openai/batches?limit=100&after=b0"),
            "results": ("GET", "https://api.test/download/v1beta/f1:download?alt=media"),
        }),
        ("jobs", {
            "upload": ("POST", "https://api.test/v1/files"), "create": ("POST", "https://api.test/v1/batch/jobs"),
            "status": ("GET", "https://api.test/v1/batch/jobs/b1"),
            "cancel": ("POST", "https://api.test/v1/batch/jobs/b1/cancel"),
            "listing": ("GET", "https://api.test/v1/batch/jobs?page=2&page_size=100"),
            "results": ("GET", "https://api.test/v1/files/f1/content"),
        }),
        ("anthropic", {
            "upload": None, "create": ("POST", "https://api.test/v1/messages/batches"),
            "status": ("GET", "https://api.test/v1/messages/batches/b1"),
            "cancel": ("POST", "https://api.test/v1/messages/batches/b1/cancel"),
            "listing": ("GET", "https://api.test/v1/messages/batches?limit=100&after_id=b0"),
            "results": ("GET", "https://api.test/v1/messages/batches/f1/results"),
        }),
    ],
)  # fmt: skip
def test_each_step_has_its_call(name: str, calls: Mapping[str, Any]) -> None:
    """Every one of them goes to the provider's own origin, with its key."""
    speaks, to = shape(name), sheet(name)
    upload = speaks.upload(to, Uploaded())
    made = {
        "upload": upload, "create": speaks.create(to, "f1"), "status": speaks.status(to, "b1"),
        "cancel": speaks.cancel(to, "b1"), "listing": speaks.listing(to, page=2, after="b0"),
        "results": speaks.results(to, State(id="b1", phase="ended"), "f1"),
    }  # fmt: skip
    assert {step: call and told(call) for step, call in made.items()} == calls
    assert all("sk-test" in str(dict(call.headers)) for call in made.values() if call is not None)
    assert speaks.upload(to, Uploaded(file="f1")) is None


def test_a_file_is_uploaded_as_a_form() -> None:
    """Its parts are the purpose and the lines, and the mark between them is in neither."""
    call = shape("openai").upload(sheet("openai"), Uploaded())
    assert call is not None
    assert dict(call.headers)["content-type"] == "multipart/form-data; boundary=outrider-h1"
    assert call.body == (
        b'--outrider-h1\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        b'--outrider-h1\r\ncontent-disposition: form-data; name="file"; filename="h1.jsonl"\r\n'
        b'content-type: application/jsonl\r\n\r\n{"a":1}\n{"a":2}\n\r\n--outrider-h1--\r\n'
    )
    assert call.timing.total == TIMING.total


def test_a_resumable_upload_goes_to_the_place_that_it_was_told_at_home() -> None:
    """A place elsewhere would get the requests and the key: it is none."""
    speaks, to = shape("google"), sheet("google")
    home = "https://api.test/upload/v1beta/files?upload_id=u1"
    so_far = speaks.read_upload({"x-goog-upload-url": home}, {}, Uploaded(), to)
    assert so_far == Uploaded(place=home)
    call = speaks.upload(to, Uploaded(place=home))
    assert call is not None
    assert (call.url, call.body) == (home, b'{"a":1}\n{"a":2}\n')
    headers = dict(call.headers)
    assert (headers["x-goog-upload-command"], headers["x-goog-api-key"]) == ("upload, finalize", "sk-test")
    assert "authorization" not in headers
    places = (
        "",
        "https://api.test.evil/x",
        "http://api.test/x",
        "https://evil/https://api.test/",
        "https://api.test/\nx",
    )
    assert [speaks.read_upload({"x-goog-upload-url": place}, {}, Uploaded(), to) for place in places] == [None] * 5
    assert speaks.read_upload({}, {"file": {"name": "files/f1"}}, Uploaded(place=home), to) == Uploaded(file="files/f1")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("openai", {"input_file_id": "f1", "endpoint": "/v1/chat/completions", "completion_window": "24h",
                    "metadata": {"outrider": "h1"}}),
        ("jobs", {"input_files": ["f1"], "endpoint": "/v1/chat/completions", "model": "one-1", "timeout_hours": 24,
                  "metadata": {"outrider": "h1"}}),
        ("anthropic", {"requests": [{"a": 1}, {"a": 2}]}),
    ],
)  # fmt: skip
def test_a_batch_starts_under_our_name(name: str, body: object) -> None:
    """Where the interface has no name for it, the requests themselves go with the call."""
    assert json.loads(shape(name).create(sheet(name), "f1").body) == body


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("openai", {"custom_id": "h1-0", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}),
        ("google", {"custom_id": "h1-0", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "m"}}),
        ("jobs", {"custom_id": "h1-0", "body": {"model": "m"}}),
        ("anthropic", {"custom_id": "h1-0", "params": {"model": "m"}}),
    ],
)
def test_a_request_is_a_line(name: str, line: object) -> None:
    """The body inside is what a sync call would carry."""
    assert shape(name).line("h1-0", {"model": "m"}) == line


OPENAI = {
    "id": "batch_1", "object": "batch", "status": "in_progress", "input_file_id": "f1", "output_file_id": None,
    "error_file_id": None, "created_at": 1_790_000_000, "expires_at": 1_790_086_400, "metadata": {"outrider": "h1"},
    "request_counts": {"total": 3, "completed": 1, "failed": 0}, "errors": None,
}  # fmt: skip
KNOWN: dict[str, Any] = {
    "total": 3,
    "done": 1,
    "failed": 0,
    "created": 1_790_000_000.0,
    "expires": 1_790_086_400.0,
    "input": "f1",
    "name": "h1",
}
ANTHROPIC = {
    "id": "msgbatch_1", "type": "message_batch", "processing_status": "in_progress",
    "created_at": "2026-09-21T13:46:40Z",
    "expires_at": "2026-09-22T13:46:40Z", "results_url": None, "cancel_initiated_at": None,
    "request_counts": {"processing": 2, "succeeded": 1, "errored": 0, "canceled": 0, "expired": 0},
}  # fmt: skip
SEEN: dict[str, Any] = {"total": 3, "done": 1, "failed": 0, "created": 1_789_998_400.0, "expires": 1_790_084_800.0}
JOB = {
    "id": "job-1", "status": "QUEUED", "input_files": ["f1"], "metadata": {"outrider": "h1"}, "total_requests": 3,
    "succeeded_requests": 1, "failed_requests": 0, "created_at": 1_790_000_000, "output_file": None, "errors": [],
}  # fmt: skip
TOLD: dict[str, Any] = {"total": 3, "done": 1, "failed": 0, "created": 1_790_000_000.0, "input": "f1", "name": "h1"}


@pytest.mark.parametrize(
    ("name", "payload", "state"),
    [
        ("openai", OPENAI, State(id="batch_1", phase="working", **KNOWN)),
        ("openai", {**OPENAI, "status": "completed", "output_file_id": "o1", "error_file_id": "e1"},
         State(id="batch_1", phase="ended", ended="completed", files=("o1", "e1"), **KNOWN)),
        ("openai", {**OPENAI, "status": "expired", "output_file_id": "o1"},
         State(id="batch_1", phase="ended", ended="expired", files=("o1",), **KNOWN)),
        ("openai", {**OPENAI, "status": "failed", "errors": {"data": [{"message": "line 3\nis wrong"}]}},
         State(id="batch_1", phase="ended", ended="failed", message="line 3 is wrong", **KNOWN)),
        ("openai", {**OPENAI, "status": "cancelling"}, State(id="batch_1", phase="working", **KNOWN)),
        ("openai", {**OPENAI, "status": "a state of next year"}, State(id="batch_1", phase="working", **KNOWN)),
        ("openai", {"id": "b", "status": "cancelled", "request_counts": {"total": -1, "completed": "x"},
                    "output_file_id": "../etc", "created_at": True, "metadata": []},
         State(id="b", phase="ended", ended="cancelled")),
        ("google", {**OPENAI, "id": "batches/b1", "status": "completed", "output_file_id": "files/o1"},
         State(id="batches/b1", phase="ended", ended="completed", files=("files/o1",), **KNOWN)),
        ("anthropic", ANTHROPIC, State(id="msgbatch_1", phase="working", **SEEN)),
        ("anthropic", {**ANTHROPIC, "processing_status": "canceling"}, State(id="msgbatch_1", phase="working", **SEEN)),
        ("anthropic", {**ANTHROPIC, "processing_status": "ended", "results_url": "https://evil.test/x"},
         State(id="msgbatch_1", phase="ended", ended="completed", files=("msgbatch_1",), **SEEN)),
        ("anthropic", {**ANTHROPIC, "processing_status": "ended", "results_url": "x", "cancel_initiated_at": "y"},
         State(id="msgbatch_1", phase="ended", ended="cancelled", files=("msgbatch_1",), **SEEN)),
        ("anthropic", {**ANTHROPIC, "processing_status": "ended", "results_url": "x", "archived_at": "y"},
         State(id="msgbatch_1", phase="ended", ended="completed", message="its results were archived", **SEEN)),
        ("anthropic", {"id": "b", "processing_status": "in_progress", "created_at": "soon", "expires_at": 7},
         State(id="b", phase="working")),
        ("jobs", JOB, State(id="job-1", phase="working", **TOLD)),
        ("jobs", {**JOB, "status": "SUCCESS", "output_file": "o1", "error_file": "e1"},
         State(id="job-1", phase="ended", ended="completed", files=("o1", "e1"), **TOLD)),
        ("jobs", {**JOB, "status": "TIMEOUT_EXCEEDED"}, State(id="job-1", phase="ended", ended="expired", **TOLD)),
        ("jobs", {**JOB, "status": "CANCELLATION_REQUESTED"}, State(id="job-1", phase="working", **TOLD)),
        ("jobs", {**JOB, "status": "FAILED", "errors": [{"message": "no"}]},
         State(id="job-1", phase="ended", ended="failed", message="no", **TOLD)),
    ],
)  # fmt: skip
def test_a_state_is_read_in_one_word(name: str, payload: dict[str, Any], state: State) -> None:
    """Only what the documents call an end is one: whatever else is said, the batch may still be working."""
    assert shape(name).read_state(payload) == state


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "payload",
    [None, [], "x", {}, {"id": "b"}, {"id": 7, "status": "completed", "processing_status": "ended"},
     {"id": "../x", "status": "completed", "processing_status": "ended"}, {"status": "completed"}],
)  # fmt: skip
def test_what_is_no_state_is_none(name: str, payload: Any) -> None:
    """Nor may an id lead to another address."""
    assert shape(name).read_state(payload) is None


@pytest.mark.parametrize(
    ("name", "payload", "listed"),
    [
        ("openai", {"data": [OPENAI, 7], "has_more": True},
         Listed(states=(State(id="batch_1", phase="working", **KNOWN),), after="batch_1")),
        ("openai", {"data": [OPENAI]}, Listed(states=(State(id="batch_1", phase="working", **KNOWN),))),
        ("openai", {"data": [], "has_more": True}, Listed(states=())),
        ("openai", {"error": "x"}, None),
        ("anthropic", {"data": [ANTHROPIC], "has_more": True, "last_id": "msgbatch_1"},
         Listed(states=(State(id="msgbatch_1", phase="working", **SEEN),), after="msgbatch_1")),
        ("anthropic", {"data": [], "has_more": True, "last_id": "a b"}, Listed(states=())),
        ("anthropic", [], None),
        ("jobs", {"data": [JOB], "total": 1}, Listed(states=(State(id="job-1", phase="working", **TOLD),))),
        ("jobs", {"data": [JOB] * 100},
         Listed(states=(State(id="job-1", phase="working", **TOLD),) * 100, after="more")),
        ("jobs", {"total": 0, "object": "list"}, Listed(states=())),
        ("jobs", {"total": 3}, None),
    ],
)  # fmt: skip
def test_a_list_is_read_page_by_page(name: str, payload: Any, listed: Listed | None) -> None:
    """What is no list is none: a batch that is not in it is not absent."""
    assert shape(name).read_listing(payload) == listed


CHAT = {
    "id": "c1", "model": "one-1-2026", "usage": {"prompt_tokens": 9, "completion_tokens": 3},
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}],
}  # fmt: skip
MESSAGE = {
    "id": "m1", "model": "one-1-2026", "content": [{"type": "text", "text": "yes"}], "stop_reason": "end_turn",
    "usage": {"input_tokens": 9, "output_tokens": 3},
}  # fmt: skip


def read_line(name: str, line: dict[str, Any], *, schema_wanted: bool = False) -> Result | None:
    """Reads one line of a results file."""
    return shape(name).read_line(line, target_of(name), schema_wanted=schema_wanted)


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("openai", {"custom_id": "h1-0", "error": None,
                    "response": {"status_code": 200, "request_id": "r1", "body": CHAT}}),
        ("jobs", {"custom_id": "h1-0", "response": {"status_code": 200, "request_id": "r1", "body": CHAT}}),
        ("google", {"custom_id": "h1-0", "response": {"request_id": "r1", "body": CHAT}}),
        ("anthropic", {"custom_id": "h1-0",
                       "result": {"type": "succeeded", "message": {**MESSAGE, "request_id": "r1"}}}),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_the_sync_dialect_reads_it(name: str, line: dict[str, Any]) -> None:
    """Text, usage, who served it, and the provider's own name of the request."""
    result = read_line(name, line)
    assert result is not None
    answer = result.outcome
    assert isinstance(answer, Answer)
    assert (result.custom_id, answer.text, answer.served_by, answer.request_id) == ("h1-0", "yes", "one-1-2026", "r1")
    assert (answer.usage.input, answer.usage.output, answer.usage.known) == (9, 3, True)


WRONG = {"error": {"message": "no", "type": "invalid_request_error"}}
CUT = {**CHAT, "choices": [{"index": 0, "finish_reason": "length", "message": {"content": '{"a'}}]}


@pytest.mark.parametrize(
    ("name", "line", "kind", "certainty"),
    [
        ("openai", {"response": None, "error": {"code": "batch_expired", "message": "x"}}, "interrupted", "not_sent"),
        ("openai", {"response": None, "error": {"code": "batch_cancelled"}}, "interrupted", "not_sent"),
        ("openai", {"error": {"code": "rate_limit_exceeded", "message": "slow"}}, "rate_limit", "exact"),
        ("openai", {"error": {"message": "odd"}}, "server", "exact"),
        ("openai", {"response": {"status_code": 400, "body": WRONG}}, "bad_request", "exact"),
        ("openai", {"response": {"status_code": 500, "body": {}}}, "server", "exact"),
        ("openai", {"response": {"status_code": 200, "body": {}}}, "bad_response", "in_doubt"),
        ("openai", {"response": {"status_code": True, "body": {}}}, "bad_response", "in_doubt"),
        ("openai", {"response": {"status_code": 200, "body": CUT}}, "truncated", "exact"),
        ("anthropic", {"result": {"type": "expired"}}, "interrupted", "not_sent"),
        ("anthropic", {"result": {"type": "canceled"}}, "interrupted", "not_sent"),
        ("anthropic", {"result": {"type": "errored", "error": {
            "type": "error", "error": {"type": "invalid_request_error", "message": "no"}}}}, "bad_request", "exact"),
        ("anthropic", {"result": {"type": "errored", "error": {"type": "error", "error": {"type": "api_error"}}}},
         "server", "exact"),
        ("anthropic", {"result": {"type": "succeeded", "message": {}}}, "bad_response", "in_doubt"),
    ],
)  # fmt: skip
def test_a_failure_is_read_with_what_it_cost(name: str, line: dict[str, Any], kind: str, certainty: str) -> None:
    """What was never worked on is not billed; an answer that makes no sense may be."""
    result = read_line(name, {"custom_id": "h1-0", **line}, schema_wanted=True)
    assert result is not None
    assert isinstance(result.outcome, Failure)
    assert (result.outcome.kind, result.outcome.certainty) == (kind, certainty)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "line",
    [{}, {"custom_id": 7}, {"custom_id": "h1-0"}, {"custom_id": "h1-0", "response": 7, "result": 7, "error": 7},
     {"custom_id": "h1-0", "response": {"status_code": 200}, "result": {"type": "succeeded"}},
     {"custom_id": "h1-0", "response": {"body": "x"}, "result": {"type": "new", "message": {}}}],
)  # fmt: skip
def test_what_is_no_result_is_none(name: str, line: dict[str, Any]) -> None:
    """It says nothing of any request."""
    assert read_line(name, line) is None


JSONS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["id", "status", "custom_id", "response", "error", "result", "body", "status_code", "type", "message",
             "code", "data", "processing_status", "request_counts", "metadata", "output_file_id", "content", "choices",
             "errors"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(name=st.sampled_from(NAMES), payload=JSONS)
def test_no_json_breaks_a_reader(name: str, payload: Any) -> None:
    """A provider may say anything; a reader finds something in it or nothing."""
    speaks = shape(name)
    assert isinstance(speaks.read_state(payload), State | None)
    assert isinstance(speaks.read_listing(payload), Listed | None)
    line = payload if isinstance(payload, dict) else {"custom_id": "h1-0", "response": payload, "result": payload}
    assert isinstance(speaks.read_line(line, target_of(name), schema_wanted=False), Result | None)


def fed(*chunks: bytes, status: int = 200) -> tuple[list[Any], Lines]:
    """Returns the lines that come of these bytes."""
    found: list[Any] = []
    lines = Lines(found.append)
    lines.open(status, {})
    for chunk in chunks:
        lines.feed(chunk)
    return found, lines


@given(cuts=st.lists(st.integers(0, 40), max_size=6))
def test_lines_are_the_same_however_the_bytes_were_split(cuts: list[int]) -> None:
    """The last one needs no end of its own."""
    data = b'{"a": 1}\r\n\n{"b": "\xc3\xa9"}\nnot\n{"c": 3}'
    marks = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    found, lines = fed(*(data[start:end] for start, end in pairwise(marks)))
    assert lines.judged(target_of("openai"), None) is None
    assert (found, lines.spoilt) == ([{"a": 1}, {"b": "é"}, {"c": 3}], 1)


def test_a_line_that_broke_off_is_not_read() -> None:
    """What came before it is."""
    found, lines = fed(b'{"a": 1}\n{"b": 2}')
    fault = Fault(kind="incomplete", message="the answer broke off", certainty="in_doubt")
    failure = lines.judged(target_of("openai"), fault)
    assert (found, failure) == (
        [{"a": 1}], Failure(kind="incomplete", message="the answer broke off", certainty="in_doubt"),
    )  # fmt: skip


def test_a_giant_line_is_dropped_while_it_arrives() -> None:
    """What comes after it is read."""
    found, lines = fed(*([b"x" * (1 << 20)] * ((LONGEST_LINE >> 20) + 2)), b'"}\n{"a": 1}\n')
    assert lines.judged(target_of("openai"), None) is None
    assert (found, lines.spoilt) == ([{"a": 1}], 1)


def test_a_refusal_is_no_results_file() -> None:
    """Its lines are an error, in the words of the dialect."""
    found, lines = fed(b'{"error": {"message": "no such file", "type": "not_found"}}\n', status=404)
    failure = lines.judged(target_of("openai"), None)
    assert (found, failure) == ([], Failure(kind="not_found", message="no such file", status=404))


def test_a_status_of_any_size_is_read_in_bounded_memory() -> None:
    """What is larger than any status is none."""
    small = Small()
    small.open(200, {})
    for _ in range(12):
        small.feed(b" " * (MOST_SMALL // 10))
    small.feed(b"{}")
    assert small.judged(target_of("openai"), None) is None


def test_every_shape_is_tried() -> None:
    """The tables above name them all, as the loopback provider does."""
    from outrider.wire.batches import SHAPES
    from tests.servers.batches import Shape as Served

    assert set(SHAPES) == set(NAMES) == set(get_args(Served))
