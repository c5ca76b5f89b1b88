"""What is known of one reply, as a dialect tells it: text, reasoning, usage, and how it ends.

It knows no field of any dialect and nothing of bytes. The first decisive thing wins: completeness, or a failure.
"""

from typing import TYPE_CHECKING

from outrider.data import Failure, FailureKind, Json, ToolCall, Usage
from outrider.providers import Quirks
from outrider.records import replace
from outrider.wire.text import Joined, Thinking, one_line

if TYPE_CHECKING:
    from outrider.wire.tools import Calls, Piece

FINISHES = {
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "model_context_window_exceeded": "context",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "safety": "content_filter",
    "tool_calls": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "error": "error",
    "insufficient_system_resource": "error",
}
"""How generation ended, in one word each; any other word means that it came to its end."""


UNKNOWN = Usage()
MOST_WIDE = 1 << 24
"""The longest text, in letters, that has one beyond the first 65,536 of Unicode."""


class Reply:
    """What is known of a reply so far."""

    __slots__ = (
        "_calls",
        "_is_wide",
        "_size",
        "_text",
        "_thinking",
        "_thought",
        "calls_tools",
        "failure",
        "finish",
        "has_message",
        "has_text",
        "is_complete",
        "quirks",
        "replay",
        "request_id",
        "served_by",
        "usage",
    )

    def __init__(self, quirks: Quirks, *, splits_thinking: bool) -> None:
        """Starts with nothing known."""
        self.quirks = quirks
        self.usage = UNKNOWN
        self.served_by = ""
        self.request_id = ""
        self.finish = ""
        self.is_complete = False
        self.has_message = False
        self.has_text = False
        self.calls_tools = False
        self.replay: list[Json] = []
        self.failure: Failure | None = None
        self._calls: Calls | None = None
        self._is_wide = False
        self._size = 0
        self._text = Joined()
        self._thought = Joined()
        self._thinking = Thinking() if splits_thinking else None

    def say(self, content: Json) -> str:
        """Takes content and returns the text that is sure of it."""
        if not isinstance(content, str) or not content:
            return ""
        self._weigh(content)
        text = content
        if self._thinking is not None:
            text, thought = self._thinking.split(content)
            self._thought.add(thought)
        self.has_text = self.has_text or bool(text)
        return self._text.add(text)

    def think(self, content: Json) -> None:
        """Takes reasoning, which is never part of the text."""
        if isinstance(content, str):
            self._weigh(content)
            self._thought.add(content)

    def call(self, piece: "Piece") -> None:
        """Takes a piece of a tool call."""
        if self._calls is None:
            from outrider.wire.tools import Calls

            self._calls = Calls()
        self.calls_tools = True
        if isinstance(piece.arguments, str):
            self._weigh(piece.arguments)
        if not self._calls.take(piece):
            self.fail("too_large", "the reply calls more tools than any answer would")

    def called(self) -> tuple[ToolCall, ...]:
        """Returns the tool calls, once the reply is closed."""
        return self._calls.close() if self._calls is not None else ()

    def _weigh(self, content: str) -> None:
        """Fails a reply of more letters than memory is spent on: one strange letter makes four bytes of each."""
        self._size += len(content)
        if not self._is_wide and not content.isascii():
            self._is_wide = max(content) > "\uffff"
        if self._is_wide and self._size > MOST_WIDE:
            self.fail("too_large", "the reply would take too much memory to read")

    def name(self, *, model: Json = None, request_id: Json = None) -> None:
        """Takes what the reply says of itself: the model that served, and its id where no header gave one."""
        if isinstance(model, str) and model:
            self.served_by = one_line(model, 200)
        if isinstance(request_id, str) and not self.request_id:
            self.request_id = one_line(request_id, 200)

    def end(self, reason: Json) -> None:
        """Takes the reason for which generation ended."""
        if isinstance(reason, str) and reason:
            self.finish = FINISHES.get(reason.lower(), "stop")

    def fail(self, kind: FailureKind, message: str) -> None:
        """Takes what is wrong with the reply itself."""
        if self.failure is None and not self.is_complete:
            self.failure = broken(kind, message)

    def refuse(self, payload: Json, *, otherwise: FailureKind) -> None:
        """Takes an error that the server put inside a successful reply; one that breaks text off is no answer's end."""
        if self.failure is None and not self.is_complete:
            from outrider.wire.status import read_error

            failure = read_error(payload, quirks=self.quirks, otherwise=otherwise)
            is_break = otherwise == "incomplete" and self.has_text and failure.kind == "server"
            self.failure = replace(failure, kind="incomplete") if is_break else failure

    def close(self) -> tuple[str, str]:
        """Returns the whole text and the whole reasoning."""
        if self._thinking is not None:
            text, thought = self._thinking.close()
            self._text.add(text)
            self._thought.add(thought)
        return self._text.close(), self._thought.close()


def broken(kind: FailureKind, message: str) -> Failure:
    """Returns a failure of a reply that came with success; its cost is in doubt until usage says otherwise."""
    return Failure(kind=kind, message=message, status=200, certainty="in_doubt")
