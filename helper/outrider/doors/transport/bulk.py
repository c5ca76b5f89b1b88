"""HTTP for thousands of calls, over kept connections, on one event loop: a fraction of the work of `crowd`.

The same contract and the same promises: no redirect, TLS always verified, nothing unpacked, nothing read from the
environment, every wait cut to what its call has left. It knows no proxy: who has one goes the other way.
"""

import asyncio
import re
import socket
import ssl
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2

from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport.addresses import addresses_at_once
from outrider.doors.transport.deadline import Deadline
from outrider.doors.transport.faults import NotLocal, named
from outrider.doors.transport.line import Line, Origin
from outrider.doors.transport.trusted import tls_context
from outrider.records import replace
from outrider.rules.privacy import is_local_address

KEPT = 512
"""Idle connections that are kept at most, over all origins."""
KEPT_FOR = 15.0
"""Seconds an idle connection is kept: shorter than most servers do, so that few are found closed."""
HEADER = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*")
_BROKEN = (httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError)
"""What a connection that its server has closed comes to."""


class Bulk:
    """Sends many calls at once. `network` is the user's own `network` settings: `ca_file`."""

    def __init__(self, network: Mapping[str, Any]) -> None:
        self._network = network
        self._loop = asyncio.get_running_loop()
        self._context: ssl.SSLContext | None = None
        self._idle: dict[Origin, list[Line]] = {}
        self._count = 0

    async def send(self, call: HttpCall, reading: Reading) -> Fault | None:
        """Sends a call and feeds the reply to its reading; returns what went wrong on the way, if anything."""
        deadline = Deadline(call.timing)
        try:
            origin, head = _prepared(call.method, call.url, call.headers, local_only=call.local_only)
            length = b"content-length: %d\r\n\r\n" % len(call.body) if call.body or call.method != "GET" else b"\r\n"
            question = head + length + call.body
            line = self._kept(origin)
            if line is not None:
                try:
                    return await self._asked(line, question, call, reading, deadline)
                except _BROKEN:
                    if deadline.bytes_read:
                        raise
                # A server may close what it kept at the moment of sending: nothing of an answer was read, so nothing
                # is owed. Once more, in what time is left, and on a connection that is new for certain.
                deadline = Deadline(replace(call.timing, total=max(deadline.left(), 0.0)))
            line = await self._connected(origin, deadline)
            return await self._asked(line, question, call, reading, deadline)
        except Exception as fault:  # noqa: BLE001 - what is not a fault of the network is raised again
            return named(fault, deadline)

    async def close(self) -> None:
        """Lets every kept connection go."""
        lines, self._idle, self._count = [line for kept in self._idle.values() for line in kept], {}, 0
        for line in lines:
            line.drop()
        await asyncio.sleep(0)  # sockets are closed in the next round of the loop

    async def _asked(
        self, line: Line, question: bytes, call: HttpCall, reading: Reading, deadline: Deadline
    ) -> Fault | None:
        fault = await line.ask(question, call, reading, deadline)
        if not line.is_useless:
            self._keep(line)
        return fault

    def _kept(self, origin: Origin) -> Line | None:
        """Returns the connection that was used last, since what is idle for long may be closed by its server."""
        lines = self._idle.get(origin)
        while lines:
            line = lines.pop()
            self._count -= 1
            if line.since + KEPT_FOR > self._loop.time() and line.is_quiet():
                return line
            line.drop()
        return None

    def _keep(self, line: Line) -> None:
        lines = self._idle.setdefault(line.origin, [])
        line.since = self._loop.time()
        while lines and (self._count >= KEPT or lines[0].since + KEPT_FOR < line.since):
            lines.pop(0).drop()
            self._count -= 1
        lines.append(line)
        self._count += 1

    async def _connected(self, origin: Origin, deadline: Deadline) -> Line:
        """Returns a connection to the first address that takes one."""
        context = self._tls() if origin.is_secure else None
        refused: Exception = httpcore2.ConnectTimeout()
        try:
            for address, share in await addresses_at_once(origin.host, origin.port, wait=deadline.for_connect()):
                try:
                    async with asyncio.timeout(share):
                        peer = await self._reached(address, origin)
                    break
                except (TimeoutError, OSError) as fault:
                    refused = _unreached(fault)
            else:
                raise refused
            async with asyncio.timeout(deadline.for_connect()):
                _, line = await self._loop.create_connection(
                    lambda: Line(self._loop, origin), sock=peer, ssl=context,
                    server_hostname=origin.host if origin.is_secure else None,
                )  # fmt: skip
        except (TimeoutError, OSError) as fault:
            raise _unreached(fault) from fault
        return line

    async def _reached(self, address: str, origin: Origin) -> socket.socket:
        """Returns a socket that is connected to an address; one that is bound to local peers gets no other."""
        family, kind, protocol, _, place = socket.getaddrinfo(
            address, origin.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )[0]
        peer = socket.socket(family, kind, protocol)
        try:
            peer.settimeout(0.0)
            await self._loop.sock_connect(peer, place)
            # Asked of the connected socket: a name may point elsewhere than when it was looked up.
            if origin.local_only and not is_local_address(str(peer.getpeername()[0])):
                raise NotLocal  # noqa: TRY301 - the socket is closed on the same road as after any other fault
        except BaseException:
            peer.close()
            raise
        return peer

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._network.get("ca_file"))
        return self._context


def _unreached(fault: Exception) -> Exception:
    """Returns the exception that the table of faults knows; what the system said is its cause."""
    if isinstance(fault, TimeoutError) and fault.errno is None:
        return httpcore2.ConnectTimeout()
    made = httpcore2.ConnectError(str(fault))
    made.__cause__ = fault
    return made


@lru_cache(maxsize=64)
def _prepared(method: str, url: str, headers: tuple[tuple[str, str], ...], *, local_only: bool) -> tuple[Origin, bytes]:
    """Returns where a call goes, and its head up to the length: the same for thousands of calls."""
    request = httpx2.Request(method, url, headers=list(headers))
    parts = request.url
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise httpcore2.UnsupportedProtocol("an address begins with http:// or https:// and a host")
    lines = [f"{method} {parts.raw_path.decode('ascii')} HTTP/1.1".encode("ascii")]
    for name, value in request.headers.raw:
        if name.lower() == b"content-length":
            continue
        if not HEADER.fullmatch(name + b":" + value):
            raise httpcore2.LocalProtocolError(f"the header {name.decode('latin-1')} has a character that none has")
        lines.append(name + b": " + value)
    is_secure = parts.scheme == "https"
    origin = Origin(
        is_secure=is_secure, host=parts.raw_host.decode("ascii"), port=parts.port or (443 if is_secure else 80),
        local_only=local_only,
    )  # fmt: skip
    return origin, b"\r\n".join(lines) + b"\r\n"
