"""What holds in every test: a home of its own, no keys, no network. The loopback is opened by asking for it."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ScriptedServer

OPEN: set[str] = set()
LOOPBACK = ("127.", "::1", "localhost")


def _refuse_network(event: str, args: tuple[object, ...]) -> None:
    """Refuses to look up or connect to anything but, when it is open, the loopback; seen for every library."""
    if event == "socket.connect":
        peer = args[1]
        host = peer[0] if isinstance(peer, tuple) else ""  # a path or an empty name is a socket of this machine
    elif event == "socket.getaddrinfo":
        host = args[0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    if name and not (OPEN and name.startswith(LOOPBACK)):
        message = f"a test reached for {name}: the network is closed, and `loopback` or `server` opens this machine"
        raise RuntimeError(message)


sys.addaudithook(_refuse_network)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Gives the test an empty home, and takes away what the machine's own would have said."""
    for name in list(os.environ):
        if name.endswith(("_API_KEY", "_proxy", "_PROXY")) or name.startswith(("CLAUDE", "OUTRIDER", "ANTHROPIC")):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    folder.mkdir()
    for name, place in {"HOME": "", "OUTRIDER_HOME": ".config/outrider", "CLAUDE_CONFIG_DIR": ".claude"}.items():
        monkeypatch.setenv(name, str(folder / place))
    monkeypatch.setenv("NO_COLOR", "1")
    return folder


@pytest.fixture
def loopback() -> Iterator[None]:
    """Lets the test connect to servers on this machine."""
    OPEN.add("loopback")
    yield
    OPEN.clear()


@pytest.fixture
def server(loopback: None) -> Iterator[ScriptedServer]:
    """Runs a scripted provider on loopback for the length of the test."""
    with ScriptedServer() as running:
        yield running
