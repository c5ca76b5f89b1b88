"""The official SDK as client: plain, streamed, tools, pictures, schemas, errors, many at once."""

import asyncio
import base64
import json
from dataclasses import replace
from typing import Any

import openai
import pytest

from tests.serve.endpoint import Running
from tests.servers import ScriptedServer, say, status
from tests.servers.replies import Reply, way

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
PNG = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 20).decode()
WEATHER: list[Any] = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
    }
]


def calling(*calls: tuple[str, str, str]) -> Reply:
    """Answers with calls of tools."""
    made = [
        {"id": name, "type": "function", "function": {"name": tool, "arguments": text}} for name, tool, text in calls
    ]
    message = {"role": "assistant", "content": None, "tool_calls": made}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    body = {
        "model": "one",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
        "usage": usage,
    }
    return status(200, body)


def test_a_plain_answer_says_who_served_it(endpoint: Running, server: ScriptedServer) -> None:
    """The answer has OpenAI's shape, `model` is who served, and the receipt stands beside it."""
    server.always(say("good day"))
    found = endpoint.sdk().chat.completions.create(model="both", messages=HELLO, temperature=0.2, max_tokens=50)
    choice = found.choices[0]
    assert (choice.message.content, choice.finish_reason, found.model) == ("good day", "stop", "here.one")
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens, found.usage.total_tokens) == (11, 7, 18)
    assert found.usage.prompt_tokens_details is not None
    assert found.usage.prompt_tokens_details.cached_tokens == 3
    told = found.to_dict()["outrider"]
    assert isinstance(told, dict)
    assert found.id == f"chatcmpl-{told['run']}"
    assert (told["served_by"], told["cost_known"], told["attempts"]) == ("here/one", True, 1)
    assert told["cost_usd"] == pytest.approx((11 * 1 + 7 * 2) / 1_000_000)
    asked = server.asked[0].json
    assert (asked["model"], asked["temperature"], asked["max_tokens"]) == ("one", 0.2, 50)
    assert "stream" not in asked or asked["stream"] is False


def test_a_stream_comes_in_pieces(endpoint: Running, server: ScriptedServer) -> None:
    """Text comes as it arrives, then how it ended, then the usage that was asked for."""
    server.always(replace(way("drip", say("one two three")), pause=0.001))
    chunks = list(
        endpoint.sdk().chat.completions.create(
            model="here.one", messages=HELLO, stream=True, stream_options={"include_usage": True}
        )
    )
    pieces = [chunk.choices[0].delta.content for chunk in chunks if chunk.choices and chunk.choices[0].delta.content]
    assert len(pieces) > 1
    assert "".join(pieces) == "one two three"
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.total_tokens, chunks[-1].choices) == (18, [])
    assert {chunk.model for chunk in chunks} == {"here.one"}
    assert len({chunk.id for chunk in chunks}) == 1


def test_a_model_may_be_named_in_every_way(endpoint: Running) -> None:
    """A row, an alias, a task, a preset, a provider's own id; without a name the default task decides."""
    client = endpoint.sdk().chat.completions
    names = ("here.one", "first", "both", "mine", "default", "here/one", "")
    served = {name: client.create(model=name, messages=HELLO).model for name in names}
    assert served == {**dict.fromkeys(names, "here.one"), "mine": "here.two"}


@pytest.mark.parametrize("is_streamed", [False, True])
def test_a_failed_model_is_followed_by_the_next(
    endpoint: Running, server: ScriptedServer, *, is_streamed: bool
) -> None:
    """A task falls over as `ask` does, and `model` says who answered."""
    server.always(status(401), model="one")
    client = endpoint.sdk().chat.completions
    if is_streamed:
        chunks = list(client.create(model="both", messages=HELLO, stream=True))
        assert {chunk.model for chunk in chunks} == {"here.two"}
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "hello from two"
    else:
        assert client.create(model="both", messages=HELLO).model == "here.two"


def test_the_models_that_can_be_named_are_listed(endpoint: Running) -> None:
    """Models with a way, aliases, tasks and presets; one of them can be looked up."""
    rows = {row.id: row.owned_by for row in endpoint.sdk().models.list()}
    wanted = {
        "default": "outrider:task", "auto": "outrider:task", "here.one": "here", "here.two": "here",
        "first": "outrider:alias", "mine": "outrider:preset", "both": "outrider:task",
    }  # fmt: skip
    assert {name: rows.get(name) for name in wanted} == wanted
    assert endpoint.sdk().models.retrieve("here.one").owned_by == "here"
    with pytest.raises(openai.NotFoundError):
        endpoint.sdk().models.retrieve("nobody")


def test_a_picture_goes_to_a_model_that_sees(endpoint: Running, server: ScriptedServer) -> None:
    """A data address arrives as a picture."""
    content: list[Any] = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": PNG}}]
    found = endpoint.sdk().chat.completions.create(model="both", messages=[{"role": "user", "content": content}])
    assert found.model == "here.one"
    assert server.asked[0].json["messages"][0]["content"][1]["image_url"]["url"] == PNG


def test_an_answer_fits_the_schema_that_was_asked_for(endpoint: Running, server: ScriptedServer) -> None:
    """An answer that does not fit is none: the next model is asked, and a stream shows nothing of the first."""
    server.always(say('{"n": "no number"}'), model="one")
    server.always(say('{"n": 3}'), model="two")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    wanted: Any = {"type": "json_schema", "json_schema": {"name": "count", "schema": schema}}
    client = endpoint.sdk().chat.completions
    plain = client.create(model="both", messages=HELLO, response_format=wanted)
    assert json.loads(plain.choices[0].message.content or "") == {"n": 3}
    chunks = list(client.create(model="both", messages=HELLO, response_format=wanted, stream=True))
    assert json.loads("".join(chunk.choices[0].delta.content or "" for chunk in chunks)) == {"n": 3}


@pytest.mark.parametrize("is_streamed", [False, True])
def test_tools_pass_through_and_back(endpoint: Running, server: ScriptedServer, *, is_streamed: bool) -> None:
    """The model's calls reach the client, and the client's results the model, under the model's own ids."""
    server.script(
        calling(("functions.weather:0", "weather", '{"city": "Oslo"}'), ("x1", "weather", '{"city": "Rome"}'))
    )
    server.script(say("cold, then warm"))
    client = endpoint.sdk().chat.completions
    if is_streamed:
        chunks = list(client.create(model="here.one", messages=HELLO, tools=WEATHER, stream=True))
        deltas = [call for chunk in chunks for call in chunk.choices[0].delta.tool_calls or ()]
        calls = [(call.id, call.function.name, call.function.arguments) for call in deltas if call.function]
        ended = chunks[-1].choices[0].finish_reason
    else:
        choice = client.create(model="here.one", messages=HELLO, tools=WEATHER).choices[0]
        made: Any = choice.message.tool_calls
        calls = [(call.id, call.function.name, call.function.arguments) for call in made]
        ended = choice.finish_reason
    assert ended == "tool_calls"
    assert [call[1:] for call in calls] == [("weather", '{"city": "Oslo"}'), ("weather", '{"city": "Rome"}')]
    assert server.asked[0].json["tools"][0]["function"]["name"] == "weather"
    turn = {
        "role": "assistant", "content": None,
        "tool_calls": [{"id": call[0], "type": "function", "function": {"name": call[1], "arguments": call[2]}}
                       for call in calls],
    }  # fmt: skip
    results = [{"role": "tool", "tool_call_id": call[0], "content": f"{index}°"} for index, call in enumerate(calls)]
    conversation: list[Any] = [*HELLO, turn, *results]
    found = client.create(model="here.one", messages=conversation, tools=WEATHER)
    assert found.choices[0].message.content == "cold, then warm"
    said = server.asked[1].json["messages"]
    assert [call["id"] for call in said[1]["tool_calls"]] == ["functions.weather:0", "x1"]
    assert [(turn["tool_call_id"], turn["content"]) for turn in said[2:]] == [
        ("functions.weather:0", "0°"),
        ("x1", "1°"),
    ]


def test_fifty_at_once_are_all_answered(endpoint: Running, server: ScriptedServer) -> None:
    """Fifty questions of one client run side by side, each its own."""

    async def ask() -> list[str | None]:
        async with endpoint.asynchronous() as client:
            found = await asyncio.gather(
                *(client.chat.completions.create(model="here.one", messages=HELLO) for _ in range(50))
            )
        return [one.choices[0].message.content for one in found]

    assert asyncio.run(ask()) == ["hello from one"] * 50
    assert len(server.asked) == 50


def test_a_failure_is_the_sdks_own_error(endpoint: Running, server: ScriptedServer) -> None:
    """Each kind has its status and code; the SDK does not repeat what was repeated here already."""
    replies = {
        "a": (status(401), openai.InternalServerError, "auth"),
        "b": (status(429, headers={"retry-after": "3600"}), openai.RateLimitError, "rate_limit_exceeded"),
        "c": (status(400, {"error": {"message": "bad"}}), openai.BadRequestError, "bad_request"),
        "d": (status(404, {"error": {"message": "no such model"}}), openai.NotFoundError, "model_not_found"),
        "e": (say("no", finish="content_filter"), openai.BadRequestError, "content_filter"),
        "f": (status(402), openai.RateLimitError, "insufficient_quota"),
    }
    client = endpoint.sdk(max_retries=2).chat.completions
    for name, (reply, raised, code) in replies.items():
        server.always(reply, model=name)
        with pytest.raises(raised) as found:
            client.create(model=f"here/{name}", messages=HELLO)
        assert (found.value.code, f" here/{name}: " in found.value.message) == (code, True)
        assert found.value.response.headers["x-should-retry"] == "false"
        assert len([seen for seen in server.asked if seen.json["model"] == name]) == 1


def test_a_model_that_nobody_knows_is_named(endpoint: Running) -> None:
    """The error says which name is the nearest."""
    with pytest.raises(openai.NotFoundError) as found:
        endpoint.sdk().chat.completions.create(model="here.oen", messages=HELLO)
    assert (found.value.code, found.value.param) == ("model_not_found", "model")
    assert "`here.one`" in found.value.message


def test_text_that_was_shown_is_never_continued_by_another(endpoint: Running, server: ScriptedServer) -> None:
    """A stream that breaks off ends in an error, and nobody else is asked."""
    server.always(way("reset_in_body", say("one two three four five six seven")), model="one")
    pieces: list[str] = []
    stream = endpoint.sdk().chat.completions.create(model="both", messages=HELLO, stream=True)
    with pytest.raises(openai.APIError) as found:
        pieces.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(pieces) == "one two three four five six seven"[: len("".join(pieces))] != ""
    assert found.value.code in {"incomplete", "network"}
    assert {seen.json["model"] for seen in server.asked} == {"one"}
