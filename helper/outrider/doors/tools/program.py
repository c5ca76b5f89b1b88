"""A tool server that is a program: started in a process group of its own, spoken to over its standard input and output.

Bounded in every way: the length of a line, all that it says, its last words on stderr. It and everything it started
in its group is ended with us.
"""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import anyio
import mcp_types
from mcp.shared.message import SessionMessage

LONGEST_LINE = 4 * 1_048_576
MOST_SAID = 32 * 1_048_576
"""Bytes of one message and of all messages of a run; a server that says more is ended."""
LAST_WORDS = 2_000
GRACE = 1.0
"""Seconds that a program has to leave by itself once its input is closed, and once more when it was asked to end."""


class Program:
    """The streams of a running server, as the library wants them; its own fault is kept in `trouble`."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str], folder: str) -> None:
        self._command = tuple(command)
        self._environment = dict(environment)
        self._folder = folder
        self._process: Process | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._words = b""
        self.trouble = ""

    @property
    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        return self._words.decode("utf-8", "replace")

    async def __aenter__(self) -> tuple[Any, Any]:
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=self._folder, env=self._environment,
            start_new_session=True, limit=LONGEST_LINE,
        )  # fmt: skip
        self._said, read = anyio.create_memory_object_stream[SessionMessage | Exception](0)
        write, self._wanted = anyio.create_memory_object_stream[SessionMessage](0)
        self._streams = (read, write)
        self._tasks = [asyncio.create_task(work) for work in (self._hear(), self._tell(), self._listen_to_stderr())]
        return read, write

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    async def _hear(self) -> None:
        """Hands on each line that is a message; ends the server's say when it says too much."""
        stdout = self._running().stdout
        total = 0
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            async with self._said:
                while stdout is not None:
                    try:
                        line = await stdout.readline()
                    except ValueError:
                        self.trouble = f"it said more than {LONGEST_LINE:,} bytes at once"
                        return
                    if not line:
                        return
                    total += len(line)
                    if total > MOST_SAID:
                        self.trouble = f"it said more than {MOST_SAID:,} bytes"
                        return
                    if line.strip():
                        await self._said.send(_message(line))

    async def _tell(self) -> None:
        """Writes what the library sends; a program that reads no more is gone."""
        stdin = self._running().stdin
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError, OSError, ConnectionError):
            async with self._wanted:
                async for message in self._wanted:
                    if stdin is None:
                        return
                    text = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                    stdin.write(text.encode("utf-8", "replace") + b"\n")
                    await stdin.drain()
        await self._said.aclose()

    async def _listen_to_stderr(self) -> None:
        stderr = self._running().stderr
        while stderr is not None and (piece := await stderr.read(65_536)):
            self._words = (self._words + piece)[-LAST_WORDS:]

    def _running(self) -> Process:
        if self._process is None:
            raise RuntimeError("the server was not started")
        return self._process

    async def end(self) -> None:
        """Closes its input, waits a moment, asks it to end, ends it, and everything left of its group."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            if process.stdin is not None:
                process.stdin.close()
            for blow in (None, signal.SIGTERM):
                if blow is not None:
                    _hit(process.pid, blow)
                with suppress(TimeoutError):
                    await asyncio.wait_for(process.wait(), GRACE)
                    break
        finally:
            # The group outlives its first process where that one left others behind.
            _hit(process.pid, signal.SIGKILL)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for stream in (*self._streams, self._said, self._wanted):
                stream.close()
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), GRACE)
            transport = getattr(process, "_transport", None)
            if transport is not None:
                transport.close()


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(mcp_types.jsonrpc_message_adapter.validate_json(line, by_name=False))
    except (ValueError, RecursionError) as fault:
        return fault if isinstance(fault, ValueError) else ValueError("it is nested too deeply")


def _hit(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
