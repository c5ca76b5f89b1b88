"""What the scripted server may be told to do with one request. Values only; `delivery` carries them out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

Shape = Literal[
    "answer", "empty_choices", "null_content", "no_text", "cut", "comments", "error_event", "not_json", "html"
]
"""What the body holds. `cut`, `comments` and `error_event` are about streams: text and then nothing, nothing but
keep-alives, and an error after some text. `no_text` is an answer that is the empty string."""

Way = Literal[
    "whole", "hang", "hang_after_headers", "hang_in_body", "close", "reset", "reset_in_body", "truncated",
    "short_length", "drip", "slow_headers", "endless", "endless_header", "endless_comments", "gzip", "split",
    "unfinished",
]  # fmt: skip
"""How the bytes travel. `truncated` closes before the promised length, `short_length` promises too little,
`unfinished` closes where the last chunk should come, `endless_comments` sends keep-alives every `pause` seconds,
`split` sends every byte of the body on its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One scripted reply. Without `body`, it is made for the dialect that the request speaks; `pause` is in seconds."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    text: str | None = None
    reasoning: str = ""
    finish: str = ""
    usage: tuple[int, int, int] | None = (11, 7, 3)
    shape: Shape = "answer"
    way: Way = "whole"
    pause: float = 0.02


def say(text: str, *, reasoning: str = "", finish: str = "", usage: tuple[int, int, int] | None = (11, 7, 3)) -> Reply:
    """Answers with this text; `usage` counts input, output and cached tokens, `None` leaves them out."""
    return Reply(text=text, reasoning=reasoning, finish=finish, usage=usage)


def status(code: int, body: Any = None, *, headers: Mapping[str, str] | None = None) -> Reply:
    """Answers with this status; a body that is not bytes goes as JSON, and without one the dialect's error is sent."""
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode("utf-8")
    return Reply(status=code, body=body, headers=tuple((headers or {}).items()))


def redirect(location: str, code: int = 302) -> Reply:
    """Sends the caller elsewhere."""
    return Reply(status=code, body=b"", headers=(("Location", location),))


def way(name: Way, reply: Reply | None = None) -> Reply:
    """Sends a reply, an ordinary answer unless given, in this way."""
    return replace(reply or Reply(), way=name)


def named(name: str) -> Reply:
    """Reads a reply from a word: a status (`503`), a way (`hang`) or a shape (`html`)."""
    if name.isdecimal():
        return Reply(status=int(name))
    for candidate in get_args(Way):
        if name == candidate:
            return Reply(way=candidate)
    for candidate in get_args(Shape):
        if name == candidate:
            return Reply(shape=candidate)
    raise KeyError(name)
