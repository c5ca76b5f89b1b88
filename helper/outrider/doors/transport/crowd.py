"""HTTP for many calls at once, over kept connections, on one event loop: for panels and batches.

The same contract and the same promises as the blocking way out: no redirect, TLS always verified, nothing unpacked,
nothing read from the environment, every wait cut to what its call has left. A call that is cancelled lets its
connection go.
"""

import asyncio
import select
import ssl
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import httpcore2
import httpx2
from httpcore2 import AnyIOBackend

from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport.addresses import addresses_at_once
from outrider.doors.transport.deadline import Deadline
from outrider.doors.transport.faults import LONGEST_ERROR, NotLocal, named, packed, too_large
from outrider.doors.transport.trusted import tls_context
from outrider.records import replace
from outrider.rules.privacy import is_local_address

KEPT = 256
"""Idle connections that are kept at most, over all origins."""
KEPT_FOR = 15.0
"""Seconds an idle connection is kept: shorter than most servers do, so that few are found closed."""
GLANCE = 0.1
"""Seconds for which it is believed that an idle connection has nothing to read."""
_BROKEN = (httpcore2.ReadError, httpcore2.WriteError, httpcore2.RemoteProtocolError)
"""What a connection that its server has closed comes to."""
_CALL: ContextVar["_Call"] = ContextVar("call")


class _Call:
    """What a connection must know of the call that it serves now.

    `is_fresh`: the connection was opened for it; `last`: what was read from it last.
    """

    def __init__(self, deadline: Deadline) -> None:
        self.deadline = deadline
        self.is_fresh = False
        self.last = b""


class _Stream(httpcore2.AsyncNetworkStream):
    """A socket that asks, at each wait, how much time the call has left that it serves now."""

    def __init__(self, inner: httpcore2.AsyncNetworkStream, *, is_tunnel: bool = False) -> None:
        self._inner = inner
        self._is_tunnel = is_tunnel
        self._poll: select.poll | None = None
        self._is_closed = False
        self._call: _Call | None = None
        self._asked = 0.0
        self._was_readable = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - the library's own
        call = _CALL.get()
        deadline = call.deadline
        wait = deadline.for_connect() if self._is_tunnel else deadline.for_read()
        if wait <= 0:
            raise httpcore2.ReadTimeout
        data = await self._inner.read(max_bytes, wait)
        deadline.bytes_read += len(data)
        call.last = data
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - the library's own
        call = _CALL.get()
        deadline = call.deadline
        if call is not self._call:
            self._call = call
            if not call.is_fresh and self._is_readable():
                # Bytes that an earlier answer left behind, or the end: what is there before the question answers none.
                raise httpcore2.WriteError
        deadline.sent = not self._is_tunnel
        wait = deadline.left()
        if wait <= 0:
            raise httpcore2.WriteTimeout
        await self._inner.write(buffer, wait)

    async def aclose(self) -> None:
        self._is_closed = True
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own
    ) -> httpcore2.AsyncNetworkStream:
        deadline = _CALL.get().deadline
        inner = await self._inner.start_tls(ssl_context, server_hostname, max(deadline.for_connect(), 0.001))
        deadline.bytes_read = 0  # what a proxy said was not the answer
        return _Stream(inner)

    def get_extra_info(self, info: str) -> Any:
        return self._seems_readable() if info == "is_readable" else self._inner.get_extra_info(info)

    def _seems_readable(self) -> bool:
        """Says what was seen a moment ago: the pool asks all that are idle at every call. Who uses one looks itself."""
        now = time.monotonic()
        if now - self._asked > GLANCE:
            self._asked, self._was_readable = now, self._is_readable()
        return self._was_readable or self._is_closed

    def _is_readable(self) -> bool:
        if self._is_closed:
            return True  # an idle connection with something to read, its end included, is used no more
        if self._poll is None:
            self._poll = select.poll()
            self._poll.register(self._inner.get_extra_info("socket").fileno(), select.POLLIN)
        return bool(self._poll.poll(0))


class _Backend(httpcore2.AsyncNetworkBackend):
    """Opens sockets; one that is bound to local peers opens no other."""

    def __init__(self, *, local_only: bool, is_tunnel: bool) -> None:
        self._inner = AnyIOBackend()
        self._local_only = local_only
        self._is_tunnel = is_tunnel

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        call = _CALL.get()
        call.is_fresh = True
        stream = await self._first(host, port, local_address, socket_options, call.deadline)
        if self._local_only:
            peer = stream.get_extra_info("server_addr")
            # Asked of the connected socket: a name may point elsewhere than when it was looked up.
            if not peer or not is_local_address(str(peer[0])):
                await stream.aclose()
                raise NotLocal
        return _Stream(stream, is_tunnel=self._is_tunnel)

    async def _first(
        self, host: str, port: int, local_address: str | None, options: Iterable[Any] | None, deadline: Deadline
    ) -> httpcore2.AsyncNetworkStream:
        """Returns a connection to the first address that takes one."""
        refused: Exception = httpcore2.ConnectTimeout()
        try:
            for address, share in await addresses_at_once(host, port, wait=deadline.for_connect()):
                try:
                    return await self._inner.connect_tcp(address, port, share, local_address, options)
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as fault:
                    refused = fault
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as fault:
            raise httpcore2.ConnectError from fault
        raise refused


class Crowd:
    """Sends many calls at once. `network` is the user's own `network` settings: `proxy`, `ca_file`."""

    def __init__(self, network: Mapping[str, Any]) -> None:
        self._network = network
        self._context: ssl.SSLContext | None = None
        self._pools: dict[tuple[bool, bool, bool], httpcore2.AsyncConnectionPool] = {}
        self._left: list[httpcore2.AsyncConnectionPool] = []

    async def send(self, call: HttpCall, reading: Reading) -> Fault | None:
        """Sends a call and feeds the reply to its reading; returns what went wrong on the way, if anything."""
        first = _Call(Deadline(call.timing))
        pool = self._pool(call)
        fault = await self._tried(call, reading, first, pool)
        if first.is_fresh or first.deadline.bytes_read or not isinstance(fault, _BROKEN):
            return named(fault, first.deadline) if isinstance(fault, Exception) else fault
        # A server may close what it kept at the moment of sending: nothing of an answer was read, so nothing is owed.
        # Once more, in what time is left, and on a connection that is new for certain.
        self._leave(pool)
        timing = replace(call.timing, total=max(first.deadline.left(), 0.0))
        again = _Call(Deadline(timing))
        fault = await self._tried(call, reading, again, self._pool(call))
        return named(fault, again.deadline) if isinstance(fault, Exception) else fault

    async def close(self) -> None:
        """Lets every kept connection go."""
        pools, self._pools, self._left = (*self._pools.values(), *self._left), {}, []
        for pool in pools:
            await pool.aclose()

    def _leave(self, stale: httpcore2.AsyncConnectionPool) -> None:
        """Asks nothing more over these connections; what is under way on them goes on."""
        for key, pool in tuple(self._pools.items()):
            if pool is stale:
                self._left.append(self._pools.pop(key))

    async def _tried(
        self, call: HttpCall, reading: Reading, state: _Call, pool: httpcore2.AsyncConnectionPool
    ) -> Fault | Exception | None:
        """Sends a call once and returns what went wrong, as it was raised."""
        token = _CALL.set(state)
        try:
            return await self._sent(call, reading, state.deadline, pool)
        except Exception as fault:  # noqa: BLE001 - it is named or raised again by who called
            return fault
        finally:
            _CALL.reset(token)

    async def _sent(
        self, call: HttpCall, reading: Reading, deadline: Deadline, pool: httpcore2.AsyncConnectionPool
    ) -> Fault | None:
        url, headers = _prepared(call.method, call.url, call.headers)
        if call.body or call.method != "GET":
            headers = (*headers, (b"Content-Length", b"%d" % len(call.body)))
        try:
            async with asyncio.timeout(max(deadline.left(), 0)):
                answer = await pool.handle_async_request(
                    httpcore2.Request(method=call.method, url=url, headers=list(headers), content=call.body)
                )
                try:
                    if not deadline.bytes_read:
                        # It was there before the question: bytes that an earlier answer left behind.
                        raise httpcore2.RemoteProtocolError("answered before it was asked")
                    return await _read(answer, call, reading, deadline)
                finally:
                    await answer.aclose()
        except TimeoutError:
            raise httpcore2.ReadTimeout from None

    def _pool(self, call: HttpCall) -> httpcore2.AsyncConnectionPool:
        is_secure = call.url.startswith("https:")
        proxy = None if call.local_only else self._network.get("proxy")
        key = (call.local_only, is_secure, bool(proxy))
        if key not in self._pools:
            context = self._tls() if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            backend = _Backend(local_only=call.local_only, is_tunnel=bool(proxy) and is_secure)
            self._pools[key] = httpcore2.AsyncConnectionPool(
                ssl_context=context, network_backend=backend, max_connections=None,
                max_keepalive_connections=KEPT, keepalive_expiry=KEPT_FOR,
                proxy=httpcore2.Proxy(url=proxy, ssl_context=context) if proxy else None,
            )  # fmt: skip
        return self._pools[key]

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._network.get("ca_file"))
        return self._context


@lru_cache(maxsize=64)
def _prepared(
    method: str, url: str, headers: tuple[tuple[str, str], ...]
) -> tuple[httpcore2.URL, tuple[tuple[bytes, bytes], ...]]:
    """Returns where a call goes and its headers but for the length: the same for thousands of calls."""
    request = httpx2.Request(method, url, headers=list(headers))
    parts = request.url
    place = httpcore2.URL(scheme=parts.raw_scheme, host=parts.raw_host, port=parts.port, target=parts.raw_path)
    return place, tuple(pair for pair in request.headers.raw if pair[0].lower() != b"content-length")


async def _read(answer: httpcore2.Response, call: HttpCall, reading: Reading, deadline: Deadline) -> Fault | None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in answer.headers}
    fault = packed(headers)
    if fault is not None:
        return fault
    reading.open(answer.status, headers)
    limit = call.timing.max_bytes if answer.status == 200 else LONGEST_ERROR
    size, last = 0, b""
    chunks: AsyncIterator[bytes] = answer.aiter_stream()
    async with aclosing(chunks):  # type: ignore[type-var]
        async for chunk in chunks:
            deadline.is_answering = True
            size += len(chunk)
            if size > limit:
                return too_large(limit)
            reading.feed(chunk)
            last = chunk
    end = b"\r\n\r\n" if "chunked" in headers.get("transfer-encoding", "").lower() else last
    if answer.status != 200 or not last or not _CALL.get().last.endswith(end):
        # What comes behind the end of an answer would be read as the next one: such a connection is not kept.
        await answer.extensions["network_stream"].aclose()
    return None
