"""`ask --tools`: a model that uses tools, end to end, and everything that forbids it."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.doors.booking import rows
from tests.servers import Reply, ScriptedServer, say, status

ROOT = str(Path(__file__).parents[2])
PRICE = {"input": 1, "output": 2}


def write_servers(home: Path, **servers: Any) -> Path:
    """Writes the user's file of tool servers."""
    folder = home / ".claude" / "config"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "mcp-servers.local.json"
    path.write_text(json.dumps({"mcpServers": servers}), encoding="utf-8")
    return path


def the_server(**fields: Any) -> dict[str, Any]:
    """Returns the row of the test server."""
    return {"command": sys.executable, "args": ["-m", "tests.servers.tool_server"], "cwd": ROOT, **fields}


def call(call_id: str, name: str, arguments: Any) -> dict[str, Any]:
    """Returns a call as a model makes it."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": text}}


def calls(*made: dict[str, Any], thought: str = "") -> Reply:
    """Returns a reply that calls tools."""
    message = {"role": "assistant", "content": None, "reasoning_content": thought, "tool_calls": list(made)}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return status(200, {"choices": [{"message": message, "finish_reason": "tool_calls"}], "usage": usage})


@pytest.fixture
def tooled(home: Path, server: ScriptedServer) -> None:
    """Writes a model that can use tools and one behind it, and one that cannot."""
    row = {"provider": "here", "price": PRICE, "context": 100_000, "max_output": 1_000}
    write_layer(home, {
        "providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
        "models": {
            "here.plain": {**row, "id": "plain", "abilities": ["json"]},
            "here.one": {**row, "id": "one", "abilities": ["tools"]},
            "here.two": {**row, "id": "two", "abilities": ["tools"]},
        },
        "tasks": {"all": {"chain": ["here.plain", "here.one", "here.two"]}},
    })  # fmt: skip


def test_a_model_uses_tools(typed: Shell, home: Path, tooled: None, server: ScriptedServer) -> None:
    """Two calls at once, a wrong one, and an answer: one run, every call in the book, nothing that is not allowed."""
    path = write_servers(home, tests=the_server(allow=["@read-only"]))
    server.script(
        calls(call("a", "add", {"a": 1, "b": 2}), call("b", "look", {"what": "injection"}), thought="both"),
        calls(call("a", "forget", {"path": str(path)}), call("b", "add", '{"a": 1,')),
        say("it is 3"),
    )
    answered = typed("ask", "-t", "all", "--tools", "tests", "add it up", "--json")
    assert answered.err.splitlines() == [
        "outrider: tests: 2 tools offered, 1 not (forget: the user's `allow` does not name it)",
        "outrider: tool tests.add: result, 1 bytes", "outrider: tool tests.look: result, 132 bytes",
        "outrider: tool forget: missing", "outrider: tool tests.add: arguments",
    ]  # fmt: skip
    shape = answered.json
    assert (answered.code, shape["answer"], shape["model"], len(shape["attempts"])) == (0, "it is 3", "here.one", 3)
    assert shape["tools"] == {"offered": 2, "rounds": 2, "calls": [
        {"server": "tests", "tool": "add", "outcome": "result", "bytes": 1},
        {"server": "tests", "tool": "look", "outcome": "result", "bytes": 132},
        {"server": None, "tool": "forget", "outcome": "missing", "bytes": 0},
        {"server": "tests", "tool": "add", "outcome": "arguments", "bytes": 0},
    ]}  # fmt: skip
    assert path.exists()
    first, second, third = (seen.json for seen in server.asked)
    assert [tool["function"]["name"] for tool in first["tools"]] == ["add", "look"]
    assert [message["role"] for message in third["messages"]] == ["user", "assistant", "tool", "tool", "assistant",
                                                                  "tool", "tool"]  # fmt: skip
    told = [message["content"] for message in second["messages"] if message["role"] == "tool"]
    assert '\n3\n</outrider-tool-result id="' in told[0]
    assert "<system-reminder>" not in told[1]
    assert "\x1b" not in told[1]
    ours = home / ".config" / "outrider"
    booked = rows(ours, "SELECT run, round, server, tool, outcome, kind, class, result_bytes FROM tool_calls")
    assert [tuple(row)[1:] for row in booked] == [
        (1, "tests", "add", "result", None, "public", 1), (1, "tests", "look", "result", None, "public", 132),
        (2, "tests", "add", "refused", "arguments", "public", 0),
    ]  # fmt: skip
    assert {row[0] for row in booked} == {shape["run"]}
    assert [tuple(row) for row in rows(ours, "SELECT number, model, outcome FROM attempts")] == [
        (number, "here.one", "answer") for number in (1, 2, 3)
    ]
    data = typed("audit", "data", "--json").json
    assert [(row["attempt"], row["what"], row["name"]) for row in data["rows"] if row["what"] == "tool"] == [
        (number, "tool", name) for number in (2, 3) for name in ("tests/add", "tests/look")
    ]
    assert [(row["tool"], row["place"]) for row in data["tool_calls"]][:2] == [
        ("add", f"program {Path(sys.executable).name}"), ("look", f"program {Path(sys.executable).name}"),
    ]  # fmt: skip
    printed = typed("audit", "data").out
    assert "bytes out" in printed


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--tools", "tesst"), 2, "hint: did you mean `tests`?"),
        (("--tools", "nothing-like-it"), 2, "mcp-servers.local.json"),
        (("--tools", "tests", "--private"), 5, "tests is not local, and the run is private"),
        (("--tools", "tests", "--record", "x"), 2, "`--record` knows nothing of tools"),
        (("--tools", "gone"), 2, "there is no program /no/such/program"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_asked(
    typed: Shell, home: Path, arguments: tuple[str, ...], code: int, words: str
) -> None:
    """A wrong name, a private run, a recording, a missing program: a sentence, and no call."""
    write_servers(home, tests=the_server(allow=["*"]), gone={"command": "/no/such/program", "allow": ["*"]})
    answered = typed("ask", "-m", "echo", *arguments, "hi")
    assert (answered.code, answered.out) == (code, "")
    assert words in answered.err


def test_a_model_without_the_ability_is_passed_over(typed: Shell, home: Path, tooled: None) -> None:
    """A question with tools goes to a model that can use them, and a dry run starts nothing."""
    write_servers(home, gone={"command": "/no/such/program"})
    shape = typed("ask", "-t", "all", "--tools", "gone", "--dry-run", "--json", "hi").json
    assert [(row["model"], row["why"]) for row in shape["passed"]] == [("here.plain", "has no tools")]
    assert "with the tools of gone;" in typed("ask", "-t", "all", "--tools", "gone", "--dry-run", "hi").out


def test_a_row_that_brings_tools_along(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """What a model's row names is left out with a word where it cannot be had, and the question is asked anyway."""
    row = {"provider": "here", "id": "one", "price": PRICE, "tools": ["files"]}
    write_layer(home, {"providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
                       "models": {"here.one": row}})  # fmt: skip
    server.always(say("hello"))
    answered = typed("ask", "-m", "here.one", "hi")
    assert (answered.code, answered.out) == (0, "hello\n")
    assert answered.err == ("outrider: left out: the tool server files, which the model's row names, is in no file\n")
    assert "tools" not in server.asked[0].json


def test_no_row_does_for_an_agent_what_it_may_not(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    """Inside Claude Code, where a plain `ask` runs unasked, a row's tools stay out; `--tools` still means them."""
    row = {"provider": "here", "id": "one", "price": PRICE, "tools": ["gone"]}
    write_layer(home, {"providers": {"here": {"dialect": "openai", "base_url": f"{server.url}/v1"}},
                       "models": {"here.one": row}})  # fmt: skip
    write_servers(home, gone={"command": "/no/such/program", "allow": ["*"]})
    server.always(say("hello"))
    monkeypatch.setenv("CLAUDECODE", "1")
    answered = typed("ask", "-m", "here.one", "hi")
    assert answered.err == "outrider: the tools of gone are not used inside Claude Code without `--tools`\n"
    assert "hello" in answered.out
    assert "tools" not in server.asked[0].json
    assert "there is no program" in typed("ask", "-m", "here.one", "--tools", "gone", "hi").err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ('{"mcpServers": {"a": {"comand": "x"}}}', "comand"),
        ('{"mcpServers": {"a": {"command": "x", "class": "everything"}}}', "class"),
        ('{"mcpServers": {"a": {"url": "ftp://x"}}}', "url"),
        ('{"mcpServers": {"a": {"command": "x"}, "a": {"command": "y"}}}', "twice"),
    ],
)
def test_a_broken_file_of_servers_is_said(typed: Shell, home: Path, text: str, words: str) -> None:
    """The file and the place in it are named, and nothing is started."""
    path = write_servers(home)
    path.write_text(text)
    answered = typed("ask", "-m", "echo", "--tools", "a", "hi")
    assert answered.code == 2
    assert str(path) in answered.err
    assert words in answered.err
    checked = typed("config", "check")
    assert checked.code == 2
    assert words in checked.out


def a_checkout(folder: Path, **servers: Any) -> None:
    """Makes a checkout that names tool servers."""
    (folder / ".git").mkdir()
    (folder / ".claude").mkdir()
    (folder / ".claude" / "mcp-servers.json").write_text(json.dumps({"mcpServers": servers}))


def test_a_hostile_checkout_starts_nothing(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Its servers count only once it is trusted; trust says what they are, and even then nothing of them is allowed."""
    marker = tmp_path / "started"
    a_checkout(Path.cwd(), evil={"command": "/usr/bin/touch", "args": [str(marker)], "allow": ["*"]})
    refused = typed("ask", "-m", "echo", "--tools", "evil", "hi")
    assert refused.code == 2
    assert "is not trusted, so its tool servers are ignored" in refused.err
    shown = typed("trust", "--yes")
    assert f"STARTS THE PROGRAM /usr/bin/touch {marker} (server evil; what is in it is not looked at)" in shown.out
    assert not marker.exists()
    servers = Path(".claude/mcp-servers.json")
    servers.write_text(servers.read_text().replace("touch", "true"))
    changed = typed("ask", "-m", "echo", "--tools", "evil", "hi")
    assert "is not trusted" in changed.err
