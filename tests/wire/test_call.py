"""Addresses, headers and keys of a call, and lists of models."""

import json
from typing import Any

import pytest

from outrider import __version__
from outrider.data import Failure, HttpCall, Target
from outrider.errors import OutriderError
from outrider.rows import Dialect, Provider
from outrider.wire.call import encode, join, list_call, read_list, reading
from tests.wire.making import TIMING, make_request, make_target, recorded, send

AGENT = f"outrider/{__version__}"


def make_provider(dialect: Dialect = "openai", **fields: Any) -> Provider:
    """Returns a provider as the registry would make it."""
    return Provider(**{"name": "acme", "dialect": dialect, "base_url": "https://api.test/v1", **fields})


def test_a_call_is_whole() -> None:
    """Everything that goes out, for a plain request without parameters."""
    call, warnings = send(make_request(max_output=50), make_target())
    assert warnings == ()
    assert call == HttpCall(
        method="POST",
        url="https://api.test/v1/chat/completions",
        headers=(
            ("content-type", "application/json"),
            ("accept", "application/json"),
            ("accept-encoding", "identity"),
            ("user-agent", AGENT),
            ("authorization", "Bearer sk-test"),
        ),
        body=b'{"model":"one-1","messages":[{"role":"user","content":"hello"}],"max_tokens":50,"stream":false}',
        timing=TIMING,
    )


@pytest.mark.parametrize(
    ("dialect", "url", "accept", "header"),
    [
        ("openai", "https://api.test/v1/chat/completions", "text/event-stream", ("authorization", "Bearer sk-test")),
        ("anthropic", "https://api.test/v1/messages", "text/event-stream", ("x-api-key", "sk-test")),
        ("ollama", "https://api.test/api/chat", "application/x-ndjson", ("authorization", "Bearer sk-test")),
        ("echo", "echo:", "text/event-stream", ("authorization", "Bearer sk-test")),
    ],
)
def test_each_dialect_has_its_address_and_its_key(
    dialect: Dialect, url: str, accept: str, header: tuple[str, str]
) -> None:
    """Path, accepted types and the header of the key are the dialect's."""
    call, _ = send(make_request(stream=True), make_target(dialect))
    headers = dict(call.headers)
    assert (call.url, call.stream, headers["accept"]) == (url, True, f"{accept}, application/json")
    assert header in call.headers
    assert headers.get("anthropic-version") == ("2023-06-01" if dialect == "anthropic" else None)


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_there_is_no_header_for_it(key: str | None) -> None:
    """A local server is asked without one."""
    call, _ = send(make_request(), make_target("ollama"), key=key)
    assert {name for name, _ in call.headers} == {"content-type", "accept", "accept-encoding", "user-agent"}


def test_the_row_names_the_header_of_the_key_and_fixes_others() -> None:
    """Headers are compared in small letters, and the row's win over ours."""
    provider = make_provider(auth="X-Goog-Api-Key", row={"headers": {"User-Agent": "other", "X-Title": "Outrider"}})
    target = Target(model=make_target().model, provider=provider, wire_id="w", local=True)
    call, _ = encode(make_request(), target, key="k", timing=TIMING)
    assert call.local_only
    assert call.headers[3:] == (("user-agent", "other"), ("x-title", "Outrider"), ("x-goog-api-key", "k"))


@pytest.mark.parametrize("key", ["sk-a\nb", "sk-\u2019", "sk-a\x00", "sk-a\r\nx-evil: 1"])
def test_a_key_that_could_break_a_header_is_refused(key: str) -> None:
    """Nothing that a header cannot hold goes into one, and the key is not shown."""
    with pytest.raises(OutriderError) as refused:
        send(make_request(), make_target(), key=key)
    assert refused.value.hint == "outrider keys set ACME_API_KEY"
    assert key not in refused.value.message


@pytest.mark.parametrize("value", [[float("nan")], {"a": float("inf")}, {1, 2}])
def test_what_is_not_json_is_the_users_mistake(value: Any) -> None:
    """A parameter that JSON cannot carry is told, not sent."""
    with pytest.raises(OutriderError, match="not plain JSON"):
        send(make_request(params={"extra": value}), make_target())


def test_no_text_breaks_a_body() -> None:
    """Lone surrogates and NUL are replaced; every other letter arrives as it was."""
    call, _ = send(make_request("a\ud800b\x00 é \U0001f600"), make_target())
    assert call.body.isascii()
    assert json.loads(call.body)["messages"][0]["content"] == "a\ufffdb\ufffd é \U0001f600"


def test_a_native_model_is_never_called() -> None:
    """Asking for it is a bug of ours."""
    target = make_target("native")
    with pytest.raises(ValueError, match="run by Claude Code"):
        send(make_request(), target)
    with pytest.raises(ValueError, match="run by Claude Code"):
        reading(target, stream=False)


@pytest.mark.parametrize(
    ("base", "path", "url"),
    [
        ("https://a.test", "/api/chat", "https://a.test/api/chat"),
        ("https://a.test/", "/api/chat", "https://a.test/api/chat"),
        ("https://a.test/v1/", "/chat/completions", "https://a.test/v1/chat/completions"),
        ("https://a.test/v1", "/v1/messages", "https://a.test/v1/messages"),
        ("https://a.test/anthropic", "v1/messages", "https://a.test/anthropic/v1/messages"),
        ("https://a.test/api/v1/", "/v1/models?limit=1000", "https://a.test/api/v1/models?limit=1000"),
    ],
)
def test_addresses_join_without_double_slashes_or_versions(base: str, path: str, url: str) -> None:
    """However the row writes its base."""
    assert join(base, path) == url


@pytest.mark.parametrize(
    ("dialect", "url"),
    [
        ("openai", "https://api.test/v1/models"),
        ("anthropic", "https://api.test/v1/models?limit=1000"),
        ("ollama", "https://api.test/v1/api/tags"),
    ],
)
def test_a_list_is_asked_where_the_dialect_keeps_it(dialect: Dialect, url: str) -> None:
    """A GET with the key and without a body."""
    call = list_call(make_provider(dialect, local=True), key="k", timing=TIMING)
    auth = ("x-api-key", "k") if dialect == "anthropic" else ("authorization", "Bearer k")
    version = (("anthropic-version", "2023-06-01"),) if dialect == "anthropic" else ()
    headers = (("accept", "application/json"), *version, ("accept-encoding", "identity"), ("user-agent", AGENT), auth)
    assert call == HttpCall(method="GET", url=url, headers=headers, body=b"", timing=TIMING, local_only=True)


@pytest.mark.parametrize(
    ("listed", "url", "has_key"),
    [
        ("/catalog", "https://api.test/v1/catalog", True),
        ("https://API.test/other", "https://API.test/other", True),
        ("https://api.test:8443/models", "https://api.test:8443/models", False),
        ("https://elsewhere.test/models", "https://elsewhere.test/models", False),
        ("http://api.test/models", "http://api.test/models", False),
    ],
)
def test_a_key_stays_at_its_origin(listed: str, url: str, *, has_key: bool) -> None:
    """A list that is kept elsewhere is read without the key."""
    call = list_call(make_provider(row={"list": listed}), key="k", timing=TIMING)
    assert (call.url, "authorization" in dict(call.headers)) == (url, has_key)


@pytest.mark.parametrize("dialect", ["echo", "native"])
def test_who_has_no_list_is_not_asked_for_one(dialect: Dialect) -> None:
    """Asking is a bug of ours."""
    with pytest.raises(ValueError, match="no list"):
        list_call(make_provider(dialect), key=None, timing=TIMING)


@pytest.mark.parametrize(
    ("name", "body", "ids"),
    [
        ("acme", {"object": "list", "data": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}, ("a", "b")),
        ("acme", {"data": []}, ()),
        ("acme", {"models": [{"name": "qwen3.8:27b", "model": "qwen3.8:27b"}]}, ("qwen3.8:27b",)),
        ("acme", ["a", {"id": ""}, {"id": 3}, None, {"name": "b"}], ("a", "b")),
        ("gemini", {"data": [{"id": "models/gemini-3.8-flash"}]}, ("gemini-3.8-flash",)),
    ],
)
def test_lists_of_every_shape_are_read(name: str, body: Any, ids: tuple[str, ...]) -> None:
    """Under data, under models, bare, in the server's order and each once."""
    assert read_list(make_provider(name=name), status=200, body=b"\xef\xbb\xbf" + json.dumps(body).encode()) == ids


def test_a_bare_list_is_read() -> None:
    """One provider sends its list without an envelope."""
    assert read_list(make_provider(), status=200, body=recorded("together/models.json")) == (
        "Qwen/Qwen3.8-27B",
        "openai/gpt-oss-120b",
    )


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"data": {}}', b"3", b"[" * 100_000])
def test_what_is_no_list_is_a_bad_response(body: bytes) -> None:
    """Whatever a server sends."""
    found = read_list(make_provider(), status=200, body=body)
    assert found == Failure(kind="bad_response", message="the reply is not a list of models", status=200)


def test_a_refused_list_says_why() -> None:
    """By the same table as any other call."""
    found = read_list(make_provider(), status=401, body=b'{"error": {"message": "no"}}')
    assert found == Failure(kind="auth", message="no", status=401)
