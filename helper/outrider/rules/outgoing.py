"""What may leave for a remote model: no known key, nothing that a redaction pattern hides.

The engine asks here before each call, whoever asked for it; what stays on the user's machines passes as it is.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from outrider.data import NOTHING, Answer, Failure, Message, Request, Target
from outrider.records import memo, record, replace
from outrider.rules.redaction import has_key_shape

WARNING = "the prompt holds something that looks like a key (`privacy.redact` would hide it)"


@record
class Cleared:
    """A request as it may leave, what its placeholders stand for, and what its sender should hear."""

    request: Request
    table: Mapping[str, str] = NOTHING
    warnings: tuple[str, ...] = ()


def as_it_is(request: Request, _target: Target) -> Cleared:
    """Returns a request unchanged, for who has nothing to hold back."""
    return Cleared(request=request)


def restored(answer: Answer, cleared: Cleared) -> Answer:
    """Returns an answer with the secrets back in the place of their placeholders."""
    from outrider.rules.placeholders import restore

    written = {name: json.dumps(value, ensure_ascii=False)[1:-1] for name, value in cleared.table.items()}
    return replace(
        answer, text=restore(answer.text, cleared.table), reasoning=restore(answer.reasoning, cleared.table),
        tool_calls=tuple(replace(one, arguments=restore(one.arguments, written)) for one in answer.tool_calls),
    )  # fmt: skip


def clear(
    request: Request, target: Target, *, secrets: Mapping[str, str], redact: bool | list[str] | None
) -> Cleared | Failure:
    """Returns what may be sent to a target. `secrets` maps each known value to the name of its variable."""
    if target.local:
        return Cleared(request=request)
    name = leaked(request, secrets)
    if name is not None:
        return Failure(kind="private", certainty="not_sent", message=told(name))
    if redact:
        return _redacted(request, redact)
    is_odd = any(has_key_shape(text) for message in request.messages for text in _said(message))
    return Cleared(request=request, warnings=(WARNING,) if is_odd else ())


def told(name: str) -> str:
    """Says which key is in a prompt, by its variable alone."""
    return f"the prompt holds the value of {name}; nothing was sent"


def leaked(request: Request, secrets: Mapping[str, str]) -> str | None:
    """Returns the variable whose value would leave, or None."""
    texts = [text for message in request.messages for text in _said(message)]
    kept = [
        [*message.replay, *(call.extra for call in message.tool_calls)]
        for message in request.messages
        if message.replay or message.tool_calls
    ]
    about = [[tool.name, tool.description, tool.schema] for tool in request.tools]
    for extra in (dict(request.params), kept, about):
        if extra:
            texts += _strings(extra)
    if request.schema:
        texts += _schema_strings(request.schema)
    return next((name for value, name in secrets.items() if any(value in text for text in texts)), None)


def _said(message: Message) -> tuple[str, ...]:
    """Returns every text of a turn that a model reads as words."""
    if not message.tool_calls and not message.reasoning:
        return (message.text,)
    return (message.text, message.reasoning, *(call.arguments for call in message.tool_calls))


def _saying(message: Message, texts: Iterator[str]) -> Message:
    """Returns a turn with other texts, in the order in which `_said` gives them."""
    message = replace(message, text=next(texts))
    if not message.tool_calls and not message.reasoning:
        return message
    reasoning = next(texts)
    calls = tuple(replace(call, arguments=next(texts)) for call in message.tool_calls)
    return replace(message, reasoning=reasoning, tool_calls=calls)


def _strings(value: Any) -> list[str]:
    """Returns every text in a JSON value, names included."""
    match value:
        case str():
            return [value]
        case Mapping():
            return [text for pair in value.items() for part in pair for text in _strings(part)]
        case list() | tuple():
            return [text for part in value for text in _strings(part)]
        case _:
            return []


# Thousands of documents share one schema.
_schema_strings = memo(_strings)


def _redacted(request: Request, redact: bool | list[str]) -> Cleared:  # noqa: FBT001 (a setting that is either)
    from outrider.rules.placeholders import SHIPPED, hide

    own = redact if isinstance(redact, list) else []
    hidden = hide(tuple(text for message in request.messages for text in _said(message)), (*SHIPPED, *own))
    texts = iter(hidden.texts)
    messages = tuple(_saying(message, texts) for message in request.messages)
    return Cleared(request=replace(request, messages=messages), table=hidden.table)
