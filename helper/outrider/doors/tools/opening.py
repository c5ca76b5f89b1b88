"""Opens the tool servers that a run wants, all at once, and closes them with it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager as AsyncContextManager
from contextlib import asynccontextmanager
from typing import Any

from mcp.client.streamable_http import streamable_http_client

from outrider.doors.tools.connection import Connection, Trouble
from outrider.doors.tools.program import Program
from outrider.doors.tools.starting import folder, program, search_path, surroundings
from outrider.doors.transport.streamed import client
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.tools.bounds import Bounds
from outrider.rules.tools.offering import Listed
from outrider.rules.tools.servers import Server, address_trouble

Lookup = Callable[[str], str | None]


@record
class Surroundings:
    """What starting a server depends on: the environment, the checkout, the way to the network, and keys by name."""

    environment: Mapping[str, str]
    root: str | None
    inside_claude: bool
    network: Mapping[str, Any]
    lookup: Lookup


@record
class Opened:
    """A server that was started: what it lists, or why it does not, and how long that took, in seconds."""

    server: Server
    connection: Connection | None = None
    tools: tuple[Listed, ...] = ()
    trouble: str = ""
    seconds: float = 0.0


async def opened(servers: tuple[Server, ...], bounds: Bounds, around: Surroundings) -> tuple[Opened, ...]:
    """Starts or reaches every server at once and lists its tools; one that fails says why and holds up no other."""
    tasks = [asyncio.create_task(_opened(server, bounds, around)) for server in servers]
    try:
        return tuple(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        await closed(tuple(one for one in ended if isinstance(one, Opened)))
        raise


async def _opened(server: Server, bounds: Bounds, around: Surroundings) -> Opened:
    began = time.monotonic()
    connection: Connection | None = None
    try:
        connection = _connection(server, bounds, around)
        await connection.open(seconds=bounds.start)
        left = max(bounds.start - (time.monotonic() - began), 1.0)
        tools = await connection.tools(seconds=left)
    except (Trouble, OutriderError) as fault:
        if connection is not None:
            await connection.close()
        told = fault.message if isinstance(fault, OutriderError) else str(fault)
        return Opened(server=server, trouble=told, seconds=time.monotonic() - began)
    except BaseException:
        if connection is not None:
            await connection.close()
        raise
    return Opened(server=server, connection=connection, tools=tools, seconds=time.monotonic() - began)


def _connection(server: Server, bounds: Bounds, around: Surroundings) -> Connection:
    if server.url:
        return _reached(server, bounds, around)
    path = search_path(around.environment, root=None if server.of_project else around.root)
    command = (program(server, path=path, root=around.root), *server.command[1:])
    variables = surroundings(
        server, around.environment, around.lookup, root=None if server.of_project else around.root,
        inside_claude=around.inside_claude,
    )  # fmt: skip
    where = folder(server, around.environment, root=around.root, inside_claude=around.inside_claude)
    running = Program(command, environment=variables, folder=where)
    return Connection(server.name, running, about=lambda: running.trouble or running.last_words)


def _reached(server: Server, bounds: Bounds, around: Surroundings) -> Connection:
    trouble = address_trouble(server)
    if trouble is not None:
        raise OutriderError(
            f"the address of the tool server {server.name} {trouble}",
            hint="use https, or say `local: true` of a machine of yours",
        )
    headers = dict(server.headers)
    if server.key:
        value = around.lookup(server.key)
        if value is None:
            raise OutriderError(
                f"the tool server {server.name} wants {server.key}, which is not set",
                hint=f"run `outrider keys set {server.key}`",
            )
        headers["authorization"] = f"Bearer {value}"
    silence = max(server.timeout or bounds.call, bounds.start)
    http = client(
        headers, network=around.network, is_secure=server.url.startswith("https:"), local_only=server.is_local,
        seconds=silence,
    )  # fmt: skip
    return Connection(server.name, _over_http(server.url, http), about=str)


@asynccontextmanager
async def _over_http(url: str, http: AsyncContextManager[Any]) -> AsyncIterator[tuple[Any, Any]]:
    """Lets the client's connections go with the session."""
    async with http as one, streamable_http_client(url, http_client=one) as streams:
        yield streams


async def closed(servers: tuple[Opened, ...]) -> None:
    """Ends every session, and every program that was started."""
    await asyncio.gather(*(one.connection.close() for one in servers if one.connection is not None))
