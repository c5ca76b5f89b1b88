"""What an endpoint does differently, where a row of data cannot say it: one file a provider.

Pure. A quirk knows the body that is about to go out and the JSON that came back; it knows nothing of HTTP,
of streams or of the codecs above it. True of a model anywhere: its model row. Sayable as drop, rename or add:
its provider row. True of everyone who speaks the dialect: `wire`. The rest is here, with a link and a date.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Literal

from outrider.data import FailureKind, Json, Request, Usage
from outrider.records import record

Body = dict[str, Json]
Row = Mapping[str, Any]
Counts = Mapping[str, int]
"""The whole, sane numbers of a usage object; an inner one is named `outer.inner`."""


@record
class Quirks:
    """What one endpoint does its own way. What is absent goes the dialect's way.

    `shape_body` gives the body that is sent; `thinking` is still the neutral `on` or `off` in it.
    `find_usage` says where in a reply its usage object is, `read_usage` corrects what was counted.
    `read_failure` names the kind of an error by its status and payload, or nothing.
    `read_text` splits message content into text and reasoning, or nothing where it is plain.
    `read_id` turns the id in a model list into the one that requests use.
    `replays` names the field in which what was thought before a tool was called is wanted back, if it is.
    `json` is how far the endpoint keeps to a JSON schema: enforced, only that it is an object, or not at all.
    """

    shape_body: Callable[[Body, Request, Row], Body] | None = None
    find_usage: Callable[[Mapping[str, Json]], Json] | None = None
    read_usage: Callable[[Counts, Usage], Usage] | None = None
    read_failure: Callable[[int | None, Json], FailureKind | None] | None = None
    read_text: Callable[[Json], tuple[str, str] | None] | None = None
    read_id: Callable[[str], str] | None = None
    replays: Literal["", "reasoning_content", "reasoning_details"] = ""
    json: Literal["schema", "object", "none"] = "schema"


NONE = Quirks()
WITH_A_FILE = frozenset(
    {"deepseek", "gemini", "groq", "litellm", "mistral", "moonshot", "openrouter", "vllm", "xai"},
)  # fmt: skip


def quirks(name: str) -> Quirks:
    """Returns what is peculiar to the provider of this name; nothing, for a name without a file."""
    if name not in WITH_A_FILE:
        return NONE
    found: Quirks = import_module(f"{__name__}.{name}").QUIRKS
    return found


def read_message(payload: Json) -> str:
    """Returns the words of an error payload in small letters, wherever they stand."""
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    for _ in range(4):
        if not isinstance(payload, dict):
            break
        payload = next((payload[name] for name in ("error", "message", "detail") if payload.get(name)), None)
    return payload.lower() if isinstance(payload, str) else ""
