"""Requests, targets and readings for the tests of codecs, each in one line."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from outrider.data import Answer, Fault, HttpCall, Message, Outcome, Request, Target, Timing
from outrider.rows import Dialect, Model, Provider
from outrider.wire.call import encode, reading

REPLIES = Path(__file__).parent / "replies"
TIMING = Timing(connect=5, first_byte=60, idle=30, total=90, max_bytes=1 << 25)
DIALECTS: tuple[Dialect, ...] = ("openai", "anthropic", "ollama", "echo")
CLOSED: dict[str, Any] = {
    "type": "object",
    "properties": {"ok": {"type": "boolean"}},
    "required": ["ok"],
    "additionalProperties": False,
}


def make_target(
    dialect: Dialect = "openai",
    *,
    provider: str = "acme",
    row: Mapping[str, Any] | None = None,
    model: Mapping[str, Any] | None = None,
    abilities: Sequence[str] = ("json",),
    context: int | None = None,
    max_output: int | None = None,
) -> Target:
    """Returns a target at a made-up provider; `row` and `model` are what its registry rows would hold."""
    about = Provider(
        name=provider,
        dialect=dialect,
        base_url="https://api.test/v1" if dialect == "openai" else "https://api.test",
        keys=("ACME_API_KEY",),
        quirks=provider,
        row=row or {},
    )
    about_model = Model(
        name="acme.one",
        provider=provider,
        id="one-1",
        abilities=frozenset(abilities),
        context=context,
        max_output=max_output,
        row=model or {},
    )
    return Target(model=about_model, provider=about, wire_id="one-1")


def make_request(text: str = "hello", **fields: Any) -> Request:
    """Returns a request with one user message, plain unless told otherwise."""
    return Request(**{"messages": (Message(role="user", text=text),), "stream": False, **fields})


def send(request: Request, target: Target, *, key: str | None = "sk-test") -> tuple[HttpCall, tuple[str, ...]]:
    """Encodes a request with the usual key and timing."""
    return encode(request, target, key=key, timing=TIMING)


def body_of(request: Request, target: Target) -> Any:
    """Returns the JSON that a request becomes."""
    call, _ = send(request, target)
    return json.loads(call.body)


def warnings_of(request: Request, target: Target) -> tuple[str, ...]:
    """Returns what a request leaves out."""
    return send(request, target)[1]


def read(
    body: bytes | Sequence[bytes],
    target: Target,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    stream: bool = False,
    schema_wanted: bool = False,
    fault: Fault | None = None,
) -> Outcome:
    """Reads a reply, in the pieces that are given, and checks that what was fed is where the text begins."""
    reader = reading(target, stream=stream, schema_wanted=schema_wanted)
    reader.open(status, headers or {})
    fed = "".join([reader.feed(piece) for piece in ([body] if isinstance(body, bytes) else body)])
    outcome = reader.finish(fault)
    assert (outcome.text if isinstance(outcome, Answer) else outcome.partial).startswith(fed)
    return outcome


def recorded(path: str) -> bytes:
    """Returns the bytes of a reply in the shape that a provider documents."""
    return (REPLIES / path).read_bytes()


def read_recorded(path: str, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Outcome:
    """Reads a recorded reply as its provider's; the folder is the provider, the ending tells whether it streams."""
    provider, _, name = path.partition("/")
    dialects: dict[str, Dialect] = {"anthropic": "anthropic", "ollama": "ollama"}
    target = make_target(dialects.get(provider, "openai"), provider=provider)
    return read(recorded(path), target, status=status, headers=headers, stream=not name.endswith(".json"))


def sse(*events: Any) -> bytes:
    """Returns a stream of JSON events; text goes as it is."""
    lines = [event if isinstance(event, str) else json.dumps(event) for event in events]
    return "".join(f"data: {line}\n\n" for line in lines).encode()


def chunk(content: Any = None, finish: str | None = None, **delta: Any) -> dict[str, Any]:
    """Returns a chunk of the openai dialect."""
    inner = {**({} if content is None else {"content": content}), **delta}
    return {"choices": [{"index": 0, "delta": inner, "finish_reason": finish}]}
