"""HTTP for tool servers: a client of the library that the MCP client wants, bound by the rules of every other way out.

No redirect, nothing unpacked, nothing read from the environment, TLS always verified, a bounded body; what is bound to
the user's machines connects to no other.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpcore2
import httpx2
from httpcore2 import AnyIOBackend

from outrider import __version__
from outrider.doors.transport.trusted import tls_context
from outrider.rules.privacy import is_local_address

MOST_BYTES = 32 * 1_048_576
CONNECT = 10.0


def client(
    headers: Mapping[str, str], *, network: Mapping[str, Any], is_secure: bool, local_only: bool, seconds: float
) -> httpx2.AsyncClient:
    """Returns a client for one server; `seconds` is how long it may be silent."""
    about = {**headers, "accept-encoding": "identity", "user-agent": f"outrider/{__version__}"}
    return httpx2.AsyncClient(
        transport=_Bounded(network, is_secure=is_secure, local_only=local_only), headers=about,
        timeout=httpx2.Timeout(seconds, connect=CONNECT), trust_env=False, follow_redirects=False,
    )  # fmt: skip


class _Backend(httpcore2.AsyncNetworkBackend):
    """Opens sockets; one that is bound to local peers keeps no other."""

    def __init__(self, *, local_only: bool) -> None:
        self._inner = AnyIOBackend()
        self._local_only = local_only

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's own
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        stream = await self._inner.connect_tcp(host, port, timeout, local_address, socket_options)
        if self._local_only:
            peer = stream.get_extra_info("server_addr")
            # Asked of the connected socket: a name may point elsewhere than when it was looked up.
            if not peer or not is_local_address(str(peer[0])):
                await stream.aclose()
                raise httpcore2.ConnectError("the address led to a machine that is not local")
        return stream


class _Bounded(httpx2.AsyncBaseTransport):
    """Sends requests and lets no redirect, no packed body and no endless one pass."""

    def __init__(self, network: Mapping[str, Any], *, is_secure: bool, local_only: bool) -> None:
        proxy = None if local_only else network.get("proxy")
        context = tls_context(network.get("ca_file")) if is_secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context, network_backend=_Backend(local_only=local_only),
            proxy=httpcore2.Proxy(url=proxy, ssl_context=context) if proxy else None,
        )  # fmt: skip

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        url = httpcore2.URL(
            scheme=request.url.raw_scheme, host=request.url.raw_host, port=request.url.port, target=request.url.raw_path
        )
        sent = httpcore2.Request(
            method=request.method, url=url, headers=request.headers.raw, content=request.stream,
            extensions=request.extensions,
        )  # fmt: skip
        try:
            answer = await self._pool.handle_async_request(sent)
        except _FAULTS as fault:
            raise _named(fault, request) from None
        headers = httpx2.Headers(answer.headers)
        packing = headers.get("content-encoding", "identity").lower()
        if 300 <= answer.status < 400 or packing not in ("", "identity"):
            await answer.aclose()
            what = "sends its caller elsewhere" if answer.status < 400 and answer.status >= 300 else "packs its answers"
            raise httpx2.RemoteProtocolError(f"the server {what}, which is not followed", request=request)
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_Stream(answer, request),
            extensions=answer.extensions,
        )  # fmt: skip

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Stream(httpx2.AsyncByteStream):
    def __init__(self, answer: httpcore2.Response, request: httpx2.Request) -> None:
        self._answer = answer
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for chunk in self._answer.aiter_stream():
                size += len(chunk)
                if size > MOST_BYTES:
                    raise httpx2.ReadError(f"the server said more than {MOST_BYTES:,} bytes", request=self._request)
                yield chunk
        except _FAULTS as fault:
            raise _named(fault, self._request) from None

    async def aclose(self) -> None:
        await self._answer.aclose()


_FAULTS = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)


def _named(fault: Exception, request: httpx2.Request) -> httpx2.TransportError:
    """Returns the fault in the words of the client that is asked."""
    words = str(fault) or type(fault).__name__
    match fault:
        case httpcore2.TimeoutException():
            return httpx2.ReadTimeout(words, request=request)
        case httpcore2.ConnectError():
            return httpx2.ConnectError(words, request=request)
        case httpcore2.NetworkError() | httpcore2.ProxyError():
            return httpx2.NetworkError(words, request=request)
        case _:
            return httpx2.RemoteProtocolError(words, request=request)
