"""The command as a process: what it prints, the file with its token, and how a signal ends it."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell
from tests.serve.endpoint import Running
from tests.serve.test_book import rows
from tests.servers import ScriptedServer, say
from tests.servers.replies import way


@contextmanager
def started(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", Mapping[str, Any]]]:
    """Runs the command; what it said is one object."""
    command = [sys.executable, "-m", "outrider", "serve", "--port", "0", "--json", "--quiet"]
    helper = str(Path(__file__).parents[2] / "helper")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "OUTRIDER_HOME", "CLAUDE_CONFIG_DIR")}
    with subprocess.Popen(
        command, env={**kept, "PYTHONPATH": helper}, cwd=folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


class Told(Running):
    """An endpoint that said where it is."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        super().__init__(int(said["url"].rsplit(":", 1)[1].partition("/")[0]))
        self.headers = {"authorization": f"Bearer {said['token']}"}


def test_a_first_signal_lets_a_call_end(models: Any, server: ScriptedServer, folder: Path) -> None:
    """SIGTERM takes no more requests, the one under way is answered, the token's file goes, and the code is 143."""
    server.always(replace(way("drip", say("slowly")), pause=0.002))
    with started(folder) as (process, said):
        path = Path(said["file"])
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text()) == {name: said[name] for name in ("url", "token", "pid")}
        assert (said["pid"], len(said["token"]) >= 40) == (process.pid, True)
        endpoint = Told(said)
        with ThreadPoolExecutor() as pool:
            call = pool.submit(endpoint.chat, endpoint.headers, model="here.one")
            assert server.wait_for(1)
            process.send_signal(signal.SIGTERM)
            heard = call.result(20)
        assert (heard.status, json.loads(heard.body)["choices"][0]["message"]["content"]) == (200, "slowly")
        assert process.wait(20) == 143
        assert not path.exists()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", endpoint.port), timeout=5)
        assert process.stderr is not None
        assert process.stderr.read() == ""


@pytest.mark.process
def test_an_answer_is_in_the_book_whenever_we_are_killed(models: Any, server: ScriptedServer, folder: Path) -> None:
    """Its settlement may be on its way to the disk still: then its row stands at its worst case; it never lacks."""
    with started(folder) as (process, said):
        endpoint = Told(said)
        heard = endpoint.chat(endpoint.headers, model="here.one")
        process.kill()
        process.wait(20)
    run = json.loads(heard.body)["outrider"]["run"]
    (row,) = rows(folder, "SELECT run, outcome, certainty FROM attempts")
    assert row in ((run, "open", "in_doubt"), (run, "answer", "exact"))


def test_a_second_signal_cuts_it_off(models: Any, server: ScriptedServer, folder: Path) -> None:
    """A call that would take for ever hears that we are ending, and is booked in doubt."""
    server.always(way("hang"))
    with started(folder) as (process, said), ThreadPoolExecutor() as pool:
        endpoint = Told(said)
        call = pool.submit(endpoint.chat, endpoint.headers, model="here.one")
        assert server.wait_for(1)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGTERM)
        heard = call.result(20)
        assert (heard.status, heard.error["code"], heard.headers["retry-after"]) == (503, "ending", "5")
        assert process.wait(20) in {130, 143}
    assert rows(folder, "SELECT outcome, kind, certainty FROM attempts") == [("failure", "interrupted", "in_doubt")]


def test_what_is_typed_wrong_is_told(typed: Shell, monkeypatch: pytest.MonkeyPatch, loopback: None) -> None:
    """A port that is taken, a missing library, an address for others inside Claude Code."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        told = typed("serve", "--port", str(taken.getsockname()[1]))
    assert told.code == 2
    assert "Address already in use" in told.err
    assert "hint: take another port" in told.err
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    told = typed("serve")
    assert (told.code, "hint: install them: `./install.sh --mcp`" in told.err) == (2, True)
    monkeypatch.setenv("CLAUDECODE", "1")
    told = typed("serve", "--host", "0.0.0.0")
    assert (told.code, "`--host` is refused inside Claude Code" in told.err) == (5, True)
