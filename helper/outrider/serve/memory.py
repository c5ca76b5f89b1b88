"""What a model wants back when its client has used the tools that it asked for, and that no client carries.

A provider may want its own ids, a signature with each call, and what was thought before it; OpenAI's shape has no place
for the latter two. So a client gets an id of ours for each call, and by that id its next request is completed. What was
forgotten (a restart, thousands of answers later) goes out as the client says it.
"""

from collections import OrderedDict

from outrider.data import Answer, Message, ToolCall
from outrider.records import record, replace

MOST_CALLS = 4_096
MOST_LETTERS = 16_777_216


@record
class Kept:
    """One call of a tool as its model wrote it, with the answer that it belongs to and who gave that."""

    call: ToolCall
    answer: Answer
    said_by: str
    letters: int


class Memory:
    """Remembers calls of tools by the ids that clients know; the oldest go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Kept] = OrderedDict()
        self._letters = 0

    def named(self, answer: Answer, *, run: str, said_by: str) -> Answer:
        """Returns an answer whose calls bear ids of ours, and remembers their own."""
        if not answer.tool_calls:
            return answer
        letters = len(answer.reasoning) + sum(len(str(part)) for part in answer.replay)
        calls = []
        for index, call in enumerate(answer.tool_calls):
            name = f"call_{run}_{index}"
            self._remember(name, Kept(call=call, answer=answer, said_by=said_by, letters=letters if index == 0 else 0))
            calls.append(replace(call, id=name))
        return replace(answer, tool_calls=tuple(calls))

    def completed(self, messages: tuple[Message, ...]) -> tuple[Message, ...]:
        """Returns a conversation with what its client could not carry."""
        if not self._kept:
            return messages
        return tuple(self._completed(message) for message in messages)

    def _completed(self, message: Message) -> Message:
        if message.role == "tool" and message.call_id in self._kept:
            return replace(message, call_id=self._kept[message.call_id].call.id)
        found = [self._kept[call.id] for call in message.tool_calls if call.id in self._kept]
        if not found:
            return message
        first = found[0]
        return replace(
            message, tool_calls=tuple(self._own(call) for call in message.tool_calls), said_by=first.said_by,
            replay=first.answer.replay, reasoning=message.reasoning or first.answer.reasoning,
        )  # fmt: skip

    def _own(self, call: ToolCall) -> ToolCall:
        kept = self._kept.get(call.id)
        return call if kept is None else replace(call, id=kept.call.id, extra=kept.call.extra)

    def _remember(self, name: str, kept: Kept) -> None:
        self._kept[name] = kept
        self._letters += kept.letters
        while len(self._kept) > MOST_CALLS or (self._letters > MOST_LETTERS and len(self._kept) > 1):
            _, oldest = self._kept.popitem(last=False)
            self._letters -= oldest.letters
