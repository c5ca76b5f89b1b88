"""Tools in the ollama dialect: arguments are objects, results name their tool, and a call has an id in newer servers.

https://github.com/ollama/ollama/blob/main/docs/api.md (recalled, 2026-11-21). The dialect knows no `tool_choice`.
"""

from collections.abc import Callable

from outrider.data import Json, Message, Target
from outrider.wire.parameters import Params
from outrider.wire.reply import Reply
from outrider.wire.tools import Piece, names_by_id, read_object, result_text


def turns_of(turns: tuple[Message, ...], target: Target, *, plain: Callable[[Message], Json]) -> list[Json]:
    """Returns turns with calls and results."""
    names = names_by_id(turns)
    return [_turn(turn, target, names.get(turn.call_id, ""), plain) for turn in turns]


def _turn(turn: Message, target: Target, name: str, plain: Callable[[Message], Json]) -> Json:
    if turn.role == "tool":
        return {"role": "tool", "content": result_text(turn), "tool_name": name, "tool_call_id": turn.call_id}
    if not turn.tool_calls:
        return plain(turn)
    calls: list[Json] = [
        {"id": call.id, "function": {"name": call.name, "arguments": dict(read_object(call.arguments))}}
        for call in turn.tool_calls
    ]
    message: Params = {"role": "assistant", "content": turn.text, "tool_calls": calls}
    if turn.reasoning and turn.said_by == target.address:
        message["thinking"] = turn.reasoning
    return message


def read_calls(reply: Reply, calls: Json) -> None:
    """Reads the calls of one line: each is whole, and a later line brings others."""
    for call in calls if isinstance(calls, list) else ():
        about = call.get("function") if isinstance(call, dict) else None
        if isinstance(about, dict):
            arguments = about.get("arguments")
            reply.call(Piece(id=call.get("id"), name=about.get("name"), arguments=arguments, is_whole=True))
