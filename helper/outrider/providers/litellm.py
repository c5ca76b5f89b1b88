"""A LiteLLM proxy: errors of the house behind it arrive as names inside its own sentences.

https://docs.litellm.ai/docs/exception_mapping and the proxy's route check, `Invalid model name passed in model=…`
(seen 2026-11-20).
"""

from outrider.data import FailureKind, Json
from outrider.providers import Quirks, read_message

NAMES: tuple[tuple[str, FailureKind], ...] = (
    ("invalid model name", "not_found"),
    ("contextwindowexceedederror", "context"),
    ("contentpolicyviolationerror", "content_filter"),
    ("budget has been exceeded", "quota"),
    # What a proxy without a database says to every key but its master's (litellm 1.106.2, seen 2026-11-20).
    ("no connected db", "auth"),
)  # fmt: skip


def read_failure(status: int | None, payload: Json) -> FailureKind | None:
    """Knows the proxy's own names for what went wrong, on statuses that say less."""
    words = read_message(payload)
    if status == 400:
        return next((kind for name, kind in NAMES if name in words), None)
    if status == 429 and ("insufficient_quota" in words or "budget has been exceeded" in words):
        return "quota"
    return None


QUIRKS = Quirks(read_failure=read_failure)
