"""What a server said, as it may be printed or kept: without the user's keys, wherever in it they are."""

from collections.abc import Callable
from typing import Any

from outrider.data import Failure, Outcome
from outrider.records import replace
from outrider.rules.redaction import without


def scrubbed(outcome: Outcome, *, scrub: Callable[[str], str], secrets: tuple[str, ...]) -> Outcome:
    """Takes the user's keys out of everything that a server said, wherever it may be printed or kept."""
    clean: dict[str, Any] = {"request_id": scrub(outcome.request_id) if outcome.request_id else ""}
    if isinstance(outcome, Failure):
        clean |= {"message": scrub(outcome.message), "partial": without(outcome.partial, secrets)}
    else:
        clean |= {
            "text": without(outcome.text, secrets), "reasoning": without(outcome.reasoning, secrets),
            "served_by": scrub(outcome.served_by),
        }  # fmt: skip
        if outcome.tool_calls:
            clean["tool_calls"] = tuple(
                replace(one, arguments=without(one.arguments, secrets)) for one in outcome.tool_calls
            )
    is_changed = any(value != getattr(outcome, name) for name, value in clean.items())
    return replace(outcome, **clean) if is_changed else outcome
