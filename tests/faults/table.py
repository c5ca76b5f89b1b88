"""The rows of the failure table, each as what a provider does and what must come of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from tests.servers import Reply, status, way
from tests.servers.dialects import Dialect, pieces

DIALECTS: tuple[Dialect, ...] = ("openai", "anthropic", "ollama")
Mode = Literal["plain", "streamed"]
BOTH: tuple[Mode, ...] = ("plain", "streamed")
JSON_TYPE = {"Content-Type": "application/json"}
Bill = Literal["nothing", "usage", "reservation", "text or reservation"]
Make = Callable[[Dialect], Reply]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What one provider does, and what must come of it.

    `repeats` is how often the same target is asked again when there is another, `alone` when there is none, with
    `waits` before each; `bill` is what is booked. `is_slow` faults get a model that must be quick.
    """

    name: str
    make: Make
    kind: str
    repeats: int = 0
    alone: int = 0
    waits: tuple[float, ...] = ()
    bill: Bill = "nothing"
    dialects: tuple[Dialect, ...] = DIALECTS
    modes: tuple[Mode, ...] = BOTH
    is_slow: bool = False
    stops: bool = False

    @property
    def certainty(self) -> str:
        """How sure the bill is, for a bill that does not depend on what had arrived."""
        return "in_doubt" if self.bill == "reservation" else "exact"


def plain(reply: Reply) -> Make:
    """Does the same in every dialect."""
    return lambda _dialect: reply


def refusal(code: int, /, *, headers: Mapping[str, str] | None = None, **error: Any) -> Make:
    """Refuses with this status and this error, in the envelope of the dialect."""

    def make(dialect: Dialect) -> Reply:
        inner = {"message": f"scripted {code}", **error}
        body: dict[str, Any] = {"error": inner}
        if dialect == "anthropic":
            body = {"type": "error", "error": {"type": "scripted_error", **inner}}
        return status(code, body, headers=headers)

    return make


def ok(body: Any, **headers: str) -> Make:
    """Says 200 with this body, whatever the dialect."""
    reply = status(200, body, headers={**JSON_TYPE, **headers})
    return plain(reply)


def ended(word: Mapping[Dialect, str], text: str | None) -> Make:
    """Ends generation for this reason."""
    return lambda dialect: Reply(text=text, finish=word[dialect])


def utf8(text: str) -> str:
    """Returns text as its bytes look to a header."""
    return text.encode().decode("latin-1")


LENGTH: dict[Dialect, str] = {"openai": "length", "anthropic": "max_tokens", "ollama": "length"}
FILTER: dict[Dialect, str] = {"openai": "content_filter", "anthropic": "refusal", "ollama": "content_filter"}
BACKOFF = (0.25, 0.5)
"""Half of the jitter of 0.5 and 1 second."""
THROTTLE = (0.5, 1.0)
NOW = "Sat, 21 Nov 2026 10:00:00 GMT"
NO_WAIT = {
    "absent": {},
    "empty": {"Retry-After": ""},
    "past": {"Retry-After": "Sat, 21 Nov 2026 09:00:00 GMT", "Date": NOW},
    "a date without a clock": {"Retry-After": "Sat, 21 Nov 2026 10:00:03 GMT"},
    "nan": {"Retry-After": "nan"},
    "inf": {"Retry-After": "inf"},
    "negative": {"Retry-After": "-1"},
    "10^40": {"Retry-After": "1" + "0" * 40},
    "words": {"Retry-After": "soon"},
    "other digits": {"Retry-After": utf8("٣")},
}
WAITS: dict[str, tuple[Mapping[str, str], float]] = {
    "seconds": ({"Retry-After": "2"}, 2.0),
    "nought": ({"Retry-After": "0"}, 0.0),
    "a fraction": ({"Retry-After": "0.5"}, 0.5),
    "milliseconds": ({"retry-after-ms": "1500"}, 1.5),
    "both": ({"retry-after-ms": "1500", "Retry-After": "9"}, 1.5),
    "a date": ({"Retry-After": "Sat, 21 Nov 2026 10:00:03 GMT", "Date": NOW}, 3.0),
    "an old date": ({"Retry-After": "Sat Nov 21 10:00:03 2026", "Date": NOW}, 3.0),
    "the cap": ({"Retry-After": "20"}, 20.0),
}


def _statuses() -> tuple[Fault, ...]:
    again = [
        Fault(name=str(code), make=refusal(code), kind="server", repeats=1, alone=2, waits=BACKOFF)
        for code in (408, 409, 425, 500, 502, 503, 504, 529)
    ]
    page = status(502, b"<html><title>502 Bad Gateway</title></html>")
    asked = {"Retry-After": "4"}
    waited = Fault(
        name="503 wait", make=refusal(503, headers=asked), kind="server", repeats=1, alone=2, waits=(4.0, 4.0)
    )
    return (
        *again,
        waited,
        Fault(name="502 page", make=plain(page), kind="server", repeats=1, alone=2, waits=BACKOFF),
        *(Fault(name=str(code), make=refusal(code), kind="server") for code in (501, 505, 599)),
        Fault(name="401", make=refusal(401), kind="auth"),
        Fault(name="403", make=refusal(403), kind="auth"),
        Fault(name="404", make=refusal(404), kind="not_found"),
        Fault(name="413", make=refusal(413), kind="context"),
        *(Fault(name=str(code), make=refusal(code), kind="bad_request", stops=True) for code in (400, 405, 418, 422)),
        *(Fault(name=str(code), make=refusal(code), kind="redirect") for code in (300, 304)),
    )


def _throttles() -> tuple[Fault, ...]:
    waits = [
        Fault(name=f"429 {name}", make=refusal(429, headers=headers), kind="rate_limit", alone=2,
              waits=tuple(wait for wait in (wait, wait) if wait))
        for name, (headers, wait) in WAITS.items()
    ]  # fmt: skip
    own = [
        Fault(name=f"429 {name}", make=refusal(429, headers=headers), kind="rate_limit", alone=2, waits=THROTTLE,
              modes=("plain",))
        for name, headers in NO_WAIT.items()
    ]  # fmt: skip
    long = {"Retry-After": "21"}
    return (
        *waits,
        *own,
        Fault(name="429 beyond the cap", make=refusal(429, headers=long), kind="rate_limit"),
        Fault(name="402 wait", make=refusal(402, headers={"Retry-After": "2"}), kind="rate_limit", alone=2,
              waits=(2.0, 2.0)),
    )  # fmt: skip


def _quotas() -> tuple[Fault, ...]:
    here: dict[str, Any] = {"kind": "quota", "dialects": ("openai",)}
    there: dict[str, Any] = {"kind": "quota", "dialects": ("anthropic",)}
    codes = ("credit_balance_exhausted", "project_spend_limit_exceeded", "organization_spend_limit_exceeded")
    wait = {"Retry-After": "2"}
    limit = "You have reached your specified API usage limits. You will regain access on 2026-12-01."
    return (
        Fault(name="402", make=refusal(402), kind="quota"),
        Fault(name="429 insufficient", make=refusal(429, type="insufficient_quota"), **here),
        Fault(name="429 insufficient wait", make=refusal(429, headers=wait, type="insufficient_quota"), **here),
        *(Fault(name=f"429 {code}", make=refusal(429, code=code), **here) for code in codes),
        Fault(name="429 spend cap", make=refusal(429, type="rate_limit_error"), **there),
        Fault(name="429 no cap", make=refusal(429, headers=wait, type="rate_limit_error"), kind="rate_limit", alone=2,
              waits=(2.0, 2.0), dialects=("anthropic",)),
        Fault(name="400 usage limits", make=refusal(400, type="invalid_request_error", message=limit), **there),
        Fault(name="400 balance", make=refusal(400, type="invalid_request_error",
              message="Your credit balance is too low to access the API."), **there),
        Fault(name="400 billing", make=refusal(400, code="billing_hard_limit_reached"), **here),
    )  # fmt: skip


def _filters() -> tuple[Fault, ...]:
    moderated = refusal(403, code=403, message="your input requires moderation", metadata={"reasons": ["x"]})
    policy = refusal(400, code="content_policy_violation")
    return (
        Fault(name="403 moderation", make=moderated, kind="content_filter", stops=True, dialects=("openai",)),
        Fault(name="400 filter", make=refusal(400, code="content_filter"), kind="content_filter", stops=True,
              dialects=("openai",)),
        Fault(name="400 policy", make=policy, kind="content_filter", stops=True, dialects=("openai",)),
        Fault(name="filter", make=ended(FILTER, None), kind="content_filter", stops=True, bill="usage"),
        Fault(name="filter, no text", make=ended(FILTER, ""), kind="content_filter", stops=True, bill="usage"),
    )  # fmt: skip


def _contexts() -> tuple[Fault, ...]:
    words = "This model's maximum context length is 8192 tokens."
    return (
        Fault(name="400 context", make=refusal(400, code="context_length_exceeded"), kind="context",
              dialects=("openai",)),
        Fault(name="400 context words", make=refusal(400, type="invalid_request_error", message=words),
              kind="context"),
        Fault(name="400 prompt too long", make=refusal(400, type="invalid_request_error",
              message="prompt is too long: 210000 tokens > 200000 maximum"), kind="context",
              dialects=("anthropic",)),
    )  # fmt: skip


def _inner() -> tuple[Fault, ...]:
    """Errors that come with a status of success: each is what its inner code says."""
    kinds = {502: ("server", 1, 2, BACKOFF), 429: ("rate_limit", 0, 2, THROTTLE), 402: ("quota", 0, 0, ()),
             401: ("auth", 0, 0, ()), 404: ("not_found", 0, 0, ())}  # fmt: skip
    coded = [
        Fault(name=f"200 with {code}", make=refusal_in_success(code), kind=kind, repeats=repeats, alone=alone,
              waits=waits, dialects=("openai",))
        for code, (kind, repeats, alone, waits) in kinds.items()
    ]  # fmt: skip
    overloaded = ok({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    return (
        *coded,
        Fault(name="200 overloaded", kind="server", repeats=1, alone=2, waits=BACKOFF, dialects=("anthropic",),
              make=overloaded),
    )  # fmt: skip


def refusal_in_success(code: int) -> Make:
    """Says 200 and puts the error into the body."""
    return ok({"error": {"code": code, "message": "Upstream error"}})


def _broken() -> tuple[Fault, ...]:
    """Bodies that are no answer: what they cost is in doubt."""
    deep = b'{"choices":' + b"[" * 100_000
    digits = b'{"choices":' + b"1" * 100_000 + b"}"
    bodies: dict[str, Make] = {
        "page": plain(Reply(shape="html")),
        "page as JSON": ok(b"<!DOCTYPE html><p>hello"),
        "list": ok([1, 2]),
        "text": ok(b'"hello"'),
        "null": ok(b"null"),
        "wrong shape": ok({"data": [{"text": "hello"}]}),
        "wrong types": ok({"choices": {"message": 1}, "content": 7, "message": "x"}),
        "no body": ok(b""),
        "blanks": ok(b" \n \n"),
        "bad JSON": plain(Reply(shape="not_json")),
        "deep": ok(deep),
        "digits": ok(digits),
        "prose": ok(b"event horizon"),
    }
    broken = {"kind": "bad_response", "repeats": 1, "alone": 1, "waits": (0.25,), "bill": "reservation"}
    no_choices = Fault(
        name="no choices", make=plain(Reply(shape="empty_choices", usage=None)), modes=("plain",),
        dialects=("openai", "ollama"), **broken,  # type: ignore[arg-type]
    )  # fmt: skip
    return (*(Fault(name=name, make=make, **broken) for name, make in bodies.items()), no_choices)  # type: ignore[arg-type]


def _empty() -> tuple[Fault, ...]:
    empty: dict[str, Any] = {"kind": "empty", "repeats": 1, "alone": 1, "waits": (0.25,), "bill": "usage"}
    eaten = Fault(name="length, no text", make=ended(LENGTH, ""), kind="truncated", bill="usage")
    error: Fault = Fault(
        name="finish error", make=plain(Reply(text="", finish="error")), kind="server", repeats=1, alone=2,
        waits=BACKOFF, bill="usage", dialects=("openai",),
    )  # fmt: skip
    return (
        Fault(name="no text", make=plain(Reply(shape="no_text")), **empty),
        Fault(name="null text", make=plain(Reply(shape="null_content")), **empty),
        Fault(name="blank text", make=plain(Reply(text=" \n ")), **empty),
        eaten,
        error,
    )


def _cut() -> tuple[Fault, ...]:
    """Replies that break off: the text that came is dropped, and billed where it was text."""
    cut: dict[str, Any] = {"kind": "incomplete", "repeats": 1, "alone": 1, "waits": (0.25,)}
    half: Bill = "text or reservation"
    events = {"Content-Type": "text/event-stream"}
    long = Reply(text="word " * 40 + "end")
    return (
        Fault(name="short body", make=plain(way("truncated", long)), bill=half, **cut),
        Fault(name="reset in the body", make=plain(way("reset_in_body", long)), bill=half, **cut),
        Fault(name="no last chunk", make=plain(way("unfinished", status(200, b'{"cho'))), bill="reservation", **cut),
        Fault(name="cut before the first event", bill="reservation", modes=("streamed",),
              make=plain(way("unfinished", status(200, b"", headers=events))), **cut),
        Fault(name="only comments", make=plain(Reply(shape="comments")), bill="reservation", modes=("streamed",),
              dialects=("openai", "anthropic"), **cut),
        Fault(name="cut after text", make=plain(Reply(shape="cut")), bill=half, modes=("streamed",), **cut),
        Fault(name="error event", make=plain(Reply(shape="error_event")), bill=half, modes=("streamed",), **cut),
        Fault(name="error event with a code", make=_then({"error": {"code": 502, "message": "Upstream error"}}),
              bill=half, modes=("streamed",), **cut),
        Fault(name="overloaded event", make=_then({"type": "error", "error": {"type": "overloaded_error"}}), bill=half,
              modes=("streamed",), dialects=("openai", "anthropic"), **cut),
        Fault(name="strange event", make=_then("what?"), bill=half, modes=("streamed",), **cut),
    )  # fmt: skip


def _then(event: Any) -> Make:
    """Streams text, and then this where the next event should be."""

    def make(dialect: Dialect) -> Reply:
        parts = pieces(dialect, Reply(shape="cut"), model="one", text="hello from one")
        line = json.dumps(event).encode()
        last = line + b"\n" if dialect == "ollama" else b"data: " + line + b"\n\n"
        return status(200, b"".join((*parts, last)), headers={"Content-Type": "text/event-stream"})

    return make


def _large() -> tuple[Fault, ...]:
    large: dict[str, Any] = {"kind": "too_large", "bill": "reservation"}
    return (
        Fault(name="packed", make=plain(way("gzip")), **large),
        Fault(name="endless body", make=plain(way("endless")), **large),
        Fault(name="endless header", make=plain(way("endless_header")), **large),
    )


def _slow() -> tuple[Fault, ...]:
    slow: dict[str, Any] = {"kind": "timeout", "bill": "reservation", "is_slow": True}
    half: dict[str, Any] = {**slow, "bill": "text or reservation"}
    return (
        Fault(name="no answer", make=plain(way("hang")), **slow),
        Fault(name="silent after the headers", make=plain(way("hang_after_headers")), **slow),
        Fault(name="slow header", make=plain(way("slow_headers")), **slow),
        Fault(name="silent in the body", make=plain(way("hang_in_body", Reply(text="word " * 40))), **half),
        Fault(name="drip", make=plain(replace(way("drip", Reply(text="word " * 40)), pause=0.01)), **half),
        Fault(name="comments for ever", make=plain(way("endless_comments")), modes=("streamed",), **slow),
    )


def _network() -> tuple[Fault, ...]:
    lost: dict[str, Any] = {"kind": "network", "repeats": 1, "alone": 1, "waits": (0.25,), "bill": "reservation"}
    return (
        Fault(name="closed", make=plain(way("close")), **lost),
        Fault(name="reset", make=plain(way("reset")), **lost),
    )


TABLE: tuple[Fault, ...] = (
    *_statuses(), *_throttles(), *_quotas(), *_filters(), *_contexts(), *_inner(), *_broken(), *_empty(), *_cut(),
    *_large(), *_slow(), *_network(),
)  # fmt: skip
