"""What a request becomes in the openai dialect."""

from typing import Any

import pytest

from outrider.data import Image, Message
from tests.wire.making import CLOSED, body_of, make_request, make_target, warnings_of

BARE: dict[str, Any] = {"model": "one-1", "messages": [{"role": "user", "content": "hello"}], "stream": False}
SAID = (
    "Answer with one JSON value and nothing else: no words around it, no code fence. "
    'It must be valid for this JSON Schema: {"type":"object"}'
)


@pytest.mark.parametrize(
    ("request_fields", "row", "more"),
    [
        ({}, {}, {}),
        ({"stream": True}, {}, {"stream": True, "stream_options": {"include_usage": True}}),
        ({"stream": True}, {"stream_usage": False}, {"stream": True}),
        ({"max_output": 9}, {}, {"max_tokens": 9}),
        ({"max_output": 9}, {"cap_field": "max_completion_tokens"}, {"max_completion_tokens": 9}),
        (
            {"params": {"effort": "low", "seed": 3, "logit_bias": {}}},
            {},
            {"reasoning_effort": "low", "seed": 3, "logit_bias": {}},
        ),
        ({"params": {"effort": "low"}}, {"rename": {"reasoning_effort": "depth"}}, {"depth": "low"}),
        ({"params": {"thinking": {"type": "enabled"}}}, {}, {"thinking": {"type": "enabled"}}),
        ({"params": {"thinking": "on", "effort": "low"}}, {}, {"reasoning_effort": "low"}),
        ({}, {"add": {"store": False}}, {"store": False}),
        (
            {"schema": CLOSED},
            {},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": CLOSED, "strict": True},
                }
            },
        ),
        (
            {"schema": {"type": "object", "$schema": "x"}},
            {},
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "answer", "schema": {"type": "object"}, "strict": False},
                }
            },
        ),
    ],
)
def test_a_request_becomes_exactly_this(
    request_fields: dict[str, Any], row: dict[str, Any], more: dict[str, Any]
) -> None:
    """Nothing is sent that was not asked for or is not in a row."""
    assert body_of(make_request(**request_fields), make_target(row=row)) == BARE | more


@pytest.mark.parametrize(
    ("row", "more"),
    [({"json": "object"}, {"response_format": {"type": "json_object"}}), ({"json": "none"}, {})],
)
def test_a_schema_that_cannot_be_enforced_is_asked_for(row: dict[str, Any], more: dict[str, Any]) -> None:
    """By instruction, after the user's own system text."""
    messages = (Message(role="system", text="Be brief."), Message(role="user", text="hello"))
    body = body_of(make_request(messages=messages, schema={"type": "object"}), make_target(row=row))
    told = {"role": "system", "content": f"Be brief.\n\n{SAID}"}
    assert body == {**BARE, "messages": [told, BARE["messages"][0]], **more}


def test_there_is_one_system_message_and_it_comes_first() -> None:
    """Under the role that the row names."""
    messages = (
        Message(role="user", text="hello"),
        Message(role="system", text="Be brief."),
        Message(role="assistant", text="Hi."),
        Message(role="system", text="Be kind."),
        Message(role="assistant", text=""),
        Message(role="user", text="bye"),
    )
    body = body_of(make_request(messages=messages), make_target(row={"system_role": "developer"}))
    assert body["messages"] == [
        {"role": "developer", "content": "Be brief.\n\nBe kind."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hi."},
        {"role": "user", "content": "bye"},
    ]


def test_pictures_stand_beside_their_text() -> None:
    """As data addresses, with or without words."""
    picture = Image(media_type="image/png", base64="iVBO")
    part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBO"}}
    messages = (Message(role="user", text="what?", images=(picture,)), Message(role="user", text="", images=(picture,)))
    assert body_of(make_request(messages=messages), make_target())["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "what?"}, part]},
        {"role": "user", "content": [part]},
    ]


@pytest.mark.parametrize(
    ("switch", "efforts", "effort", "sent"),
    [
        ("off", ["none", "low"], None, "none"),
        ("off", ["none", "low"], "low", "none"),
        ("on", ["none", "low"], "low", "low"),
        ("off", ["low"], None, None),
        ("on", ["none", "low"], None, None),
        ("on", ["none", "low"], "none", "none"),
    ],
)
def test_thinking_is_an_effort(switch: str, efforts: list[str], effort: str | None, sent: str | None) -> None:
    """An effort of `none` is the dialect's only switch; what it cannot say is told."""
    target = make_target(model={"rules": {"efforts": efforts, "thinking": "optional"}})
    request = make_request(params={"thinking": switch, "effort": effort})
    assert body_of(request, target).get("reasoning_effort") == sent
    told = "thinking was left out for acme.one: it has no switch there, an effort is all it takes"
    is_said = (switch == "off" and sent == "none") or (switch == "on" and sent == "low")
    assert warnings_of(request, target) == (() if is_said else (told,))
