"""The one way in: a request and a target become an `HttpCall`; its reply is read by what this room picks.

Addresses, headers and keys are put together here, the same way for every dialect; bodies are the codecs'. A codec is
imported when its dialect is first used, since one call needs one of them. Whether a call may be made is decided
elsewhere, but for one thing: of a private request there is no call to a target that is not local, whoever wants it.
"""

import json
from collections.abc import Mapping
from typing import assert_never

from outrider import __version__
from outrider.data import NOTHING, Failure, HttpCall, Json, Reading, Request, Target, Timing
from outrider.errors import OutriderError, Refused
from outrider.providers import quirks
from outrider.records import memo
from outrider.rows import Provider
from outrider.rules.privacy import is_local, runs_in_the_cloud

Headers = tuple[tuple[str, str], ...]
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)


def encode(request: Request, target: Target, *, key: str | None, timing: Timing) -> tuple[HttpCall, tuple[str, ...]]:
    """Returns the call that asks a target, and a sentence for each parameter that it leaves out."""
    provider = target.provider
    if request.private and not is_local(provider.base_url, declared=provider.local, wire_id=target.wire_id):
        raise Refused(f"{target.name} is not local, and the request is private", hint="see `outrider route --private`")
    match provider.dialect:
        case "openai":
            from outrider.wire import openai_chat

            body, warnings = openai_chat.build(request, target)
            url, headers = _envelope(target, openai_chat.PATH, key, request.stream, NOTHING)
        case "anthropic":
            from outrider.wire import anthropic_messages

            body, warnings = anthropic_messages.build(request, target)
            url, headers = _envelope(target, anthropic_messages.PATH, key, request.stream, anthropic_messages.HEADERS)
        case "ollama":
            from outrider.wire import ollama_chat

            body, warnings = ollama_chat.build(request, target)
            url, headers = _envelope(target, ollama_chat.PATH, key, request.stream, NOTHING)
        case "echo":
            from outrider.wire import echo

            body, warnings = echo.build(request, target)
            url, headers = _envelope(target, echo.URL, key, request.stream, NOTHING)
        case "native":
            raise ValueError(f"{target.name} is run by Claude Code, never called")
        case _:
            assert_never(provider.dialect)
    call = HttpCall(
        method="POST",
        url=url,
        headers=headers,
        body=_dump(_carrying(body, target.carries) if target.carries else body),
        timing=timing,
        stream=request.stream,
        local_only=target.local or request.private,
    )
    return call, warnings


# The same for all of many documents.
@memo
def _envelope(
    target: Target,
    path: str,
    key: str | None,
    stream: bool,  # noqa: FBT001 - what is remembered is known by place
    own: Mapping[str, str],
) -> tuple[str, Headers]:
    """Returns where a call goes and its headers; a path that is a whole address stays as it is."""
    provider = target.provider
    headers = {
        "content-type": "application/json",
        "accept": _accepted(target) if stream else "application/json",
        **own,
        **about(provider, key),
    }
    return join(provider.base_url, path) if path.startswith("/") else path, tuple(headers.items())


def _carrying(body: Mapping[str, Json], fields: Mapping[str, Json]) -> dict[str, Json]:
    """Returns a body with fields that nothing else may set otherwise."""
    made = dict(body)
    for name, value in fields.items():
        present = made.get(name)
        is_object = isinstance(present, Mapping) and isinstance(value, Mapping)
        made[name] = _carrying(present or {}, value) if is_object else value
    return made


def reading(target: Target, *, stream: bool, schema_wanted: bool = False) -> Reading:
    """Returns what reads the reply of one call to a target."""
    match target.provider.dialect:
        case "openai":
            from outrider.wire import openai_chat

            return openai_chat.reading(target, stream=stream, schema_wanted=schema_wanted)
        case "anthropic":
            from outrider.wire import anthropic_messages

            return anthropic_messages.reading(target, stream=stream, schema_wanted=schema_wanted)
        case "ollama":
            from outrider.wire import ollama_chat

            return ollama_chat.reading(target, stream=stream, schema_wanted=schema_wanted)
        case "echo":
            from outrider.wire import echo

            return echo.reading(schema_wanted=schema_wanted)
        case "native":
            raise ValueError(f"{target.name} is run by Claude Code, never called")
        case _:
            assert_never(target.provider.dialect)


def list_call(provider: Provider, *, key: str | None, timing: Timing) -> HttpCall:
    """Returns the call that asks a provider which models it serves."""
    match provider.dialect:
        case "openai":
            from outrider.wire.openai_chat import LIST_PATH

            path, own = LIST_PATH, {}
        case "anthropic":
            from outrider.wire.anthropic_messages import HEADERS, LIST_PATH

            path, own = LIST_PATH, HEADERS
        case "ollama":
            from outrider.wire.ollama_chat import LIST_PATH

            path, own = LIST_PATH, {}
        case "echo" | "native":
            raise ValueError(f"{provider.name} has no list of models")
        case _:
            assert_never(provider.dialect)
    listed = str(provider.row.get("list") or path)
    url = listed if "://" in listed else join(provider.base_url, listed)
    # A key is bound to the origin of its provider: a list that is kept elsewhere is read without it.
    is_home = origin(url) == origin(provider.base_url)
    return HttpCall(
        method="GET",
        url=url,
        headers=tuple({"accept": "application/json", **own, **about(provider, key if is_home else None)}.items()),
        body=b"",
        timing=timing,
        local_only=provider.local,
    )


def read_list(provider: Provider, *, status: int, body: bytes) -> tuple[str, ...] | Failure:
    """Returns the wire ids in the reply to a list call, in the server's order, or why there are none."""
    try:
        payload: Json = json.loads(body.decode("utf-8", "replace").strip("\ufeff \t\r\n"))
    except (ValueError, RecursionError):
        payload = None
    own = quirks(provider.quirks or provider.name)
    if not 200 <= status < 300:
        from outrider.wire.status import read_refusal

        return read_refusal(status, {}, payload, quirks=own, request_id="")
    rows = payload
    if isinstance(payload, dict):
        rows = next((payload[name] for name in ("data", "models") if isinstance(payload.get(name), list)), None)
    if not isinstance(rows, list):
        return Failure(kind="bad_response", message="the reply is not a list of models", status=status)
    ids = []
    for row in rows:
        names = [row.get(name) for name in ("id", "name", "model")] if isinstance(row, dict) else [row]
        listed = next((name for name in names if isinstance(name, str) and name), None)
        if listed is not None and not _is_run_elsewhere(row, listed):
            ids.append(own.read_id(listed) if own.read_id is not None else listed)
    return tuple(dict.fromkeys(ids))


def _is_run_elsewhere(row: Json, name: str) -> bool:
    """Whether a server runs a model on another machine under a name that does not say so, as a copied one has.

    Ollama names the machine (`remote_host`) in its list: https://docs.ollama.com/api/tags, seen 2026-11-20.
    """
    is_elsewhere = isinstance(row, dict) and bool(row.get("remote_host") or row.get("remote_model"))
    return is_elsewhere and not runs_in_the_cloud(name)


def join(base_url: str, path: str) -> str:
    """Returns an address from its two halves: one slash between them, a version that both have once."""
    base = base_url.rstrip("/")
    tail = path.lstrip("/")
    version = tail.partition("/")[0]
    if version == "v1" and base.endswith("/v1"):
        base = base.removesuffix("/v1")
    return f"{base}/{tail}"


def about(provider: Provider, key: str | None) -> dict[str, str]:
    """Returns the headers that are the provider's: who we are, what its row fixes, and its key."""
    headers = {"accept-encoding": "identity", "user-agent": f"outrider/{__version__}"}
    headers |= {name.lower(): str(value) for name, value in (provider.row.get("headers") or {}).items()}
    if key:
        default = "x-api-key" if provider.dialect == "anthropic" else "bearer"
        auth = (provider.auth or default).lower()
        name, value = ("authorization", f"Bearer {key}") if auth == "bearer" else (auth, key)
        if not (value.isascii() and value.isprintable()):
            variable = provider.keys[0] if provider.keys else "the key"
            raise OutriderError(
                f"the key of {provider.name} has a character that no key has, perhaps a line end or a quote mark",
                hint=f"outrider keys set {variable}",
            )
        headers[name] = value
    return headers


def _accepted(target: Target) -> str:
    """Returns what a streamed reply may be; a plain one is read too."""
    stream = "application/x-ndjson" if target.provider.dialect == "ollama" else "text/event-stream"
    return f"{stream}, application/json"


def origin(url: str) -> str:
    """Returns scheme, host and port of an address."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}".lower()


def _dump(body: dict[str, Json]) -> bytes:
    """Returns JSON in ASCII, so that no text can break it."""
    try:
        return _ENCODER.encode(body).encode("ascii")
    except (TypeError, ValueError, RecursionError) as wrong:
        raise OutriderError(
            f"a parameter or the schema is not plain JSON: {wrong}",
            hint="give finite numbers, text, true, false, lists and objects",
        ) from wrong
