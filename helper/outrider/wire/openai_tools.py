"""Tools in the openai dialect: turns that called one, and calls in a message or in the pieces of one.

What was thought before a call goes back in the field that an endpoint wants it in, which is a quirk of the endpoint.
"""

from outrider.data import Json, Message, Target
from outrider.providers import quirks
from outrider.wire.parameters import Params
from outrider.wire.reply import Reply
from outrider.wire.tools import Piece, result_text, written

UNKNOWN = " "
"""What stands for reasoning that nobody kept: who demands it takes a blank, but neither nothing nor an absence."""
JOINED = ("text", "summary", "data", "signature")
"""What of a detail of reasoning comes in pieces."""


def turn_of(turn: Message, target: Target) -> Json:
    """Returns a turn of the model's, or a result, in a conversation in which tools were used."""
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": turn.call_id, "content": result_text(turn)}
    message: Params = {"role": "assistant", "content": turn.text or None}
    is_own = turn.said_by == target.address
    if turn.tool_calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": written(call.arguments)},
                **(dict(call.extra) if is_own else {}),
            }
            for call in turn.tool_calls
        ]
    match quirks(target.provider.quirks or target.provider.name).replays:
        case "reasoning_content" if turn.tool_calls or turn.reasoning:
            message["reasoning_content"] = turn.reasoning or UNKNOWN
        case "reasoning_details" if turn.replay and is_own:
            message["reasoning_details"] = list(turn.replay)
        case _:
            pass
    return message


def read_calls(reply: Reply, message: dict[str, Json]) -> None:
    """Reads the calls in a message or in a piece of one."""
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        if isinstance(call, dict):
            about = call.get("function")
            _read_call(reply, call, about if isinstance(about, dict) else {})
    legacy = message.get("function_call")
    if isinstance(legacy, dict) and not calls:
        _read_call(reply, {"index": 0}, legacy)


def _read_call(reply: Reply, call: dict[str, Json], about: dict[str, Json]) -> None:
    extra = call.get("extra_content")
    reply.call(
        Piece(
            key=call.get("index"),
            id=call.get("id"),
            name=about.get("name"),
            arguments=about.get("arguments"),
            extra={"extra_content": extra} if isinstance(extra, dict) else {},
        )
    )


def read_details(reply: Reply, details: Json) -> None:
    """Reads details of reasoning, whole or in pieces: those of one index and type are one."""
    for detail in details if isinstance(details, list) else ():
        if not isinstance(detail, dict):
            continue
        last = reply.replay[-1] if reply.replay else None
        same = ("type", "index", "id")
        if last is None or "index" not in detail or any(_differs(last, detail, name) for name in same):
            reply.replay.append(dict(detail))
            continue
        for name, value in detail.items():
            is_joined = name in JOINED and isinstance(value, str) and isinstance(last.get(name), str)
            if is_joined:
                last[name] += value
            elif value is not None:
                last[name] = value


def _differs(one: dict[str, Json], other: dict[str, Json], name: str) -> bool:
    return one.get(name) is not None and other.get(name) is not None and one[name] != other[name]
