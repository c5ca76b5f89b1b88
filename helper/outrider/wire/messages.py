"""A request's messages, made ready for any dialect: system text gathered in front, text that can be sent.

Some chat templates take one system message and only as the first, so there is never more than one.
"""

from outrider.data import Message, Request, ToolCall
from outrider.records import replace
from outrider.wire.schema import instruct
from outrider.wire.text import clean


def read_system(request: Request, *, instruction_wanted: bool) -> str:
    """Returns all system text of a request, with the schema's instruction last where it is wanted."""
    parts = [message.text for message in request.messages if message.role == "system" and message.text]
    if instruction_wanted and request.schema is not None:
        parts.append(instruct(request.schema))
    return clean("\n\n".join(parts))


def read_turns(request: Request) -> tuple[Message, ...]:
    """Returns the turns of a request that say or do something, without its system messages."""
    return tuple(
        replace(message, text=clean(message.text), reasoning=clean(message.reasoning), tool_calls=cleaned(message))
        for message in request.messages
        if message.role != "system" and (message.text or message.images or message.tool_calls or message.call_id)
    )


def cleaned(message: Message) -> tuple[ToolCall, ...]:
    """Returns the calls of a turn as text that can be sent."""
    return tuple(
        replace(call, name=clean(call.name), arguments=clean(call.arguments)) for call in message.tool_calls
    )  # fmt: skip
