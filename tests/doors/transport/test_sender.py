"""The way out: an echo needs no network, and anything else gets the door that was configured."""

import subprocess
import sys
from pathlib import Path

from outrider.cli.stepping import step
from outrider.data import Fault, HttpCall, Reading
from outrider.doors.transport import Send, sender
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


def test_the_users_network_is_what_is_used(server: ScriptedServer) -> None:
    """A proxy that the user named and that is dead is no way out."""
    send = sender({"proxy": f"http://127.0.0.1:{closed_port()}"})
    fault = step(sent(send, a_call(server.url + CHAT), Heard()))
    assert fault is not None
    assert (fault.kind, fault.certainty, server.requests) == ("network", "not_sent", ())
