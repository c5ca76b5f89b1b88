"""Classes by path, the lines for Claude Code's settings, and what never goes out to a remote model."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from outrider.cli.classifying import mark_of
from outrider.cli.session import Session
from outrider.rules.classes import Mark
from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, say, status

KEY = "sk-live-abcdefghijklmnopqrst"
HR = {"pattern": "hr/", "class": "local-only"}


@pytest.fixture
def files(typed: Shell, tmp_path: Path) -> Path:
    """Makes a repository with files of several classes, and stands in it."""
    folder = tmp_path / "work"
    (folder / ".git").mkdir()
    for name in ("hr", "plans"):
        (folder / name).mkdir()
    (folder / "hr" / "pay.csv").write_text("anna 1000")
    (folder / "plans" / "q3.md").write_text("plan")
    (folder / "link.txt").symlink_to(folder / "hr" / "pay.csv")
    return folder


def with_privacy(home: Path, models: dict[str, Any], **said: Any) -> None:
    """Writes the layer of `models` with these privacy settings."""
    write_layer(home, {**models, "privacy": said})


@pytest.mark.parametrize("path", ["hr/pay.csv", "../work/hr/pay.csv", "link.txt", "HR/../hr/pay.csv"])
def test_a_local_only_file_goes_to_no_remote_model(
    *, typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer, path: str
) -> None:
    """However it is spelled or linked: exit 5, nothing sent, and the pattern is named."""
    (files / "HR").mkdir(exist_ok=True)
    with_privacy(home, models, paths=[HR])
    refused = typed("ask", "-m", "here.one", "-f", path, "sum", "--json")
    assert (refused.code, refused.json["error"]["kind"]) == (5, "private")
    assert refused.json["route"]["class"] == "local-only"
    assert refused.json["route"]["class_from"].startswith("path pattern `hr/` (")
    routed = typed("route", "-t", "both", "-f", path, "sum", "--json")
    assert (routed.code, routed.json["first"], routed.json["error"]["kind"]) == (5, None, "private")
    assert server.requests == ()


def test_a_schema_is_a_file_too(typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer) -> None:
    """What is sent as a schema has a path, and so a class."""
    (files / "hr" / "schema.json").write_text('{"type": "object"}')
    with_privacy(home, models, paths=[HR])
    assert typed("ask", "-m", "here.one", "--schema", "hr/schema.json", "sum").code == 5
    assert server.requests == ()


def test_a_secret_goes_where_it_is_allowed(
    typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer
) -> None:
    """Nowhere at first; after the user's word to that provider; and `why` says the class."""
    paths = [{"pattern": "plans/*.md", "class": "secret"}]
    with_privacy(home, models, paths=paths)
    refused = typed("ask", "-t", "both", "-f", "plans/q3.md", "sum")
    assert refused.code == 5
    assert "secret by path pattern `plans/*.md` (q3.md)" in refused.err
    assert "privacy.classes.secret" in refused.err
    with_privacy(home, models, paths=paths, classes={"secret": {"allow": ["here"]}})
    assert typed("ask", "-t", "both", "-f", "plans/q3.md", "sum").code == 0
    assert len(server.asked) == 1
    assert "class: secret, by path pattern `plans/*.md` (q3.md)" in typed("why").out
    explained = typed("why", "--json").json
    assert (explained["class"], explained["inputs"]["facts"]["data_class"]) == ("secret", "secret")


def test_a_file_behind_stdin_has_a_path(
    typed: Shell, models: Any, home: Path, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`< FILE` is the file; a pipe is nobody's."""
    with_privacy(home, models, paths=[HR])
    with (files / "hr" / "pay.csv").open() as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        assert mark_of(Session(), Mark(), (), reads_stdin=True).name == "local-only"
        assert mark_of(Session(), Mark(), (), reads_stdin=False).name == "public"


def test_a_conversation_keeps_its_class(
    typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer
) -> None:
    """What began with a local-only file goes on with no remote model, with the pattern and after it is gone."""
    with_privacy(home, models, paths=[HR])
    assert typed("ask", "-m", "echo", "--thread", "pay", "-f", "hr/pay.csv", "sum").code == 0
    assert typed("ask", "-m", "here.one", "--thread", "pay", "and now?").code == 5
    with_privacy(home, models)
    assert typed("ask", "-m", "here.one", "--thread", "pay", "and now?").code == 5
    assert server.requests == ()


def test_a_conversation_obeys_a_later_pattern(
    typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer
) -> None:
    """A file that became local-only after it was attached holds its conversation back from then on."""
    assert typed("ask", "-m", "here.one", "--thread", "pay", "-f", "hr/pay.csv", "sum").code == 0
    with_privacy(home, models, paths=[HR])
    assert typed("ask", "-m", "here.one", "--thread", "pay", "and now?").code == 5
    assert len(server.asked) == 1


@pytest.mark.parametrize("where", ["environment", "file"])
@pytest.mark.parametrize("line", ["ask -m here.one", "ask -t both --json", "ask -t both -f note.txt", "route -t both"])
def test_a_known_key_never_leaves(
    *, typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch,
    where: str, line: str,
) -> None:  # fmt: skip
    """A prompt or file with a key's exact value is refused by the variable's name; a local model may have it."""
    if where == "environment":
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
    else:
        (home / ".config" / "outrider").mkdir(parents=True, exist_ok=True)
        path = home / ".config" / "outrider" / "env"
        path.write_text(f"OPENAI_API_KEY={KEY}\n")
        path.chmod(0o600)
    (files / "note.txt").write_text(f"see {KEY}")
    refused = typed(*line.split(), f"what is {KEY}?")
    assert refused.code == 5
    assert "OPENAI_API_KEY" in refused.err
    assert KEY not in refused.out + refused.err
    assert server.requests == ()
    assert typed("ask", "-m", "echo", f"what is {KEY}?").code == 0


def test_what_looks_like_a_key_is_warned_of_once(typed: Shell, models: Any, server: ScriptedServer) -> None:
    """It is sent, since it may be an example, and said so."""
    server.always(say("ok"), model="one")
    warnings = typed("ask", "-m", "here.one", f"is {KEY} or {KEY}x a key?", "--json").json["warnings"]
    assert len(warnings) == 1
    assert "looks like a key" in warnings[0]
    assert KEY in server.asked[0].body.decode()


@pytest.mark.parametrize(("redact", "secret"), [(True, KEY), (["EMP-[0-9]+"], "EMP-4711")])
def test_redaction_is_undone_in_the_answer(
    *, typed: Shell, models: Any, home: Path, server: ScriptedServer, redact: Any, secret: str
) -> None:
    """The model sees a placeholder, the reader what it stands for; streaming waits for the whole."""
    with_privacy(home, models, redact=redact)
    server.always(say("it is [HIDDEN-1]."), model="one")
    answered = typed("ask", "-m", "here.one", "--stream", "-s", f"know {secret}", f"repeat {secret}")
    assert answered.out == f"it is {secret}.\n"
    assert secret not in server.asked[0].body.decode()
    assert server.asked[0].body.decode().count("[HIDDEN-1]") == 2


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (".claude/settings.json", "Read(./hr/**)"), (".claude/settings.local.json", "Read(/hr/pay.csv)"),
        ("user", "Read(**/*.csv)"), ("user", "Read"),
    ],
)  # fmt: skip
def test_what_claude_code_may_not_read_is_not_read_to_it(
    *, typed: Shell, models: Any, home: Path, files: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch,
    place: str, text: str,
) -> None:  # fmt: skip
    """Inside Claude Code a denied file is refused, linked or not, unless `--private` keeps it here."""
    path = home / ".claude" / "settings.json" if place == "user" else files / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"permissions": {"deny": [text]}}))
    assert typed("ask", "-m", "here.one", "-f", "hr/pay.csv", "sum").code == 0
    monkeypatch.setenv("CLAUDECODE", "1")
    for name in ("hr/pay.csv", "link.txt"):
        refused = typed("ask", "-m", "here.one", "-f", name, "sum", "--json")
        assert (refused.code, refused.json["error"]["kind"]) == (5, "private")
        assert text in refused.err
    assert len(server.asked) == 1
    private = typed("ask", "--private", "-m", "echo", "-f", "hr/pay.csv", "sum")
    assert private.code == 0
    assert "anna" not in private.out
    leaking = typed("ask", "--private", "-m", "echo", "-f", "hr/pay.csv", "--out", "leak.txt", "sum")
    assert (leaking.code, (files / "leak.txt").exists()) == (5, False)


@pytest.mark.parametrize("damage", ["{", "[]", '{"permissions": {"deny": "Read"}}', ""])
def test_damaged_settings_of_the_client_stop_nothing(
    typed: Shell, files: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    """They keep the client from nothing either; whoever wrote them hears of it there."""
    (files / ".claude").mkdir()
    (files / ".claude" / "settings.json").write_text(damage)
    monkeypatch.setenv("CLAUDECODE", "1")
    assert typed("ask", "-m", "echo", "-f", "hr/pay.csv", "sum").code == 0


def test_the_lines_for_claude_code_are_printed_until_they_are_there(
    typed: Shell, models: Any, home: Path, files: Path
) -> None:
    """`status` and `config check` name them for each local-only pattern; copied, they end the warning."""
    with_privacy(home, models, paths=[HR, {"pattern": "plans/*", "class": "secret"}])
    (advice,) = typed("status", "--json").json["private_files"]
    assert (advice["pattern"], advice["present"]) == ("hr/", False)
    assert advice["lines"][:2] == ["Read(**/hr/**)", "Bash(cat *hr/*)"]
    assert '"Read(**/hr/**)"' in typed("status").out
    warned = typed("config", "check")
    assert (warned.code, "Read(**/hr/**)" in warned.err) == (0, True)
    settings = home / ".claude" / "settings.json"
    settings.write_text(json.dumps({"permissions": {"deny": advice["lines"]}}))
    assert typed("status", "--json").json["private_files"][0]["present"] is True
    assert "WARNING" not in typed("status").out
    assert "permissions.deny" not in typed("config", "check").err
    assert json.loads(settings.read_text()) == {"permissions": {"deny": advice["lines"]}}


def test_a_copied_cloud_model_is_not_local(typed: Shell, home: Path, files: Path, server: ScriptedServer) -> None:
    """A local server's own word that it runs a model elsewhere counts, whatever the model is called."""
    rows = {"models": [{"name": "mine:latest"}, {"name": "alias:latest", "remote_host": "https://ollama.com:443"}]}
    server.always_at("/api/tags", status(200, rows))
    box = {"dialect": "ollama", "base_url": server.url, "local": True, "serves": "listed"}
    write_layer(home, {"providers": {"box": box}})
    refused = typed("ask", "--private", "-m", "box/alias", "hello", "--json")
    assert (refused.code, refused.json["answer"]) == (5, None)
    assert [seen.path for seen in server.requests if seen.path != "/api/tags"] == []
