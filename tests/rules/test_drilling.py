"""The faults of a drill are those of the failure table, in every dialect."""

import json
from typing import get_args

import pytest

from outrider.data import Answer, Failure, Outcome, Target
from outrider.rows import Dialect, Model, Provider
from outrider.rules.drilling import ANSWER, MISHAPS, Mishap, reply_of, sound_reply
from outrider.wire.call import reading

CLASSES = {
    "overloaded (503)": "server",
    "server error (500)": "server",
    "rate limited, wait 3 s": "rate_limit",
    "rate limited, wait an hour": "rate_limit",
    "rate limited, no wait": "rate_limit",
    "out of credit (429)": "quota",
    "out of credit (402)": "quota",
    "key refused (401)": "auth",
    "not permitted (403)": "auth",
    "model gone (404)": "not_found",
    "prompt too long": "context",
    "bad request (422)": "bad_request",
    "not implemented (501)": "server",
    "refused by a filter": "content_filter",
    "empty answer": "empty",
    "only thought": "truncated",
    "HTML with 200": "bad_response",
    "half a JSON": "bad_response",
    "redirected": "redirect",
    "connection refused": "network",
    "name not found": "network",
    "answer broken off": "incomplete",
    "reset after sending": "network",
    "no answer in time": "timeout",
    "certificate refused": "tls",
    "endless answer": "too_large",
}
"""What the failure table says of each."""
DIALECTS: tuple[Dialect, ...] = ("openai", "anthropic", "ollama")


def read(dialect: Dialect, mishap: Mishap, *, stream: bool) -> Outcome:
    """Reads what a mishap sends the way a real reply is read."""
    provider = Provider(name="p", dialect=dialect, base_url="http://127.0.0.1:1")
    target = Target(model=Model(name="p.m", provider="p", id="m"), provider=provider, wire_id="m")
    reader = reading(target, stream=stream, schema_wanted=False)
    if mishap.status is not None:
        reader.open(mishap.status, mishap.headers)
        reader.feed(reply_of(mishap, dialect))
    return reader.finish(mishap.fault)


def test_every_mishap_has_a_class() -> None:
    """None is missing here, and none is there twice."""
    assert [mishap.name for mishap in MISHAPS if mishap.name not in CLASSES] == []
    assert len({mishap.name for mishap in MISHAPS}) == len(MISHAPS) == len(CLASSES)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("mishap", MISHAPS, ids=lambda mishap: mishap.name)
def test_a_mishap_is_read_as_the_table_says(mishap: Mishap, dialect: Dialect, stream: bool) -> None:  # noqa: FBT001
    """The class is the table's, whoever speaks."""
    outcome = read(dialect, mishap, stream=stream)
    assert isinstance(outcome, Failure)
    kind = CLASSES[mishap.name]
    if dialect == "anthropic" and mishap.name == "rate limited, no wait":
        # Without a wait it is a rate limit all the same: only one that names itself so is a spend cap.
        assert outcome.kind in {"rate_limit", "quota"}
    else:
        assert outcome.kind == kind


def test_what_is_in_doubt() -> None:
    """What may have been billed is in doubt; what never left is not."""
    doubtful = {mishap.name for mishap in MISHAPS if read("openai", mishap, stream=False).certainty == "in_doubt"}  # type: ignore[union-attr]
    assert doubtful == {
        "HTML with 200", "half a JSON", "answer broken off", "reset after sending", "no answer in time",
        "endless answer",
    }  # fmt: skip
    unsent = {mishap.name for mishap in MISHAPS if mishap.fault is not None and mishap.fault.certainty == "not_sent"}
    assert unsent == {"connection refused", "name not found", "certificate refused"}


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_sound_reply_is_an_answer(dialect: Dialect) -> None:
    """The models behind the first one answer."""
    outcome = read(dialect, Mishap(name="none", status=200, body=sound_reply(dialect)), stream=True)
    assert isinstance(outcome, Answer)
    assert (outcome.text, outcome.usage.input, outcome.usage.output) == (ANSWER, 20, 200)


def test_a_dialect_without_a_wire_has_no_reply() -> None:
    """Nothing is sent to those."""
    assert {"echo", "native"} == set(get_args(Dialect)) - set(DIALECTS)
    assert json.loads(sound_reply("native")) == json.loads(sound_reply("echo")) == {}
