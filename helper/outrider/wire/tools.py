"""Tools on their way through the codecs: as they are offered, and calls of them as they arrive in pieces.

It knows what the dialects have in common; how each spells it is its own affair.
"""

import json
import re
from collections.abc import Mapping

from outrider.data import NOTHING, Json, Message, Request, Tool, ToolCall
from outrider.records import record
from outrider.rules.tools.arguments import read_arguments
from outrider.wire.schema import strip_meta
from outrider.wire.text import clean, one_line

MOST_CALLS = 1_000
"""More tools than any model calls at once."""
EMPTY = "(nothing)"
"""What stands for a result without text: some endpoints refuse a turn that says nothing."""
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")


def schema_of(tool: Tool) -> dict[str, Json]:
    """Returns the schema of a tool's arguments, as an object that says so."""
    return {"type": "object", "properties": {}, **strip_meta(tool.schema)}


def functions(request: Request) -> list[Json]:
    """Returns the tools of a request as functions, which two dialects call them."""
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": clean(tool.description), "parameters": schema_of(tool)},
        }
        for tool in request.tools
    ]


def read_object(arguments: str) -> Mapping[str, Json]:
    """Returns arguments as an object; broken ones are none, since an endpoint that reads its history fails on them."""
    return read_arguments(arguments) or {}


def written(arguments: str) -> str:
    """Returns arguments as JSON text that can be read, an empty object for broken ones."""
    return clean(arguments) if read_arguments(arguments) else "{}"


def plain_id(call_id: str) -> str:
    """Returns an id of only such letters as every endpoint takes."""
    return _STRANGE.sub("_", call_id)[:64] or "call"


def result_text(turn: Message) -> str:
    """Returns what a tool gave, never nothing."""
    return turn.text if turn.text.strip() else EMPTY


def names_by_id(turns: tuple[Message, ...]) -> Mapping[str, str]:
    """Returns which tool each call named."""
    return {call.id: call.name for turn in turns for call in turn.tool_calls}


@record
class Piece:
    """What one event or part says of a call. `key` tells calls apart where the dialect numbers them.

    One that `is_whole` begins a call and ends it.
    """

    key: Json = None
    id: Json = None
    name: Json = None
    arguments: Json = None
    extra: Mapping[str, Json] = NOTHING
    is_whole: bool = False


class Calls:
    """The calls of one reply, put together from pieces, in the order in which they began."""

    __slots__ = ("_arguments", "_at", "_extra", "_ids", "_last", "_names")

    def __init__(self) -> None:
        """Starts with none."""
        self._ids: list[str] = []
        self._names: list[str] = []
        self._arguments: list[list[str]] = []
        self._extra: list[Mapping[str, Json]] = []
        self._at: dict[Json, int] = {}
        self._last = -1

    def take(self, piece: Piece) -> bool:
        """Takes a piece; returns whether there were not too many."""
        at = self._find(piece)
        if at is None:
            if len(self._ids) >= MOST_CALLS:
                return False
            at = len(self._ids)
            self._ids.append("")
            self._names.append("")
            self._arguments.append([])
            self._extra.append(NOTHING)
        self._last = at
        if isinstance(piece.key, int):
            self._at[piece.key] = at
        if isinstance(piece.id, str) and piece.id and not self._ids[at]:
            self._ids[at] = one_line(piece.id, 200)
        if isinstance(piece.name, str) and piece.name and not self._names[at]:
            self._names[at] = one_line(piece.name, 200)
        if isinstance(piece.arguments, str):
            self._arguments[at].append(piece.arguments)
        elif piece.arguments is not None:
            self._arguments[at] = [json.dumps(piece.arguments, ensure_ascii=False)]
        if piece.extra:
            self._extra[at] = piece.extra
        return True

    def _find(self, piece: Piece) -> int | None:
        """Returns which call a piece belongs to. Some servers number every call 0, some number none."""
        if piece.is_whole:
            return None
        at = self._at.get(piece.key) if isinstance(piece.key, int) else None
        if at is None and not isinstance(piece.key, int) and self._last >= 0:
            at = self._last
            if not piece.id and piece.name and self._names[at]:
                return None
        is_other = at is not None and isinstance(piece.id, str) and piece.id and self._ids[at] not in ("", piece.id)
        return None if is_other else at

    def close(self) -> tuple[ToolCall, ...]:
        """Returns the calls that name a tool; one without an id of its own gets one."""
        used: set[str] = set()
        made: list[ToolCall] = []
        for at, name in enumerate(self._names):
            if not name:
                continue
            call_id = self._ids[at] or f"call_{at + 1}"
            while call_id in used:
                call_id += "x"
            used.add(call_id)
            arguments = clean("".join(self._arguments[at])).strip() or "{}"
            made.append(ToolCall(id=call_id, name=name, arguments=arguments, extra=self._extra[at]))
        return tuple(made)
