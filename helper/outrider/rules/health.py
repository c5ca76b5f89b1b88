"""How long a target rests after a fault, and whether it rests now.

Every call is a new process, so health is a row in the ledger; this room says what the next row is. Times are
seconds on the machine's monotonic clock, which is one for all processes until the next boot.
"""

from outrider.data import Answer, FailureKind, Outcome
from outrider.records import record

FIRST_REST = 30.0
LONGEST_REST = 600.0
QUOTA_REST = 3_600.0
RATE_LIMIT_REST = 5.0
PROBE_REST = 30.0
"""For how long a probe keeps others away from a target whose rest is over."""
FOREVER = float("inf")


@record
class Health:
    """The state of one target: how often it failed in a row, as what, and until when it rests."""

    failures: int = 0
    kind: FailureKind | None = None
    until: float = 0.0
    message: str = ""


WELL = Health()


def after(health: Health, outcome: Outcome, *, now: float) -> Health:
    """Returns the health that follows from one more outcome.

    Failures that say nothing of the target (a bad request, a too long prompt, our own budget) change nothing. A rest
    doubles when the call after it fails, not with every call that was under way when the trouble began.
    """
    if isinstance(outcome, Answer):
        # An answer to a call that left before a rate limit was told does not lift it.
        return health if health.kind == "rate_limit" and is_resting(health, now=now) else WELL
    count = max(health.failures, 1) if is_resting(health, now=now) else health.failures + 1
    match outcome.kind:
        case "server" | "timeout" | "network" | "tls" | "redirect" | "bad_response" | "incomplete" | "too_large":
            rest = min(FIRST_REST * 2.0 ** min(count - 1, 10), LONGEST_REST)
        case "rate_limit":
            asked = outcome.retry_after
            rest = RATE_LIMIT_REST if asked is None else max(asked, 0.0)
        case "quota":
            rest = QUOTA_REST
        case "auth":
            # A refused key stays refused; a new key has another digest and so another target.
            rest = FOREVER
        case "not_found":
            rest = LONGEST_REST
        case _:
            return health
    if now + rest < health.until:
        return health
    return Health(failures=count, kind=outcome.kind, until=now + rest, message=outcome.message[:200])


def is_resting(health: Health, *, now: float) -> bool:
    """Whether the target should be left alone now. After the rest one call is let through as a probe."""
    return now < health.until
