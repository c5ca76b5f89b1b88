"""Certificates are always checked: nothing but the user's own CA file makes a strange one good."""

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from threading import Event

import pytest

from outrider.doors.transport.trusted import tls_context
from outrider.errors import OutriderError
from tests.doors.transport.asking import CHAT, SHORT, SLACK, a_call, ask, serving
from tests.doors.transport.certificates import Certificate, make_certificate
from tests.servers import ScriptedServer

pytestmark = pytest.mark.usefixtures("either_way")


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """Makes a certificate for this machine that nobody has signed."""
    return make_certificate(tmp_path)


@pytest.fixture
def secure(loopback: None, certificate: Certificate) -> Iterator[ScriptedServer]:
    """Runs a scripted provider that speaks TLS with that certificate."""
    server = ScriptedServer()
    server._http.socket = certificate.server_side().wrap_socket(server._http.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.port}"
    with server:
        yield server


def failed(url: str, network: dict[str, str] | None = None) -> tuple[str, str, bool]:
    """Returns the kind and certainty of the fault that a call came to, and whether it was in time."""
    sent = ask(url, network)
    assert sent.fault is not None
    return sent.fault.kind, sent.fault.certainty, sent.seconds < SHORT.total + SLACK


def test_a_certificate_that_nobody_signed_is_refused(secure: ScriptedServer) -> None:
    """The key never leaves: no request arrives."""
    assert failed(secure.url + CHAT) == ("tls", "not_sent", True)
    assert secure.requests == ()


def test_the_users_ca_file_makes_it_good(secure: ScriptedServer, certificate: Certificate) -> None:
    """`network.ca_file` is trusted, for the literal address and for the name."""
    network = {"ca_file": str(certificate.file)}
    for host in ("127.0.0.1", "localhost"):
        sent = ask(f"https://{host}:{secure.port}{CHAT}", network)
        assert (sent.fault, sent.heard.status) == (None, 200)
    assert len(secure.requests) == 2


def test_variables_make_no_certificate_good(
    secure: ScriptedServer, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A project's `env` block reaches us: it may not say whom to trust."""
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(certificate.file))
    monkeypatch.setenv("SSL_CERT_DIR", str(certificate.file.parent))
    assert failed(secure.url + CHAT) == ("tls", "not_sent", True)


def test_a_certificate_for_another_name_is_refused(loopback: None, tmp_path: Path) -> None:
    """Signed by whom the user trusts is not enough."""
    other = make_certificate(tmp_path, names="DNS:other.test")
    server = ScriptedServer()
    server._http.socket = other.server_side().wrap_socket(server._http.socket, server_side=True)
    with server:
        url = f"https://127.0.0.1:{server.port}{CHAT}"
        assert failed(url, {"ca_file": str(other.file)}) == ("tls", "not_sent", True)


def test_a_plain_server_on_https_is_a_fault_of_tls(server: ScriptedServer) -> None:
    """It is never tried without."""
    assert failed(server.url.replace("http:", "https:") + CHAT) == ("tls", "not_sent", True)
    assert server.requests == ()


def test_a_handshake_that_nobody_answers_ends_in_time(loopback: None) -> None:
    """A port that accepts and says nothing costs the time of a connection."""

    def say_nothing(connection: socket.socket, stop: Event) -> None:
        stop.wait(5)

    with serving(say_nothing) as port:
        assert failed(f"https://127.0.0.1:{port}/") == ("timeout", "not_sent", True)


def test_a_connection_that_closes_in_the_handshake_was_not_sent(loopback: None) -> None:
    """What broke before TLS stood can have cost nothing."""

    def close(connection: socket.socket, stop: Event) -> None:
        connection.recv(10)

    with serving(close) as port:
        kind, certainty, in_time = failed(f"https://127.0.0.1:{port}/")
    assert kind in {"tls", "network"}
    assert (certainty, in_time) == ("not_sent", True)


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"])
def test_a_ca_file_that_is_none_is_named(tmp_path: Path, content: str | None) -> None:
    """A mistake in the settings says which file, and what to do."""
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content, encoding="utf-8")
    with pytest.raises(OutriderError, match=r"`network\.ca_file` .*ca\.pem") as caught:
        ask(a_call("https://127.0.0.1:9/"), {"ca_file": str(path)})
    assert caught.value.hint == "name a PEM file, or take it out"


def test_the_systems_certificates_are_trusted_and_names_checked() -> None:
    """Without a CA file the context verifies, and knows the authorities of this system."""
    context = tls_context(None)
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
