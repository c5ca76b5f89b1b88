"""A proxy is used where the user named one, and never for what stays on this machine."""

import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Literal

import pytest

from outrider.data import Fault
from tests.doors.transport.asking import CHAT, PATIENT, SHORT, SLACK, a_call, ask, read_head, serving
from tests.doors.transport.certificates import make_certificate
from tests.servers import ScriptedServer, way

pytestmark = pytest.mark.usefixtures("either_way_by_proxy")

KEY = ("authorization", "Bearer sk-secret-of-the-test")


@dataclass(slots=True)
class Proxy:
    """A forwarding proxy on loopback that keeps every head it saw."""

    mode: Literal["forward", "refuse", "close", "hang"] = "forward"
    url: str = ""
    heads: list[bytes] = field(default_factory=list)

    def handle(self, connection: socket.socket, stop: Event) -> None:
        """Serves one connection."""
        head = read_head(connection)
        self.heads.append(head)
        if self.mode == "hang":
            stop.wait(5)
        elif self.mode == "refuse":
            connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
        elif self.mode == "forward":
            self._forward(connection, head)

    def _forward(self, connection: socket.socket, head: bytes) -> None:
        method, host, port, path = re.match(rb"(\w+) (?:http://)?([\w.]+):(\d+)(\S*) ", head).groups()  # type: ignore[union-attr]
        with socket.create_connection((host.decode(), int(port))) as there:
            if method == b"CONNECT":
                connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            else:
                there.sendall(method + b" " + path + head[head.index(b" HTTP/") :])
            back = Thread(target=_pump, args=(there, connection), daemon=True)
            back.start()
            _pump(connection, there)
            back.join(5)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(loopback: None) -> Iterator[Proxy]:
    """Runs a proxy on loopback."""
    made = Proxy()
    with serving(made.handle) as port:
        made.url = f"http://127.0.0.1:{port}"
        yield made


@pytest.fixture
def secure(loopback: None, tmp_path: Path) -> Iterator[tuple[ScriptedServer, str]]:
    """Runs a provider behind TLS, and gives the file that makes its certificate good."""
    certificate = make_certificate(tmp_path)
    server = ScriptedServer()
    server._http.socket = certificate.server_side().wrap_socket(server._http.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.port}"
    with server:
        yield server, str(certificate.file)


def test_a_plain_call_goes_through_the_users_proxy(server: ScriptedServer, proxy: Proxy) -> None:
    """The proxy is told the whole address, and the answer comes back through it."""
    sent = ask(a_call(server.url + CHAT, timing=PATIENT), {"proxy": proxy.url})
    assert (sent.fault, sent.heard.status) == (None, 200)
    (head,) = proxy.heads
    assert head.startswith(f"POST {server.url}{CHAT} HTTP/1.1\r\n".encode())
    assert server.requests[0].path == CHAT


def test_a_secure_call_goes_through_a_tunnel(secure: tuple[ScriptedServer, str], proxy: Proxy) -> None:
    """The proxy learns the host and nothing else: neither the path nor the key."""
    server, ca_file = secure
    sent = ask(a_call(server.url + CHAT, headers=(KEY,), timing=PATIENT), {"proxy": proxy.url, "ca_file": ca_file})
    assert (sent.fault, sent.heard.status) == (None, 200)
    (head,) = proxy.heads
    assert head.startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n".encode())
    assert b"sk-secret" not in head
    assert server.requests[0].headers["authorization"] == KEY[1]


def test_what_is_local_goes_around_the_proxy(server: ScriptedServer, proxy: Proxy) -> None:
    """A call bound to this machine is never handed to another."""
    sent = ask(a_call(server.url + CHAT, local_only=True, timing=PATIENT), {"proxy": proxy.url})
    assert (sent.fault, sent.heard.status, proxy.heads) == (None, 200, [])


@pytest.mark.parametrize(
    ("mode", "fault", "limit"),
    [
        ("refuse", Fault(kind="network", message="cannot connect: 407 Proxy Authentication Required",
                         certainty="not_sent"), 0.0),
        ("close", Fault(kind="network", message="the connection was closed without an answer",
                        certainty="not_sent"), 0.0),
        ("hang", Fault(kind="timeout", message="could not be reached within 0.2 s", certainty="not_sent"),
         SHORT.connect),
    ],
)  # fmt: skip
def test_a_proxy_that_opens_no_tunnel_has_sent_nothing(
    secure: tuple[ScriptedServer, str], proxy: Proxy, mode: Literal["refuse", "close", "hang"], fault: Fault,
    limit: float,
) -> None:  # fmt: skip
    """The provider never heard of it, so nothing can have been billed."""
    server, ca_file = secure
    proxy.mode = mode
    sent = ask(server.url + CHAT, {"proxy": proxy.url, "ca_file": ca_file})
    assert (sent.fault, server.requests) == (fault, ())
    assert limit <= sent.seconds < limit + SLACK


def test_a_strange_certificate_behind_a_proxy_is_refused(secure: tuple[ScriptedServer, str], proxy: Proxy) -> None:
    """A proxy that opens TLS itself gets no key."""
    server, _ = secure
    sent = ask(a_call(server.url + CHAT, timing=PATIENT), {"proxy": proxy.url})
    assert sent.fault is not None
    assert (sent.fault.kind, sent.fault.certainty, server.requests) == ("tls", "not_sent", ())


@pytest.mark.parametrize(
    ("how", "fault"),
    [
        ("close", Fault(kind="network", message="the connection was closed without an answer", certainty="in_doubt")),
        ("hang", Fault(kind="timeout", message="did not answer within 0.15 s", certainty="in_doubt")),
    ],
)
def test_behind_a_tunnel_faults_are_what_they_are_without(
    secure: tuple[ScriptedServer, str], proxy: Proxy, how: Literal["close", "hang"], fault: Fault
) -> None:
    """What the proxy said before counts for no part of the answer."""
    server, ca_file = secure
    server.script(way(how))
    sent = ask(server.url + CHAT, {"proxy": proxy.url, "ca_file": ca_file})
    assert sent.fault == fault
    assert sent.seconds < SHORT.total + SLACK
