"""Token counts out of a reply, never believed further than they make sense.

It knows the shape of a usage object, not whose it is. A count that is missing, negative or absurd leaves the
usage unknown: what is sane of it is kept, and the caller estimates the rest.
"""

from collections.abc import Mapping

from outrider.data import Json, Usage

MOST = 100_000_000
"""More tokens than any one call can have."""

CACHED = "prompt_tokens_details.cached_tokens"
WRITTEN = "prompt_tokens_details.cache_write_tokens"
REASONING = "completion_tokens_details.reasoning_tokens"


def read_count(value: Json) -> int | None:
    """Returns a sane whole number of tokens, or nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MOST:
        return None
    return int(value) if value == int(value) else None


def read_counts(raw: Json) -> dict[str, int]:
    """Returns the sane numbers of a usage object, those of its inner objects as `outer.inner`."""
    counts: dict[str, int] = {}
    for name, value in raw.items() if isinstance(raw, dict) else ():
        for inner, number in value.items() if isinstance(value, dict) else (("", value),):
            count = read_count(number)
            if count is not None:
                counts[f"{name}.{inner}" if inner else name] = count
    return counts


def read_usage(counts: Mapping[str, int], raw: Json) -> Usage:
    """Returns the usage that an object of the openai dialect tells, of which `counts` are the sane numbers."""
    prompt, completion = counts.get("prompt_tokens"), counts.get("completion_tokens")
    cached = counts.get(CACHED, 0)
    reasoning = counts.get(REASONING, 0)
    output = completion or 0
    if reasoning > output:
        # More than the whole cannot be a part of it: the endpoint counts it apart, and bills it.
        output += reasoning
    return Usage(
        input=prompt or 0,
        output=output,
        cached=min(cached, prompt or 0),
        cache_write=min(counts.get(WRITTEN, 0), prompt or 0),
        reasoning=reasoning,
        known=prompt is not None
        and completion is not None
        and cached <= prompt
        and all(_is_sane(raw, path, counts) for path in (CACHED, WRITTEN, REASONING)),
    )


def _is_sane(raw: Json, path: str, counts: Mapping[str, int]) -> bool:
    """Tells whether a detail is a count, or is not told at all."""
    outer, _, inner = path.partition(".")
    details = raw.get(outer) if isinstance(raw, dict) else None
    return path in counts or not isinstance(details, dict) or details.get(inner) is None
