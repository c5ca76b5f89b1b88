"""Tools in every dialect: how they are offered, how calls and results are sent, and how calls are read."""

import json
from typing import Any

import pytest

from outrider.data import Answer, Failure, Message, Request, Target, Tool, ToolCall, Usage
from outrider.records import replace
from outrider.rows import Dialect
from tests.wire.making import body_of, make_request, make_target, read, sse

SCHEMA = {"$schema": "x", "type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
PLAIN = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}
READ = Tool(name="read", description="Reads\x00 a file.", schema=SCHEMA)
NOW = Tool(name="now")
TOOLS = (READ, NOW)
OPENAI, ANTHROPIC, OLLAMA = make_target("openai"), make_target("anthropic"), make_target("ollama")
BY_DIALECT: dict[Dialect, Target] = {"openai": OPENAI, "anthropic": ANTHROPIC, "ollama": OLLAMA}
FUNCTIONS = [
    {"type": "function", "function": {"name": "read", "description": "Reads\ufffd a file.", "parameters": PLAIN}},
    {"type": "function",
     "function": {"name": "now", "description": "", "parameters": {"type": "object", "properties": {}}}},
]  # fmt: skip
USES = [
    {"name": "read", "description": "Reads\ufffd a file.", "input_schema": PLAIN},
    {"name": "now", "description": "", "input_schema": {"type": "object", "properties": {}}},
]


def offered(target: Target, **fields: Any) -> dict[str, Any]:
    """Returns what the body of a request with tools says of them."""
    body = body_of(make_request(tools=TOOLS, **fields), target)
    return {name: body[name] for name in ("tools", "tool_choice", "parallel_tool_calls") if name in body}


@pytest.mark.parametrize(
    ("target", "fields", "wanted"),
    [
        (OPENAI, {}, {"tools": FUNCTIONS}),
        (OPENAI, {"tool_choice": "none"}, {"tools": FUNCTIONS, "tool_choice": "none"}),
        (OPENAI, {"tool_choice": "required"}, {"tools": FUNCTIONS, "tool_choice": "required"}),
        (OPENAI, {"tool_choice": "now", "parallel_calls": False},
         {"tools": FUNCTIONS, "tool_choice": {"type": "function", "function": {"name": "now"}},
          "parallel_tool_calls": False}),
        (ANTHROPIC, {}, {"tools": USES}),
        (ANTHROPIC, {"tool_choice": "none", "parallel_calls": False}, {"tools": USES, "tool_choice": {"type": "none"}}),
        (ANTHROPIC, {"tool_choice": "required"}, {"tools": USES, "tool_choice": {"type": "any"}}),
        (ANTHROPIC, {"tool_choice": "now"}, {"tools": USES, "tool_choice": {"type": "tool", "name": "now"}}),
        (ANTHROPIC, {"parallel_calls": False},
         {"tools": USES, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}),
        (OLLAMA, {}, {"tools": FUNCTIONS}),
        (OLLAMA, {"tool_choice": "required"}, {"tools": FUNCTIONS}),
        (OLLAMA, {"tool_choice": "none"}, {}),
    ],
)  # fmt: skip
def test_tools_are_offered_as_each_dialect_spells_it(
    target: Target, fields: dict[str, Any], wanted: dict[str, Any]
) -> None:
    """Names, descriptions and schemas go in the dialect's fields; what is a default everywhere is not said."""
    assert offered(target, **fields) == wanted


@pytest.mark.parametrize("target", BY_DIALECT.values())
def test_no_tools_leave_no_trace(target: Target) -> None:
    """A request without tools has the body it always had."""
    assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body_of(make_request(), target))


TALK = (
    Message(role="user", text="compare"),
    Message(
        role="assistant", text="Both.", reasoning="two files",
        tool_calls=(
            ToolCall(id="call:1", name="read", arguments='{"path": "a"}', extra={"extra_content": {"sig": "s"}}),
            ToolCall(id="call:2", name="read", arguments='{"path": '),
        ),
        replay=({"type": "thinking", "thinking": ["two ", "files"], "signature": "sig"}, {"type": "text"},
                {"type": "redacted_thinking", "data": "xx"},
                {"type": "tool_use", "id": "call:1"}, {"type": "tool_use", "id": "call:2"}),
        said_by="acme/one-1",
    ),
    Message(role="tool", text="A", call_id="call:1"),
    Message(role="tool", text="", call_id="call:2", is_error=True),
    Message(role="assistant", text="Equal."),
    Message(role="user", text="sure?"),
)  # fmt: skip
CALLED = [
    {"id": "call:1", "type": "function", "function": {"name": "read", "arguments": '{"path": "a"}'},
     "extra_content": {"sig": "s"}},
    {"id": "call:2", "type": "function", "function": {"name": "read", "arguments": "{}"}},
]  # fmt: skip
USED = [
    {"type": "tool_use", "id": "call_1", "name": "read", "input": {"path": "a"}},
    {"type": "tool_use", "id": "call_2", "name": "read", "input": {}},
]


def talk(target: Target, messages: tuple[Message, ...] = TALK) -> list[Any]:
    """Returns the messages of a body."""
    messages_sent: list[Any] = body_of(Request(messages=messages, tools=TOOLS, stream=False), target)["messages"]
    return messages_sent


def test_openai_turns() -> None:
    """Calls keep their opaque fields at who said them, and broken arguments become an empty object."""
    assert talk(OPENAI) == [
        {"role": "user", "content": "compare"},
        {"role": "assistant", "content": "Both.", "tool_calls": CALLED},
        {"role": "tool", "tool_call_id": "call:1", "content": "A"},
        {"role": "tool", "tool_call_id": "call:2", "content": "(nothing)"},
        {"role": "assistant", "content": "Equal."},
        {"role": "user", "content": "sure?"},
    ]


def test_anthropic_turns() -> None:
    """Signed thinking goes back in its place, results are one turn, ids have only letters that are taken there."""
    assert talk(ANTHROPIC) == [
        {"role": "user", "content": "compare"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "two files", "signature": "sig"}, {"type": "text", "text": "Both."},
            {"type": "redacted_thinking", "data": "xx"}, *USED]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "call_1", "content": "A"},
            {"type": "tool_result", "tool_use_id": "call_2", "content": "(nothing)", "is_error": True}]},
        {"role": "assistant", "content": "Equal."},
        {"role": "user", "content": "sure?"},
    ]  # fmt: skip


def test_ollama_turns() -> None:
    """Arguments are objects, a result names its tool, and thinking goes back to who thought it."""
    assert talk(OLLAMA) == [
        {"role": "user", "content": "compare"},
        {"role": "assistant", "content": "Both.", "thinking": "two files", "tool_calls": [
            {"id": "call:1", "function": {"name": "read", "arguments": {"path": "a"}}},
            {"id": "call:2", "function": {"name": "read", "arguments": {}}}]},
        {"role": "tool", "content": "A", "tool_name": "read", "tool_call_id": "call:1"},
        {"role": "tool", "content": "(nothing)", "tool_name": "read", "tool_call_id": "call:2"},
        {"role": "assistant", "content": "Equal."},
        {"role": "user", "content": "sure?"},
    ]  # fmt: skip


def test_what_one_provider_signed_is_shown_to_no_other() -> None:
    """After a fallback nothing opaque of the first model reaches the second."""
    elsewhere = tuple(replace(turn, said_by="other/two" if turn.said_by else "") for turn in TALK)
    for target in BY_DIALECT.values():
        sent = json.dumps(talk(target, elsewhere))
        assert not [word for word in ("extra_content", "sig", "redacted", "two files") if word in sent]
        assert '"a"' in sent or '\\"a\\"' in sent


@pytest.mark.parametrize("provider", ["deepseek", "moonshot"])
def test_reasoning_goes_back_where_it_is_demanded(provider: str) -> None:
    """Every turn that called a tool carries `reasoning_content`; a blank stands for what nobody kept."""
    target = make_target("openai", provider=provider)
    forgotten = (TALK[0], replace(TALK[1], reasoning="", said_by=""), *TALK[2:])
    for messages, thought in ((TALK, "two files"), (forgotten, " ")):
        turns = [turn for turn in talk(target, messages) if turn["role"] == "assistant"]
        assert [turn.get("reasoning_content") for turn in turns] == [thought, None]


def test_reasoning_details_go_back_to_who_gave_them() -> None:
    """A gateway's own list of reasoning is put together from its pieces and returned as it was."""
    target = make_target("openai", provider="openrouter")
    details = [
        {"type": "reasoning.text", "text": "thi", "index": 0},
        {"type": "reasoning.text", "text": "nk", "index": 0},
        {"type": "reasoning.text", "index": 0, "signature": "S"},
        {"type": "reasoning.encrypted", "data": "E", "index": 1},
    ]
    call = {"index": 0, "id": "c1", "function": {"name": "now", "arguments": ""}}
    body = sse(*[delta({"reasoning_details": [one]}) for one in details], delta({"tool_calls": [call]}, "tool_calls"))
    answer = read(body, target, stream=True)
    assert isinstance(answer, Answer)
    whole = [{"type": "reasoning.text", "text": "think", "index": 0, "signature": "S"}, details[3]]
    assert list(answer.replay) == whole
    turn = Message(role="assistant", text="", tool_calls=answer.tool_calls, replay=answer.replay,
                   said_by=target.address)  # fmt: skip
    result = Message(role="tool", text="12:00", call_id="c1")
    assert talk(target, (TALK[0], turn, result))[1] == {
        "role": "assistant", "content": None, "reasoning_details": whole,
        "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "now", "arguments": "{}"}}],
    }  # fmt: skip


def test_ids_are_short_where_they_must_be() -> None:
    """An id of another provider becomes nine letters, the same for call and result; a fitting one stays."""
    target = make_target("openai", provider="mistral")
    turns = talk(target)
    first, second = (call["id"] for call in turns[1]["tool_calls"])
    assert [turns[2]["tool_call_id"], turns[3]["tool_call_id"]] == [first, second]
    assert all(len(one) == 9 and one.isalnum() for one in (first, second))
    assert first != second
    kept = (TALK[0], replace(TALK[1], tool_calls=(ToolCall(id="abcDEF123", name="now"),)))
    assert talk(target, kept)[1]["tool_calls"][0]["id"] == "abcDEF123"


def delta(message: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    """Returns a chunk of an openai stream."""
    return {"choices": [{"index": 0, "delta": message, "finish_reason": finish}]}


def calling(*pieces: dict[str, Any]) -> dict[str, Any]:
    """Returns a chunk with pieces of calls."""
    return delta({"tool_calls": list(pieces)})


def piece(index: int | None, call_id: str | None, name: str | None, arguments: Any) -> dict[str, Any]:
    """Returns a piece of a call, without what is not in it."""
    about = {"name": name, "arguments": arguments}
    said = {"index": index, "id": call_id, "function": {key: one for key, one in about.items() if one is not None}}
    return {key: one for key, one in said.items() if one is not None}


TWO = (ToolCall(id="c1", name="read", arguments='{"path":"a"}'), ToolCall(id="c2", name="now", arguments="{}"))


@pytest.mark.parametrize(
    "chunks",
    [
        pytest.param([calling(piece(0, "c1", "read", "")), calling(piece(0, None, None, '{"path"')),
                      calling(piece(0, None, None, ':"a"}')), calling(piece(1, "c2", "now", "{}"))], id="one by one"),
        pytest.param([calling(piece(0, "c1", "read", ""), piece(1, "c2", "now", "")),
                      calling(piece(1, None, None, "{}"), piece(0, None, None, '{"path":')),
                      calling(piece(0, None, None, '"a"}'))], id="interleaved"),
        pytest.param([calling(piece(None, "c1", "read", '{"path":"a"}')), calling(piece(None, "c2", "now", "{}"))],
                     id="not numbered"),
        pytest.param([calling(piece(0, "c1", "read", '{"path":"a"}')), calling(piece(0, "c2", "now", "{}"))],
                     id="all numbered 0"),
        pytest.param([calling(piece(0, "c1", "read", '{"path"')), calling(piece(0, "c1", "read", ':"a"}')),
                      calling(piece(1, "c2", "now", None))], id="id and name said again"),
        pytest.param([calling(piece(0, "c1", "read", {"path": "a"}), piece(1, "c2", "now", {}))], id="objects"),
    ],
)  # fmt: skip
def test_streamed_calls_are_put_together(chunks: list[dict[str, Any]]) -> None:
    """However a server cuts and numbers parallel calls, the same two come out."""
    for finish in ("tool_calls", "stop"):
        answer = read(sse(*chunks, delta({}, finish)), OPENAI, stream=True)
        assert isinstance(answer, Answer)
        found = tuple(replace(call, arguments=call.arguments.replace(": ", ":")) for call in answer.tool_calls)
        assert (found, answer.finish, answer.text) == (TWO, "tool_calls", "")


def test_a_whole_openai_reply_with_calls() -> None:
    """Text, reasoning, calls and what a provider signs with them are all kept."""
    call = {"id": "c1", "type": "function", "function": {"name": "read", "arguments": '{"path":"a"}'},
            "extra_content": {"google": {"thought_signature": "s"}}}  # fmt: skip
    message = {"role": "assistant", "content": "Look:", "reasoning_content": "hm", "tool_calls": [call]}
    found = read(json.dumps({"choices": [{"message": message, "finish_reason": "tool_calls"}]}).encode(), OPENAI)
    assert found == Answer(
        text="Look:", usage=Usage(), finish="tool_calls", reasoning="hm",
        tool_calls=(replace(TWO[0], extra={"extra_content": {"google": {"thought_signature": "s"}}}),),
    )  # fmt: skip


BLOCKS: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "hm ", "signature": ""},
    {"type": "redacted_thinking", "data": "xx"},
    {"type": "text", "text": "Look:"},
    {"type": "tool_use", "id": "c1", "name": "read", "input": {"path": "a"}},
    {"type": "tool_use", "id": "c2", "name": "now", "input": {}},
]


def anthropic_stream() -> bytes:
    """Returns the blocks as a stream: thinking, text and arguments in pieces."""
    events: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "m", "model": "one"}}]
    for index, block in enumerate(BLOCKS):
        begun = {**block, **({"input": {}} if "input" in block else {}), **({"text": ""} if "text" in block else {})}
        events.append({"type": "content_block_start", "index": index, "content_block": begun})
        pieces: list[dict[str, Any]] = []
        if block["type"] == "thinking":
            pieces = [{"type": "thinking_delta", "thinking": "yes"}, {"type": "signature_delta", "signature": "S"}]
        if block["type"] == "text":
            pieces = [{"type": "text_delta", "text": "Lo"}, {"type": "text_delta", "text": "ok:"}]
        if block.get("input"):
            pieces = [{"type": "input_json_delta", "partial_json": part} for part in ("", '{"path":', '"a"}')]
        events += [{"type": "content_block_delta", "index": index, "delta": one} for one in pieces]
        events.append({"type": "content_block_stop", "index": index})
    events += [{"type": "message_delta", "delta": {"stop_reason": "tool_use"}}, {"type": "message_stop"}]
    return sse(*events)


@pytest.mark.parametrize("streamed", [True, False])
def test_an_anthropic_reply_with_calls(*, streamed: bool) -> None:
    """Blocks keep their order for the way back; thinking is kept letter for letter with its signature."""
    thought = {"type": "thinking", "thinking": "hm yes" if streamed else "hm ", "signature": "S" if streamed else ""}
    whole = json.dumps({"id": "m", "model": "one", "content": BLOCKS, "stop_reason": "tool_use"}).encode()
    found = read(anthropic_stream() if streamed else whole, ANTHROPIC, stream=streamed)
    assert isinstance(found, Answer)
    calls = tuple(replace(call, arguments=call.arguments.replace(": ", ":")) for call in found.tool_calls)
    assert (found.text, found.reasoning, calls) == ("Look:", thought["thinking"], TWO)
    turn = Message(role="assistant", text=found.text, tool_calls=found.tool_calls, replay=found.replay,
                   said_by="acme/one-1")  # fmt: skip
    assert talk(ANTHROPIC, (TALK[0], turn))[1] == {"role": "assistant", "content": [thought, *BLOCKS[1:]]}


@pytest.mark.parametrize(
    ("calls", "ids"),
    [
        ([{"id": "a", "function": {"name": "read", "arguments": {"path": "a"}}},
          {"id": "b", "function": {"name": "now", "arguments": {}}}], ["a", "b"]),
        ([{"function": {"name": "read", "arguments": {"path": "a"}}}, {"function": {"name": "now"}}],
         ["call_1", "call_2"]),
        ([{"id": "same", "function": {"name": "read", "arguments": {"path": "a"}}},
          {"id": "same", "function": {"name": "now", "arguments": {}}}], ["same", "samex"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("streamed", [True, False])
def test_an_ollama_reply_with_calls(calls: list[Any], ids: list[str], *, streamed: bool) -> None:
    """Each call is whole, ends a reply that calls itself a plain stop, and has an id that no other has."""
    called = {"role": "assistant", "content": "", "thinking": "hm", "tool_calls": calls}
    ended = {"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}
    lines: list[dict[str, Any]] = [{"message": called}, ended]
    body = "\n".join(map(json.dumps, lines)) if streamed else json.dumps({**lines[1], **lines[0]})
    found = read(body.encode(), OLLAMA, stream=streamed)
    wanted = tuple(
        replace(call, id=one, arguments=call.arguments.replace(":", ": "))
        for call, one in zip(TWO, ids, strict=True)
    )  # fmt: skip
    assert found == Answer(text="", usage=Usage(), finish="tool_calls", reasoning="hm", tool_calls=wanted)


@pytest.mark.parametrize(
    ("dialect", "payload"),
    [
        ("openai", {"choices": [{"message": {"tool_calls": [piece(0, "c", "f", '{"')]}, "finish_reason": "length"}]}),
        ("anthropic", {"content": BLOCKS, "stop_reason": "max_tokens"}),
        ("ollama", {"message": {"tool_calls": [{"function": {"name": "f"}}]}, "done": True, "done_reason": "length"}),
    ],
)  # fmt: skip
def test_half_a_call_is_a_failure(dialect: Dialect, payload: dict[str, Any]) -> None:
    """What the output limit cut off is never taken for a call."""
    found = read(json.dumps(payload).encode(), BY_DIALECT[dialect])
    assert isinstance(found, Failure)
    assert found.kind == "truncated"


def test_a_call_of_the_old_fashion() -> None:
    """One endpoint or another still says `function_call`."""
    message = {"content": None, "function_call": {"name": "read", "arguments": "{}"}}
    found = read(json.dumps({"choices": [{"message": message, "finish_reason": "function_call"}]}).encode(), OPENAI)
    assert found == Answer(text="", usage=Usage(), finish="tool_calls",
                           tool_calls=(ToolCall(id="call_1", name="read"),))  # fmt: skip


def test_a_flood_of_calls_is_a_failure() -> None:
    """Nobody calls a thousand and one tools at once."""
    calls = [piece(number, f"c{number}", "now", "{}") for number in range(1_001)]
    found = read(sse(calling(*calls), delta({}, "tool_calls")), OPENAI, stream=True)
    assert isinstance(found, Failure)
    assert found.kind == "too_large"


STRANGE: list[Any] = [
    None, 7, "x", [7], [None], [[]], [{}], [{"function": None}], [{"function": {"name": 7, "arguments": 7}}],
    [{"index": "x", "id": [], "function": {"name": "f", "arguments": None}}], {"function": {"name": "f"}},
    [{"index": -1, "id": "\ud800", "function": {"name": "f\x1b[2J\ud800", "arguments": "\ud800"}}],
    [{"index": 2**70, "id": "i" * 999, "function": {"name": "n" * 999, "arguments": "{"}}],
]  # fmt: skip


@pytest.mark.parametrize("calls", STRANGE)
def test_strange_calls_never_break_the_reading(calls: Any) -> None:
    """Whatever stands where calls should, there is an outcome, and what it holds can be printed and sent."""
    for body, target in [
        (sse(delta({"content": "x", "tool_calls": calls}), delta({}, "stop")), OPENAI),
        (json.dumps({"message": {"content": "x", "tool_calls": calls}, "done": True}).encode(), OLLAMA),
        (json.dumps({"content": calls if isinstance(calls, list) else [calls], "stop_reason": "tool_use"}).encode(),
         ANTHROPIC),
    ]:  # fmt: skip
        found = read(body, target, stream=target is OPENAI)
        for call in found.tool_calls if isinstance(found, Answer) else ():
            assert len(call.id) <= 200
            assert len(call.name) <= 200
            assert f"{call.id}{call.name}{call.arguments}".encode()
            assert call.name.isprintable()
            talk(target, (TALK[0], Message(role="assistant", text="", tool_calls=(call,))))


def test_the_offline_model_calls_what_it_is_told() -> None:
    """Each line `call TOOL {…}` of the question is a round; then the results are the answer."""
    target = make_target("echo")
    asked: tuple[Message, ...] = (Message(role="user", text='please\ncall read {"path": "a b"}\ncall now'),)

    def play(messages: tuple[Message, ...]) -> Answer:
        sent = body_of(Request(messages=messages, tools=TOOLS), target)
        outcome = read(json.dumps(sent).encode(), target)
        assert isinstance(outcome, Answer)
        return outcome

    for number, wanted in enumerate((ToolCall(id="echo_1", name="read", arguments='{"path": "a b"}'),
                                     ToolCall(id="echo_2", name="now")), 1):  # fmt: skip
        answer = play(asked)
        assert answer.tool_calls == (wanted,)
        asked = (*asked, Message(role="assistant", text="", tool_calls=answer.tool_calls),
                 Message(role="tool", text=f"result {number}", call_id=wanted.id))  # fmt: skip
    assert play(asked).text == "result 1\nresult 2"
