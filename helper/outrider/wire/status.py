"""What kind of failure a refusal is: by its status first, its structured fields second, its words last.

The table is the project's failure table. It knows no provider by name: what one endpoint says its own way is
asked of its quirks before anything else. Messages keep up to 2,000 characters, so that the caller can take
secrets out before it cuts them shorter.
"""

from collections.abc import Mapping

from outrider.data import Failure, FailureKind, Json
from outrider.providers import Quirks
from outrider.wire.retry_after import read_delay, read_retry_after
from outrider.wire.text import one_line

SERVER = frozenset({408, 409, 425, 529})
QUOTA = frozenset(
    {
        "insufficient_quota",
        "credit_balance_exhausted",
        "project_spend_limit_exceeded",
        "billing_error",
        "billing_hard_limit_reached",
        "billing_not_active",
        "budget_exceeded",
        "exceeded_current_quota_error",
        "insufficient_balance",
    },
)
FILTERED = frozenset(
    {
        "content_filter",
        "content_policy_violation",
        "responsibleaipolicyviolation",
        "moderation",
        "moderation_blocked",
        "invalid_prompt",
        "safety",
        "refusal",
    },
)
CONTEXT = frozenset(
    {
        "context_length_exceeded",
        "context_window_exceeded",
        "model_context_window_exceeded",
        "exceed_context_size_error",
        "request_too_large",
        "string_above_max_length",
    },
)
MISSING = frozenset({"model_not_found", "not_found_error", "notfounderror", "not_found"})
BUSY = frozenset({"rate_limit_error", "rate_limit_exceeded", "rate_limit_reached_error", "resource_exhausted"})
LOCKED = frozenset(
    {"authentication_error", "permission_error", "invalid_api_key", "permission_denied", "unauthenticated"},
)
BROKEN = frozenset(
    {
        "api_error",
        "overloaded_error",
        "engine_overloaded_error",
        "server_error",
        "internal_server_error",
        "internal",
        "unavailable",
        "deadline_exceeded",
        "timeout_error",
        "service_unavailable",
    },
)
WRONG = frozenset({"invalid_request_error", "invalid_argument", "badrequesterror", "failed_precondition"})

CONTEXT_WORDS = (
    "context length",
    "context window",
    "context limit",
    "maximum context",
    "available context size",
    "prompt is too long",
    "maximum prompt length",
    "input token count",
    "input is too long",
    "reduce the length",
    "max_new_tokens",
)
QUOTA_WORDS = ("reached your specified api usage limits", "credit balance is too low")
FILTER_WORDS = ("content management policy", "content policy", "violating our usage policy", "requires moderation")

PHRASES = {
    400: "bad request",
    401: "the key was refused",
    402: "no credit",
    403: "not permitted",
    404: "not found",
    408: "the server timed out",
    413: "the request is too large",
    429: "too many requests",
    500: "internal server error",
    502: "bad gateway",
    503: "service unavailable",
    504: "the gateway timed out",
    529: "overloaded",
}


class Detail:
    """What an error payload tells: its names in small letters, its number, its words, its wait."""

    __slots__ = ("is_enveloped", "message", "names", "number", "wait")

    def __init__(self, payload: Json) -> None:
        """Reads an error payload of any shape; one wrapped in a list is its first entry."""
        whole = _first(payload)
        error = _first(whole.get("error")) if isinstance(whole, dict) and whole.get("error") else whole
        fields = {**(whole if isinstance(whole, dict) else {}), **(error if isinstance(error, dict) else {})}
        self.is_enveloped = isinstance(whole, dict) and whole.get("type") == "error"
        told = [fields.get(name) for name in ("code", "type", "status", "reason")]
        self.names = frozenset(word.lower() for word in told if isinstance(word, str))
        self.number = next((number for number in map(_status, told) if number is not None), None)
        self.message = _words(error)
        metadata = fields.get("metadata")
        raw = metadata.get("raw") if isinstance(metadata, dict) else None
        if raw:
            # A gateway's own sentence is empty; what the house behind it said is here.
            self.message = f"{self.message}: {_words(raw)}"
        details = fields.get("details")
        waits = (read_delay(entry.get("retryDelay")) for entry in _entries(details) if isinstance(entry, dict))
        self.wait = next((wait for wait in waits if wait is not None), None)


def read_refusal(
    status: int,
    headers: Mapping[str, str],
    payload: Json,
    *,
    quirks: Quirks,
    request_id: str,
) -> Failure:
    """Returns the failure that a status other than success is; nothing was billed."""
    if 300 <= status < 400:
        return Failure(kind="redirect", message=_redirect(headers), status=status, request_id=request_id)
    if not request_id and isinstance(payload, dict) and isinstance(payload.get("request_id"), str):
        request_id = one_line(payload["request_id"], 200)
    detail = Detail(payload)
    wait = read_retry_after(headers)
    wait = detail.wait if wait is None else wait
    is_asked_to_wait = "retry-after" in headers or "retry-after-ms" in headers
    kind = quirks.read_failure(status, payload) if quirks.read_failure is not None else None
    kind = kind or _kind(status, detail, wait=wait, is_asked_to_wait=is_asked_to_wait)
    return Failure(
        kind=kind,
        message=one_line(detail.message) or PHRASES.get(status, f"status {status}"),
        status=status,
        # No short wait fills a purse, whatever a header beside it says.
        retry_after=None if kind == "quota" else wait,
        request_id=request_id,
    )


def read_error(payload: Json, *, quirks: Quirks, otherwise: FailureKind) -> Failure:
    """Returns the failure that an error inside a successful reply is: by its own number or name, else `otherwise`."""
    detail = Detail(payload)
    kind = quirks.read_failure(detail.number, payload) if quirks.read_failure is not None else None
    if kind is None and detail.number is not None:
        kind = _kind(detail.number, detail, wait=detail.wait, is_asked_to_wait=True)
    kind = kind or _named(detail) or otherwise
    return Failure(
        kind=kind,
        message=one_line(detail.message) or "the server sent an error without a message",
        status=detail.number,
        retry_after=None if kind == "quota" else detail.wait,
    )


def _kind(status: int, detail: Detail, *, wait: float | None, is_asked_to_wait: bool) -> FailureKind:
    """Returns the row of the failure table for a status."""
    named = _named(detail)
    if status >= 500 or status in SERVER:
        return "server"
    if status == 401:
        return "auth"
    if status == 402:
        return "quota" if wait is None else "rate_limit"
    if status == 403:
        words = detail.message.lower()
        if named in ("content_filter", "quota", "not_found"):
            return named
        return "content_filter" if any(word in words for word in FILTER_WORDS) else "auth"
    if status == 404:
        return "not_found"
    if status == 413:
        return "context"
    if status == 429:
        # A spend cap is told apart from a rate limit only by the absence of a wait.
        is_capped = detail.is_enveloped and "rate_limit_error" in detail.names and not is_asked_to_wait
        return "quota" if named == "quota" or is_capped else "rate_limit"
    if status < 400:
        return "bad_response"
    return named if named is not None and named != "server" else _by_words(detail)


def _named(detail: Detail) -> FailureKind | None:
    """Returns the kind that the structured fields name, if they do; the particular before the general."""
    names = detail.names
    if names & QUOTA or any(name.startswith("organization_") and "rate" not in name for name in names):
        return "quota"
    kinds: tuple[tuple[frozenset[str], FailureKind], ...] = (
        (FILTERED, "content_filter"),
        (CONTEXT, "context"),
        (MISSING, "not_found"),
        (BUSY, "rate_limit"),
        (LOCKED, "auth"),
        (BROKEN, "server"),
    )
    for known, kind in kinds:
        if names & known:
            return kind
    return _by_words(detail) if names & WRONG else None


def _by_words(detail: Detail) -> FailureKind:
    """Returns the kind of a bad request by what it says, the last resort."""
    words = detail.message.lower()
    if any(word in words for word in QUOTA_WORDS):
        return "quota"
    if any(word in words for word in CONTEXT_WORDS):
        return "context"
    if any(word in words for word in FILTER_WORDS):
        return "content_filter"
    return "bad_request"


def _redirect(headers: Mapping[str, str]) -> str:
    """Names the host that a redirect points to, without anything else of its address."""
    _, found, rest = headers.get("location", "").partition("//")
    host = rest
    for end in "/?#\\":
        host = host.partition(end)[0]
    host = one_line(host.rpartition("@")[2], 200)
    return f"redirected to {host}, which is not followed" if found and host else "redirected, which is not followed"


def _status(value: Json) -> int | None:
    """Returns an HTTP status that stands in a field as a number or as three digits."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599 else None


def _first(value: Json) -> Json:
    return value[0] if isinstance(value, list) and value else value


def _entries(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _words(value: Json, depth: int = 0) -> str:
    """Returns the message in an error of any shape."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "; ".join(filter(None, (_words(entry, depth + 1) for entry in value[:5]))) if depth < 5 else ""
    if isinstance(value, dict) and depth < 5:
        for name in ("message", "error", "detail", "msg", "error_description", "title"):
            found = _words(value.get(name), depth + 1)
            if found:
                return found
    return ""
