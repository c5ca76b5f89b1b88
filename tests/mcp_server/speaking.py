"""Speaks to the server in this process through the official client, over the streams that a real line would fill."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp.client._memory import InMemoryTransport
from mcp.types import ListRootsResult, Root

from outrider.mcp_server.desk import Desk
from outrider.mcp_server.server import Front, made
from tests.doors.booking import rows

Script = Callable[[Client], Awaitable[Any]]


def speak(
    script: Script, *, roots: tuple[Path, ...] | None = None, mode: Any = "legacy", front: Any = Front, **more: Any
) -> Any:
    """Runs a script with a client that is connected to a new server; returns what the script returns."""

    async def tell_roots(_: Any) -> ListRootsResult:
        return ListRootsResult(roots=[Root(uri=root.as_uri()) for root in roots or ()])  # type: ignore[arg-type]

    async def spoken() -> Any:
        desk = Desk()
        able: Any = {"list_roots_callback": tell_roots} if roots is not None else {}
        async with Client(InMemoryTransport(made(front(desk))), mode=mode, cache=None, **able, **more) as client:
            found = await script(client)
        await desk.close()
        return found

    return asyncio.run(spoken())


def call(tool: str, /, *, roots: tuple[Path, ...] | None = None, mode: Any = "legacy", **arguments: Any) -> Any:
    """Calls one tool of a new server."""
    return speak(lambda client: client.call_tool(tool, arguments), roots=roots, mode=mode)


def text(result: Any) -> str:
    """Returns the one text of a result."""
    (block,) = result.content
    return str(block.text)


def attempts(home: Path) -> list[tuple[Any, ...]]:
    """Returns what the book says of every call: the model's id, how it ended, how sure its cost is."""
    query = "SELECT wire_id, COALESCE(kind, outcome), certainty FROM attempts ORDER BY id"
    return [tuple(row) for row in rows(home / ".config" / "outrider", query)]
