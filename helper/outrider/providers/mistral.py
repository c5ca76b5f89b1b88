"""Mistral's Chat Completions: content as a list with thinking in it, its own code for an unknown model, short call ids.

https://docs.mistral.ai/capabilities/reasoning (shape seen in client code of 2026-01 to 2026-05).
"""

from hashlib import sha256

from outrider.data import FailureKind, Json, Request
from outrider.providers import Body, Quirks, Row

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
ID_SIZE = 9


def shape_body(body: Body, _request: Request, _row: Row) -> Body:
    """Gives each tool call an id that is taken here, the same for the same one; a call may be another provider's."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not any(_is_about_calls(message) for message in messages):
        return body
    return {**body, "messages": [_with_ids(message) for message in messages]}


def _is_about_calls(message: Json) -> bool:
    return isinstance(message, dict) and ("tool_calls" in message or "tool_call_id" in message)


def _with_ids(message: Json) -> Json:
    if "tool_call_id" in message:
        return {**message, "tool_call_id": _short(message["tool_call_id"])}
    if "tool_calls" in message:
        return {**message, "tool_calls": [{**call, "id": _short(call["id"])} for call in message["tool_calls"]]}
    return message


def _short(call_id: str) -> str:
    if len(call_id) == ID_SIZE and call_id.isascii() and call_id.isalnum():
        return call_id
    digest = sha256(call_id.encode("utf-8", "replace")).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in digest[:ID_SIZE])


def read_text(content: Json) -> tuple[str, str] | None:
    """Splits a list of `text` and `thinking` parts; a thinking part holds text parts of its own."""
    if not isinstance(content, list):
        return None
    parts = [part for part in content if isinstance(part, dict)]
    inner: list[str] = []
    for thought in (part.get("thinking") for part in parts):
        inner += _texts(thought if isinstance(thought, list) else [{"text": thought}])
    return "".join(_texts(parts)), "".join(inner)


def _texts(parts: list[Json]) -> list[str]:
    """Returns the text of each part that has one."""
    found = [part.get("text") for part in parts if isinstance(part, dict)]
    return [text for text in found if isinstance(text, str)]


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows `invalid_model`, which comes as a 400."""
    error = payload if isinstance(payload, dict) else {}
    inner = error.get("error")
    kind = (inner if isinstance(inner, dict) else error).get("type")
    return "not_found" if status == 400 and kind == "invalid_model" else None


QUIRKS = Quirks(shape_body=shape_body, read_text=read_text, read_failure=read_failure)
