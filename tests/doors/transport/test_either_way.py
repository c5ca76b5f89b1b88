"""Every way in which the other side can go wrong is one fault, in time; what goes out is what the codec wrote."""

import socket
from contextlib import ExitStack
from threading import Event

import pytest

from outrider.data import Certainty, FailureKind, Fault, Message, Request
from outrider.records import replace
from outrider.rows import Dialect, Provider
from outrider.wire.call import encode
from tests.doors.booking import a_target
from tests.doors.transport.asking import (
    CHAT,
    PATIENT,
    SHORT,
    SLACK,
    Heard,
    a_call,
    ask,
    closed_port,
    read_head,
    send,
    serving,
)
from tests.servers import Reply, ScriptedServer, redirect, status, way
from tests.servers.replies import Way

pytestmark = pytest.mark.usefixtures("either_way")

COMMENTS = Reply(
    body=b": OPENROUTER PROCESSING\n\n" * 1_000, headers=(("Content-Type", "text/event-stream"),), way="drip"
)


def a_fault(kind: FailureKind, message: str, certainty: Certainty = "in_doubt") -> Fault:
    """Returns a fault of something that was sent."""
    return Fault(kind=kind, message=message, certainty=certainty)


FAULTS: dict[str, tuple[Reply, Fault, float]] = {
    "silent": (way("hang"), a_fault("timeout", "did not answer within 0.15 s"), SHORT.first_byte),
    "silent after its header": (
        way("hang_after_headers"), a_fault("timeout", "did not answer within 0.15 s"), SHORT.first_byte,
    ),
    "silent in its body": (way("hang_in_body"), a_fault("timeout", "went silent for 0.15 s"), SHORT.idle),
    "dripping its body": (way("drip"), a_fault("timeout", "took longer than 0.4 s in all"), SHORT.total),
    "dripping its header": (way("slow_headers"), a_fault("timeout", "took longer than 0.4 s in all"), SHORT.total),
    "a stream of comments": (COMMENTS, a_fault("timeout", "took longer than 0.4 s in all"), SHORT.total),
    "closing": (way("close"), a_fault("network", "the connection was closed without an answer"), 0),
    "resetting": (way("reset"), a_fault("network", "the connection broke"), 0),
    "resetting in its body": (way("reset_in_body"), a_fault("incomplete", "the answer broke off"), 0),
    "closing before its length": (way("truncated"), a_fault("incomplete", "the answer broke off"), 0),
    "chunks without an end": (
        Reply(shape="cut", text="one two three four"), a_fault("incomplete", "the answer broke off"), 0,
    ),
    "a body without end": (way("endless"), a_fault("too_large", "the answer has more than 100,000 bytes"), 0),
    "one header without end": (
        Reply(headers=(("X-Long", "a" * 300_000),)), a_fault("too_large", "the header of the answer has no end"), 0,
    ),
    "headers without end": (
        Reply(headers=tuple((f"X-{number}", "a" * 500) for number in range(2_000))),
        a_fault("too_large", "the header of the answer has no end"), 0,
    ),
    "packed without being asked": (
        way("gzip"), a_fault("too_large", "the answer is packed (gzip), which was not asked for"), 0,
    ),
    "packed as something unheard of": (
        Reply(headers=(("Content-Encoding", "zstd, br"),)),
        a_fault("too_large", "the answer is packed (zstd, br), which was not asked for"), 0,
    ),
    "no HTTP": (Reply(headers=(("X-Bad\x00Name", "v"),)), a_fault("bad_response", "the answer is not HTTP"), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_other_side_is_named_in_time(server: ScriptedServer, name: str) -> None:
    """Each is one fault, whose certainty says that the request may have been billed; it was sent once."""
    reply, fault, limit = FAULTS[name]
    server.script(reply)
    body = b'{"model": "m", "stream": true}' if reply.shape == "cut" else b'{"model": "m"}'
    sent = ask(a_call(server.url + CHAT, body=body))
    assert sent.fault == fault
    assert limit <= sent.seconds < limit + SLACK
    assert len(server.requests) == 1


@pytest.mark.parametrize("code", [200, 400, 401, 404, 429, 500, 503, 599])
def test_an_answer_of_any_status_is_no_fault(server: ScriptedServer, code: int) -> None:
    """What a status means is for the codec to say; the door hands it over with its headers and its bytes."""
    server.script(status(code, b"\x00\xffbytes", headers={"Retry-After": "7", "X-MiXeD": "Kept"}))
    sent = ask(server.url + CHAT)
    assert (sent.fault, sent.heard.status, sent.heard.body) == (None, code, b"\x00\xffbytes")
    assert (sent.heard.headers["retry-after"], sent.heard.headers["x-mixed"]) == ("7", "Kept")


def test_a_refusal_has_a_smaller_limit_than_an_answer(server: ScriptedServer) -> None:
    """An error page without end is cut at a megabyte, whatever an answer may have."""
    server.script(way("endless", Reply(status=500)))
    sent = ask(a_call(server.url + CHAT, timing=replace(PATIENT, max_bytes=1 << 28)))
    assert sent.fault == a_fault("too_large", "the answer has more than 1,048,576 bytes")


@pytest.mark.parametrize("way_of_travel", ["whole", "split"])
def test_an_answer_arrives_whatever_way_it_was_split(server: ScriptedServer, way_of_travel: Way) -> None:
    """Every byte comes, once and in order."""
    body = bytes(range(256)) * 4
    server.script(way(way_of_travel, Reply(body=body)))
    assert ask(a_call(server.url + CHAT, timing=PATIENT)).heard.body == body


def test_a_promise_of_too_little_is_all_that_is_read(server: ScriptedServer) -> None:
    """A body goes as far as its length says; that half an answer is none, the codec finds."""
    server.script(way("short_length", Reply(body=b"0123456789")))
    sent = ask(server.url + CHAT)
    assert (sent.fault, sent.heard.body) == (None, b"01234")


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(server: ScriptedServer, code: int) -> None:
    """The codec learns where it pointed, and that place hears nothing."""
    with ScriptedServer() as other:
        server.script(redirect(other.url + CHAT, code))
        sent = ask(a_call(server.url + CHAT, timing=PATIENT))
        assert other.requests == ()
    assert (sent.fault, sent.heard.status) == (None, code)
    assert sent.heard.headers["location"] == other.url + CHAT
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["", "//", "http://[::1", "http://a..b/", "javascript:alert(1)", "\\\\host", "ü"])
def test_a_redirect_to_nowhere_breaks_nothing(server: ScriptedServer, location: str) -> None:
    """Where it points is never looked at, so it may be nonsense."""
    server.script(redirect(location))
    sent = ask(a_call(server.url + CHAT, timing=PATIENT))
    assert (sent.fault, sent.heard.status) == (None, 302)


def test_what_goes_out_is_what_the_codec_wrote(server: ScriptedServer) -> None:
    """No header is added but host and length: nothing asks for a packed answer, nothing names a library."""
    headers = (
        ("content-type", "application/json"), ("accept", "text/event-stream"), ("accept-encoding", "identity"),
        ("user-agent", "outrider/0"), ("x-title", "a title"), ("authorization", "Bearer sk-test-123"),
    )  # fmt: skip
    body = b'{"bytes": "' + bytes(range(128, 256)) + b'"}'
    assert ask(a_call(server.url + CHAT + "?a=b%20c&d=%2F", headers=headers, body=body, timing=PATIENT)).fault is None
    (seen,) = server.requests
    assert (seen.method, seen.path, seen.body) == ("POST", CHAT + "?a=b%20c&d=%2F", body)
    assert seen.headers == {
        **dict(headers), "host": server.url.removeprefix("http://"), "content-length": str(len(body)),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("dialect", "auth", "header", "value"),
    [
        ("openai", "bearer", "authorization", "Bearer sk-secret-of-the-test"),
        ("openai", "api-key", "api-key", "sk-secret-of-the-test"),
        ("anthropic", "", "x-api-key", "sk-secret-of-the-test"),
        ("anthropic", "bearer", "authorization", "Bearer sk-secret-of-the-test"),
        ("ollama", "bearer", "authorization", "Bearer sk-secret-of-the-test"),
    ],
)
def test_a_key_is_in_its_one_header_and_nowhere_else(
    server: ScriptedServer, dialect: Dialect, auth: str, header: str, value: str
) -> None:
    """Neither in the address nor in the body, in no second header, and no packed answer is asked for."""
    provider = Provider(name="here", dialect=dialect, base_url=server.url, keys=("HERE_API_KEY",), auth=auth)
    target = replace(a_target(), provider=provider)
    request = Request(messages=(Message(role="user", text="hello"),), max_output=10)
    call, _ = encode(request, target, key="sk-secret-of-the-test", timing=PATIENT)
    assert ask(call).fault is None
    (seen,) = server.requests
    assert {name: text for name, text in seen.headers.items() if "secret" in text} == {header: value}
    assert "secret" not in seen.path
    assert b"secret" not in seen.body
    assert seen.headers["accept-encoding"] == "identity"


def test_a_list_is_asked_for_without_a_body(server: ScriptedServer) -> None:
    """A GET has neither bytes nor a length."""
    sent = ask(a_call(server.url + "/v1/models", method="GET", headers=(), body=b"", timing=PATIENT))
    assert (sent.fault, sent.heard.status) == (None, 200)
    (seen,) = server.requests
    assert (seen.method, seen.headers) == ("GET", {"host": server.url.removeprefix("http://")})


def test_a_long_prompt_arrives_whole(server: ScriptedServer) -> None:
    """Eight megabytes go out as they are."""
    body = bytes(range(256)) * 32_768
    sent = ask(a_call(server.url + CHAT, body=body, timing=replace(SHORT, first_byte=5.0, total=10.0)))
    assert (sent.fault, sent.heard.status) == (None, 200)
    assert server.requests[0].body == body


def test_a_refused_connection_was_never_sent(loopback: None) -> None:
    """Nobody listens: nothing can have been billed."""
    sent = ask(f"http://127.0.0.1:{closed_port()}/")
    assert sent.fault == a_fault("network", "cannot connect: Connection refused", "not_sent")
    assert sent.seconds < SLACK


def test_a_connection_that_nobody_takes_ends_in_time(loopback: None) -> None:
    """A full queue drops us silently; the limit for connecting holds, and nothing was sent."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(8):
            waiting = stack.enter_context(socket.socket())
            waiting.settimeout(0.0)
            waiting.connect_ex(listener.getsockname())
        sent = ask(f"http://127.0.0.1:{listener.getsockname()[1]}/")
    assert sent.fault == a_fault("timeout", "could not be reached within 0.2 s", "not_sent")
    assert SHORT.connect <= sent.seconds < SHORT.connect + SLACK


def test_a_server_that_reads_slowly_does_not_hold_us(loopback: None) -> None:
    """The limit of the whole holds while the prompt goes out, however lively the trickle."""

    def read_slowly(connection: socket.socket, stop: Event) -> None:
        while not stop.wait(0.03) and connection.recv(4_096):
            pass

    with serving(read_slowly) as port:
        sent = ask(a_call(f"http://127.0.0.1:{port}/", body=b"x" * 16_000_000))
    assert sent.fault == a_fault("timeout", "took longer than 0.4 s in all")
    assert SHORT.total <= sent.seconds < SHORT.total + SLACK


@pytest.mark.parametrize(
    "url",
    [
        "nonsense",
        "ftp://127.0.0.1/",
        "http://a..b/",
        f"http://{'a' * 64}.test/",
        "http://127.0.0.1:9/\n",
        "http://[::1/",
    ],
)
def test_an_address_that_cannot_be_is_a_bad_request(loopback: None, url: str) -> None:
    """A mistake in an address is a fault like any other, and no traceback."""
    fault = ask(url).fault
    assert fault is not None
    assert (fault.kind, fault.certainty) == ("bad_request", "not_sent")
    assert fault.message.startswith("cannot be sent: ")


def test_a_call_bound_to_this_machine_reaches_it(server: ScriptedServer) -> None:
    """Loopback is local, as literal and by name."""
    for host in ("127.0.0.1", "localhost"):
        sent = ask(a_call(f"http://{host}:{server.port}{CHAT}", local_only=True, timing=PATIENT))
        assert (sent.fault, sent.heard.status) == (None, 200)


def test_variables_of_the_environment_have_no_say(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that only the environment names gets nothing."""
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    sent = ask(a_call(server.url + CHAT, timing=PATIENT))
    assert (sent.fault, sent.heard.status) == (None, 200)


def test_a_bug_in_a_codec_stays_one(server: ScriptedServer) -> None:
    """Only what the network does becomes a fault; anything else is raised."""

    class Broken(Exception):
        pass

    class Stumbling(Heard):
        def feed(self, chunk: bytes) -> str:
            raise Broken

    with pytest.raises(Broken):
        send(a_call(server.url + CHAT), Stumbling())


def test_a_server_may_think_after_its_header(loopback: None) -> None:
    """Many send it at once: until the first byte of the answer, the limit for that byte counts and not the idle one."""

    def think(connection: socket.socket, stop: Event) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
        stop.wait(0.15)
        connection.sendall(b"ok")

    with serving(think) as port:
        timing = replace(SHORT, first_byte=2.0, idle=0.05, total=3.0)
        sent = ask(a_call(f"http://127.0.0.1:{port}/", timing=timing))
    assert (sent.fault, sent.heard.body) == (None, b"ok")


def test_an_early_refusal_of_a_long_prompt_is_heard(loopback: None) -> None:
    """A server that answers 413 and closes while we still send is heard, not called broken."""

    def refuse(connection: socket.socket, stop: Event) -> None:
        read_head(connection)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    with serving(refuse) as port:
        sent = ask(a_call(f"http://127.0.0.1:{port}/", body=b"x" * 8_000_000, timing=replace(SHORT, total=3.0)))
    assert (sent.fault, sent.heard.status) == (None, 413)
