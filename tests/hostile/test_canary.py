"""A server that repeats the key in all that it says: no key is in an output, a file, the book, an address or a body."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell
from tests.hostile import stage
from tests.hostile.stage import KEYS, STORED, files_with_a_key, shows_a_key
from tests.lanes import only
from tests.servers import Reply, ScriptedServer, redirect, say, status, way

KEY = KEYS["OPENAI_API_KEY"]
PLAIN = {"choices": [{"message": {"content": KEY}, "finish_reason": KEY}], "model": KEY, "id": KEY}
SAYS: dict[str, Reply] = {
    "401": status(401, {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": KEY, "type": KEY}}),
    "403": status(403, {"error": KEY}),
    "400, cut": status(400, {"error": {"message": "x" * (2_000 - 12) + KEY}}),
    "400, cut early": status(400, {"error": {"message": "  " * 1_990 + "y " * 9 + KEY}}),
    "404": status(404, {"error": {"message": f"no model {KEY}", "param": KEY}}),
    "429": status(429, {"error": {"message": KEY}}, headers={"Retry-After": KEY, "x-request-id": KEY}),
    "500, text": status(500, KEY.encode()),
    "500, html": status(500, f"<html><title>{KEY}</title>{KEY}</html>".encode()),
    "500, long": status(500, b"z" * 1_048_570 + KEY.encode()),
    "redirect": redirect(f"https://{KEY}.evil.example/{KEY}?key={KEY}"),
    "200, error": status(200, {"error": {"message": KEY, "code": 500, "metadata": {"raw": KEY}}}),
    "200, text": status(200, KEY.encode()),
    "200, everywhere": status(200, PLAIN, headers={"x-request-id": KEY}),
    "answer": say(f"the key is {KEY}, twice: {KEY}{KEY}"),
    "answer, split": way("split", say(f"{KEY[:9]} {KEY} and {KEY[:12]}")),
    "answer, cut": Reply(text=f"the key is {KEY}", shape="cut"),
    "stream error": Reply(text=f"the key is {KEY}", shape="error_event"),
    "packed": Reply(headers=(("Content-Encoding", KEY),)),
}
ASKS = (
    ("ask", "-m", "openai.mine", "--json", "hello"), ("ask", "-m", "openai.mine", "--stream", "hello"),
    ("ask", "-t", "both", "hello"), ("ask", "-m", "openai.mine", "--thread", "talk", "hello"),
    ("ask", "-m", "openai.mine", "--record", "record.json", "--no-stream", "hello"),
    ("ask", "-m", "openai.mine", "--out", "answer.txt", "hello"),
)  # fmt: skip
LOOKS = ("why", "runs --json", "usage --rows --json", "audit data --json", "status --json", "providers --json", "keys",
         "models --live --json", "thread show talk --json", "route hello --json", "doctor --live")  # fmt: skip


@pytest.fixture
def keyed(home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """Gives the user keys, in the environment and in the file."""
    stage.user(home, server.url, limits={"retries": 0})
    for name, key in {**KEYS, **stage.OTHERS}.items():
        monkeypatch.setenv(name, key)
    return server


@pytest.fixture(params=["terminal", "claude-code"])
def place(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands at a terminal, then in the client's shell."""
    if request.param == "claude-code":
        monkeypatch.setenv("CLAUDECODE", "1")


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("what", only(SAYS, "401", "200, everywhere"))
def test_no_key_comes_back(what: str, keyed: ScriptedServer, typed: Shell, home: Path) -> None:
    """Whatever a server repeats, and however it is cut or split, all that is printed or kept holds no key."""
    keyed.models = (KEY, f"{KEY}-model", "plain")
    for model in ("openai-mine", "deepseek-mine"):
        keyed.always(SAYS[what], model=model)
    for line in (*ASKS, *(tuple(look.split()) for look in LOOKS)):
        # Each question finds the targets rested: what the last one met must not keep it away.
        with_health = Path(os.environ["OUTRIDER_HOME"], "ledger.db")
        if line[0] == "ask" and with_health.exists():
            forget_health(with_health)
        ended = typed(*line)
        assert not shows_a_key(ended.out + ended.err), (line, ended)
        assert "Traceback" not in ended.err
    assert files_with_a_key(home, Path.cwd()) == []
    for seen in keyed.requests:
        assert not shows_a_key(seen.path + seen.body.decode("latin-1"))
        assert [name for name, value in seen.headers.items() if shows_a_key(value)] == ["authorization"]
    loose = [path for path in (home / ".config/outrider").rglob("*") if path.lstat().st_mode & 0o077]
    assert loose == []


def forget_health(ledger: Path) -> None:
    """Lets every target be asked again."""
    import sqlite3

    with sqlite3.connect(ledger) as connection:
        connection.execute("DELETE FROM health")
    connection.close()


def test_each_key_goes_to_its_own_provider(keyed: ScriptedServer, typed: Shell) -> None:
    """Three providers at one address are three keys; none is sent for another, also on the way through a chain."""
    keyed.always(status(500), model="openai-mine")
    keyed.always(status(401), model="deepseek-mine")
    assert typed("ask", "-t", "both", "hello").code == 0
    sent = {seen.json["model"]: seen.headers["authorization"] for seen in keyed.asked}
    assert sent == {
        "openai-mine": f"Bearer {KEYS['OPENAI_API_KEY']}", "deepseek-mine": f"Bearer {KEYS['DEEPSEEK_API_KEY']}",
        "mistral-mine": f"Bearer {STORED['MISTRAL_API_KEY']}",
    }  # fmt: skip


@pytest.mark.parametrize("key", [KEYS["OPENAI_API_KEY"], STORED["MISTRAL_API_KEY"], stage.OTHERS["ANTHROPIC_API_KEY"]])
@pytest.mark.parametrize("form", ["argument", "stdin", "file", "system"])
def test_a_key_in_a_prompt_goes_nowhere(key: str, form: str, keyed: ScriptedServer, typed: Shell, home: Path) -> None:
    """A prompt that holds a known key is refused for every remote model, and the refusal does not repeat it."""
    Path("f").write_text(f"x={key}\n", encoding="utf-8")
    line: dict[str, Any] = {
        "argument": ("ask", "-t", "both", f"what is {key}"), "stdin": ("ask", "-t", "both"),
        "file": ("ask", "-t", "both", "-f", "f", "x"), "system": ("ask", "-t", "both", "-s", key, "x"),
    }  # fmt: skip
    ended = typed(*line[form], "--json", stdin=f"say {key}".encode() if form == "stdin" else b"")
    assert (ended.code, ended.json["error"]["kind"]) == (5, "private")
    assert not shows_a_key(ended.out + ended.err)
    assert keyed.asked == ()
    Path("f").unlink()
    assert files_with_a_key(home, Path.cwd()) == []


def test_what_is_stored_of_a_prompt_holds_no_key(typed: Shell, home: Path, keyed: ScriptedServer) -> None:
    """Who has prompts kept, and asks a model inside this machine about a key, keeps the prompt without it."""
    stage.user(home, keyed.url, privacy={"store_prompts": True})
    assert typed("ask", "-m", "echo", "--json", f"about {KEY} now").code == 0
    assert files_with_a_key(home) == []
    assert json.loads(typed("audit", "data", "--json").out)["stored_prompts"] == 1
