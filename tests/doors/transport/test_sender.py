"""The way out: an echo needs no network, and anything else gets the door that was configured."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from outrider.cli.stepping import step
from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport import Send, many_sender, sender
from outrider.doors.transport.bulk import Bulk
from outrider.doors.transport.crowd import Crowd
from tests.doors.transport.asking import CHAT, Heard, a_call, closed_port
from tests.servers import ScriptedServer

HELPER = Path(__file__).parents[3] / "helper"


async def sent(send: Send, call: HttpCall, reading: Reading) -> Fault | None:
    """Sends a call as the engine does."""
    return await send(call, reading)


def test_an_echo_answers_with_the_question() -> None:
    """No socket is opened: the body comes straight back."""
    heard = Heard()
    assert step(sent(sender({}), a_call("echo:", body=b"hello"), heard)) is None
    assert (heard.status, heard.body) == (200, b"hello")


def test_an_echo_loads_no_network_library() -> None:
    """A library is imported when the first call needs it."""
    program = (
        "import sys; from outrider.doors.transport import sender; sender({})\n"
        "print({'httpx2', 'httpcore2', 'ssl', 'socket', 'asyncio'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(HELPER)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("network", "library", "kind"),
    [({}, "aiohttp", Bulk), ({}, "httpx2", Crowd), ({"proxy": "http://127.0.0.1:1"}, "aiohttp", Crowd)],
)
def test_the_way_for_many_is_the_fast_one_where_it_can_be(
    network: dict[str, str], library: Literal["aiohttp", "httpx2"], kind: type
) -> None:
    """It needs its library, and knows no proxy."""

    async def chosen() -> object:
        _, close = many_sender(network, library=library)
        await close()
        return close.__self__  # type: ignore[attr-defined]

    assert type(asyncio.run(chosen())) is kind


def test_without_the_extra_the_usual_way_is_taken() -> None:
    """The optional library is missing: nothing is said, and nothing breaks."""
    program = (
        "import asyncio, sys; sys.modules['aiohttp'] = None\n"
        "from outrider.doors.transport import many_sender\n"
        "async def main(): print(type(many_sender({})[1].__self__).__name__)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONPATH": str(HELPER)}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "Crowd\n"


def test_the_users_network_is_what_is_used(server: ScriptedServer) -> None:
    """A proxy that the user named and that is dead is no way out."""
    send = sender({"proxy": f"http://127.0.0.1:{closed_port()}"})
    fault = step(sent(send, a_call(server.url + CHAT), Heard()))
    assert fault is not None
    assert (fault.kind, fault.certainty, server.requests) == ("network", "not_sent", ())
