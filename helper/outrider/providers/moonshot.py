"""Moonshot's Chat Completions: a switch for thinking, cached tokens beside the details, the limit told in words.

Thinking and errors: https://platform.moonshot.ai/docs (seen in stored copies of 2026-09 to 2026-11).
Once tools are sent, assistant turns that called one must carry `reasoning_content` back; text turns need not.
"""

from outrider.data import FailureKind, Json, Request, Usage
from outrider.providers import Body, Counts, Quirks, Row, read_message
from outrider.records import replace


def shape_body(body: Body, _request: Request, _row: Row) -> Body:
    """Says thinking as `thinking.type`."""
    switch = body.get("thinking")
    if switch not in ("on", "off"):
        return body
    return {**body, "thinking": {"type": "enabled" if switch == "on" else "disabled"}}


def read_usage(counts: Counts, usage: Usage) -> Usage:
    """Takes the cached tokens that stand at the top of the usage object."""
    return replace(usage, cached=min(usage.input, max(usage.cached, counts.get("cached_tokens", 0))))


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows an empty purse behind a 403, and a prompt that is too long behind a 400."""
    words = read_message(payload)
    if status == 403 and ("insufficient balance" in words or "usage limit" in words):
        return "quota"
    if status == 400 and ("model token limit" in words or "token length too long" in words):
        return "context"
    return None


QUIRKS = Quirks(shape_body=shape_body, read_usage=read_usage, read_failure=read_failure, replays="reasoning_content")
