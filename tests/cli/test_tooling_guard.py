"""What no tool is told and no tool reads for a model, whatever the user allows of it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from outrider.cli.asking import Wish, decide_on
from outrider.cli.session import Session
from outrider.cli.tooling_guard import Guard
from outrider.rules.tools.servers import Server
from tests.cli.typing_it import write_layer

KEY = "sk-of-acme-1234567890"


def guard(home: Path, server: Server, *, inside: bool = False, **privacy: Any) -> Guard:
    """Returns the guard of a run whose settings say this of privacy."""
    write_layer(home, {"privacy": privacy})
    environment = {**os.environ, "OPENAI_API_KEY": KEY, **({"CLAUDECODE": "1"} if inside else {})}
    session = Session(environment=environment)
    decided = decide_on(session, Wish(argument="hi", model="echo", reads_stdin=False))
    return Guard(session, decided, {server.name: server})


def a_server(*command: str, local: bool = False) -> Server:
    """Returns a server of the user's."""
    return Server(name="s", command=("x", *command), env={}, headers={}, local=local)


@pytest.fixture
def papers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Makes a checkout with a file that is for the user's machines alone."""
    folder = tmp_path / "repo"
    (folder / ".git").mkdir(parents=True)
    (folder / "secrets").mkdir()
    (folder / "secrets" / "pay.csv").write_text("x")
    monkeypatch.chdir(folder)
    return folder


PATHS = [{"pattern": "secrets/**", "class": "local-only"}]


@pytest.mark.parametrize(
    ("arguments", "is_told"),
    [
        ({"path": "secrets/pay.csv"}, True),
        ({"path": "{root}/secrets/pay.csv"}, True),
        ({"path": "file://{root}/secrets/pay.csv"}, True),
        ({"path": "docs/../secrets/pay.csv"}, True),
        ({"paths": ["README.md", "secrets/pay.csv"]}, True),
        ({"deep": {"er": [{"path": "secrets/pay.csv"}]}}, True),
        ({"contents": {"secrets/pay.csv": "new"}}, True),
        ({"path": "./" * 3_000 + "secrets/pay.csv"}, True),
        ({"path": "README.md"}, False),
        ({"text": "secrets/pay.csv\nis a file"}, False),
        ({"count": 3, "path": ""}, False),
    ],
)
def test_no_tool_reads_what_the_run_may_not(papers: Path, home: Path, arguments: Any, *, is_told: bool) -> None:
    """A path in the arguments, however it is spelled, whose class is stricter than the run's is not handed on."""
    server = a_server(str(papers), local=True)
    told = json.loads(json.dumps(arguments).replace("{root}", str(papers)))
    why = guard(home, server, paths=PATHS).why_not(server, told)
    assert why == ("pay.csv is local-only, and this run is public" if is_told else None)


def test_more_than_can_be_looked_through_is_not_handed_on(papers: Path, home: Path) -> None:
    """A path behind hundreds of others is no way around the rule."""
    server = a_server(str(papers), local=True)
    many = {"paths": ["README.md"] * 600 + ["secrets/pay.csv"]}
    why = guard(home, server, paths=PATHS).why_not(server, many)
    assert why == "the arguments hold more than 500 texts, which are too many to look through"


def test_a_path_within_the_servers_own_folder_is_seen(papers: Path, home: Path, tmp_path: Path) -> None:
    """A name that counts from a folder which the server was given is looked up there."""
    server = a_server(str(papers / "secrets"))
    assert guard(home, server, paths=PATHS).why_not(server, {"path": "pay.csv"}) is not None


def test_inside_claude_code_its_own_rules_hold(papers: Path, home: Path) -> None:
    """What `permissions.deny` keeps from Claude Code no tool reads for it, and outside of it the rule says nothing."""
    (papers / ".claude").mkdir()
    (papers / ".claude" / "settings.json").write_text(json.dumps({"permissions": {"deny": ["Read(./secrets/**)"]}}))
    server = a_server(local=True)
    why = guard(home, server, inside=True).why_not(server, {"path": "secrets/pay.csv"})
    assert why is not None
    assert "Claude Code may not read" in why
    assert guard(home, server).why_not(server, {"path": "secrets/pay.csv"}) is None


@pytest.mark.parametrize(
    ("text", "redact", "local", "why"),
    [
        (f"use {KEY} there", None, False, "the arguments hold the value of OPENAI_API_KEY"),
        (f"use {KEY} there", None, True, None),
        ("token sk-abcdefghijklmnopqrstuvwx", True, False, "the arguments hold what `privacy.redact` keeps back"),
        ("token sk-abcdefghijklmnopqrstuvwx", True, True, None),
        ("token sk-abcdefghijklmnopqrstuvwx", None, False, None),
        ("case 4711", ["case [0-9]+"], False, "the arguments hold what `privacy.redact` keeps back"),
    ],
)
def test_no_secret_leaves_by_a_tool(
    home: Path, text: str, redact: Any, why: str | None, *, local: bool
) -> None:  # fmt: skip
    """A key of the user's, or what is to be kept back, is told to no server that is not local."""
    server = a_server(local=local)
    settings = {} if redact is None else {"redact": redact}
    assert guard(home, server, **settings).why_not(server, {"query": [text]}) == why
