"""Puts a reply's bytes on a socket, well or badly. Every way ends by itself: after `PATIENCE`, or when told to stop."""

import gzip
import socket
import struct
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from threading import Event

from tests.servers.replies import Reply

PATIENCE = 30.0
"""How long a hanging reply hangs at most, in seconds."""
ENDLESS = 256 * 1024 * 1024
"""How much an endless body sends at most, in bytes."""


def deliver(  # noqa: PLR0912 - one branch a way that bytes can travel
    connection: socket.socket, reply: Reply, *, parts: Sequence[bytes], kind: str, stop: Event
) -> bool:
    """Sends the parts as the reply's way says and returns whether the connection may be used again."""
    streamed = len(parts) != 1
    match reply.way:
        case "hang":
            stop.wait(PATIENCE)
        case "close":
            pass
        case "reset":
            _reset(connection)
        case "endless":
            _endless(connection, [_head(reply, kind, length=None), _chunks([b"x" * 65_536])], stop)
        case "endless_header":
            _endless(connection, [_head(reply, kind, length=None)[:-2], b"X-More: " + b"x" * 65_536 + b"\r\n"], stop)
        case "endless_comments":
            connection.sendall(_head(reply, kind, length=None))
            comment = _chunks([b"\n" if "ndjson" in kind else b": still at it\n\n"])
            while not stop.wait(reply.pause):
                connection.sendall(comment)
        case "unfinished":
            connection.sendall(_head(reply, kind, length=None) + _chunks(parts))
        case "gzip":
            body = gzip.compress(b"".join(parts))
            connection.sendall(_head(reply, kind, length=len(body), more=(("Content-Encoding", "gzip"),)) + body)
            return True
        case "truncated":
            body = b"".join(parts)
            connection.sendall(_head(reply, kind, length=len(body)) + body[: len(body) // 2])
        case "short_length":
            body = b"".join(parts)
            connection.sendall(_head(reply, kind, length=len(body) // 2) + body)
        case "hang_after_headers":
            connection.sendall(_head(reply, kind, length=None))
            stop.wait(PATIENCE)
        case "hang_in_body" | "reset_in_body":
            body = b"".join(parts)
            connection.sendall(_head(reply, kind, length=None) + _chunks([body[: len(body) // 2]]))
            if reply.way == "hang_in_body":
                stop.wait(PATIENCE)
            else:
                # Time for the bytes to arrive: a reset overtakes what still lies in the sending buffer.
                stop.wait(reply.pause)
                _reset(connection)
        case "slow_headers":
            body = b"".join(parts)
            _drip(connection, [bytes([byte]) for byte in _head(reply, kind, length=len(body))], reply=reply, stop=stop)
            connection.sendall(body)
            return True
        case "drip" | "split":
            body = b"".join(parts)
            connection.sendall(_head(reply, kind, length=len(body)))
            pause = reply.pause if reply.way == "drip" else 0.0
            _drip(connection, [bytes([byte]) for byte in body], reply=reply, stop=stop, pause=pause)
            return True
        case "whole":
            _whole(connection, reply, parts=parts, kind=kind, streamed=streamed)
            return reply.shape != "cut" or not streamed
    return False


def _whole(connection: socket.socket, reply: Reply, *, parts: Sequence[bytes], kind: str, streamed: bool) -> None:
    if not streamed:
        connection.sendall(_head(reply, kind, length=len(parts[0])) + parts[0])
        return
    connection.sendall(_head(reply, kind, length=None))
    for part in parts:
        connection.sendall(_chunks([part]))
    if reply.shape != "cut":
        connection.sendall(b"0\r\n\r\n")


def _head(reply: Reply, kind: str, *, length: int | None, more: Iterable[tuple[str, str]] = ()) -> bytes:
    phrase = HTTPStatus(reply.status).phrase if reply.status in list(HTTPStatus) else "Scripted"
    framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
    own = {name.lower() for name, _ in reply.headers}
    given = [("Content-Type", kind), framing, ("X-Request-Id", "req_scripted"), *more]
    headers = [*((name, value) for name, value in given if name.lower() not in own), *reply.headers]
    lines = [f"HTTP/1.1 {reply.status} {phrase}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _chunks(parts: Iterable[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)


def _drip(
    connection: socket.socket, parts: Iterable[bytes], *, reply: Reply, stop: Event, pause: float | None = None
) -> None:
    seconds = reply.pause if pause is None else pause
    for part in parts:
        connection.sendall(part)
        if seconds and stop.wait(seconds):
            return


def _endless(connection: socket.socket, parts: Sequence[bytes], stop: Event) -> None:
    beginning, block = parts
    connection.sendall(beginning)
    for _ in range(ENDLESS // len(block)):
        if stop.is_set():
            return
        connection.sendall(block)


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
