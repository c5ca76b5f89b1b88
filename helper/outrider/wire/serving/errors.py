"""Failures as OpenAI's clients know them: a status by kind, and one error object.

Clients repeat by themselves what they take for passing (408, 409, 429, 5xx). All that could be tried has been tried
when a failure gets here, so the SDK's own header tells them to leave it, but for what is only busy.
"""

from outrider.data import Failure, FailureKind, Json
from outrider.errors import OutriderError, Refused, StorageFault
from outrider.records import record

STATUS: dict[FailureKind, int] = {
    "server": 502, "rate_limit": 429, "quota": 429, "auth": 502, "not_found": 404, "context": 400,
    "content_filter": 400, "bad_request": 400, "timeout": 504, "network": 502, "tls": 502, "redirect": 502,
    "bad_response": 502, "empty": 502, "truncated": 502, "incomplete": 502, "too_large": 502, "budget": 402,
    "private": 403, "storage": 500, "interrupted": 503,
}  # fmt: skip
"""The status of each kind. A provider's refusal of our key (`auth`) is no fault of the client's token, so no 401."""
CODES: dict[FailureKind, str] = {
    "not_found": "model_not_found",
    "context": "context_length_exceeded", "rate_limit": "rate_limit_exceeded", "quota": "insufficient_quota",
}  # fmt: skip
"""Kinds that OpenAI's clients know by another name."""
SOON = 60
"""A wait of so many seconds is one that a client may spend by itself."""
TYPES = {
    400: "invalid_request_error", 401: "authentication_error", 402: "insufficient_quota", 403: "permission_error",
    404: "invalid_request_error", 405: "invalid_request_error", 413: "invalid_request_error",
    415: "invalid_request_error", 429: "rate_limit_error",
}  # fmt: skip


class Unfit(OutriderError):
    """A request that cannot be served as it is, with the parameter that is at fault."""

    def __init__(
        self, message: str, *, hint: str = "", status: int = 400, code: str = "", param: str | None = None,
        retry_after: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.param = param
        self.retry_after = retry_after


def wrong(param: str, what: str, *, code: str = "invalid_type") -> Unfit:
    """Returns the refusal of a request for one parameter."""
    return Unfit(f"`{param}` {what}", param=param, code=code)


@record
class Told:
    """An error as it goes out: status, body, and after how many seconds to come again, where that helps."""

    status: int
    body: Json
    retry_after: int | None = None

    @property
    def headers(self) -> tuple[tuple[bytes, bytes], ...]:
        """What tells a client whether to repeat by itself, and when."""
        soon = self.retry_after is not None and self.retry_after <= SOON
        again = ((b"x-should-retry", b"true" if soon else b"false"),)
        return again if self.retry_after is None else ((b"retry-after", b"%d" % self.retry_after), *again)


def mistaken(mistake: OutriderError) -> Told:
    """Returns a mistake, or a refusal, as a client hears it."""
    match mistake:
        case Unfit():
            return told(
                mistake.status, mistake.message, mistake.hint, code=mistake.code, param=mistake.param,
                retry_after=mistake.retry_after,
            )  # fmt: skip
        case Refused():
            return told(402 if mistake.kind == "budget" else 403, mistake.message, mistake.hint, code=mistake.kind)
        case StorageFault():
            return told(500, mistake.message, mistake.hint, code=mistake.kind)
        case _:
            return told(400, mistake.message, mistake.hint, code=mistake.kind)


def failed(failure: Failure, *, who: str = "", hint: str = "") -> Told:
    """Returns a failure as a client hears it: of the model that was asked last, in its own words."""
    message = f"{who}: {failure.message}" if who else failure.message
    code = CODES.get(failure.kind, failure.kind)
    wait = failure.retry_after if failure.kind in {"rate_limit", "interrupted"} else None
    return told(
        STATUS[failure.kind], message[:1_000], hint, code=code, retry_after=None if wait is None else max(int(wait), 1)
    )


def unanswerable(kind: str, message: str, hint: str) -> Told:
    """Returns why nobody could be asked: a wall, or no model that has a key or a server now."""
    walls = {"budget": (402, kind), "private": (403, kind), "context": (400, CODES["context"])}
    status, code = walls.get(kind, (503, "no_usable_model"))
    return told(status, message, hint, code=code)


def told(
    status: int, message: str, hint: str = "", *, code: str = "", param: str | None = None,
    retry_after: int | None = None,
) -> Told:  # fmt: skip
    """Returns one error in OpenAI's shape."""
    text = f"{message}\nhint: {hint}" if hint else message
    kind = TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": text, "type": kind, "param": param, "code": code or None}
    return Told(status=status, body={"error": error}, retry_after=retry_after)
