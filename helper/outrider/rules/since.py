"""Reads "since when": a span back from now, or a date. All dates are UTC, as the ledger's days are."""

import re
from datetime import UTC, datetime

from outrider.errors import OutriderError

SPANS = {"m": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 604_800.0}
_SPAN = re.compile(r"([0-9]{1,9})\s*([mhdw])")


def since(text: str, *, now: float) -> float:
    """Returns the moment that a text means, in seconds since 1970."""
    span = _SPAN.fullmatch(text.strip().lower())
    if span is not None:
        return max(now - int(span[1]) * SPANS[span[2]], 0.0)
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        shown = text if len(text) <= 40 else text[:40] + "…"
        raise OutriderError(
            f"`{shown}` is no time", hint="write it as `--since 7d`, `24h`, or a date such as 2026-11-01"
        ) from None
