"""What holds in every test: a home of its own, no keys, no network. The loopback is opened by asking for it."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.network import opened_loopback
from tests.servers import ScriptedServer

# Few examples in every run and many in the lane `process`, in whatever time they take: other work on the machine is no
# fault of ours.
settings.register_profile("few", max_examples=30, deadline=None)
settings.register_profile("many", max_examples=300, deadline=None)
settings.load_profile(os.environ.get("OUTRIDER_EXAMPLES", "few"))

# A shell lets what it starts in the background ignore Ctrl-C, and every command that a test starts would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
    with opened_loopback():
        yield


@pytest.fixture
def server(loopback: None) -> Iterator[ScriptedServer]:
    """Runs a scripted provider on loopback for the length of the test."""
    with ScriptedServer() as running:
        yield running
