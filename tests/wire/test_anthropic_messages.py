"""What a request becomes in the anthropic dialect."""

from typing import Any

import pytest

from outrider.data import Image, Message
from tests.wire.making import CLOSED, body_of, make_request, make_target, warnings_of

BARE = {"model": "one-1", "max_tokens": 8192, "messages": [{"role": "user", "content": "hello"}], "stream": False}
RULES = {"rules": {"thinking": "adaptive", "efforts": ["low", "high", "xhigh", "max"]}}
OLD = {"rules": {"thinking": "optional"}}


@pytest.mark.parametrize(
    ("request_fields", "model", "more"),
    [
        ({}, {}, {}),
        ({"stream": True, "max_output": 7}, {}, {"stream": True, "max_tokens": 7}),
        ({"params": {"stop": "x"}}, {}, {"stop_sequences": ["x"]}),
        ({"params": {"stop": ["x", "y"], "top_k": 3}}, {}, {"stop_sequences": ["x", "y"], "top_k": 3}),
        ({"params": {"effort": "low"}}, RULES, {"output_config": {"effort": "low"}}),
        ({"params": {"thinking": "on"}}, RULES, {"thinking": {"type": "adaptive"}}),
        ({"params": {"thinking": "off"}}, RULES, {"thinking": {"type": "disabled"}}),
        (
            {"params": {"thinking": "off"}},
            {"rules": {"thinking": "adaptive", "thinking_off": "between_tools"}},
            {"thinking": {"type": "between_tools"}},
        ),
        ({"params": {"thinking": "on"}}, OLD, {"thinking": {"type": "enabled", "budget_tokens": 4096}}),
        (
            {"params": {"thinking": "on"}, "max_output": 1500},
            OLD,
            {"max_tokens": 1500, "thinking": {"type": "enabled", "budget_tokens": 1024}},
        ),
        (
            {"params": {"thinking": {"type": "enabled", "budget_tokens": 2000}}},
            OLD,
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        (
            {"schema": CLOSED, "params": {"effort": "low", "output_config": {"other": 1}}},
            RULES,
            {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}, "effort": "low", "other": 1}},
        ),
    ],
)
def test_a_request_becomes_exactly_this(
    request_fields: dict[str, Any], model: dict[str, Any], more: dict[str, Any]
) -> None:
    """Thinking and effort in the words of the model's generation."""
    assert body_of(make_request(**request_fields), make_target("anthropic", model=model)) == BARE | more


@pytest.mark.parametrize(
    ("params", "model", "max_output", "told"),
    [
        ({"seed": 1}, {}, None, "seed was left out for acme.one: the dialect has no seed"),
        ({"min_p": 0.1}, {}, None, "min_p was left out for acme.one: the dialect has no min_p"),
        (
            {"thinking": "off", "effort": "max"},
            RULES,
            None,
            "effort was left out for acme.one: it needs thinking, which is off",
        ),
        (
            {"thinking": "on", "temperature": 1},
            OLD,
            None,
            "temperature was left out for acme.one: it cannot go beside thinking",
        ),
        (
            {"thinking": "on"},
            OLD,
            1024,
            "thinking was left out for acme.one: it needs an output limit above 1024 tokens",
        ),
    ],
)
def test_what_would_be_refused_is_left_out(
    params: dict[str, Any], model: dict[str, Any], max_output: int | None, told: str
) -> None:
    """With a sentence."""
    request = make_request(params=params, max_output=max_output)
    target = make_target("anthropic", model=model)
    assert warnings_of(request, target) == (told,)
    assert told.partition(" ")[0] not in {
        **body_of(request, target),
        **body_of(request, target).get("output_config", {}),
    }


def test_the_required_limit_is_the_rows() -> None:
    """Where the request has none."""
    assert body_of(make_request(), make_target("anthropic", max_output=64_000))["max_tokens"] == 64_000


def test_system_text_and_pictures_have_their_places() -> None:
    """System text beside the messages, pictures before the words about them."""
    picture = Image(media_type="image/png", base64="iVBO")
    block = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO"}}
    messages = (
        Message(role="system", text="Be brief."),
        Message(role="user", text="what?", images=(picture,)),
        Message(role="user", text="", images=(picture,)),
    )
    body = body_of(make_request(messages=messages), make_target("anthropic"))
    assert body["system"] == "Be brief."
    assert body["messages"] == [
        {"role": "user", "content": [block, {"type": "text", "text": "what?"}]},
        {"role": "user", "content": [block]},
    ]


@pytest.mark.parametrize(
    ("schema", "abilities"),
    [({"type": "object"}, ("json",)), ({**CLOSED, "minProperties": 1}, ("json",)), (CLOSED, ())],
)
def test_a_schema_that_would_be_refused_is_asked_for(schema: dict[str, Any], abilities: tuple[str, ...]) -> None:
    """An open or unusual schema, or a model that cannot enforce one."""
    target = make_target("anthropic", model={"id": "x"}, abilities=abilities)
    body = body_of(make_request(schema=schema), target)
    assert "output_config" not in body
    assert body["system"].startswith("Answer with one JSON value and nothing else")


def test_a_providers_quirks_hold_in_every_dialect() -> None:
    """Here a switch for thinking that the endpoint spells its own way is an object already."""
    target = make_target("anthropic", provider="deepseek")
    assert body_of(make_request(params={"thinking": "off"}), target) == BARE | {"thinking": {"type": "disabled"}}
