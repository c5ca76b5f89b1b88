"""HTTP through httpx2, one call at a time, for single questions.

The only importer of httpx2 and of its own core. Redirects are never followed, TLS is always verified, bodies are
never unpacked, and no variable of the environment is read. Reading the reply is the codec's work.
"""

import ssl
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from typing import Any

import httpcore2
import httpx2
from httpcore2 import SyncBackend

from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport.addresses import addresses
from outrider.doors.transport.deadline import Deadline
from outrider.doors.transport.faults import LONGEST_ERROR, NotLocal, named, packed, too_large
from outrider.doors.transport.trusted import tls_context
from outrider.rules.privacy import is_local_address

PIECE = 16_384
"""How much is written between two looks at the clock, in bytes."""


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._stream)

    def close(self) -> None:
        close = getattr(self._stream, "close", None)
        if close is not None:
            close()


class _Transport(httpx2.BaseTransport):
    """Hands httpx2's requests to a pool whose sockets know the call's deadline."""

    def __init__(self, pool: httpcore2.ConnectionPool) -> None:
        self._pool = pool

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        answer = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),  # type: ignore[arg-type]
        )

    def close(self) -> None:
        self._pool.close()


class _Stream(httpcore2.NetworkStream):
    """A socket whose every wait is cut to what the call has left. One to a proxy `is_tunnel` until TLS begins in it."""

    def __init__(self, inner: httpcore2.NetworkStream, deadline: Deadline, *, is_tunnel: bool = False) -> None:
        self._inner = inner
        self._deadline = deadline
        self._is_tunnel = is_tunnel

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        wait = self._deadline.for_connect() if self._is_tunnel else self._deadline.for_read()
        if wait <= 0:
            raise httpcore2.ReadTimeout
        data = self._inner.read(max_bytes, wait)
        self._deadline.bytes_read += len(data)
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline.sent = not self._is_tunnel
        view = memoryview(buffer)
        for start in range(0, len(view), PIECE):
            wait = self._deadline.left()
            if wait <= 0:
                raise httpcore2.WriteTimeout
            self._inner.write(view[start : start + PIECE], wait)  # type: ignore[arg-type]

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, max(self._deadline.for_connect(), 0.001))
        self._deadline.bytes_read = 0  # what a proxy said was not the answer
        return _Stream(inner, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


class _Backend(httpcore2.NetworkBackend):
    """Opens sockets for one call; a call bound to local peers gets no other."""

    def __init__(self, deadline: Deadline, *, local_only: bool, is_tunnel: bool) -> None:
        self._deadline = deadline
        self._local_only = local_only
        self._is_tunnel = is_tunnel

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._first(host, port, local_address, socket_options)
        if self._local_only:
            peer = stream.get_extra_info("server_addr")
            # Asked of the connected socket: a name may point elsewhere than when it was looked up.
            if not peer or not is_local_address(str(peer[0])):
                stream.close()
                raise NotLocal
        return _Stream(stream, self._deadline, is_tunnel=self._is_tunnel)

    def _first(
        self, host: str, port: int, local_address: str | None, options: Iterable[Any] | None
    ) -> httpcore2.NetworkStream:
        """Returns a connection to the first address that takes one."""
        refused: Exception = httpcore2.ConnectTimeout()
        try:
            for address, share in addresses(host, port, wait=self._deadline.for_connect()):
                try:
                    return SyncBackend().connect_tcp(address, port, share, local_address, options)
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as fault:
                    refused = fault
        except TimeoutError:
            raise httpcore2.ConnectTimeout from None
        except OSError as fault:
            raise httpcore2.ConnectError from fault
        raise refused


class Blocking:
    """Sends one call after another. `network` is the user's own `network` settings: `proxy`, `ca_file`."""

    def __init__(self, network: Mapping[str, Any]) -> None:
        self._network = network
        self._context: ssl.SSLContext | None = None

    async def send(self, call: HttpCall, reading: Reading) -> Fault | None:
        """Sends a call and feeds the reply to its reading; returns what went wrong on the way, if anything."""
        deadline = Deadline(call.timing)
        try:
            # No client stands between: it would add headers, read variables, and stumble over a bad `location`.
            request = httpx2.Request(call.method, call.url, headers=list(call.headers), content=call.body or None)
            with self._transport(call, deadline) as transport, closing(transport.handle_request(request)) as reply:
                headers = {name.lower(): value for name, value in reply.headers.items()}
                fault = packed(headers)
                if fault is not None:
                    return fault
                reading.open(reply.status_code, headers)
                limit = call.timing.max_bytes if reply.status_code == 200 else LONGEST_ERROR
                return _feed(reply.iter_raw(), reading, deadline, limit=limit)
        except Exception as fault:  # noqa: BLE001 - what is not a fault of the network is raised again
            return named(fault, deadline)

    def _transport(self, call: HttpCall, deadline: Deadline) -> _Transport:
        # Kept connections save nothing to a single question, and a reset of one would blur who was at fault.
        context = self._tls() if call.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        proxy = None if call.local_only else self._network.get("proxy")
        is_tunnel = bool(proxy) and call.url.startswith("https:")
        backend = _Backend(deadline, local_only=call.local_only, is_tunnel=is_tunnel)
        pool: httpcore2.ConnectionPool
        if proxy:
            pool = httpcore2.HTTPProxy(
                proxy_url=proxy, ssl_context=context, network_backend=backend, max_keepalive_connections=0
            )
        else:
            pool = httpcore2.ConnectionPool(ssl_context=context, network_backend=backend, max_keepalive_connections=0)
        return _Transport(pool)

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = tls_context(self._network.get("ca_file"))
        return self._context


def _feed(chunks: Iterator[bytes], reading: Reading, deadline: Deadline, *, limit: int) -> Fault | None:
    size = 0
    for chunk in chunks:
        deadline.is_answering = True
        size += len(chunk)
        if size > limit:
            return too_large(limit)
        reading.feed(chunk)
    return None
