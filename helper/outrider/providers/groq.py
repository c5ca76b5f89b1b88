"""Groq's Chat Completions: usage of a stream beside the chunk, and a 400 for the model's own bad JSON.

https://console.groq.com/docs/api-reference and https://console.groq.com/docs/errors (recalled, 2026-11-20).
"""

from collections.abc import Mapping

from outrider.data import FailureKind, Json
from outrider.providers import Quirks


def find_usage(payload: Mapping[str, Json]) -> Json:
    """Finds usage in its own place, or in `x_groq.usage` of the last chunk."""
    beside = payload.get("x_groq")
    return payload.get("usage") or (beside.get("usage") if isinstance(beside, dict) else None)


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows `json_validate_failed`: the model wrote bad JSON, the request was good."""
    error = payload.get("error") if isinstance(payload, dict) else None
    written = isinstance(error, dict) and error.get("code") == "json_validate_failed"
    return "bad_response" if status == 400 and written else None


QUIRKS = Quirks(find_usage=find_usage, read_failure=read_failure)
