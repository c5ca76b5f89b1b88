"""What may leave for a remote model: no known key, nothing that a redaction pattern hides.

The engine asks here before each call, whoever asked for it; what stays on the user's machines passes as it is.
"""

import re
from collections.abc import Mapping
from typing import Any

from outrider.data import NOTHING, Answer, Failure, Request, Target
from outrider.records import record, replace
from outrider.rules.redaction import LOOKS_LIKE_KEY

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

    return replace(answer, text=restore(answer.text, cleared.table), reasoning=restore(answer.reasoning, cleared.table))


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
    is_odd = any(re.search(LOOKS_LIKE_KEY, message.text) for message in request.messages)
    return Cleared(request=request, warnings=(WARNING,) if is_odd else ())


def told(name: str) -> str:
    """Says which key is in a prompt, by its variable alone."""
    return f"the prompt holds the value of {name}; nothing was sent"


def leaked(request: Request, secrets: Mapping[str, str]) -> str | None:
    """Returns the variable whose value would leave, or None."""
    texts = [message.text for message in request.messages]
    for extra in (request.schema, dict(request.params)):
        if extra:
            texts += _strings(extra)
    return next((name for value, name in secrets.items() if any(value in text for text in texts)), None)


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


def _redacted(request: Request, redact: bool | list[str]) -> Cleared:  # noqa: FBT001 (a setting that is either)
    from outrider.rules.placeholders import SHIPPED, hide

    own = redact if isinstance(redact, list) else []
    hidden = hide(tuple(message.text for message in request.messages), (*SHIPPED, *own))
    messages = tuple(replace(message, text=text) for message, text in zip(request.messages, hidden.texts, strict=True))
    return Cleared(request=replace(request, messages=messages), table=hidden.table)
