"""A slice of the failure table by the way out for many: the same outcomes, requests, waits and money."""

import socket
from pathlib import Path
from threading import Event

import pytest

from outrider.data import Answer, Failure, Outcome
from tests.doors.transport.asking import read_head, serving
from tests.faults.running import LIBRARIES, Library, a_target, ask
from tests.faults.table import TABLE, Fault
from tests.faults.test_table import LONGEST, USAGE, bill, check_book, first
from tests.lanes import thinned
from tests.servers import ScriptedServer
from tests.servers.dialects import whole
from tests.servers.replies import Reply

PLAIN = [fault for fault in TABLE if "openai" in fault.dialects and "plain" in fault.modes]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("fault", thinned(PLAIN, 3), ids=lambda fault: fault.name)
def test_with_another_target(fault: Fault, library: Library, server: ScriptedServer, tmp_path: Path) -> None:
    """One repeat at most and no wait; then the other answers, or what must stop the run stops it."""
    other = a_target("openai", server.url, "two", window=1_000_000)
    ran = ask(tmp_path, first(fault, "openai", server), other, stream=False, at_once=library)
    failed = [("one", fault.kind, *bill(fault, ran, number)) for number in range(fault.repeats + 1)]
    expected = (failed[0],) if fault.stops else (*failed, ("two", "answer", "exact", USAGE))
    assert ran.calls == expected
    assert [seen.json["model"] for seen in server.asked] == [call[0] for call in ran.calls]
    assert ran.waits == ()
    assert ran.seconds < LONGEST
    check_book(ran)


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_kept_connection_that_is_reset_is_one_booked_call(loopback: None, library: Library, tmp_path: Path) -> None:
    """The row of the table that only kept connections have: once more, free; the book knows one call."""
    connections: list[int] = []

    def body(text: str) -> bytes:
        whole_body = whole("openai", Reply(), model="one", text=text)
        head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        return head % len(whole_body) + whole_body

    def serve(connection: socket.socket, stop: Event) -> None:
        connections.append(1)
        read_head(connection)
        connection.sendall(body("unfit" if len(connections) == 1 else "hello"))
        if read_head(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")

    def accept(answer: Answer) -> Outcome:
        return answer if answer.text == "hello" else Failure(kind="bad_response", message="unfit", usage=answer.usage)

    with serving(serve) as port:
        url = f"http://127.0.0.1:{port}"
        targets = (a_target("openai", url), a_target("openai", url, "two"))
        ran = ask(tmp_path, *targets, stream=False, at_once=library, accept=accept)
    # The repeat went over the kept connection, which broke, and then over a new one.
    assert ran.calls == (("one", "bad_response", "exact", USAGE), ("one", "answer", "exact", USAGE))
    assert (ran.text, len(connections)) == ("hello", 2)
    check_book(ran)
