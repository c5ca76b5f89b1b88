"""`outrider status`: what stands, and loudly what is wrong."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, status


def test_an_empty_machine_says_what_is_missing(typed: Shell, home: Path) -> None:
    """No preset, no key, no server asked, the shipped budgets."""
    lines = typed("status").out.splitlines()
    assert lines[:4] == [
        "preset    none, each task its own chain",
        "fallback  on",
        "default   task analysis",
        "keys      none: `outrider keys set NAME`",
    ]
    assert "server    ollama at http://localhost:11434: not asked yet (`outrider models --live`)" in lines
    assert ("budgets   run $1.00 (default); day $0.0000 of $10.00 (default); month $0.0000 spent, no budget") in lines
    assert lines[-1].startswith("version   outrider ")
    assert lines[-1].endswith(f"home {home / '.config' / 'outrider'}")
    assert typed("status", "-q").out.splitlines() == lines[:-1]


def test_the_machine_shape_has_no_key_in_it(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names, places and states; what is missing is null."""
    write_layer(home, {"limits": {"budget_usd": {"day": 2}}})
    monkeypatch.setenv("GROQ_API_KEY", "value-of-the-key")
    typed("switch", "cheap")
    printed = typed("status", "--json")
    assert "value-of-the-key" not in printed.out
    shape = printed.json
    assert set(shape) == {
        "preset", "preset_from", "fallback", "default_task", "keys", "refused_keys", "servers", "budgets", "batches",
        "project", "notes", "home", "inside_claude_code", "versions", "pack",
    }  # fmt: skip
    assert (shape["preset"], shape["preset_from"], shape["project"]) == ("cheap", "switched", None)
    assert shape["budgets"] == [
        {"period": "run", "budget_usd": 1.0, "spent_usd": None, "set": False},
        {"period": "day", "budget_usd": 2.0, "spent_usd": 0.0, "set": True},
        {"period": "month", "budget_usd": None, "spent_usd": 0.0, "set": False},
        {"period": "per_repo", "budget_usd": None, "spent_usd": None, "set": False},
    ]
    assert {
        "provider": "groq",
        "present": True,
        "variable": "GROQ_API_KEY",
        "where": "environment",
        "needed": True,
    } in (shape["keys"])


def test_a_refused_key_is_loud_until_it_is_another(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes first, with the way to mend it, and goes with the key."""
    row = {"dialect": "openai", "base_url": f"{server.url}/v1", "key": "HERE_KEY"}
    models = {"here.one": {"provider": "here", "id": "one", "price": {"input": 1, "output": 2}}}
    write_layer(home, {"providers": {"here": row}, "models": models})
    monkeypatch.setenv("HERE_KEY", "first-key")
    server.always(status(401))
    typed("ask", "-m", "here.one", "hello")
    first = typed("status").out.splitlines()[0]
    assert first.startswith("WRONG KEY  here refused HERE_KEY (")
    assert first.endswith("): `outrider keys set here`")
    assert typed("status", "--json").json["refused_keys"][0]["provider"] == "here"
    monkeypatch.setenv("HERE_KEY", "second-key")
    assert typed("status", "--json").json["refused_keys"] == []


def test_servers_and_spend_are_those_of_the_book(typed: Shell, models: Any, home: Path, server: ScriptedServer) -> None:
    """What a server said last, and what the day has cost."""
    models["providers"]["box"] = {
        "dialect": "openai", "base_url": f"{server.url}/v1", "local": True, "serves": "listed",
    }  # fmt: skip
    write_layer(home, {**models, "privacy": {"allow": ["here", "box"]}})
    typed("models", "--live")
    typed("ask", "-m", "here.one", "hello")
    lines = typed("status").out.splitlines()
    assert f"server    box at {server.url}/v1: up, 1 models, asked just now" in lines
    spent = [entry["spent_usd"] for entry in typed("status", "--json").json["budgets"]]
    assert spent[1] == spent[2] > 0


def test_a_project_that_waits_for_trust_is_named(typed: Shell, tmp_path: Path) -> None:
    """With its files, its state, and what of it is ignored."""
    folder = tmp_path / "work" / ".claude" / "config"
    folder.mkdir(parents=True)
    path = folder / "models.json"
    path.write_text('{"default": "simple"}', encoding="utf-8")
    out = typed("status").out
    assert f"project   {tmp_path / 'work'}: {path}: not trusted, so it may only tighten (`outrider trust`)\n" in out
    assert f"note      {path} is not trusted, so its default is ignored (see `outrider trust`)\n" in out
    typed("trust", "--yes")
    assert typed("status", "--json").json["project"] == {
        "path": str(tmp_path / "work"), "files": [str(path)], "trusted": True,
    }  # fmt: skip


def test_a_broken_book_is_a_note(typed: Shell, home: Path) -> None:
    """Status goes on without it, and says how it is mended."""
    folder = home / ".config" / "outrider"
    folder.mkdir(parents=True)
    (folder / "ledger.db").write_bytes(b"no book at all" * 100)
    shown = typed("status")
    assert shown.code == 0
    assert "note      cannot use " in shown.out
    assert "doctor --repair" in shown.out


def test_a_key_file_that_others_can_read_is_refused(typed: Shell, home: Path) -> None:
    """One error, one hint, exit 2."""
    folder = home / ".config" / "outrider"
    folder.mkdir(parents=True)
    (folder / "env").write_text("GROQ_API_KEY=x\n", encoding="utf-8")
    (folder / "env").chmod(0o644)
    path = folder / "env"
    assert typed("status") == (2, "", f"error: {path} can be read by others\nhint: run `chmod 600 {path}`\n")
