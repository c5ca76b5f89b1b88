"""Faults before any answer: nobody there, the wrong one there, or one who sends the caller elsewhere."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outrider.rules.advice import LOUD, warnings
from tests.doors.transport.asking import closed_port
from tests.doors.transport.certificates import Certificate, expired, make_certificate
from tests.faults.running import KEY, PATIENT, a_target, ask, bounded
from tests.faults.table import BOTH, DIALECTS, Mode
from tests.faults.test_table import USAGE, check_book
from tests.servers import ScriptedServer, redirect
from tests.servers.dialects import Dialect

ANSWERED = ("two", "answer", "exact", USAGE)
UNREACHED = ("network", "not_sent", 0)


@contextmanager
def full_port() -> Iterator[int]:
    """Yields a port that lets no connection be made: its queue is full, and nobody takes from it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port: int = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(8)]
        for one in waiting:
            one.settimeout(0)
            one.connect_ex(("127.0.0.1", port))
        yield port
        for one in waiting:
            one.close()


@contextmanager
def speaking_tls(certificate: Certificate) -> Iterator[ScriptedServer]:
    """Runs a scripted provider that shows this certificate."""
    server = ScriptedServer()
    server._http.socket = certificate.server_side().wrap_socket(server._http.socket, server_side=True)
    server.url = f"https://127.0.0.1:{server.port}"
    with server:
        yield server


@pytest.mark.parametrize("mode", BOTH)
@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}", "http://localhost.invalid:{port}"], ids=["port", "name"])
def test_nobody_is_there(where: str, dialect: Dialect, mode: Mode, server: ScriptedServer, tmp_path: Path) -> None:
    """A refused connection or an unknown name is not sent, costs nothing, and the next target answers at once."""
    gone = a_target(dialect, where.format(port=closed_port()))
    ran = ask(tmp_path, gone, a_target(dialect, server.url, "two"), stream=mode == "streamed")
    assert ran.calls == (("one", *UNREACHED), ANSWERED)
    assert (ran.text, ran.waits) == ("hello from two", ())
    check_book(ran)


@pytest.mark.parametrize("where", ["http://127.0.0.1:{port}", "http://localhost.invalid:{port}"], ids=["port", "name"])
def test_the_last_one_is_not_there(where: str, loopback: None, tmp_path: Path) -> None:
    """It is tried once more, after its backoff."""
    ran = ask(tmp_path, a_target("openai", where.format(port=closed_port())), stream=False)
    assert (ran.calls, ran.waits) == ((("one", *UNREACHED),) * 2, (0.25,))
    assert ran.spent.run == 0


def test_nobody_at_all_is_there(loopback: None, tmp_path: Path) -> None:
    """When no target can be reached there is one line that says so."""
    url = f"http://localhost.invalid:{closed_port()}"
    ran = ask(tmp_path, *(a_target("openai", url, name) for name in ("one", "two", "three")), stream=False)
    assert ran.ended.failure is not None
    assert ran.ended.failure.message == "no model could be reached: you seem to be offline"
    assert [call[0] for call in ran.calls] == ["one", "two", "three", "three"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_connection_that_is_never_made(dialect: Dialect, server: ScriptedServer, tmp_path: Path) -> None:
    """It ends after its own limit, costs nothing, and the next target answers."""
    with full_port() as port:
        targets = (a_target(dialect, f"http://127.0.0.1:{port}"), a_target(dialect, server.url, "two"))
        ran = ask(tmp_path, *targets, stream=False, limits=bounded(PATIENT, connect=0.2))
    assert ran.calls == (("one", "timeout", "not_sent", 0), ANSWERED)
    assert ran.seconds < 1.5
    check_book(ran)


@pytest.mark.parametrize("fault", ["nobody signed it", "for another host", "its time is over", "no TLS at all"])
def test_tls_is_never_given_up(fault: str, server: ScriptedServer, tmp_path: Path) -> None:
    """What cannot prove who it is gets nothing, is never asked again and never without; the fallback is loud."""
    names = "DNS:elsewhere.test" if fault == "for another host" else "IP:127.0.0.1"
    made = make_certificate(tmp_path, names=names)
    shown = expired(made) if fault == "its time is over" else made
    network = {} if fault == "nobody signed it" else {"ca_file": str(shown.file)}
    with speaking_tls(shown) as secure:
        url = server.url.replace("http:", "https:") if fault == "no TLS at all" else secure.url
        targets = (a_target("anthropic", url), a_target("openai", server.url, "two"))
        ran = ask(tmp_path, *targets, stream=False, network=network)
        assert secure.requests == ()
    assert ran.calls == (("one", "tls", "not_sent", 0), ANSWERED)
    assert len(server.requests) == 1
    assert [text.partition(": TLS")[0] for text in warnings(ran.ended.attempts)] == ["p-one.one: tls"]


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_redirect_is_not_followed(dialect: Dialect, code: int, server: ScriptedServer, tmp_path: Path) -> None:
    """No key and no prompt travel on; the message names the host, and the fallback is loud."""
    with ScriptedServer() as thief:
        server.always(redirect(f"{thief.url}/v1/messages?x=1", code), model="one")
        targets = (a_target(dialect, server.url), a_target(dialect, server.url, "two"))
        ran = ask(tmp_path, *targets, stream=False)
        assert thief.requests == ()
        place = f"127.0.0.1:{thief.port}"
    assert ran.calls == (("one", "redirect", "exact", 0), ANSWERED)
    (warning,) = warnings(ran.ended.attempts)
    assert f"redirected to {place}, which is not followed" in warning


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_key_goes_to_its_own_provider_only(dialect: Dialect, server: ScriptedServer, tmp_path: Path) -> None:
    """It travels in one header, never in an address or a body."""
    ask(tmp_path, a_target(dialect, server.url), stream=False)
    (seen,) = server.requests
    carrying = {name for name, value in seen.headers.items() if KEY in value}
    assert carrying == {"x-api-key" if dialect == "anthropic" else "authorization"}
    assert KEY not in seen.path
    assert KEY.encode() not in seen.body


def test_what_must_be_loud_is() -> None:
    """The faults that a fallback must not hide."""
    assert {"auth", "quota", "not_found", "tls", "redirect"} <= LOUD
