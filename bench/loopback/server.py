"""A server that does as little as it can: it answers each question after a wait, with a digest of the prompt.

`python -m bench.loopback.server LATENCY [CERTIFICATE KEY]` prints its port and serves until its input ends.
"""

import asyncio
import json
import ssl
import sys
import zlib

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"


class Answering(asyncio.Protocol):
    """One connection of a client, one question after the other."""

    def __init__(self, latency: float) -> None:
        self._latency = latency
        self._loop = asyncio.get_running_loop()
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Takes the connection."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for the type checker
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Takes what was said; whole questions are answered when their time has come."""
        self._held += data
        end = self._held.find(b"\r\n\r\n")
        if end < 0:
            return
        length = int(self._held[:end].lower().partition(b"content-length:")[2].split(b"\r", 1)[0])
        whole = end + 4 + length
        if len(self._held) >= whole:
            body, self._held = self._held[end + 4 : whole], self._held[whole:]
            self._loop.call_later(self._latency, self._answer, body)

    def _answer(self, body: bytes) -> None:
        asked = json.loads(body)
        content = json.dumps({"digest": zlib.crc32(asked["messages"][-1]["content"].encode()), "label": "even"})
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 500, "completion_tokens": 12, "total_tokens": 512}
        answer = json.dumps({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"],
            "choices": [choice], "usage": usage,
        }).encode()  # fmt: skip
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(HEAD % len(answer) + answer)


async def serve(latency: float, files: list[str]) -> None:
    """Serves until standard input ends."""
    context = None
    if files:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(latency), "127.0.0.1", 0, ssl=context, backlog=1_024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1]), sys.argv[2:]))
