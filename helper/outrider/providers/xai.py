"""xAI's Chat Completions: reasoning is not inside the completion tokens, and refusals are told in words.

Usage: https://docs.x.ai/docs/guides/reasoning; errors as seen in clients' reports of 2026-09 (checked 2026-11-20).
"""

from outrider.data import FailureKind, Json, Usage
from outrider.providers import Counts, Quirks, read_message
from outrider.records import replace


def read_usage(counts: Counts, usage: Usage) -> Usage:
    """Adds the reasoning tokens to the output: they are billed, and `completion_tokens` leaves them out."""
    reasoning = counts.get("completion_tokens_details.reasoning_tokens", 0)
    return replace(usage, output=counts.get("completion_tokens", 0) + reasoning, reasoning=reasoning)


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows spent credits behind a 403 or 429, a refused prompt behind a 403, a wrong key behind a 400."""
    words = read_message(payload)
    if status in (403, 429) and ("used all available credits" in words or "spending limit" in words):
        return "quota"
    if status == 403 and "usage guidelines" in words:
        return "content_filter"
    if status == 400 and "incorrect api key" in words:
        return "auth"
    return None


QUIRKS = Quirks(read_usage=read_usage, read_failure=read_failure)
