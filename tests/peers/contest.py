"""The contest: which commands are started, against which server, and how each is set up.

Ours is what `./install.sh` makes for a user, launcher and all, with routing, the ledger and a price. The peers ask
the same question of the same server in the way their own documentation shows.
"""

import json
import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.doors.transport.certificates import make_certificate
from tests.machines import fill_wheels, make_machine
from tests.peers import environments, loopback, processes
from tests.peers.environments import CannotInstallError
from tests.peers.processes import Command, Figures

ROUNDS = 15
KEY = "sk-loopback"
PROMPT = "hello"
BASE = "httpx2, bare"
ASK = "outrider ask -m"
ASK_TASK = "outrider ask -t"
ASK_TLS = "outrider ask -m, TLS, one CA"
LLM = "llm"
LLM_HELP = "llm --help"
LITELLM = "litellm SDK"
OPENAI_TLS = "openai SDK, TLS, one CA"

HTTPX2_ASKS = """
import sys
import httpx2
with httpx2.Client(timeout=60) as client:
    reply = client.post(sys.argv[1] + "/chat/completions", headers={"authorization": "Bearer " + sys.argv[2]},
                        json={"model": "mock", "messages": [{"role": "user", "content": sys.argv[3]}]})
    print(reply.json()["choices"][0]["message"]["content"])
"""
OPENAI_ASKS = """
import sys
from openai import OpenAI
client = OpenAI(base_url=sys.argv[1], api_key=sys.argv[2])
reply = client.chat.completions.create(model="mock", messages=[{"role": "user", "content": sys.argv[3]}])
print(reply.choices[0].message.content)
"""
LITELLM_ASKS = """
import sys
from litellm import completion
reply = completion(model="openai/mock", api_base=sys.argv[1], api_key=sys.argv[2],
                   messages=[{"role": "user", "content": sys.argv[3]}])
print(reply.choices[0].message.content)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Commands that all worked once, in a folder that belongs to no project; `missing` says what could not be had."""

    folder: Path
    commands: tuple[Command, ...]
    missing: dict[str, str]

    def run(self, rounds: int = ROUNDS) -> dict[str, Figures]:
        """Times every command in turn."""
        return processes.measure(self.commands, self.folder, rounds=rounds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What every command is given: an environment, the server, and files with its CA alone and with the system's."""

    folder: Path
    env: dict[str, str]
    server: loopback.Addresses
    one: Path
    whole: Path


@contextmanager
def prepared(folder: Path) -> Iterator[Contest]:
    """Installs everybody, starts the server, and checks that each command does its work."""
    (folder / "work").mkdir()
    missing: dict[str, str] = {}
    made = make_certificate(folder)
    bundle = make_bundle(folder, made.file)
    with loopback.serving(made.file, made.key) as server:
        machine = make_machine(folder / "machine", fill_wheels())
        done = machine.run("--helper-only", "--no-demo")
        if done.returncode:
            raise RuntimeError(f"install.sh failed:\n{done.stdout}\n{done.stderr}")
        env = {"HOME": str(machine.home), "PATH": os.defpath, "LANG": "C.UTF-8"}
        stage = Stage(folder=folder, env=env, server=server, one=made.file, whole=bundle)
        commands = [
            Command("python -I -c pass", (_python(machine.share / "venv/bin"), "-I", "-c", "pass"), env),
            *_ours(str(machine.link), stage),
        ]
        for name in environments.PEERS:
            try:
                programs = environments.install(name)
            except CannotInstallError as error:
                missing[name] = str(error)
                continue
            commands += _peer(name, programs, stage)
        # A peer's own first run may make its databases and caches; nobody is timed before everybody worked.
        processes.check(commands, folder / "work")
        yield Contest(folder=folder / "work", commands=tuple(commands), missing=missing)


QUERY = "SELECT name, price FROM llms WHERE intelligence >= 45 ORDER BY price LIMIT 5"


def _ours(link: str, stage: Stage) -> list[Command]:
    home = stage.folder / "layers"
    plain = {**stage.env, "LOOPBACK_KEY": KEY, "CLAUDE_CONFIG_DIR": _layer(home / "plain", stage.server.http)}
    one = {**plain, "CLAUDE_CONFIG_DIR": _layer(home / "one", stage.server.https, ca_file=stage.one)}
    whole = {**plain, "CLAUDE_CONFIG_DIR": _layer(home / "whole", stage.server.https, ca_file=stage.whole)}
    ask = (link, "ask", "-m", "loopback.mock", PROMPT)
    return [
        Command(ASK, ask, plain, loopback.ANSWER),
        Command(ASK_TASK, (link, "ask", "-t", "hello", PROMPT), plain, loopback.ANSWER),
        # One CA costs what a system's hashed folder of certificates does; parsing a whole bundle costs all alike.
        Command(ASK_TLS, ask, one, loopback.ANSWER),
        Command("outrider ask -m, TLS, whole bundle", ask, whole, loopback.ANSWER),
        Command("outrider ask -m echo", (link, "ask", "-m", "echo", PROMPT), plain, PROMPT),
        Command("outrider --help", (link, "--help"), plain, "route"),
        Command("outrider --version", (link, "--version"), plain, "outrider"),
        Command("outrider models", (link, "models"), plain, "loopback.mock"),
        Command("outrider catalog sql", (link, "catalog", "sql", QUERY), plain, "Claude"),
        Command("outrider route", (link, "route", PROMPT), plain, "rule"),
        Command("outrider status", (link, "status"), plain),
        Command("outrider tasks", (link, "tasks"), plain, "hello"),
    ]


def _layer(folder: Path, url: str, *, ca_file: Path | None = None) -> str:
    """Writes a user's own layer with one priced model at the server, and a task over it."""
    price = {"input": 1, "output": 2}
    layer: dict[str, Any] = {
        "version": 1,
        "providers": {"loopback": {"dialect": "openai", "base_url": url, "key": "LOOPBACK_KEY"}},
        "models": {"loopback.mock": {"provider": "loopback", "id": "mock", "price": price}},
        "tasks": {"hello": {"chain": ["loopback.mock"], "tail": True}},
    }
    if ca_file is not None:
        layer["network"] = {"ca_file": str(ca_file)}
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "models.local.json").write_text(json.dumps(layer), encoding="utf-8")
    return str(folder)


def _peer(name: str, programs: Path, stage: Stage) -> list[Command]:
    env, plain, secure = stage.env, stage.server.http, stage.server.https

    def asks(program: str, url: str) -> tuple[str, ...]:
        return (_python(programs), "-c", program, url, KEY, PROMPT)

    match name:
        case "httpx2":
            return [Command(BASE, asks(HTTPX2_ASKS, plain), env, loopback.ANSWER)]
        case "openai":
            one, whole = ({**env, "SSL_CERT_FILE": str(file)} for file in (stage.one, stage.whole))
            return [
                Command("openai SDK", asks(OPENAI_ASKS, plain), env, loopback.ANSWER),
                Command(OPENAI_TLS, asks(OPENAI_ASKS, secure), one, loopback.ANSWER),
                Command("openai SDK, TLS, whole bundle", asks(OPENAI_ASKS, secure), whole, loopback.ANSWER),
            ]
        case "litellm":
            # Without it the import fetches a price list over the network.
            local = {**env, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
            return [Command(LITELLM, asks(LITELLM_ASKS, plain), local, loopback.ANSWER)]
        case "llm":
            own = {**env, "LLM_USER_PATH": _llm_home(stage.folder / "llm", plain)}
            program = str(programs / "llm")
            return [
                Command(LLM, (program, "-m", "mock", PROMPT), own, loopback.ANSWER),
                Command(LLM_HELP, (program, "--help"), own, "Usage"),
            ]
    raise ValueError(name)


def _llm_home(folder: Path, url: str) -> str:
    """Sets llm up with the server as an extra model and a stored key; streaming and logging are its defaults."""
    folder.mkdir()
    model = {"model_id": "mock", "model_name": "mock", "api_base": url, "api_key_name": "loopback"}
    (folder / "extra-openai-models.yaml").write_text(json.dumps([model]), encoding="utf-8")
    (folder / "keys.json").write_text(json.dumps({"loopback": KEY}), encoding="utf-8")
    return str(folder)


def _python(programs: Path) -> str:
    return str(programs / "python")


def make_bundle(folder: Path, own: Path) -> Path:
    """Writes what a real provider needs: all that this system trusts, and our own."""
    system = ssl.get_default_verify_paths().cafile
    path = folder / "bundle.pem"
    trusted = Path(system).read_text(encoding="utf-8") if system else ""
    path.write_text(trusted + own.read_text(encoding="utf-8"), encoding="utf-8")
    return path
