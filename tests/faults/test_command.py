"""Faults as a person meets them: what is printed, which code it ends with, and what stays loud until it is mended."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from outrider.rules.money import from_nano
from tests.cli.conftest import typed
from tests.cli.typing_it import Shell, write_layer
from tests.doors.booking import rows
from tests.faults.table import DIALECTS, FILTER, plain, refusal
from tests.lanes import marked, only
from tests.servers import Reply, ScriptedServer, say, status, way
from tests.servers.dialects import Dialect

__all__ = ["typed"]
ROOT = Path(__file__).parents[2]
LARGEST = 250 * 1024
"""What a process may hold at most, in KiB."""
PRICE = {"input": 1, "output": 2}
PATHS = {"openai": "/v1", "anthropic": "", "ollama": ""}
MEASURED = """
import sys
from outrider.cli.entry import run
code = run(sys.argv[1:])
status = open("/proc/self/status", encoding="ascii").read()
sys.stderr.write("\\npeak " + status.partition("VmHWM:")[2].split()[0] + "\\n")
sys.exit(code)
"""


def layer(home: Path, server: ScriptedServer, dialect: Dialect = "openai", **limits: Any) -> None:
    """Writes two models at two providers, of which the first wants a key, and tasks over both."""
    base = f"{server.url}{PATHS[dialect]}"
    write_layer(
        home,
        {
            "providers": {
                "here": {"dialect": dialect, "base_url": base, "key": "HERE_API_KEY"},
                "there": {"dialect": dialect, "base_url": base},
            },
            "models": {
                "here.one": {"provider": "here", "id": "one", "price": PRICE},
                "there.two": {"provider": "there", "id": "two", "price": PRICE},
            },
            "tasks": {
                "both": {"chain": ["here.one", "there.two"]},
                "any": {"chain": ["here.one", "there.two"], "content_filter": "next"},
            },
            **({"limits": limits} if limits else {}),
        },
    )


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE_API_KEY", "canary-0123456789abcdef")


LOUD = {
    "auth": refusal(401),
    "quota": refusal(402),
    "not_found": refusal(404),
    "redirect": plain(status(307, b"", headers={"Location": "https://elsewhere.test/"})),
}


@pytest.mark.parametrize("kind", LOUD)
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_fallback_is_not_silent(
    kind: str, dialect: Dialect, typed: Shell, home: Path, server: ScriptedServer
) -> None:
    """What a person must mend is a warning beside the answer, names whom it is about, and the code is 0."""
    layer(home, server, dialect)
    server.always(LOUD[kind](dialect), model="one")
    ended = typed("ask", "-t", "both", "hello", "--json")
    assert (ended.code, ended.json["answer"]) == (0, "hello from two")
    (warning,) = ended.json["warnings"]
    assert warning.startswith(f"here.one: {kind}: ")
    assert f"outrider: fallback here.one -> there.two ({kind})\n" in ended.err
    assert ("HERE_API_KEY" in warning) == (kind == "auth")


def test_a_refused_key_is_told_until_it_is_another(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`status` repeats it; the target rests meanwhile; a new key is tried at once and ends it."""
    layer(home, server)
    server.always(status(401, {"error": {"message": "bad key"}}), model="one")
    typed("ask", "-t", "both", "hello")
    wrong = [{"provider": "here", "variable": "HERE_API_KEY", "message": "bad key"}]
    for _ in range(2):
        assert typed("status", "--json").json["refused_keys"] == wrong
        assert typed("ask", "-t", "both", "hello", "--json").json["model"] == "there.two"
    assert [seen.json["model"] for seen in server.asked] == ["one", "two", "two", "two"]
    assert typed("status").out.startswith("WRONG KEY  here refused HERE_API_KEY (bad key): ")
    monkeypatch.setenv("HERE_API_KEY", "another-0123456789abcdef")
    assert typed("status", "--json").json["refused_keys"] == []
    server.always(say("fine"), model="one")
    assert typed("ask", "-t", "both", "hello", "--json").json["model"] == "here.one"


@pytest.mark.parametrize("stream", ["--stream", "--no-stream"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_filter_stops_with_its_own_code(
    dialect: Dialect, stream: str, typed: Shell, home: Path, server: ScriptedServer
) -> None:
    """Exit 7 and nobody else is asked, unless the task lets it fall over."""
    layer(home, server, dialect)
    server.always(say("", finish=FILTER[dialect]), model="one")
    assert typed("ask", "-t", "both", "hello", stream).code == 7
    assert [seen.json["model"] for seen in server.asked] == ["one"]
    assert typed("ask", "-t", "any", "hello", stream)[:2] == (0, "hello from two\n")


@pytest.mark.parametrize(
    "reply",
    [
        Reply(shape="cut"), Reply(shape="error_event"), way("reset_in_body", Reply(text="hello " * 40)),
        way("hang_in_body", Reply(text="hello " * 40)),
    ],
    ids=["cut", "error", "reset", "silent"],
)  # fmt: skip
@pytest.mark.parametrize("dialect", DIALECTS)
def test_shown_text_is_never_continued(
    dialect: Dialect, reply: Reply, typed: Shell, home: Path, server: ScriptedServer
) -> None:
    """The text stays, is called partial, the code is not 0, and no other model's words follow."""
    layer(home, server, dialect, idle=0.3)
    server.always(reply, model="one")
    ended = typed("ask", "-t", "both", "hello", "--stream")
    assert ended.code == 1
    assert ended.out.startswith("hello")
    assert "two" not in ended.out
    assert "the text above is partial: the answer broke off" in ended.err
    assert "Traceback" not in ended.err
    assert [seen.json["model"] for seen in server.asked] == ["one"]


def started(*arguments: str, code: str = "") -> subprocess.Popen[bytes]:
    """Starts the command in a process of its own."""
    program = ["-c", code] if code else ["-m", "outrider"]
    return subprocess.Popen(
        [sys.executable, *program, *arguments], env={**os.environ, "PYTHONPATH": str(ROOT / "helper")},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


@pytest.mark.parametrize("name", only(["hang", "hang_in_body", "endless_comments"], "hang_in_body"))
@pytest.mark.parametrize("number", [signal.SIGINT, marked(signal.SIGTERM), marked(signal.SIGHUP)])
def test_a_signal_ends_a_call(number: signal.Signals, name: Any, home: Path, server: ScriptedServer) -> None:
    """It ends at once with the shell's code; what was in flight is booked in doubt, at its worst case."""
    layer(home, server)
    server.always(way(name, Reply(text="hello " * 40)), model="one")
    with started("ask", "-t", "both", "hello", "--json") as process:
        assert server.wait_for(1)
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        seconds = time.monotonic() - began
    assert process.returncode == 128 + number, err.decode()
    assert seconds < 5
    assert b"Traceback" not in err
    shape = json.loads(out)
    assert (shape["answer"], shape["error"]["kind"]) == (None, "interrupted")
    book = home / ".config/outrider"
    assert rows(book, "SELECT outcome, kind, certainty, cost_nano = reserved_nano, cost_nano > 0 FROM attempts") == [
        ("failure", "interrupted", "in_doubt", 1, 1)
    ]
    ((spent,),) = rows(book, "SELECT SUM(cost_nano) FROM attempts")
    assert {nano for (nano,) in rows(book, "SELECT nano FROM spend")} == {spent}
    assert from_nano(spent) > 0


BOMBS: dict[str, Reply] = {
    "endless body": way("endless"),
    "endless header": way("endless_header"),
    "lists": status(200, b'{"choices":[' + b"[]," * 10_000_000 + b"[]]}"),
    "numbers": status(200, b'{"choices":[' + b"1.5," * 8_000_000 + b"1]}"),
    "wide letters": status(200, b'{"message":{"content":"\xf0\x9f\x98\x80' + b"a" * 31_000_000 + b'"}}'),
    "wide escapes": status(200, b'{"message":{"content":"\\ud83d\\ude00' + b"a" * 31_000_000 + b'"}}'),
}


@pytest.mark.skipif(sys.platform != "linux", reason="LOUD: memory is measured in /proc")
@pytest.mark.parametrize("name", only(BOMBS, "endless body"))
def test_memory_is_bounded(name: str, home: Path, server: ScriptedServer) -> None:
    """A reply without end, or one that grows when it is read, is left, and the next model answers."""
    layer(home, server)
    server.always(BOMBS[name], model="one")
    with started("ask", "-t", "both", "hello", "--json", code=MEASURED) as process:
        out, err = process.communicate(timeout=60)
    shape = json.loads(out)
    assert (process.returncode, shape["answer"]) == (0, "hello from two"), err.decode()
    assert [attempt["kind"] for attempt in shape["attempts"]] == ["too_large", None]
    assert int(err.rpartition(b"peak ")[2]) < LARGEST
