"""What a request becomes in the ollama dialect."""

from typing import Any

import pytest

from outrider.data import Image, Message
from tests.wire.making import CLOSED, body_of, make_request, make_target, warnings_of

BARE = {
    "model": "one-1",
    "messages": [{"role": "user", "content": "hello"}],
    "stream": False,
    "options": {"num_ctx": 8192},
}


@pytest.mark.parametrize(
    ("request_fields", "more"),
    [
        ({}, {}),
        ({"stream": True}, {"stream": True}),
        ({"max_output": 100}, {"options": {"num_ctx": 4096, "num_predict": 100}}),
        (
            {"params": {"temperature": 0, "seed": 1, "stop": ["x"], "keep_alive": "10m"}},
            {"options": {"num_ctx": 8192, "temperature": 0, "seed": 1, "stop": ["x"]}, "keep_alive": "10m"},
        ),
        ({"params": {"num_ctx": 512}}, {"options": {"num_ctx": 512}}),
        (
            {"params": {"options": {"num_gpu": 1, "num_predict": 10**9}}, "max_output": 5},
            {"options": {"num_ctx": 4096, "num_gpu": 1, "num_predict": 5}},
        ),
        ({"params": {"thinking": "on"}}, {"think": True}),
        ({"params": {"thinking": "off", "effort": "high"}}, {"think": False}),
        ({"params": {"thinking": "on", "effort": "high"}}, {"think": "high"}),
        ({"params": {"effort": "none"}}, {"think": False}),
    ],
)
def test_a_request_becomes_exactly_this(request_fields: dict[str, Any], more: dict[str, Any]) -> None:
    """Sampling and limits stand in the options, thinking is a switch or a level."""
    assert body_of(make_request(**request_fields), make_target("ollama")) == BARE | more


@pytest.mark.parametrize(
    ("letters", "max_output", "context", "window"),
    [
        (3_000, 1_000, None, 4_096),
        (30_000, 1_000, None, 16_384),
        (300_000, 1_000, 131_072, 131_072),
        (600_000, 1_000, 131_072, 131_072),
        (10, 100_000, 40_960, 40_960),
        (10, 0, 2_048, 2_048),
    ],
)
def test_the_window_fits_prompt_and_answer(letters: int, max_output: int, context: int | None, window: int) -> None:
    """A power of two, so that the server seldom loads the model anew, and never beyond the model."""
    body = body_of(make_request("a" * letters, max_output=max_output), make_target("ollama", context=context))
    assert body["options"]["num_ctx"] == window


def test_other_scripts_and_pictures_take_more_room() -> None:
    """Letters beyond ASCII count twice, a picture as many as a model may spend on it."""
    picture = Image(media_type="image/png", base64="iVBO")
    messages = (Message(role="user", text="é" * 3000, images=(picture,) * 5),)
    body = body_of(make_request(messages=messages, max_output=1), make_target("ollama"))
    assert body["options"]["num_ctx"] == 16_384
    assert body["messages"] == [{"role": "user", "content": "é" * 3000, "images": ["iVBO"] * 5}]


def test_a_schema_is_a_grammar_and_a_sentence() -> None:
    """A model that was never told the shape fills it badly."""
    messages = (Message(role="system", text="Be brief."), Message(role="user", text="hello"))
    body = body_of(make_request(messages=messages, schema={**CLOSED, "$schema": "x"}), make_target("ollama"))
    assert body["format"] == CLOSED
    assert body["messages"][0]["content"].startswith("Be brief.\n\nAnswer with one JSON value")


def test_the_row_has_the_last_word() -> None:
    """Drop and add work here as anywhere."""
    target = make_target("ollama", row={"drop": ["keep_alive"], "add": {"truncate": False}})
    request = make_request(params={"keep_alive": "1m"})
    assert body_of(request, target) == BARE | {"truncate": False}
    assert warnings_of(request, target) == ("keep_alive was left out: acme does not take it",)


def test_a_providers_quirks_hold_in_every_dialect() -> None:
    """Whoever speaks this one may have some."""
    assert body_of(make_request(), make_target("ollama", provider="vllm")) == BARE
