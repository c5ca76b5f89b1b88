"""DeepSeek's Chat Completions: a switch for thinking, its own cache counter and word for an unknown model, no schemas.

Thinking: https://api-docs.deepseek.com/guides/thinking_mode (seen 2026-11-20).
Cache: https://api-docs.deepseek.com/guides/kv_cache (recalled, 2026-11-20).
Tools: what was thought goes back as `reasoning_content`, or it is a 400 (thinking_mode page, seen 2026-11-20).
JSON: https://api-docs.deepseek.com/guides/json_mode, `json_object` only; a schema is a 400 (seen 2026-11-20).
"""

from outrider.data import FailureKind, Json, Request, Usage
from outrider.providers import Body, Counts, Quirks, Row, read_message
from outrider.records import replace


def shape_body(body: Body, _request: Request, _row: Row) -> Body:
    """Says thinking as `thinking.type`; with thinking off an effort means nothing."""
    switch = body.get("thinking")
    if switch not in ("on", "off"):
        return body
    shaped = {**body, "thinking": {"type": "enabled" if switch == "on" else "disabled"}}
    if switch == "off":
        shaped.pop("reasoning_effort", None)
    return shaped


def read_usage(counts: Counts, usage: Usage) -> Usage:
    """Takes the cache hits from `prompt_cache_hit_tokens`, which older models report alone."""
    return replace(usage, cached=min(usage.input, max(usage.cached, counts.get("prompt_cache_hit_tokens", 0))))


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows `Model Not Exist`, which comes as a 400."""
    return "not_found" if status == 400 and "model not exist" in read_message(payload) else None


QUIRKS = Quirks(shape_body=shape_body, read_usage=read_usage, read_failure=read_failure, json="object",
                replays="reasoning_content")  # fmt: skip
