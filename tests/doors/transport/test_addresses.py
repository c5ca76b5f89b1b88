"""Names are looked up in time, and every address gets its share."""

import socket
from threading import Event
from typing import Any

import pytest

from outrider.data import Fault
from outrider.doors.transport.addresses import addresses
from tests.doors.transport.asking import CHAT, SHORT, SLACK, ask
from tests.servers import ScriptedServer

pytestmark = pytest.mark.usefixtures("either_way")

Resolver = dict[str, tuple[str, ...] | Event | Exception]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    """Gives names that the system's resolver knows: addresses, an error, or an event to hang on."""
    known: Resolver = {}
    real = socket.getaddrinfo

    def look_up(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        found = known.get(host)
        if isinstance(found, Event):
            found.wait(30)
        elif isinstance(found, Exception):
            raise found
        elif found is not None:
            return [entry for address in found for entry in real(address, port, *args, **options)]
        return real(host, port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_a_dead_name_server_costs_the_time_of_a_connection(loopback: None, names: Resolver) -> None:
    """A lookup that hangs is given up when connecting must be over."""
    names["dead.test"] = held = Event()
    sent = ask("http://dead.test/")
    held.set()
    assert sent.fault == Fault(kind="timeout", message="could not be reached within 0.2 s", certainty="not_sent")
    assert SHORT.connect <= sent.seconds < SHORT.connect + SLACK


def test_a_name_that_nobody_knows_is_a_fault_of_the_network(names: Resolver) -> None:
    """The message is the resolver's own."""
    names["gone.test"] = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    assert ask("http://gone.test/").fault == Fault(
        kind="network", message="cannot connect: Name or service not known", certainty="not_sent"
    )


def test_the_next_address_is_tried_when_one_refuses(server: ScriptedServer, names: Resolver) -> None:
    """A machine with two addresses, one of them dead, is reached."""
    names["two.test"] = ("127.0.0.2", "127.0.0.1")
    sent = ask(f"http://two.test:{server.port}{CHAT}")
    assert (sent.fault, sent.heard.status) == (None, 200)
    assert server.requests[0].headers["host"] == f"two.test:{server.port}"


def test_no_address_takes_it_all(loopback: None, names: Resolver) -> None:
    """The time is shared among those that are still to be tried."""
    names["three.test"] = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.1")
    shares = list(addresses("three.test", 80, wait=3.0))
    assert [address for address, _ in shares] == ["127.0.0.1", "127.0.0.2", "127.0.0.3"]
    assert [round(share, 1) for _, share in shares] == [1.0, 1.5, 3.0]
