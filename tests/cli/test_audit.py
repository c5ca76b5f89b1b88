"""`outrider audit data` and `outrider prune`: who saw what, whether a file ever reached them, and what may go."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.settings import places
from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, say, status, way

PNG = bytes.fromhex("89504e470d0a1a0a") + b"\0" * 20


def parts(typed: Shell, *flags: str) -> list[tuple[Any, ...]]:
    """Lists what was handed out: what, its name, where it went, whether it arrived."""
    rows = typed("audit", "data", "--json", *flags).json["rows"]
    return [(row["what"], row["name"], row["provider"], row["reached"]) for row in rows]


def asked_about(typed: Shell, *flags: str) -> tuple[str, str | None, str]:
    """Asks whether a file reached a provider: in all, by its content, by its path."""
    shape = typed("audit", "data", "--json", *flags).json
    return shape["reached"], shape["by_content"], shape["by_path"]


def book() -> sqlite3.Connection:
    """Opens the book behind the program's back."""
    return sqlite3.connect(places().ours("ledger.db"))


def test_everything_that_is_handed_in_has_a_row(
    typed: Shell, models: Any, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files, pictures, stdin and a schema each have their own row, with whom they went to, why, and from where."""
    os.mkdir(".git")
    os.mkdir("src")
    Path("src/a.py").write_text("a = 1\n", encoding="utf-8")
    Path("b.png").write_bytes(PNG)
    Path("s.json").write_text('{"type": "object"}', encoding="utf-8")
    server.always(say("{}"), model="one")
    monkeypatch.setenv("CLAUDE_CODE_SESSION_ID", "session-1")
    monkeypatch.setenv("CLAUDE_CODE_AGENT_NAME", "scout")
    line = ("ask", "-m", "here.one", "-f", "src/a.py", "--image", "b.png", "--schema", "s.json", "look")
    assert typed(*line, stdin=b"piped").code == 0
    assert parts(typed) == [
        ("prompt", None, "here", "yes"), ("file", "src/a.py", "here", "yes"), ("stdin", "stdin", "here", "yes"),
        ("image", "b.png", "here", "yes"), ("schema", "s.json", "here", "yes"),
    ]  # fmt: skip
    row = typed("audit", "data", "--json").json["rows"][1]
    names = ("bytes", "model", "served_by", "origin", "rule", "certainty", "repository", "session", "agent", "preset")
    assert {name: row[name] for name in names} == {
        "bytes": 6, "model": "here.one", "served_by": "one", "origin": server.url, "rule": "flag -m here.one",
        "certainty": "exact", "repository": str(Path.cwd()), "session": "session-1", "agent": "scout", "preset": None,
    }  # fmt: skip
    assert "look" not in typed("audit", "data", "--json").out
    assert "src/a.py" in typed("audit").out


def test_each_attempt_says_whether_it_arrived(typed: Shell, models: Any, server: ScriptedServer) -> None:
    """A status is proof of arrival, silence leaves doubt, and what never left did not arrive."""
    Path("f").write_text("text", encoding="utf-8")
    server.always(status(503), model="one")
    server.always(way("hang"), model="two")
    assert typed("ask", "-t", "both", "-f", "f", "x", "--timeout", "1").code == 1
    found = [(row["model"], row["reached"]) for row in typed("audit", "data", "--json", "--file", "f").json["rows"]]
    assert set(found) == {("here.one", "yes"), ("here.two", "in doubt")}
    assert typed("audit", "data", "--file", "f", "--provider", "here").out.startswith("yes: f reached here")
    assert typed("audit", "data", "--file", "f", "--provider", "echo").out.startswith("no: f did not reach echo")


def test_a_file_is_found_by_its_content_and_by_its_path(typed: Shell, models: Any, server: ScriptedServer) -> None:
    """The content of now is found wherever it was, an older content by the path, and which of the two is said."""
    Path("f").write_bytes("\ufeffsecret\n".encode())
    assert asked_about(typed, "--file", "f") == ("no", "no", "no")
    assert typed("ask", "-m", "here.one", "-f", "f", "x").code == 0
    assert asked_about(typed, "--file", "f") == ("yes", "yes", "yes")
    assert asked_about(typed, "--file", "f", "--provider", "echo") == ("no", "no", "no")
    Path("copy").write_bytes(b"secret\n")
    assert asked_about(typed, "--file", "copy") == ("yes", "yes", "no")
    Path("f").write_bytes(b"other\n")
    assert asked_about(typed, "--file", "f") == ("yes", "no", "yes")
    assert "by its path, with other content" in typed("audit", "data", "--file", "f").out
    Path("f").unlink()
    assert asked_about(typed, "--file", "f") == ("yes", None, "yes")
    Path("piped").write_bytes(b"whole prompt\n")
    assert typed("ask", "-m", "here.one", stdin=b"whole prompt\n").code == 0
    assert asked_about(typed, "--file", "piped") == ("yes", "yes", "no")


def test_a_conversation_sends_its_files_again(typed: Shell, models: Any, server: ScriptedServer) -> None:
    """What an earlier turn attached goes to the next model with the conversation, and is booked there too."""
    Path("f").write_text("text", encoding="utf-8")
    typed("ask", "-m", "echo", "--thread", "t", "-f", "f", "first")
    assert asked_about(typed, "--file", "f", "--provider", "here")[0] == "no"
    typed("ask", "-m", "here.one", "--thread", "t", "second")
    assert b"text" in server.asked[0].body
    assert asked_about(typed, "--file", "f", "--provider", "here") == ("yes", "yes", "yes")
    assert parts(typed, "--provider", "here")[1][0] == "earlier"


def test_a_replay_reaches_nobody(typed: Shell, models: Any, server: ScriptedServer) -> None:
    """What is answered from a recording was handed to no model."""
    Path("f").write_text("text", encoding="utf-8")
    typed("ask", "-m", "here.one", "-f", "f", "x", "--record", "r.json")
    with book() as connection:
        connection.execute("INSERT INTO prunings (at, before, attempts) VALUES (1e12, 1e12, 1)")
        connection.executescript("DELETE FROM attachments; DELETE FROM attempts; DELETE FROM runs")
    assert typed("ask", "-m", "here.one", "-f", "f", "x", "--replay", "r.json").code == 0
    assert asked_about(typed, "--file", "f")[0] == "no"


def test_the_text_of_prompts_is_kept_only_for_who_wants_it(typed: Shell, home: Path) -> None:
    """Nothing of a prompt is in the book unless the user wants it; `prune --prompts` takes it out of the file."""
    typed("ask", "-m", "echo", "marmalade")
    ledger = Path(places().ours("ledger.db"))
    assert b"marmalade" not in ledger.read_bytes()
    write_layer(home, {"privacy": {"store_prompts": True}})
    typed("ask", "-m", "echo", "marmalade")
    assert book().execute("SELECT text FROM prompts").fetchall() == [("marmalade",)]
    assert typed("prune", "--prompts", "--json").json == {"before": None, "removed": True, "prompts": 1}
    assert b"marmalade" not in ledger.read_bytes()


def test_a_digest_that_was_kept_elsewhere_shows_every_change(typed: Shell, models: Any) -> None:
    """New rows change nothing; a changed, a removed and a smuggled row do; a changed digest is none."""
    Path("f").write_text("text", encoding="utf-8")
    typed("ask", "-m", "here.one", "-f", "f", "x")
    typed("ask", "-m", "here.two", "y")
    shape = typed("audit", "data", "--export", "kept.json", "--json").json
    assert (shape["attempts"], shape["attachments"], shape["open"]) == (2, 1, [])
    typed("ask", "-m", "here.one", "z")
    assert typed("audit", "data", "--check", "kept.json").code == 0
    whole = Path(places().ours("ledger.db")).read_bytes()
    for change in (
        "UPDATE attempts SET origin = 'https://elsewhere:443' WHERE id = 1", "UPDATE attempts SET status = 500",
        "UPDATE attachments SET digest = 'x'", "DELETE FROM attempts WHERE id = 2", "DELETE FROM attachments",
        "UPDATE attempts SET served_by = 'another' WHERE id = 2",
    ):  # fmt: skip
        with book() as connection:
            with pytest.raises(sqlite3.DatabaseError, match=r"changed|prune"):
                connection.execute(change)
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            connection.execute(change)
        connection.close()
        assert typed("audit", "data", "--check", "kept.json").code == 4
        Path(places().ours("ledger.db")).write_bytes(whole)
    shape["attempts"] = 1
    Path("forged.json").write_text(json.dumps(shape), encoding="utf-8")
    assert typed("audit", "data", "--check", "forged.json").code == 2


def test_prune_takes_what_is_old_and_leaves_a_row_that_says_so(typed: Shell, models: Any) -> None:
    """Old runs go with all that hangs on them, sums stay, and a digest from before says pruned instead of changed."""
    Path("f").write_text("text", encoding="utf-8")
    typed("ask", "-m", "here.one", "-f", "f", "x")
    with book() as connection:
        connection.execute("DROP TRIGGER attempts_say_once")
        connection.executescript("UPDATE attempts SET at = at - 864000; UPDATE runs SET at = at - 864000")
    typed("ask", "-m", "here.one", "-f", "f", "y")
    typed("audit", "data", "--export", "kept.json")
    spent = book().execute("SELECT * FROM spend ORDER BY 1").fetchall()
    assert typed("prune", "--before", "7d", "--dry-run", "--json").json["rows"] == 1
    assert typed("prune", "--before", "7d", "--json").json["rows"] == 1
    assert [row[0] for row in parts(typed)] == ["prompt", "file"]
    assert book().execute("SELECT COUNT(*) FROM runs").fetchone() == (1,)
    assert book().execute("SELECT * FROM spend ORDER BY 1").fetchall() == spent
    checked = typed("audit", "data", "--check", "kept.json", "--json").json
    assert (checked["holds"], len(checked["pruned"])) == (True, 1)


def test_prune_leaves_what_others_need(typed: Shell, models: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without flags it only counts, the rows of the last hour stay, each kind goes alone, and it is for a person."""
    typed("ask", "-m", "here.one", "--thread", "t", "x")
    where = places()
    os.makedirs(where.ours("answers"))
    Path(where.ours("answers", "a.txt")).write_text("x", encoding="utf-8")
    looked = typed("prune", "--json").json
    assert looked == {
        "before": None, "removed": False, "rows": 1, "prompts": 0, "answers": 1, "batches": 0, "jobs": 0,
        "threads": 1,
    }  # fmt: skip
    assert typed("prune", "--answers", "--json").json["answers"] == 1
    assert typed("prune", "--before", "2020-01-01", "--threads", "--json").json["threads"] == 0
    assert typed("prune", "--threads", "--json").json["threads"] == 1
    assert typed("prune", "--before", "0m", "--json").json["rows"] == 0
    assert typed("prune", "--json").json["rows"] == 1
    monkeypatch.setenv("CLAUDECODE", "1")
    assert typed("prune", "--before", "1d").code == 5


@pytest.mark.parametrize(
    "line", ["--file f --check g", "--provider opnai", "--check nothing.json", "--since yesterday", "--file ."]
)
def test_a_wrong_question_is_a_sentence(line: str, typed: Shell) -> None:
    """What cannot be answered ends with 2 and says what to type."""
    ended = typed("audit", "data", *line.split())
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert "hint: " in ended.err
