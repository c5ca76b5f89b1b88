"""A request's messages, made ready for any dialect: system text gathered in front, text that can be sent.

Some chat templates take one system message and only as the first, so there is never more than one.
"""

from outrider.data import Message, Request
from outrider.wire.schema import instruct
from outrider.wire.text import clean


def read_system(request: Request, *, instruction_wanted: bool) -> str:
    """Returns all system text of a request, with the schema's instruction last where it is wanted."""
    parts = [message.text for message in request.messages if message.role == "system" and message.text]
    if instruction_wanted and request.schema is not None:
        parts.append(instruct(request.schema))
    return clean("\n\n".join(parts))


def read_turns(request: Request) -> tuple[Message, ...]:
    """Returns the turns of a request that say something, without its system messages."""
    return tuple(
        Message(role=message.role, text=clean(message.text), images=message.images)
        for message in request.messages
        if message.role != "system" and (message.text or message.images)
    )
