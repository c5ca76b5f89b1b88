"""No command imports a library that it does not use: each runs as a process of its own, and is asked what it loaded."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.cli.typing_it import write_layer
from tests.doors.transport.certificates import make_certificate
from tests.lanes import marked, only
from tests.servers import ScriptedServer, status

HEAVY = {"aiohttp", "asyncio", "httpcore2", "httpx2", "jinja2", "jsonschema", "mcp", "yaml"}
CLIENT = {"httpcore2", "httpx2"}
TRUST = "load_verify_locations load_default_certs set_default_verify_paths"

SPY = """
import json, sys
report, counted = sys.argv.pop(1), sys.argv.pop(1)
trusted = []
if counted:
    import ssl
    def counting(name, own):
        def count(*args, **kwargs):
            trusted.append([name, kwargs.get("cafile")])
            return own(*args, **kwargs)
        return count
    for name in counted.split():
        setattr(ssl.SSLContext, name, counting(name, getattr(ssl.SSLContext, name)))
import os
from outrider.cli import main
def leave(code):
    json.dump({"code": code, "modules": sorted(sys.modules), "trusted": trusted}, open(report, "w"))
    end(code)
end, os._exit = os._exit, leave
main()
leave(0)
"""


class Ended(NamedTuple):
    """How a command ended: what it printed, which modules it had loaded, and which certificates."""

    code: int
    out: str
    heavy: set[str]
    trusted: list[Any]


def start(*arguments: str, folder: Path, counts: str = "") -> Ended:
    """Runs one command as the launcher does, in a process of its own."""
    report = folder / "report.json"
    command = [sys.executable, "-I", "-c", SPY, str(report), counts, *arguments]
    done = subprocess.run(
        command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
    )
    assert report.exists(), done.stdout + done.stderr
    read = json.loads(report.read_text(encoding="utf-8"))
    return Ended(read["code"], done.stdout, HEAVY & set(read["modules"]), read["trusted"])


@pytest.fixture
def keyed(home: Path, server: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """Writes a layer with two models at a server on loopback and two behind TLS, and has it checked once."""
    monkeypatch.setenv("HERE_API_KEY", "sk-here")
    secure = server.url.replace("http:", "https:")
    layer = {
        "providers": {
            "here": {"dialect": "openai", "base_url": f"{server.url}/v1", "key": "HERE_API_KEY"},
            "secure": {"dialect": "openai", "base_url": f"{secure}/v1", "key": "HERE_API_KEY"},
        },
        "models": {
            "here.one": {"provider": "here", "id": "one", "price": {"input": 1, "output": 2}},
            "here.two": {"provider": "here", "id": "two", "price": {"input": 1, "output": 2}},
            "secure.one": {"provider": "secure", "id": "one", "price": {"input": 1, "output": 2}},
            "secure.two": {"provider": "secure", "id": "two", "price": {"input": 1, "output": 2}},
        },
        "tasks": {"both": {"chain": ["here.one", "here.two"]}, "safe": {"chain": ["secure.one", "secure.two"]}},
        "network": {"ca_file": str(make_certificate(home).file)},
    }
    write_layer(home, layer)
    assert start("tasks", folder=tmp_path).heavy == {"jsonschema"}, "a layer is checked when it is new"
    return server


LINES = (
    "--help", "--version", "ask --help", "models", "models --json", "route hello", "route hello --json", "tasks",
    "presets", "status", "status --json", "providers", "providers --json", "usage", "runs", "keys list",
    "config path", "catalog show luna", "catalog pick orchestrator", "catalog stale --json",
    "catalog cost --model openai/gpt-6-luna --input 10", "switch --help", "jobs list", "thread list", "guide",
    "guide --json",
    "ask -m echo hello", "ask -m echo hello --json", "ask -m echo hello --dry-run",
)  # fmt: skip


@pytest.mark.parametrize("line", only(LINES, "--help", "route hello"))
def test_a_command_that_asks_nobody_loads_no_client(line: str, keyed: ScriptedServer, tmp_path: Path) -> None:
    """Neither the HTTP client nor templates, schemas, YAML or an event loop is loaded where none is used."""
    ended = start(*line.split(), folder=tmp_path)
    assert (ended.code, ended.heavy) == (0, set())
    assert keyed.requests == ()


@pytest.mark.parametrize("form", [marked(((),)), ("--json",), marked((("--no-stream",),))])
def test_an_ask_loads_the_client_and_nothing_else(form: tuple[str, ...], keyed: ScriptedServer, tmp_path: Path) -> None:
    """One question needs the HTTP client; no certificate is read for plain http."""
    ended = start("ask", "-t", "both", "hello", *form, folder=tmp_path, counts=TRUST)
    assert (ended.code, ended.heavy, ended.trusted) == (0, CLIENT, [])
    assert len(keyed.asked) == 1


def test_certificates_are_read_once(home: Path, keyed: ScriptedServer, tmp_path: Path) -> None:
    """Two calls over TLS in one run read the same certificates once, and only those that the user named."""
    ended = start("ask", "-t", "safe", "hello", folder=tmp_path, counts=TRUST)
    assert (ended.code, ended.heavy) == (1, CLIENT)
    assert ended.trusted == [["load_verify_locations", str(home / "certificate.pem")]]


def test_a_fallback_loads_nothing_more(keyed: ScriptedServer, tmp_path: Path) -> None:
    """The second model is asked with what the first one needed."""
    keyed.always(status(503), model="one")
    ended = start("ask", "-t", "both", "hello", folder=tmp_path, counts=TRUST)
    assert (ended.code, ended.heavy, ended.trusted) == (0, CLIENT, [])
    assert [seen.json["model"] for seen in keyed.asked][-1] == "two"
