"""`outrider doctor`: everything that can be wrong, each with its fix."""

import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, say, status


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Puts an `outrider` on PATH, and takes away what this machine's environment says."""
    command = tmp_path / "bin" / "outrider"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n", encoding="utf-8")
    command.chmod(0o755)
    for name in list(os.environ):
        if name.startswith(("SSL_CERT", "REQUESTS_CA", "CURL_CA", "NODE_EXTRA")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", str(command.parent))
    return command


def found(typed: Shell, *flags: str) -> list[tuple[str, str]]:
    """Returns what is not well."""
    checks = typed("doctor", "--json", *flags).json["checks"]
    return [(check["name"], check["message"]) for check in checks if check["mark"] != "ok"]


def test_a_machine_that_is_well(typed: Shell, path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every subject is looked at, and the end says so."""
    monkeypatch.setenv("GROQ_API_KEY", "x")
    examined = typed("doctor")
    assert examined.code == 0
    lines = examined.out.splitlines()
    assert lines[0].startswith("ok    versions: outrider ")
    assert lines[1:] == [
        f"ok    path: `outrider` is {path}",
        f"ok    home: {home / '.config' / 'outrider'}",
        "ok    ledger: not begun yet",
        "ok    settings: sound: bundled",
        "ok    keys: can be asked: groq",
        "ok    pack: not installed: `outrider install`",
        "all is well",
    ]
    assert typed("doctor", "-q") == (0, "", "")


def test_a_fresh_machine_is_told_what_to_do(typed: Shell, path: Path) -> None:
    """No key and no command on PATH are worth knowing, and break nothing."""
    path.unlink()
    examined = typed("doctor", "-q")
    assert examined.code == 0
    assert examined.out.splitlines() == [
        "warn  path: `outrider` is not on PATH, so agents do not find it",
        '      fix: run `./install.sh`, or add `export PATH="$HOME/.local/bin:$PATH"` to your shell\'s profile',
        "warn  keys: no key, and no local server is known: only subagents can answer",
        "      fix: run `outrider keys set NAME`, or start a local server and run `outrider models --live`",
    ]


def test_loose_modes_are_mended(typed: Shell, home: Path) -> None:
    """Broken until repaired; the key file's mode is named by whoever comes to it first."""
    folder = home / ".config" / "outrider"
    folder.mkdir(parents=True)
    env = folder / "env"
    env.write_text("GROQ_API_KEY=x\nGROK_API_KEY=y\n", encoding="utf-8")
    env.chmod(0o644)
    folder.chmod(0o755)
    leftover = folder / "env.4194305.tmp"
    leftover.touch()
    os.utime(leftover, (1, 1))
    assert typed("doctor").code == 1
    names = [name for name, _ in found(typed)]
    assert names == ["home", "home", "home", "keys"]
    typed("doctor", "--repair")
    assert (folder.stat().st_mode & 0o777, env.stat().st_mode & 0o777) == (0o700, 0o600)
    assert not leftover.exists()
    assert found(typed) == [
        ("keys", "GROK_API_KEY in the key file is read by no provider; did you mean GROQ_API_KEY?"),
    ]


def test_a_broken_book_is_set_aside(typed: Shell, home: Path) -> None:
    """Nothing is deleted, and the next run is booked in a new one."""
    typed("ask", "-m", "echo", "hello")
    book = home / ".config" / "outrider" / "ledger.db"
    book.write_bytes(b"no book at all" * 100)
    assert [name for name, _ in found(typed)][:1] == ["ledger"]
    assert typed("doctor").code == 1
    assert typed("doctor", "--repair").code == 0
    kept = min(book.parent.glob("ledger.db.damaged-*"), key=lambda path: len(path.name))
    assert kept.read_bytes() == b"no book at all" * 100
    assert typed("ask", "-m", "echo", "hello").code == 0
    assert len(typed("runs", "--json").json["runs"]) == 1


def test_broken_settings_hide_nothing_else(typed: Shell, home: Path) -> None:
    """Each problem is one finding; the other subjects are looked at all the same."""
    write_layer(home, {"limts": {}, "defualt": "x"})
    examined = typed("doctor", "--json")
    assert examined.code == 1
    checks = examined.json["checks"]
    assert [check["name"] for check in checks if check["mark"] == "fail"][:2] == ["settings", "settings"]
    assert [check["mark"] for check in checks if check["name"] == "ledger"] == ["ok"]
    assert all(check["fix"] for check in checks if check["mark"] != "ok")


def test_a_home_that_cannot_be_written_is_broken(
    typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No call could be booked there."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("OUTRIDER_HOME", str(tmp_path / "file" / "ours"))
    assert ("home", f"{tmp_path}/file/ours cannot be written, and no call leaves without its row") in found(typed)


def test_the_environment_is_looked_at(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """What people expect to count, and does not."""
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY", "HTTPS_PROXY", "CLAUDE_CODE_SUBAGENT_MODEL_FORCE"):
        monkeypatch.setenv(name, "value-of-it")
    examined = typed("doctor")
    assert examined.code == 0
    assert examined.out.count("warn  environment: ") == 4
    assert "value-of-it" not in examined.out


def test_a_model_that_ends_in_a_users_chain_is_named(typed: Shell, home: Path) -> None:
    """With its day and its replacement."""
    row = {"provider": "echo", "id": "x", "shutdown": "2020-01-01", "replacement": "echo.echo"}
    write_layer(home, {"models": {"old.one": row}, "tasks": {"mine": {"chain": ["old.one"]}}})
    assert ("models", "old.one is in a chain, and was shut down on 2020-01-01") in found(typed)


@pytest.fixture
def asked(home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> ScriptedServer:
    """Lets the doctor ask one provider and one local server only."""
    price = {"input": 1, "output": 2}
    layer: dict[str, Any] = {
        "providers": {
            "here": {"dialect": "openai", "base_url": f"{server.url}/v1", "key": "HERE_KEY"},
            "box": {"dialect": "ollama", "base_url": server.url, "local": True, "serves": "listed"},
        },
        "models": {
            "here.dear": {"provider": "here", "id": "dear", "price": {"input": 9, "output": 9}},
            "here.cheap": {"provider": "here", "id": "cheap", "price": price},
        },
        "privacy": {"allow": ["here", "box", "vllm"]},
    }
    write_layer(home, layer)
    monkeypatch.setenv("HERE_KEY", "the-key-itself")
    server.models = ("nomic-embed-text", "small")
    return server


def test_live_asks_the_cheapest_of_each(typed: Shell, asked: ScriptedServer) -> None:
    """One list and one tiny question a provider, booked; a shipped local server need not run."""
    asked.always(say("ok"))
    examined = typed("doctor", "--live")
    assert examined.code == 0
    lines = [line for line in examined.out.splitlines() if " live: " in line]
    assert [line.split(",")[0] for line in lines] == [
        "ok    live: vllm does not run here",
        "ok    live: here/cheap answers",
        "ok    live: box/small answers",
    ]
    assert {seen.json["model"] for seen in asked.asked} == {"cheap", "small"}
    assert [run["command"] for run in typed("runs", "--json").json["runs"]] == ["doctor", "doctor"]
    assert "the-key-itself" not in examined.out


def test_live_tells_who_does_not_answer(typed: Shell, asked: ScriptedServer) -> None:
    """A refused key and a broken server fail, each with its fix, and are asked once."""
    asked.always(status(401), model="cheap")
    asked.always(status(500), model="small")
    examined = typed("doctor", "--live", "--json")
    assert examined.code == 1
    failed = [check for check in examined.json["checks"] if check["mark"] == "fail"]
    assert [check["message"].split(":")[0] for check in failed] == ["here/cheap", "box/small"]
    assert failed[0]["fix"] == "run `outrider keys set here`"
    assert failed[1]["fix"].startswith("start box, or correct its address")
    assert len(asked.asked) == 2


def test_live_tells_whose_list_is_not_there(typed: Shell, asked: ScriptedServer) -> None:
    """No list, or nothing to ask in it."""
    asked.always_at("/v1/models", status(403))
    asked.models = ("nomic-embed-text",)
    checks = [check for check in typed("doctor", "--live", "--json").json["checks"] if check["name"] == "live"]
    assert [check["mark"] for check in checks] == ["ok", "fail", "warn"]
    assert checks[2]["message"] == "box lists 1 models, none of which can be asked"


def test_live_asks_a_provider_without_a_list(typed: Shell, asked: ScriptedServer) -> None:
    """Its rows say what can be asked."""
    asked.always_at("/v1/models", status(404))
    lines = [line for line in typed("doctor", "--live").out.splitlines() if " live: " in line]
    assert lines[1].startswith("ok    live: here/cheap answers")


def test_the_mcp_server_is_looked_at_where_every_session_starts_it(typed: Shell, home: Path) -> None:
    """What its tools cost always, and whether there is still a program to start."""

    def told() -> list[tuple[str, str]]:
        checks = typed("doctor", "--json").json["checks"]
        return [(check["mark"], check["message"]) for check in checks if check["name"] == "mcp"]

    assert told() == []
    typed("install", "--mcp")
    assert [mark for mark, _ in told()] == ["ok"]
    assert told()[0][1].startswith("the MCP server has 4 tools: about ")
    path = home / ".claude" / "skills" / "outrider" / ".mcp.json"
    path.write_text('{"mcpServers": {"outrider": {"command": "/gone/outrider"}}}', encoding="utf-8")
    message = "every session starts the MCP server by /gone/outrider, which is no program"
    assert told() == [("fail", message)]
