"""A provider on loopback that costs next to nothing: OpenAI chat, whole or as events, over HTTP and TLS, at once.

The scripted servers of the other tests can do anything and take two milliseconds for it; beside a client that takes a
hundred, that would blur what is compared. Runs alone: `python loopback.py CERTIFICATE KEY` prints its two ports and
ends when its input does.
"""

import asyncio
import json
import re
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ANSWER = "hello from the loopback"
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ROW = {"id": "chatcmpl-1", "created": 1_790_000_000, "model": "mock"}
USAGE = {"prompt_tokens": 8, "completion_tokens": 4, "total_tokens": 12}


class Addresses(NamedTuple):
    """Where the server listens."""

    http: str
    https: str


@contextmanager
def serving(certificate: Path, key: Path) -> Iterator[Addresses]:
    """Runs the server as a process of its own until the block ends."""
    command = [sys.executable, "-I", __file__, str(certificate), str(key)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ports = process.stdout.readline().split()
            yield Addresses(http=f"http://127.0.0.1:{ports[0]}/v1", https=f"https://127.0.0.1:{ports[1]}/v1")
        finally:
            process.stdin.close()


class Connection(asyncio.Protocol):
    """One connection; requests follow one another, and each is answered when its last byte is here."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._data = b""

    def data_received(self, data: bytes) -> None:
        """Answers every request that is complete."""
        self._data += data
        while (end := self._data.find(b"\r\n\r\n")) >= 0:
            length = LENGTH.search(self._data, 0, end + 2)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._data) < whole:
                return
            path, body = self._data.split(b" ", 2)[1], self._data[end + 4 : whole]
            self._data = self._data[whole:]
            self._transport.write(_reply(path, body))


def _reply(path: bytes, body: bytes) -> bytes:
    if not path.endswith(b"/chat/completions"):
        return _whole(404, {"error": {"message": "only chat is served here"}})
    if json.loads(body).get("stream"):
        return _events()
    choice = {"index": 0, "message": {"role": "assistant", "content": ANSWER}, "finish_reason": "stop"}
    return _whole(200, {**ROW, "object": "chat.completion", "choices": [choice], "usage": USAGE})


def _whole(status: int, value: Any) -> bytes:
    body = json.dumps(value).encode()
    head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def _events() -> bytes:
    row = {**ROW, "object": "chat.completion.chunk"}
    deltas = [{"role": "assistant", "content": ""}, *({"content": piece} for piece in re.findall(r" ?\S+", ANSWER)), {}]
    chunks: list[Any] = [
        {**row, "choices": [{"index": 0, "delta": delta, "finish_reason": None if delta else "stop"}]}
        for delta in deltas
    ]
    chunks.append({**row, "choices": [], "usage": USAGE})
    body = b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in chunks) + b"data: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


async def _serve(certificate: str, key: str) -> None:
    loop = asyncio.get_running_loop()
    trusted = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trusted.load_cert_chain(certificate, key)
    plain = await loop.create_server(Connection, "127.0.0.1", 0)
    secure = await loop.create_server(Connection, "127.0.0.1", 0, ssl=trusted)
    print(plain.sockets[0].getsockname()[1], secure.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(*sys.argv[1:]))
