"""One tool server: opened, listed, called and closed. Whatever it does, a caller gets a value within a time.

The library wants a session to be opened and closed by the same task, so each server has a task of its own; a fault in
it ends that server and nothing else.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any, TypeVar

import mcp_types
from mcp import Client, Implementation, MCPError
from pydantic import ValidationError

from outrider import __version__
from outrider.rules.tools.calling import Given
from outrider.rules.tools.offering import Listed
from outrider.wire.text import one_line

Result = TypeVar("Result")
Streams = AbstractAsyncContextManager[tuple[Any, Any]]
MOST_PAGES = 50
MOST_TOOLS = 2_000
LONGEST_ERROR = 400

# What the library has to say of a server is said by us, in our words, where it matters.
logging.getLogger("mcp").addHandler(logging.NullHandler())
logging.getLogger("mcp").propagate = False


class Trouble(Exception):
    """A server could not be started, reached or understood; its words are fit to print."""


class Connection:
    """A session with one server."""

    def __init__(self, name: str, streams: Streams, *, about: Callable[[], str]) -> None:
        """`about` says what the way to the server knows of its end, such as the program's last words."""
        self.name = name
        self._streams = streams
        self._about = about
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._client: Client | None = None

    async def open(self, *, seconds: float) -> None:
        """Starts or reaches the server and agrees on a protocol; raises Trouble."""
        ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
        self._task = asyncio.create_task(self._lives(ready, seconds=seconds))
        waited: set[asyncio.Future[Any]] = {ready, self._task}
        done, _ = await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            await self.close()
            raise Trouble(f"it did not answer within {seconds:g} s{self._told()}")
        if not ready.done():
            fault = self._task.exception()
            ready.cancel()
            raise Trouble(_words(fault) + self._told()) from None
        self._client = ready.result()

    async def _lives(self, ready: "asyncio.Future[Client]", *, seconds: float) -> None:
        client = Client(
            self._streams,
            client_info=Implementation(name="outrider", version=__version__), cache=None,
            read_timeout_seconds=seconds,
        )  # fmt: skip
        async with client:
            ready.set_result(client)
            await self._closing.wait()

    async def tools(self, *, seconds: float) -> tuple[Listed, ...]:
        """Returns every tool that the server lists; raises Trouble."""
        return await self._within(self._list, seconds, "list its tools")

    async def _list(self, client: Client) -> tuple[Listed, ...]:
        found: list[Listed] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor, cache_mode="bypass")
            found += [_listed(self.name, tool) for tool in page.tools]
            cursor = page.next_cursor
            if cursor is None:
                return tuple(found)
            if len(found) > MOST_TOOLS:
                break
        raise Trouble(f"it lists more than {MOST_TOOLS:,} tools, or its list has no end")

    async def call(self, name: str, arguments: Mapping[str, Any], *, seconds: float) -> Given:
        """Returns what a tool gave. A server that fails gives an error, and nothing is raised."""

        async def ask(client: Client) -> Given:
            return _given(await client.call_tool(name, dict(arguments), read_timeout_seconds=seconds))

        try:
            return await self._within(ask, seconds, "answer")
        except Trouble as trouble:
            return Given(text=f"the tool server failed: {trouble}", is_error=True)

    async def _within(self, ask: Callable[[Client], Awaitable[Result]], seconds: float, what: str) -> Result:
        """Asks the server something; whatever is wrong with it or with its answer is Trouble."""
        if self._client is None or self._task is None or self._task.done():
            raise Trouble(f"it has ended{self._told()}")
        asking = asyncio.ensure_future(ask(self._client))
        try:
            waited: set[asyncio.Future[Any]] = {asking, self._task}
            await asyncio.wait(waited, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if asking.done():
                return asking.result()
        except (MCPError, ValidationError, OSError, ValueError, RuntimeError, RecursionError) as fault:
            raise Trouble(_words(fault) + self._told()) from None
        finally:
            if not asking.done():
                asking.cancel()
                with suppress(BaseException):
                    await asyncio.wait({asking}, timeout=1.0)
        raise Trouble(f"it ended{self._told()}" if self._task.done() else f"it did not {what} within {seconds:g} s")

    def _told(self) -> str:
        words = one_line(self._about(), LONGEST_ERROR)
        return f" ({words})" if words else ""

    async def close(self) -> None:
        """Ends the session and what was started for it. Never raises what the server did."""
        self._closing.set()
        self._client = None
        if self._task is None:
            return
        done, _ = await asyncio.wait({self._task}, timeout=5.0)
        if not done:
            self._task.cancel()
            await asyncio.wait({self._task}, timeout=5.0)
        if self._task.done() and not self._task.cancelled():
            self._task.exception()


def _listed(server: str, tool: mcp_types.Tool) -> Listed:
    hints = tool.annotations
    return Listed(
        server=server, name=tool.name, description=tool.description or "", schema=tool.input_schema,
        reads=bool(hints and hints.read_only_hint), destroys=bool(hints and hints.destructive_hint),
    )  # fmt: skip


def _given(result: mcp_types.CallToolResult) -> Given:
    """Puts the parts of a result into one text; what is no text is named and measured."""
    parts = [_text(block) for block in result.content]
    if not any(parts) and result.structured_content is not None:
        parts = [json.dumps(result.structured_content, ensure_ascii=False)]
    text = "\n".join(part for part in parts if part)
    return Given(text=text, is_error=bool(result.is_error), bytes=len(text.encode("utf-8", "replace")))


def _text(block: Any) -> str:
    match block:
        case mcp_types.TextContent():
            return block.text
        case mcp_types.EmbeddedResource(resource=mcp_types.TextResourceContents() as resource):
            return resource.text
        case mcp_types.EmbeddedResource(resource=resource):
            return f"[{getattr(resource, 'mime_type', None) or 'data'} at {resource.uri}, not shown]"
        case mcp_types.ResourceLink():
            return f"[see {block.uri}]"
        case mcp_types.ImageContent() | mcp_types.AudioContent():
            return f"[{block.mime_type}, {len(block.data) * 3 // 4:,} bytes, not shown]"
        case _:
            return ""


def _words(fault: BaseException | None) -> str:
    """Returns what went wrong in one line, the first fault of a group."""
    while isinstance(fault, BaseExceptionGroup):
        fault = fault.exceptions[0]
    if isinstance(fault, ValidationError):
        return "it answered with what the protocol does not know"
    text = one_line(str(fault), LONGEST_ERROR) if fault is not None else ""
    return text or (type(fault).__name__ if fault is not None else "it ended")
