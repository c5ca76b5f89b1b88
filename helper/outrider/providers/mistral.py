"""Mistral's Chat Completions: content as a list in which thinking is a part, and its own code for an unknown model.

https://docs.mistral.ai/capabilities/reasoning (shape seen in client code of 2026-01 to 2026-05).
"""

from outrider.data import FailureKind, Json
from outrider.providers import Quirks


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


QUIRKS = Quirks(read_text=read_text, read_failure=read_failure)
