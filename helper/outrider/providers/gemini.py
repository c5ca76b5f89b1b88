"""Gemini at its OpenAI-compatible address: ids with a prefix, thoughts beside the completion, Google's details.

https://ai.google.dev/gemini-api/docs/openai and https://ai.google.dev/gemini-api/docs/rate-limits (seen 2026-11-20;
that the compatible usage leaves thoughts out of `completion_tokens` is recalled).
"""

from collections.abc import Iterator

from outrider.data import FailureKind, Json, Usage
from outrider.providers import Counts, Quirks, read_message
from outrider.records import replace


def read_usage(counts: Counts, usage: Usage) -> Usage:
    """Counts as output what the total holds beyond prompt and completion: thoughts are billed as output."""
    thoughts = counts.get("total_tokens", 0) - usage.input - usage.output
    if thoughts <= 0:
        return usage
    return replace(usage, output=usage.output + thoughts, reasoning=max(usage.reasoning, thoughts))


def _details(payload: Json) -> Iterator[dict[str, Json]]:
    """Yields the detail objects of an error; the compatible address may wrap the error in a list."""
    if isinstance(payload, list):
        payload = payload[0] if payload else None
    error = payload.get("error") if isinstance(payload, dict) else None
    details = error.get("details") if isinstance(error, dict) else None
    yield from (detail for detail in (details if isinstance(details, list) else []) if isinstance(detail, dict))


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows a wrong key behind a 400, and a daily limit, which no short wait cures, behind a 429."""
    if status == 400:
        wrong_key = any(detail.get("reason") == "API_KEY_INVALID" for detail in _details(payload))
        return "auth" if wrong_key or "api key not valid" in read_message(payload) else None
    if status == 429:
        for detail in _details(payload):
            violations = detail.get("violations")
            for violation in violations if isinstance(violations, list) else []:
                if isinstance(violation, dict) and "PerDay" in str(violation.get("quotaId")):
                    return "quota"
    return None


def read_id(listed: str) -> str:
    """Takes `models/` off the front."""
    return listed.removeprefix("models/")


QUIRKS = Quirks(read_usage=read_usage, read_failure=read_failure, read_id=read_id)
