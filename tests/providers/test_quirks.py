"""What each provider does its own way: exact bodies, and the few readings that no recorded reply shows."""

from typing import Any

import pytest

from outrider.data import Usage
from outrider.providers import NONE, WITH_A_FILE, Quirks, quirks, read_message
from tests.wire.making import CLOSED, body_of, make_request, make_target, warnings_of

BARE = {"model": "one-1", "messages": [{"role": "user", "content": "hello"}], "stream": False}
STRICT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": CLOSED, "strict": True}}


@pytest.mark.parametrize(
    ("provider", "params", "more"),
    [
        ("deepseek", {"thinking": "on", "effort": "max"}, {"reasoning_effort": "max", "thinking": {"type": "enabled"}}),
        ("deepseek", {"thinking": "off", "effort": "max"}, {"thinking": {"type": "disabled"}}),
        ("deepseek", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("moonshot", {"thinking": "off"}, {"thinking": {"type": "disabled"}}),
        ("moonshot", {"thinking": "on"}, {"thinking": {"type": "enabled"}}),
        ("moonshot", {"effort": "high"}, {"reasoning_effort": "high"}),
        ("openrouter", {"effort": "high"}, {"reasoning": {"effort": "high"}}),
        ("openrouter", {"thinking": "on", "effort": "high"}, {"reasoning": {"enabled": True, "effort": "high"}}),
        ("openrouter", {"thinking": "off", "effort": "high"}, {"reasoning": {"enabled": False}}),
        ("openrouter", {"reasoning": {"max_tokens": 9}, "effort": "low"}, {"reasoning": {"max_tokens": 9}}),
        ("openrouter", {"provider": {"allow_fallbacks": False}}, {"provider": {"allow_fallbacks": False}}),
        ("openrouter", {}, {}),
        ("vllm", {"thinking": "off"}, {"chat_template_kwargs": {"enable_thinking": False}}),
        (
            "vllm",
            {"thinking": "on", "chat_template_kwargs": {"a": 1}},
            {"chat_template_kwargs": {"enable_thinking": True, "a": 1}},
        ),
        ("vllm", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("xai", {"effort": "xhigh"}, {"reasoning_effort": "xhigh"}),
        ("groq", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("gemini", {"effort": "low"}, {"reasoning_effort": "low"}),
        ("mistral", {"effort": "high"}, {"reasoning_effort": "high"}),
        ("litellm", {"effort": "high"}, {"reasoning_effort": "high"}),
    ],
)
def test_a_request_becomes_exactly_this(provider: str, params: dict[str, Any], more: dict[str, Any]) -> None:
    """Thinking and effort in the provider's own words, and nothing is lost."""
    request = make_request(params=params)
    target = make_target(provider=provider)
    assert body_of(request, target) == BARE | more
    assert warnings_of(request, target) == ()


@pytest.mark.parametrize(
    ("params", "wanted"),
    [
        ({}, {"require_parameters": True}),
        ({"provider": {"order": ["x"]}}, {"require_parameters": True, "order": ["x"]}),
        ({"provider": {"require_parameters": False}}, {"require_parameters": False}),
    ],
)
def test_a_gateway_is_asked_for_a_host_that_keeps_to_the_schema(params: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Unless the user says otherwise."""
    body = body_of(make_request(schema=CLOSED, params=params), make_target(provider="openrouter"))
    assert body == {**BARE, "response_format": STRICT, "provider": wanted}


def test_a_schema_that_is_not_taken_is_an_object_and_a_sentence() -> None:
    """The row may say otherwise."""
    body = body_of(make_request(schema=CLOSED), make_target(provider="deepseek"))
    assert body["response_format"] == {"type": "json_object"}
    assert body["messages"][0]["content"].startswith("Answer with one JSON value")
    body = body_of(make_request(schema=CLOSED), make_target(provider="deepseek", row={"json": "schema"}))
    assert body == BARE | {"response_format": STRICT}


def test_a_schema_in_words_needs_no_such_host() -> None:
    """Nothing is required that is not sent."""
    target = make_target(provider="openrouter", model={"id": "x"}, abilities=())
    assert "provider" not in body_of(make_request(schema=CLOSED), target)


@pytest.mark.parametrize("name", sorted(WITH_A_FILE))
def test_every_file_has_something_to_say(name: str) -> None:
    """A quirk file without a quirk is a row."""
    assert quirks(name) != NONE
    assert isinstance(quirks(name), Quirks)


@pytest.mark.parametrize("name", ["openai", "anthropic", "acme", "", "os", "../x"])
def test_a_name_without_a_file_has_no_quirks(name: str) -> None:
    """A plain provider is one row and no Python."""
    assert quirks(name) is NONE


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        ({"error": {"message": "No"}}, "no"),
        ({"error": "No"}, "no"),
        ({"message": "No"}, "no"),
        ({"detail": {"error": "No"}}, "no"),
        ([{"error": {"message": "No"}}], "no"),
        ({"error": {"error": {"error": {"error": {"error": "deep"}}}}}, ""),
        ({"error": 3}, ""),
        ({}, ""),
        ([], ""),
        (None, ""),
    ],
)
def test_the_words_of_an_error_are_found(payload: Any, words: str) -> None:
    """In small letters, wherever they stand."""
    assert read_message(payload) == words


@pytest.mark.parametrize("provider", sorted(WITH_A_FILE))
@pytest.mark.parametrize(
    "payload", [None, "text", [], [1], {}, {"error": 3}, {"error": {"details": [1, {"violations": 3}]}}]
)
def test_an_ordinary_refusal_is_left_to_the_table(provider: str, payload: Any) -> None:
    """A quirk speaks only of what it knows."""
    read = quirks(provider).read_failure
    if read is not None:
        assert [read(status, payload) for status in (None, 400, 402, 403, 429, 500)] == [None] * 6


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("plain", None),
        (None, None),
        ([], ("", "")),
        ([1, {"type": "text", "text": 3}, {"type": "text", "text": "a"}], ("a", "")),
        ([{"type": "thinking", "thinking": "hm"}, {"type": "thinking", "thinking": [1, {"text": "!"}]}], ("", "hm!")),
        ([{"type": "thinking", "thinking": 3}], ("", "")),
    ],
)
def test_parts_are_split_into_text_and_thinking(content: Any, found: tuple[str, str] | None) -> None:
    """Whatever stands in them."""
    read = quirks("mistral").read_text
    assert read is not None
    assert read(content) == found


def test_a_total_below_its_parts_adds_nothing() -> None:
    """Thoughts are what is left over, never a debt."""
    read = quirks("gemini").read_usage
    assert read is not None
    usage = Usage(input=5, output=3, known=True)
    assert read({"total_tokens": 4}, usage) == usage
    assert read({}, usage) == usage
