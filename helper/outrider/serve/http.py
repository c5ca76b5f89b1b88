"""Bytes in and out of one request: a bounded body, a reply in one piece, a stream of events.

The shapes of ASGI (https://asgi.readthedocs.io/en/latest/specs/www.html) and nothing of what they carry.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

from outrider.data import Json
from outrider.serve.gate import Weight
from outrider.wire.serving.answers import dumped
from outrider.wire.serving.errors import Unfit

LONGEST_BODY = 33_554_432
"""Bytes: a question with the largest picture that `ask` takes."""
PATIENCE = 60.0
"""Seconds that a body may take to come."""

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]
Handler = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON = (b"content-type", b"application/json")
EVENTS = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class Gone(Exception):
    """The client left before its request was whole."""


async def read_body(headers: Mapping[bytes, bytes], receive: Receive, weight: Weight) -> bytes:
    """Returns the body; raises `Unfit` for one that is no JSON, too long or too slow, and `Gone`."""
    kind = headers.get(b"content-type", b"application/json").partition(b";")[0].strip().lower()
    if kind != b"application/json":
        raise Unfit(
            "the body must be JSON", status=415, code="content_type", hint="send `content-type: application/json`"
        )
    if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
        raise Unfit("a packed body is not taken", status=415, code="content_encoding", hint="send it as it is")
    length = headers.get(b"content-length", b"0")
    if length.isdigit() and int(length[:20]) > LONGEST_BODY:
        raise _too_long()
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(PATIENCE):
            while True:
                event = await receive()
                if event["type"] == "http.disconnect":
                    raise Gone
                part = event.get("body", b"")
                size += len(part)
                if size > LONGEST_BODY:
                    raise _too_long()
                weight.add(len(part))
                parts.append(part)
                if not event.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError:
        raise Unfit(f"the body did not come within {PATIENCE:g} s", status=408, code="timeout") from None


def _too_long() -> Unfit:
    return Unfit(f"the body has more than {LONGEST_BODY:,} bytes", status=413, code="too_large")


async def reply(send: Send, status: int, body: Json, headers: Headers = (), *, has_body: bool = True) -> None:
    """Sends one JSON object."""
    data = dumped(body)
    head = [JSON, (b"content-length", b"%d" % len(data)), *headers]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": data if has_body else b""})


async def begin_events(send: Send, headers: Headers) -> None:
    """Opens a stream of events."""
    await send({"type": "http.response.start", "status": 200, "headers": [*EVENTS, *headers]})


async def send_event(send: Send, data: bytes, *, is_last: bool = False) -> None:
    """Sends some events."""
    await send({"type": "http.response.body", "body": data, "more_body": not is_last})
