"""Tools in the anthropic dialect: how they are offered, turns in which they were used, and calls in a reply.

Thinking that came before a call goes back as it was, in its place and signed, and only to who signed it:
https://platform.claude.com/docs/en/build-with-claude/extended-thinking (recalled, 2026-11-21).
"""

from collections.abc import Callable, Mapping

from outrider.data import Image, Json, Message, Request, Target, ToolCall
from outrider.wire.parameters import Params
from outrider.wire.reply import Reply
from outrider.wire.text import clean
from outrider.wire.tools import Piece, plain_id, read_object, result_text, schema_of

Plain = Callable[[str, str, tuple[Image, ...]], Json]


def offered(request: Request) -> Params:
    """Returns the fields that offer tools."""
    tools: list[Json] = [
        {"name": tool.name, "description": clean(tool.description), "input_schema": schema_of(tool)}
        for tool in request.tools
    ]
    choice: Params
    match request.tool_choice:
        case "auto" | "none":
            choice = {"type": request.tool_choice}
        case "required":
            choice = {"type": "any"}
        case name:
            choice = {"type": "tool", "name": name}
    if not request.parallel_calls and choice["type"] != "none":
        choice["disable_parallel_tool_use"] = True
    return {"tools": tools} if choice == {"type": "auto"} else {"tools": tools, "tool_choice": choice}


def turns_of(turns: tuple[Message, ...], target: Target, *, plain: Plain) -> list[Json]:
    """Returns turns with calls and results: the results of one round are one turn of the user's."""
    made: list[Json] = []
    results: list[Json] = []
    for turn in turns:
        if turn.role == "tool":
            if not results:
                made.append({"role": "user", "content": results})
            results.append(_result(turn))
            continue
        results = []
        if turn.tool_calls:
            made.append({"role": "assistant", "content": _called(turn, target)})
        else:
            made.append(plain(turn.role, turn.text, turn.images))
    return made


def _result(turn: Message) -> Json:
    result: Params = {"type": "tool_result", "tool_use_id": plain_id(turn.call_id), "content": result_text(turn)}
    return {**result, "is_error": True} if turn.is_error else result


def _called(turn: Message, target: Target) -> list[Json]:
    """Returns the blocks of a turn in the order in which they came; words and calls as the conversation has them."""
    left = {call.id: call for call in turn.tool_calls}
    text = turn.text
    blocks: list[Json] = []
    for kept in turn.replay if turn.said_by == target.address else ():
        match kept.get("type"):
            case "text":
                blocks += _text(text)
                text = ""
            case "tool_use":
                call = left.pop(str(kept.get("id")), None)
                blocks += [_use(call)] if call is not None else []
            case "thinking":
                blocks.append({**kept, "thinking": "".join(kept.get("thinking") or ())})
            case _:
                blocks.append(kept)
    return [*blocks, *_text(text), *(_use(call) for call in left.values())]


def _text(text: str) -> list[Json]:
    return [{"type": "text", "text": text}] if text.strip() else []


def _use(call: ToolCall) -> Json:
    return {"type": "tool_use", "id": plain_id(call.id), "name": call.name, "input": dict(read_object(call.arguments))}


def read_call(reply: Reply, block: Mapping[str, Json], index: Json) -> None:
    """Reads a call, or a piece of its arguments; a stream begins each with an empty object."""
    if block.get("type") == "input_json_delta":
        reply.call(Piece(key=index, arguments=block.get("partial_json")))
        return
    reply.replay.append({"type": "tool_use", "id": block.get("id")})
    reply.call(Piece(key=index, id=block.get("id"), name=block.get("name"), arguments=block.get("input") or None))
