"""The failure table: each status and each word has one kind."""

from typing import Any

import pytest

from outrider.data import Failure, Usage
from outrider.providers import NONE
from outrider.wire.status import read_error, read_refusal
from tests.wire.making import make_target, read


def refused(status: int, payload: Any = None, **headers: str) -> Failure:
    """Returns what a refusal is, without any provider's quirks."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_refusal(status, named, payload, quirks=NONE, request_id="")


def error(message: str = "no", **fields: Any) -> dict[str, Any]:
    """Returns an error payload."""
    return {"error": {"message": message, **fields}}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, "server") for status in (500, 501, 502, 503, 504, 505, 507, 520, 524, 529, 599, 408, 409, 425)),
        *((status, "bad_request") for status in (400, 405, 406, 410, 411, 415, 418, 422, 431, 451, 499)),
        *((status, "redirect") for status in (300, 301, 302, 303, 304, 307, 308, 399)),
        (401, "auth"),
        (403, "auth"),
        (402, "quota"),
        (404, "not_found"),
        (413, "context"),
        (429, "rate_limit"),
        (0, "bad_response"),
        (101, "bad_response"),
        (600, "server"),
    ],
)
def test_a_status_alone_has_a_kind(status: int, kind: str) -> None:
    """Whatever the body is, and nothing is owed."""
    payloads: tuple[Any, ...] = (
        None,
        error(),
        error(type="scripted_error", code=None),
        "text",
        [],
        [[]],
        3,
        {"error": []},
    )
    for payload in payloads:
        found = refused(status, payload)
        assert (found.kind, found.status, found.certainty, found.usage) == (kind, status, "exact", Usage())
        assert found.message


@pytest.mark.parametrize(
    ("status", "payload", "kind"),
    [
        (429, error(type="insufficient_quota"), "quota"),
        (429, error(code="credit_balance_exhausted"), "quota"),
        (429, error(code="project_spend_limit_exceeded"), "quota"),
        (429, error(code="organization_spend_limit_exceeded"), "quota"),
        (429, error(code="organization_rate_limit_exceeded"), "rate_limit"),
        (429, error("You exceeded your current quota"), "rate_limit"),
        (429, error(type="rate_limit_error"), "rate_limit"),
        (429, {"type": "error", **error(type="rate_limit_error")}, "quota"),
        (429, {"type": "error", **error(type="other")}, "rate_limit"),
        (403, error(type="moderation"), "content_filter"),
        (403, error("This model requires moderation"), "content_filter"),
        (403, error(type="insufficient_balance"), "quota"),
        (403, error(type="permission_error"), "auth"),
        (400, error(code="content_filter"), "content_filter"),
        (400, error("filtered by content management policy"), "content_filter"),
        (400, error(code="context_length_exceeded"), "context"),
        (400, error("Prompt is too long", type="invalid_request_error"), "context"),
        (400, error("You have reached your specified API usage limits", type="invalid_request_error"), "quota"),
        (400, error("temperature", type="invalid_request_error"), "bad_request"),
        (400, error(code="invalid_api_key"), "auth"),
        (400, error(type="rate_limit_exceeded"), "rate_limit"),
        (400, error(type="api_error"), "bad_request"),
        (422, {"detail": [{"msg": "too long: maximum context is 9"}]}, "context"),
        (404, error("context length"), "not_found"),
        (401, error("credit balance is too low"), "auth"),
        (500, error("maximum context length", code="context_length_exceeded"), "server"),
    ],
)
def test_fields_come_before_words_and_status_before_both(status: int, payload: Any, kind: str) -> None:
    """Words decide only where nothing else does."""
    assert refused(status, payload).kind == kind


def test_a_402_with_a_wait_is_a_rate_limit() -> None:
    """It will pass by itself."""
    assert refused(402, error(), retry_after="3") == Failure(
        kind="rate_limit", message="no", status=402, retry_after=3.0
    )


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("https://evil.test/login?next=1", "redirected to evil.test, which is not followed"),
        ("//cdn.test", "redirected to cdn.test, which is not followed"),
        ("https://user:secret@evil.test:8443#x", "redirected to evil.test:8443, which is not followed"),
        ("https://evil.test\\@good.test/", "redirected to evil.test, which is not followed"),
        ("/login", "redirected, which is not followed"),
        ("https:///x", "redirected, which is not followed"),
        ("", "redirected, which is not followed"),
    ],
)
def test_a_redirect_names_its_host_and_nothing_else(location: str, message: str) -> None:
    """No path, no user and no password of an address is shown."""
    assert refused(302, None, location=location) == Failure(kind="redirect", message=message, status=302)


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (error("a\nb\x1b[31mc\u202ed\U000e0041e\x9b"), "a b [31mc d e"),
        ({"error": "plain"}, "plain"),
        ({"message": "top"}, "top"),
        ({"error": {"error": {"message": "deep"}}}, "deep"),
        ({"error": {"message": {"detail": [{"msg": "one"}, {"msg": "two"}, 3]}}}, "one; two"),
        ([{"error": {"message": "listed"}}], "listed"),
        ("words of a proxy", "words of a proxy"),
        (error("it broke", metadata={"raw": "upstream said no"}), "it broke: upstream said no"),
        (error("it broke", metadata={"raw": {"error": {"message": "inner"}}}), "it broke: inner"),
        (error("it broke", metadata={"raw": None}), "it broke"),
        (error("\ud800\x00"), "\ufffd\ufffd"),
        (error("", code=7), "bad request"),
        (error("x" * 5000), "x" * 2000),
        ({"error": {"message": [[[[[[["too deep"]]]]]]]}}, "bad request"),
    ],
)
def test_the_message_is_the_servers_on_one_line(payload: Any, message: str) -> None:
    """Without control, direction or tag characters, and long enough for secrets to be found in it."""
    assert refused(400, payload).message == message


def test_a_status_without_words_has_ours() -> None:
    """A number is told where no phrase is known."""
    assert [refused(status).message for status in (502, 418)] == ["bad gateway", "status 418"]


@pytest.mark.parametrize(
    ("details", "wait"),
    [
        ([{"retryDelay": "1.5s"}], 1.5),
        ([None, 3, {"retryDelay": 4}, {"retryDelay": "soon"}, {"retryDelay": "2s"}], 2.0),
        ({"retryDelay": "2s"}, None),
        ([{"retryDelay": "99999999999s"}], None),
    ],
)
def test_a_delay_in_the_details_is_a_wait(details: Any, wait: float | None) -> None:
    """Unless a header says otherwise."""
    assert refused(429, error(details=details)).retry_after == wait
    assert refused(429, error(details=details), retry_after="9").retry_after == 9.0


@pytest.mark.parametrize(
    ("payload", "kind", "status"),
    [
        (error(code=401), "auth", 401),
        (error(code="404"), "not_found", 404),
        (error(code=402), "quota", 402),
        (error(code=True), "incomplete", None),
        (error(code=200), "incomplete", None),
        (error(code="٤٠٤"), "incomplete", None),
        (error(type="overloaded_error"), "server", None),
        (error(type="rate_limit_error"), "rate_limit", None),
        (error(type="authentication_error"), "auth", None),
        (error(type="not_found_error"), "not_found", None),
        (error(type="insufficient_quota"), "quota", None),
        (error("prompt is too long", type="invalid_request_error"), "context", None),
        (error(type="invalid_request_error"), "bad_request", None),
        (error(status="UNAVAILABLE"), "server", None),
        ({"error": "oops"}, "incomplete", None),
        (error(""), "incomplete", None),
    ],
)
def test_an_error_inside_a_reply_goes_by_its_number_or_name(payload: Any, kind: str, status: int | None) -> None:
    """Else by what the reply was when it came."""
    found = read_error(payload, quirks=NONE, otherwise="incomplete")
    assert (found.kind, found.status) == (kind, status)
    assert found.message


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b'{"error": {"message": "down"}}', "down"),
        (b"<html><body>nginx</body></html>", "bad gateway"),
        (b"  <html>", "bad gateway"),
        (b"upstream connect error", "upstream connect error"),
        (b"", "bad gateway"),
        (b"[" * 100_000, "[" * 2000),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_any_body_of_a_refusal_is_read(body: bytes, message: str) -> None:
    """A page says nothing, words are the message, JSON says more; how it was split does not matter."""
    for dialect in ("openai", "anthropic", "ollama"):
        for pieces in ([body], [body[:5], body[5:]]):
            found = read(pieces, make_target(dialect), status=502, stream=True)
            assert found == Failure(kind="server", message=message, status=502)


def test_an_endless_refusal_is_read_to_a_bound() -> None:
    """Memory stays small however much is sent."""
    found = read([b"x" * (1 << 17)] * 40, make_target(), status=500)
    assert found == Failure(kind="server", message="x" * 2000, status=500)
