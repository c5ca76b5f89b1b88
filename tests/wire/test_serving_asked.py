"""Requests of OpenAI's shape, read into ours: what passes, what is left out, and what is refused by name."""

import json
from typing import Any

import pytest

from outrider.data import Image, Message, Request, Tool, ToolCall
from outrider.wire.serving.asked import Asked, read
from outrider.wire.serving.errors import Unfit

HELLO = [{"role": "user", "content": "hello"}]
ONE = (Message(role="user", text="hello"),)
LOOK = {"type": "function", "function": {"name": "look", "description": "looks", "parameters": {"type": "object"}}}
LOOKS = Tool(name="look", description="looks", schema={"type": "object"})
PICTURE = "iVBORw0KGgo="
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}


def asked(**said: Any) -> Asked:
    """Reads a body with one short message, unless others are given."""
    return read(json.dumps({"messages": HELLO, **said}).encode())


def test_the_shortest_request() -> None:
    """One message is enough: no model, no cap, no stream."""
    assert asked() == Asked(model="", request=Request(messages=ONE, stream=False), instruction="hello")


def test_everything_at_once() -> None:
    """Each parameter that we know arrives under our own name for it."""
    assert asked(thinking=True).request.params == {"thinking": True}
    found = asked(
        model=" a/b ", stream=True, stream_options={"include_usage": True}, max_completion_tokens=20, temperature=0.5,
        top_p=1, seed=7, stop="END", reasoning_effort="low", tools=[LOOK], tool_choice="required",
        parallel_tool_calls=False, response_format={"type": "json_object"}, frequency_penalty=0.1,
    )  # fmt: skip
    params = {"temperature": 0.5, "top_p": 1, "frequency_penalty": 0.1, "seed": 7, "stop": ["END"], "effort": "low"}
    assert found == Asked(
        model="a/b", instruction="hello", counts_usage=True,
        request=Request(
            messages=ONE, max_output=20, params=params, schema={"type": "object"}, stream=True, tools=(LOOKS,),
            tool_choice="required", parallel_calls=False,
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [
        {"n": 1}, {"user": "me"}, {"metadata": {"a": "b"}}, {"store": False}, {"logprobs": False}, {"top_logprobs": 0},
        {"service_tier": "auto"}, {"service_tier": "default"}, {"modalities": ["text"]}, {"logit_bias": {}},
        {"functions": []}, {"function_call": "none"}, {"prompt_cache_key": "k"}, {"safety_identifier": "s"},
        {"n": None, "plugins": None, "tools": None, "stop": None, "stream": None, "max_tokens": None, "model": None},
        {"stream_options": {"include_usage": False}}, {"response_format": {"type": "text"}}, {"stop": []},
        {"tool_choice": "auto"}, {"parallel_tool_calls": True}, {"tools": []},
    ],
    ids=lambda said: next(iter(said)),
)  # fmt: skip
def test_what_says_nothing_new_is_taken(said: dict[str, Any]) -> None:
    """A parameter that says what is so anyway, or that is for OpenAI's own books, changes nothing."""
    assert asked(**said) == asked()


def test_the_smaller_of_two_caps_counts() -> None:
    """A client may send the old name, the new one or both."""
    assert [
        asked(max_tokens=5).request.max_output,
        asked(max_completion_tokens=6).request.max_output,
        asked(max_tokens=5, max_completion_tokens=6).request.max_output,
    ] == [5, 6, 5]


def test_a_schema_is_taken_out_of_its_wrapping() -> None:
    """The schema of an answer is what counts; its name is ours."""
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": {"type": "array"}}}
    assert asked(response_format=wanted).request.schema == {"type": "array"}


def test_every_kind_of_turn() -> None:
    """System and developer, pictures, calls of tools with what was thought before, results, what a client echoes."""
    said = [
        {"role": "developer", "content": [{"type": "text", "text": "be"}, {"type": "text", "text": "short"}]},
        {"role": "system", "content": "and kind", "name": "x"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is it?"},
                {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}", "detail": "low"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [CALL], "reasoning_content": "hm", "refusal": None},
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "a cat"}]},
        {"role": "assistant", "content": "a cat", "annotations": [], "function_call": None},
        {"role": "user", "content": "sure?"},
    ]
    assert asked(messages=said).request.messages == (
        Message(role="system", text="be\nshort"),
        Message(role="system", text="and kind"),
        Message(role="user", text="what is it?", images=(Image(media_type="image/png", base64=PICTURE),)),
        Message(
            role="assistant", text="", tool_calls=(ToolCall(id="c1", name="look", arguments='{"at": 1}'),),
            reasoning="hm",
        ),
        Message(role="tool", text="a cat", call_id="c1"),
        Message(role="assistant", text="a cat"),
        Message(role="user", text="sure?"),
    )  # fmt: skip
    assert asked(messages=said).instruction == "sure?"


def test_one_tool_may_be_chosen_by_name() -> None:
    """The shape with a function's name comes down to the name."""
    choice = {"type": "function", "function": {"name": "look"}}
    assert asked(tools=[LOOK], tool_choice=choice).request.tool_choice == "look"
    bare = {"type": "function", "function": {"name": "bare"}}
    assert asked(tools=[bare]).request.tools == (Tool(name="bare", schema={"type": "object", "properties": {}}),)


def test_a_lone_surrogate_and_a_nul_are_replaced() -> None:
    """No text that cannot be sent gets in."""
    body = b'{"model": "\\ud800", "messages": [{"role": "user", "content": "a\\ud800b\\u0000"}], "stop": ["\\udfff"]}'
    found = read(body)
    assert (found.model, found.instruction, found.request.params) == ("\ufffd", "a\ufffdb\ufffd", {"stop": ["\ufffd"]})


@pytest.mark.parametrize(
    ("said", "param", "code"),
    [
        ({"plugins": [1]}, "plugins", "unsupported_parameter"),
        ({"web_search_options": {}}, "web_search_options", "unsupported_parameter"),
        ({"models": ["x"]}, "models", "unsupported_parameter"),
        ({"provider": {"order": ["x"]}}, "provider", "unsupported_parameter"),
        ({"audio": {}}, "audio", "unsupported_parameter"),
        ({"n": 2}, "n", "unsupported_value"),
        ({"n": True}, "n", "unsupported_value"),
        ({"store": True}, "store", "unsupported_value"),
        ({"service_tier": "priority"}, "service_tier", "unsupported_value"),
        ({"modalities": ["audio"]}, "modalities", "unsupported_value"),
        ({"logprobs": True}, "logprobs", "unsupported_value"),
        ({"functions": [{}]}, "functions", "unsupported_value"),
        ({"model": 3}, "model", "invalid_type"),
        ({"stream": "yes"}, "stream", "invalid_type"),
        ({"stream_options": []}, "stream_options", "invalid_type"),
        ({"temperature": "hot"}, "temperature", "invalid_type"),
        ({"temperature": True}, "temperature", "invalid_type"),
        ({"max_tokens": 1.5}, "max_tokens", "invalid_type"),
        ({"max_tokens": 0}, "max_tokens", "invalid_value"),
        ({"max_completion_tokens": -1}, "max_completion_tokens", "invalid_value"),
        ({"stop": 3}, "stop", "invalid_type"),
        ({"stop": ["a"] * 17}, "stop", "invalid_type"),
        ({"reasoning_effort": 1}, "reasoning_effort", "invalid_type"),
        ({"thinking": {"type": "enabled"}}, "thinking", "invalid_type"),
        ({"thinking": 1}, "thinking", "invalid_type"),
        ({"response_format": "json"}, "response_format", "invalid_value"),
        ({"response_format": {"type": "json_schema"}}, "response_format", "invalid_type"),
        ({"tools": {}}, "tools", "invalid_type"),
        ({"tools": [LOOK, LOOK]}, "tools", "invalid_value"),
        ({"tools": [{"type": "custom"}]}, "tools[0]", "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [{"type": "function", "function": {"name": "x" * 65}}]}, "tools[0].function.name", "invalid_value"),
        ({"tools": [LOOK], "tool_choice": {"type": "function", "function": {}}}, "tool_choice", "invalid_value"),
        ({"tools": [{**LOOK, "function": {"name": "a", "description": 3}}]}, "tools[0].function.description",
         "invalid_type"),
        ({"tools": [{**LOOK, "function": {"name": "a", "parameters": []}}]}, "tools[0].function.parameters",
         "invalid_type"),
        ({"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "a b"}}]}]},
         "messages[0].tool_calls[0].function.name", "invalid_value"),
        ({"messages": [{"role": "assistant", "tool_calls": [{**CALL, "function": {"name": "a", "arguments": {}}}]}]},
         "messages[0].tool_calls[0].function.arguments", "invalid_type"),
        ({"tool_choice": {"type": "allowed_tools"}}, "tool_choice", "invalid_value"),
        ({"parallel_tool_calls": 1}, "parallel_tool_calls", "invalid_type"),
        ({"messages": None}, "messages", "invalid_type"),
        ({"messages": []}, "messages", "invalid_type"),
        ({"messages": ["hello"]}, "messages[0]", "invalid_type"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "system", "content": "be kind"}]}, "messages", "invalid_value"),
        ({"messages": [{"role": "function", "content": "x"}]}, "messages[0].role", "invalid_value"),
        ({"messages": [{"role": "user"}]}, "messages[0].content", "invalid_type"),
        ({"messages": [{"role": "user", "content": [{"type": "x"}]}]}, "messages[0].content[0]", "unsupported_value"),
        ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0]", "invalid_type"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id", "invalid_type"),
        ({"messages": [{"role": "assistant", "tool_calls": {}}]}, "messages[0].tool_calls", "invalid_type"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0]", "invalid_type"),
    ],
)  # fmt: skip
def test_what_cannot_be_served_is_named(said: dict[str, Any], param: str, code: str) -> None:
    """The error names the parameter at fault, and nothing is guessed."""
    with pytest.raises(Unfit) as found:
        asked(**said)
    assert (found.value.param, found.value.code, found.value.status) == (param, code, 400)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/cat.png", "file:///etc/passwd", "data:image/svg+xml;base64,PHN2Zz4=", "data:image/png,abc",
        "data:image/png;base64,", "data:image/png;base64,a", "data:image/png;base64,a b=", "",
    ],
)  # fmt: skip
def test_a_picture_must_be_there_itself(url: str) -> None:
    """An address elsewhere is fetched by nobody; what is no picture is none."""
    content = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": url}}]
    with pytest.raises(Unfit) as found:
        asked(messages=[{"role": "user", "content": content}])
    assert found.value.param == "messages[0].content[1]"
    with pytest.raises(Unfit):
        asked(messages=[*HELLO, {"role": "system", "content": [{"type": "image_url", "image_url": {"url": url}}]}])


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"", "invalid_json", 400), (b"\xff", "invalid_json", 400), (b"3", "invalid_json", 400),
        (b'{"a": Infinity}', "invalid_json", 400), (b"[" * 200_000, "invalid_json", 400),
        (b'{"a": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", "invalid_json", 400),
        (b'{"a": [' + b"1," * 1_000_001 + b"1]}", "too_large", 413),
    ],
    ids=["nothing", "no text", "a number", "no number", "open", "deep", "wide"],
)  # fmt: skip
def test_a_body_that_cannot_be_read(body: bytes, code: str, status: int) -> None:
    """What is no JSON object is refused before anything is made of it."""
    with pytest.raises(Unfit) as found:
        read(body)
    assert (found.value.code, found.value.status) == (code, status)


def test_pictures_are_for_users() -> None:
    """A picture in another's message is refused."""
    content = [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PICTURE}"}}]
    with pytest.raises(Unfit) as found:
        asked(messages=[*HELLO, {"role": "assistant", "content": content}])
    assert found.value.param == "messages[1].content"
