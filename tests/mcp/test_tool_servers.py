"""Real tool servers, kind and hostile: each is opened, listed, called and ended in time, and so is its family."""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.tools.opening import Opened, Surroundings, closed, opened
from outrider.errors import OutriderError
from outrider.rules.tools.bounds import Bounds
from outrider.rules.tools.calling import Given
from outrider.rules.tools.offering import offer
from outrider.rules.tools.servers import Server
from tests.servers import ScriptedServer, redirect, say, status
from tests.servers.tool_server import INJECTION, made

pytestmark = pytest.mark.mcp
ROOT = str(Path(__file__).parents[2])
PATIENT = Bounds(start=60.0)
BOTH_TOLD = "\n".join


def program(*way: str, **fields: Any) -> Server:
    """Returns a row that starts the test server so."""
    command = (sys.executable, "-m", "tests.servers.tool_server", *way)
    return Server(**{"name": "t", "command": command, "env": {}, "headers": {}, "cwd": ROOT, "allow": ("*",), **fields})


def raw(way: str) -> Server:
    """Returns a row that starts the server without a library so."""
    return program(command=(sys.executable, "-m", "tests.servers.raw_tool_server", way))


def at(url: str, **fields: Any) -> Server:
    """Returns a row of a server at an address."""
    return Server(**{"name": "t", "url": url, "env": {}, "headers": {}, "allow": ("*",), **fields})


def around(**keys: str) -> Surroundings:
    """Returns this process's surroundings, with these keys."""
    return Surroundings(environment=os.environ, root=None, inside_claude=False, network={}, lookup=keys.get)


async def nothing(_: Opened) -> None:
    """Asks nothing."""


def used(server: Server, work: Callable[[Opened], Awaitable[Any]] = nothing, *, bounds: Bounds = PATIENT,
         surroundings: Surroundings | None = None) -> Any:  # fmt: skip
    """Opens a server, works with it, and closes it; returns how it was opened, what the work gave, and the seconds."""

    async def whole() -> tuple[Opened, Any, float]:
        (one,) = await opened((server,), bounds, surroundings or around())
        try:
            given = await work(one) if one.connection is not None else None
        finally:
            began = time.monotonic()
            await closed((one,))
        return one, given, time.monotonic() - began

    return asyncio.run(whole())


async def call(one: Opened, name: str, seconds: float = 30.0, **arguments: Any) -> Given:
    """Calls a tool."""
    assert one.connection is not None
    return await one.connection.call(name, arguments, seconds=seconds)


def test_a_server_is_listed_called_and_ended(tmp_path: Path) -> None:
    """It has its own process group, only the variables that its row gives it, and ends with the session."""
    told: dict[str, Given] = {}

    async def work(one: Opened) -> None:
        told["sum"] = await call(one, "add", a=1, b=2)
        told["bad"] = await call(one, "add", a=1)
        told["none"] = await call(one, "nope")
        told["group"] = await call(one, "look", what="group")
        told["environment"] = await call(one, "look")
        told["injection"] = await call(one, "look", what="injection")

    os.environ["ACME_API_KEY"] = "sk-secret"
    try:
        one, _, seconds = used(program(keys=("TOKEN",), env={"PLAIN": "yes"}), work, surroundings=around(TOKEN="t-123"))
    finally:
        del os.environ["ACME_API_KEY"]
    assert [(tool.name, tool.reads) for tool in one.tools] == [("add", True), ("look", True), ("forget", False)]
    assert told["sum"] == Given(text="3", bytes=1)
    assert told["bad"].is_error
    assert told["none"].is_error
    own, group, _ = told["group"].text.split(" ")
    assert own == group != str(os.getpgid(0))
    names = dict(line.partition("=")[::2] for line in told["environment"].text.splitlines())
    assert (names["TOKEN"], names["PLAIN"]) == ("t-123", "yes")
    assert not {"ACME_API_KEY", "OUTRIDER_HOME", "CLAUDE_CONFIG_DIR"} & set(names)
    assert told["injection"].text == INJECTION
    with pytest.raises(ProcessLookupError):
        os.kill(int(own), 0)
    assert seconds < 5


@pytest.mark.parametrize(
    ("way", "trouble"),
    [
        ("silent", "it did not answer within 3 s"),
        ("gone", "(it cannot work like this)"),
        ("flood", "(it said more than 4,194,304 bytes at once)"),
    ],
)
def test_a_server_that_never_starts_says_why(way: str, trouble: str) -> None:
    """Silence, an early end and a flood are told within the time, and nothing is left running."""
    one, _, _ = used(program(way), bounds=Bounds(start=3.0 if way == "silent" else 60.0))
    assert (one.connection, one.tools) == (None, ())
    assert trouble in one.trouble


def test_noise_before_the_first_message_is_stepped_over() -> None:
    """A server that greets its user on stdout is used all the same."""
    one, given, _ = used(program("noise"), lambda one: call(one, "add", a=2, b=2))
    assert (one.trouble, given) == ("", Given(text="4", bytes=1))


@pytest.mark.parametrize(
    ("way", "words"), [("die_in_call", "Connection closed"), ("hang_in_call", "not answer within 2 s")]
)
def test_a_call_that_never_ends_is_an_error(way: str, words: str) -> None:
    """A server that dies or hangs in the middle of a call gives an error in time; a dead one says so ever after."""

    async def work(one: Opened) -> tuple[Given, Given]:
        return await call(one, "add", seconds=2.0, a=1, b=2), await call(one, "look", what="here")

    _, (first, second), _ = used(program(way), work)
    assert first.is_error
    assert words in first.text
    assert second.is_error is (way == "die_in_call")


@pytest.mark.parametrize(
    ("way", "trouble"),
    [
        ("endless", "it lists more than 2,000 tools, or its list has no end"),
        ("many", "it lists more than 2,000 tools, or its list has no end"),
        ("no_list", "it answered with what the protocol does not know"),
        ("no_schema", "it answered with what the protocol does not know"),
        ("odd_schema", "it answered with what the protocol does not know"),
    ],
)
def test_a_list_out_of_shape_is_told(way: str, trouble: str) -> None:
    """A list without an end, or one that is none, makes a server that cannot be used."""
    one, _, _ = used(raw(way))
    assert (one.connection, one.trouble) == (None, trouble)


def test_odd_tools_are_listed_and_judged_later() -> None:
    """What the protocol lets pass is offered under a fit name, or not at all."""
    one, _, _ = used(raw("odd_names"))
    assert one.trouble == ""
    found = offer(one.tools, {"t": one.server}, PATIENT)
    assert [tool.tool.name for tool in found.tools] == ["a__2Jb", "___", "t"]


@pytest.mark.parametrize(
    ("way", "given"),
    [
        ("fine", Given(text="fine", bytes=4)),
        ("strange_lines", Given(text="still here", bytes=10)),
        ("structured", Given(text='{"a": 1}', bytes=8)),
        ("nothing", Given(text="")),
        ("strange_parts", Given(text="a\n[image/png, 3 bytes, not shown]\n[see file:///x]\nb", bytes=51)),
    ],
)
def test_every_kind_of_result_is_text(way: str, given: Given) -> None:
    """Parts that are no text are named and measured; noise, foreign answers and a server's own wishes are passed by."""
    _, found, _ = used(raw(way), lambda one: call(one, "t"))
    assert found == given


@pytest.mark.parametrize(
    ("way", "words"),
    [
        ("no_content", "it answered with what the protocol does not know"),
        ("long_error", "<system-reminder>"),
        ("chatter", "it said more than 33,554,432 bytes"),
    ],
)
def test_a_result_out_of_shape_is_an_error(way: str, words: str) -> None:
    """A wrong shape, an endless error and a flood in the middle of a call are each one short line."""
    _, found, _ = used(raw(way), lambda one: call(one, "t", seconds=120.0))
    assert found.is_error
    assert words in found.text
    assert len(found.text) < 1_000
    assert found.text.isprintable()


def test_what_a_server_changes_is_seen_when_it_is_listed_again() -> None:
    """Another description of the same name, and a tool that is gone, are in the next list."""

    async def work(one: Opened) -> tuple[Any, ...]:
        await call(one, "add", a=1, b=2)
        assert one.connection is not None
        return await one.connection.tools(seconds=30.0)

    one, later, _ = used(program("changing"), work)
    assert [tool.name for tool in one.tools] == ["add", "look", "forget"]
    assert [(tool.name, tool.description) for tool in later] == [
        ("look", "Tells of its surroundings."), ("add", "Sends two numbers away."),
    ]  # fmt: skip


def test_its_family_ends_with_it(tmp_path: Path) -> None:
    """What a server started in its group does not outlive the session."""
    note = tmp_path / "child"
    used(program("family", str(note)))
    deadline = time.monotonic() + 10
    while runs(int(note.read_text())) and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert not runs(int(note.read_text()))


def runs(number: int) -> bool:
    """Whether a process runs; one that has died and that nobody waits for may stand for a while."""
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in ("Z", "X")


def test_an_interruption_ends_every_server() -> None:
    """Cancelled while it starts, a server is gone before the run is."""

    async def whole() -> float:
        task = asyncio.create_task(opened((program("silent"),), PATIENT, around()))
        await asyncio.sleep(0.5)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return time.monotonic() - began

    assert asyncio.run(whole()) < 10


@pytest.mark.parametrize(
    ("server", "words"),
    [
        (program(command=("no-such-program",)), "there is no program no-such-program"),
        (program(command=("bin/tool",)), "there is no program bin/tool"),
        (program(keys=("MISSING",)), "wants MISSING, which is not set"),
        (at("http://tools.example/mcp"), "is plain http to another machine"),
        (at("https://tools.example/mcp", key="MISSING"), "wants MISSING, which is not set"),
    ],
)
def test_what_cannot_be_started_says_why(server: Server, words: str) -> None:
    """A missing program, a relative one, a missing key, a bad address: a sentence each, and nothing is started."""
    one, _, _ = used(server)
    assert words in one.trouble


def test_no_program_is_taken_from_a_checkout(tmp_path: Path) -> None:
    """A project that puts itself on PATH chooses no program of the user's, and the program's own PATH is without it."""
    evil = tmp_path / "bin"
    evil.mkdir()
    (evil / "true").write_text("#!/bin/sh\nexit 1\n")
    (evil / "true").chmod(0o755)
    from outrider.doors.tools import starting

    path = starting.search_path({"PATH": f"{evil}:.:relative:/usr/bin:/bin"}, root=str(tmp_path))
    assert path == "/usr/bin:/bin"
    assert starting.program(program(command=("true",)), path=path, root=str(tmp_path)) == "/usr/bin/true"
    with pytest.raises(OutriderError):
        starting.program(program(command=("./bin/true",)), path=path, root=str(tmp_path))


@pytest.fixture
def address(loopback: None) -> Any:
    """Serves the test server over HTTP on this machine."""
    import uvicorn

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = uvicorn.Config(made("").streamable_http_app(), host="127.0.0.1", port=port, log_level="critical")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not running.started and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    yield f"http://127.0.0.1:{port}/mcp"
    running.should_exit = True
    thread.join(10)


def test_a_server_over_http(address: str) -> None:
    """Streamable HTTP is spoken like stdio; a local one is bound to a local peer."""
    one, given, _ = used(at(address, local=True), lambda one: call(one, "add", a=20, b=22))
    assert ([tool.name for tool in one.tools], given) == (["add", "look", "forget"], Given(text="42", bytes=2))


def test_no_redirect_is_followed(server: ScriptedServer) -> None:
    """Neither to another host nor to another path: the server is not used, and the key stays where it was bound."""
    with ScriptedServer() as elsewhere:
        for location in (f"{elsewhere.url}/mcp", "/other"):
            server.always_at("/mcp", redirect(location, 307))
            one, _, _ = used(at(f"{server.url}/mcp", key="TOKEN"), surroundings=around(TOKEN="t-1"))
            assert "sends its caller elsewhere" in one.trouble
        assert elsewhere.requests == ()
        assert {seen.path for seen in server.requests} == {"/mcp"}
        assert {seen.headers["authorization"] for seen in server.requests} == {"Bearer t-1"}


@pytest.mark.parametrize("reply", [status(500), status(401), say("no protocol"), status(200, b"<html>")])
def test_an_address_without_a_server_says_so(reply: Any, server: ScriptedServer) -> None:
    """Whatever answers there, it is a sentence and never a traceback."""
    server.always_at("/mcp", reply)
    one, _, _ = used(at(f"{server.url}/mcp"), bounds=Bounds(start=5.0))
    assert one.connection is None
    assert one.trouble
    assert "\n" not in one.trouble


def test_nobody_there(loopback: None) -> None:
    """A port that nobody listens on is told at once."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/mcp"
    one, _, _ = used(at(url))
    assert one.trouble
    assert one.seconds < 20
