"""Replies that look broken and are answers all the same, and rows of the table that depend on what was asked."""

import json
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from outrider.data import Answer, Failure, Outcome
from outrider.records import replace
from tests.faults.running import LIKELY, PATIENT, a_target, ask
from tests.faults.table import DIALECTS, FILTER, JSON_TYPE, LENGTH
from tests.faults.test_table import USAGE, check_book
from tests.servers import Reply, ScriptedServer, say, status, way
from tests.servers.dialects import Dialect, whole

MODES = (False, True)
"""Plain, and streamed."""
ESTIMATE = LIKELY * 1_000 + (len("hello from one") // 4 + 1) * 2_000
ODD: dict[str, str] = {
    "lone surrogate": "a \\ud83d b",
    "NUL": "a \\u0000 b",
    "escape": "a \\u001b[2J b",
    "emoji": "a 😀 b",
}


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_cut_answer_is_an_answer(dialect: Dialect, stream: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """Text that its cap cut short is returned, flagged, after one attempt."""
    server.always(say("hello", finish=LENGTH[dialect]))
    ran = ask(tmp_path, a_target(dialect, server.url), stream=stream)
    assert ran.ended.answer is not None
    assert (ran.text, ran.ended.answer.truncated) == ("hello", True)
    assert ran.calls == (("one", "answer", "exact", USAGE),)


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_cut_json_is_asked_for_once_more(dialect: Dialect, stream: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """Where a schema is wanted, the same model gets a larger limit once, then the next one is asked."""
    server.always(say('{"n": ', finish=LENGTH[dialect]), model="one")
    server.always(say('{"n": 1}'), model="two")
    targets = (a_target(dialect, server.url), a_target(dialect, server.url, "two"))
    ran = ask(tmp_path, *targets, stream=stream, schema={"type": "object"}, max_output=50)
    assert ran.text == '{"n": 1}'
    assert ran.calls == (("one", "truncated", "exact", USAGE),) * 2 + (("two", "answer", "exact", USAGE),)
    assert [_cap(seen.json) for seen in server.asked] == [50, 1_000, 50]


def _cap(body: dict[str, Any]) -> int:
    cap: int = body.get("max_tokens") or body["options"]["num_predict"]
    return cap


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("usage", [None, (-5, -7, 0), (10**12, 10**12, 0), (11, 10**7, 0)], ids=str)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_bill_that_cannot_be_true_is_not_believed(
    dialect: Dialect, usage: Any, stream: Any, server: ScriptedServer, tmp_path: Path
) -> None:
    """Usage that is missing, negative or absurd is estimated and marked, and never refills a budget."""
    server.always(Reply(usage=usage))
    ran = ask(tmp_path, a_target(dialect, server.url), stream=stream)
    ((model, kind, certainty, cost),) = ran.calls
    assert (ran.text, model, kind, certainty) == ("hello from one", "one", "answer", "estimate")
    assert cost == ESTIMATE or usage == (11, 10**7, 0)
    assert 0 < ran.booked <= 3_000_000
    check_book(ran)


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_odd_letters_are_an_answer(
    dialect: Dialect, name: str, stream: Any, server: ScriptedServer, tmp_path: Path
) -> None:
    """No letter breaks an answer, and what is returned can be written as UTF-8."""
    server.always(say(json.loads(f'"{ODD[name]}"').encode("utf-8", "replace").decode()))
    ran = ask(tmp_path, a_target(dialect, server.url), stream=stream)
    assert ran.text is not None
    ran.text.encode("utf-8")
    assert (ran.text[:2], ran.text[-2:]) == ("a ", " b")
    assert ran.calls == (("one", "answer", "exact", USAGE),)


BYTES: dict[str, tuple[bytes, bytes]] = {
    "byte order mark": (b'{"', b'\xef\xbb\xbf{"'),
    "bad UTF-8": (b"hello", b"h\xff\xfello"),
    "an escaped half": (b"hello", b"h\\ud83dllo"),
    "an escaped NUL": (b"hello", b"h\\u0000llo"),
}


@pytest.mark.parametrize("name", BYTES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_odd_bytes_are_an_answer(dialect: Dialect, name: str, server: ScriptedServer, tmp_path: Path) -> None:
    """A mark before the body, bytes that are no UTF-8, half a pair: the rest is read, and can be written."""
    old, new = BYTES[name]
    body = whole(dialect, Reply(), model="one", text="hello").replace(old, new, 1)
    server.always(status(200, body, headers=JSON_TYPE))
    ran = ask(tmp_path, a_target(dialect, server.url), stream=False)
    assert ran.text is not None
    ran.text.encode("utf-8")
    assert (ran.text[0], ran.text[-3:]) == ("h", "llo")
    assert ran.calls == (("one", "answer", "exact", USAGE),)


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_bytes_may_come_one_by_one(dialect: Dialect, stream: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """However the network splits a reply, it is the same answer."""
    server.always(way("split", say("hällo 😀")))
    ran = ask(tmp_path, a_target(dialect, server.url), stream=stream)
    assert (ran.text, ran.calls) == ("hällo 😀", (("one", "answer", "exact", USAGE),))


@pytest.mark.parametrize("stream", MODES)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_task_may_let_a_filter_fall_over(
    dialect: Dialect, stream: Any, server: ScriptedServer, tmp_path: Path
) -> None:
    """Only a route that says so asks another provider what the first one would not answer."""
    server.always(say("", finish=FILTER[dialect]), model="one")
    targets = (a_target(dialect, server.url), a_target(dialect, server.url, "two"))
    ran = ask(tmp_path, *targets, stream=stream, content_filter_falls_over=True)
    assert ran.text == "hello from two"
    assert [call[:2] for call in ran.calls] == [("one", "content_filter"), ("two", "answer")]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_prompt_too_long_goes_to_a_larger_window_only(
    dialect: Dialect, server: ScriptedServer, tmp_path: Path
) -> None:
    """Windows that are no larger are passed over; where none is left the size that is needed is told."""
    server.always(status(413), model="one")
    server.always(status(413), model="large")
    one = a_target(dialect, server.url)
    same, small = (a_target(dialect, server.url, name) for name in ("same", "small"))
    small = replace(small, model=replace(small.model, context=10))
    large = a_target(dialect, server.url, "large", window=200_000)
    ran = ask(tmp_path, one, same, small, large, stream=False)
    assert [seen.json["model"] for seen in server.asked] == ["one", "large"]
    assert ran.ended.failure is not None
    assert ran.ended.failure.kind == "context"
    assert ran.ended.failure.message.endswith(f"(the prompt is about {LIKELY} tokens)")


@pytest.mark.parametrize("stream", MODES)
def test_an_answer_that_is_not_accepted_is_a_failure(stream: Any, server: ScriptedServer, tmp_path: Path) -> None:
    """What the caller cannot use was billed, is asked for once more, and then of another model."""

    def accept(answer: Answer) -> Outcome:
        if answer.text.endswith("two"):
            return answer
        return Failure(kind="bad_response", message="no JSON", usage=answer.usage, certainty="exact")

    targets = (a_target("openai", server.url), a_target("openai", server.url, "two"))
    ran = ask(tmp_path, *targets, stream=stream, accept=accept)
    assert ran.calls == (("one", "bad_response", "exact", USAGE),) * 2 + (("two", "answer", "exact", USAGE),)
    assert ran.text == "hello from two"


def test_the_clock_may_jump(server: ScriptedServer, tmp_path: Path) -> None:
    """A wall clock that leaps a day at every look changes no wait, no deadline and no rest."""
    jumps = cycle((0.0, 86_400.0, -86_400.0))
    server.always(status(429, headers={"Retry-After": "3"}))
    ran = ask(tmp_path, a_target("openai", server.url), stream=False, at=lambda: 1.7e9 + next(jumps))
    assert ran.waits == (3.0, 3.0)
    assert [call[1] for call in ran.calls] == ["rate_limit"] * 3
    assert PATIENT.route > ran.seconds


def test_no_chain_is_an_amplifier(server: ScriptedServer, tmp_path: Path) -> None:
    """However many targets fail, a run asks no more often than its bound."""
    server.always(status(503))
    targets = [a_target("openai", server.url, f"m{number}") for number in range(40)]
    ran = ask(tmp_path, *targets, stream=False)
    assert len(ran.calls) == len(server.asked) == 24
