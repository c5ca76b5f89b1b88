"""Between bytes and messages: a message that is none gets an error at once, and the next one is read."""

import asyncio
import json
from types import TracebackType
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import INVALID_REQUEST, PARSE_ERROR, jsonrpc_message_adapter

from outrider.mcp_server.pipes import Line, TooLong

Incoming = MemoryObjectReceiveStream[SessionMessage | Exception]
Outgoing = MemoryObjectSendStream[SessionMessage]
LONGEST_LOOKED_AT = 1_048_576
"""Bytes of a bad message in which its id is looked for."""


class Frames:
    """Carries messages between a line and the two streams that the library reads and writes."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> tuple[Incoming, Outgoing]:
        to_server, incoming = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        outgoing, from_server = anyio.create_memory_object_stream[SessionMessage](0)
        self._tasks = [asyncio.create_task(self._read(to_server)), asyncio.create_task(self._write(from_server))]
        return incoming, outgoing

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        reader, writer = self._tasks
        reader.cancel()
        # What was answered last is still on its way; a client that does not read it is not waited for.
        await asyncio.wait({writer}, timeout=1.0)
        writer.cancel()

    async def _read(self, to_server: MemoryObjectSendStream[SessionMessage | Exception]) -> None:
        async with to_server:
            while True:
                try:
                    frame = await self._line.frame()
                except TooLong:
                    await self._refuse(None, INVALID_REQUEST, "the message is too long")
                    continue
                if frame is None:
                    return
                try:
                    message = jsonrpc_message_adapter.validate_json(frame, by_name=False)
                except ValueError:
                    await self._refuse(*_wrong(frame))
                    continue
                try:
                    await to_server.send(SessionMessage(message))
                except (anyio.BrokenResourceError, anyio.ClosedResourceError):
                    return

    async def _write(self, from_server: MemoryObjectReceiveStream[SessionMessage]) -> None:
        async with from_server:
            async for item in from_server:
                data = item.message.model_dump_json(by_alias=True, exclude_unset=True)
                await self._line.write(data.encode("utf-8", "replace") + b"\n")

    async def _refuse(self, number: Any, code: int, text: str) -> None:
        reply = {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}
        await self._line.write(json.dumps(reply).encode() + b"\n")


def _wrong(frame: bytes) -> tuple[Any, int, str]:
    """Returns the id of a bad message, if it can be told, and what is wrong with it."""
    if len(frame) > LONGEST_LOOKED_AT:
        return None, INVALID_REQUEST, "not a message of this protocol"
    try:
        value = json.loads(frame)
    except (ValueError, RecursionError):
        return None, PARSE_ERROR, "not JSON"
    number = value.get("id") if isinstance(value, dict) else None
    is_one = isinstance(number, str | int) and not isinstance(number, bool)
    return number if is_one else None, INVALID_REQUEST, "not a message of this protocol"
