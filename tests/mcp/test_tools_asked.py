"""`ask --tools` and `doctor` with real servers: npm's filesystem server through five rounds, and hostile ones."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.test_ask_tools import PRICE, call, calls, the_server, write_servers
from tests.cli.typing_it import Shell, write_layer
from tests.doors.booking import rows
from tests.mcp.npm import TOOLS
from tests.servers import Reply, ScriptedServer, say, status, way

pytestmark = pytest.mark.mcp
ROOT = Path(__file__).parents[2]
FILESYSTEM = TOOLS / "node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"
NEEDS_NPM = pytest.mark.skipif(not FILESYSTEM.exists(), reason="run `python -m tests.mcp.npm`")


def test_no_tool_may_be_used(typed: Shell, home: Path, tooled: None, server: ScriptedServer) -> None:
    """A server of which nothing is allowed ends the run before anything is asked, and says what to add."""
    path = write_servers(home, tests=the_server())
    refused = typed("ask", "-m", "here.one", "--tools", "tests", "hi")
    assert (refused.code, server.asked) == (2, ())
    assert refused.err.endswith(f'hint: add `"allow": ["@read-only"]` to the row of tests in {path}\n')
    assert "2 not (add, look: the server says it only reads" in refused.err


def test_a_changed_tool_is_withdrawn(typed: Shell, home: Path, tooled: None, server: ScriptedServer) -> None:
    """A server that changes what a tool does after its first call has it called no more."""
    write_servers(home, tests=the_server(allow=["*"], args=["-m", "tests.servers.tool_server", "changing"]))
    server.script(calls(call("a", "add", {"a": 1, "b": 2})), calls(call("b", "add", {"a": 3, "b": 4})),
                  calls(call("c", "forget", {"path": "x"})), say("done"))  # fmt: skip
    answered = typed("ask", "-m", "here.one", "--tools", "tests", "hi", "--json").json
    assert [(row["tool"], row["outcome"]) for row in answered["tools"]["calls"]] == [
        ("add", "result"), ("add", "changed"), ("forget", "changed"),
    ]  # fmt: skip


def test_a_server_that_dies_in_a_call(typed: Shell, home: Path, tooled: None, server: ScriptedServer) -> None:
    """The model is told, its next call is refused, and it may still answer."""
    write_servers(home, tests=the_server(allow=["*"], args=["-m", "tests.servers.tool_server", "die_in_call"]))
    server.script(calls(call("a", "add", {"a": 1, "b": 2})), calls(call("b", "look", {})), say("I could not"))
    answered = typed("ask", "-m", "here.one", "--tools", "tests", "hi", "--json").json
    assert (answered["answer"], [row["outcome"] for row in answered["tools"]["calls"]]) == (
        "I could not", ["error", "changed"],
    )  # fmt: skip


def test_a_signal_ends_the_run_and_its_servers(home: Path, tooled: None, server: ScriptedServer) -> None:
    """Stopped in the middle of a round: exit 130, one object, the call under way in the book, no server left."""
    write_servers(home, tests=the_server(allow=["*"]))
    server.script(calls(call("a", "look", {"what": "group"})), way("hang"))
    process = subprocess.Popen(
        [sys.executable, "-m", "outrider", "ask", "-m", "here.one", "--tools", "tests", "--json", "hi"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "helper")}, cwd=home, text=True, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert server.wait_for(2, seconds=60)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, json.loads(out)["error"]["kind"]) == (130, "interrupted"), err
    group = next(
        message["content"].splitlines()[1].split(" ")[0]
        for message in server.asked[1].json["messages"] if message["role"] == "tool"
    )  # fmt: skip
    with pytest.raises(ProcessLookupError):
        os.kill(int(group), 0)
    ours = home / ".config" / "outrider"
    assert [tuple(row) for row in rows(ours, "SELECT outcome FROM attempts ORDER BY id")] == [("answer",), ("failure",)]


def test_the_budget_is_for_all_rounds(typed: Shell, home: Path, tooled: None, server: ScriptedServer) -> None:
    """Each round is booked before it leaves; the one that no longer fits is not sent, and what was asked is paid."""
    write_servers(home, tests=the_server(allow=["*"]))
    server.always(calls(call("a", "look", {"what": "much", "size": 60_000})))
    answered = typed(
        "ask", "-m", "here.one", "--tools", "tests", "--max-output", "1000", "--max-cost", "0.05", "--json", "hi"
    )
    shape = answered.json
    assert (answered.code, shape["error"]["kind"], shape["answer"]) == (5, "budget", None)
    assert len(server.asked) == len([row for row in shape["attempts"] if row["certainty"] != "not_sent"]) == 2
    spent = rows(home / ".config" / "outrider", "SELECT SUM(cost_nano), COUNT(*) FROM attempts")[0]
    assert (spent[0] <= 50_000_000, spent[1]) == (True, 2)


def test_another_model_takes_over_between_rounds(
    typed: Shell, home: Path, tooled: None, server: ScriptedServer
) -> None:  # fmt: skip
    """When the model that called a tool fails in the next round, the one behind it goes on with what was found."""
    write_servers(home, tests=the_server(allow=["*"]))
    server.script(calls(call("a", "add", {"a": 1, "b": 2}), thought="secretly"), status(401), model="one")
    server.always(say("three"), model="two")
    shape = typed("ask", "-t", "all", "--tools", "tests", "--json", "hi").json
    assert (shape["answer"], shape["model"]) == ("three", "here.two")
    assert [row["kind"] for row in shape["attempts"]] == [None, "auth", None]
    taken_over = server.asked[-1].json
    assert [message["role"] for message in taken_over["messages"]] == ["user", "assistant", "tool"]
    assert "secretly" not in json.dumps(taken_over)


def test_it_goes_on_in_the_background(home: Path, tooled: None, server: ScriptedServer) -> None:
    """A handle at once; the servers run in the process that goes on, and the answer is collected from it."""
    write_servers(home, tests=the_server(allow=["*"]))
    server.script(calls(call("a", "add", {"a": 1, "b": 2})), say("it is 3"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "helper")}

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([sys.executable, "-m", "outrider", *arguments], env=environment, cwd=home, check=False,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True, timeout=90)  # fmt: skip

    left = run("ask", "-m", "here.one", "--tools", "tests", "--background", "hi")
    assert left.returncode == 6, left.stderr
    assert server.wait_for(2, seconds=60)
    handle = left.stdout.split()[1]
    collected = run("jobs", "collect", handle)
    for _ in range(60):
        if collected.returncode != 6:
            break
        collected = run("jobs", "collect", handle)
    assert (collected.returncode, collected.stdout.strip()) == (0, "it is 3"), collected.stderr


def openai(number: int, wanted: list[tuple[str, Any]]) -> Reply:
    """Returns a round of calls in the openai dialect."""
    return calls(*(call(f"c{number}{at}", name, given) for at, (name, given) in enumerate(wanted)))


def anthropic(number: int, wanted: list[tuple[str, Any]]) -> Reply:
    """Returns a round of calls in the anthropic dialect, with signed thinking before them."""
    uses = [{"type": "tool_use", "id": f"c{number}{at}", "name": name, "input": given}
            for at, (name, given) in enumerate(wanted)]  # fmt: skip
    thinking = {"type": "thinking", "thinking": "hm", "signature": f"S{number}"}
    return status(200, {"type": "message", "model": "one", "content": [thinking, *uses], "stop_reason": "tool_use",
                        "usage": {"input_tokens": 5, "output_tokens": 6}})  # fmt: skip


def ollama(_: int, wanted: list[tuple[str, Any]]) -> Reply:
    """Returns a round of calls in the ollama dialect, which names none."""
    made = [{"function": {"name": name, "arguments": given}} for name, given in wanted]
    return status(200, {"model": "one", "message": {"role": "assistant", "content": "", "tool_calls": made},
                        "done": True, "done_reason": "stop", "prompt_eval_count": 5, "eval_count": 6})  # fmt: skip


DIALECTS: dict[str, Any] = {"openai": openai, "anthropic": anthropic, "ollama": ollama}


def with_files(home: Path, folder: Path) -> None:
    """Writes two files, and a row for the filesystem server over them."""
    (folder / "docs").mkdir()
    (folder / "docs" / "a.txt").write_text("otters are seven\n")
    (folder / "docs" / "b.txt").write_text("herons are nine\n")
    row = {"command": "node", "args": [str(FILESYSTEM), str(folder / "docs")], "allow": ["@read-only", "write_file"]}
    write_servers(home, filesystem=row)


def rounds(docs: Path) -> list[list[tuple[str, Any]]]:
    """Returns what the scripted model calls: a list, two reads at once, a wrong path, a write, the last read."""
    return [
        [("list_directory", {"path": str(docs)})],
        [("read_text_file", {"path": str(docs / name)}) for name in ("a.txt", "b.txt")],
        [("read_text_file", {"path": "/etc/passwd"})],
        [("write_file", {"path": str(docs / "sum.txt"), "content": "sixteen"}),
         ("edit_file", {"path": str(docs / "a.txt"), "edits": []})],
        [("read_text_file", {"path": str(docs / "sum.txt")})],
    ]  # fmt: skip


@NEEDS_NPM
@pytest.mark.parametrize("dialect", DIALECTS)
def test_five_rounds_with_the_filesystem_server(
    typed: Shell, home: Path, server: ScriptedServer, tmp_path: Path, dialect: str
) -> None:  # fmt: skip
    """Reads, parallel calls, an error, an allowed write and one that is not: each dialect is told every result."""
    with_files(home, tmp_path)
    base = f"{server.url}/v1" if dialect == "openai" else server.url
    write_layer(home, {
        "providers": {"here": {"dialect": dialect, "base_url": base}},
        "models": {"here.one": {"provider": "here", "id": "one", "price": PRICE, "context": 100_000,
                                "max_output": 1_000, "abilities": ["tools"]}},
    })  # fmt: skip
    docs = tmp_path / "docs"
    wanted = rounds(docs)
    server.script(*(DIALECTS[dialect](number, each) for number, each in enumerate(wanted)), say("sixteen"))
    answered = typed("ask", "-m", "here.one", "--tools", "filesystem", "add them up", "--json")
    shape = answered.json
    assert (answered.code, shape["answer"], len(shape["attempts"])) == (0, "sixteen", 6), answered.err
    assert [(row["tool"], row["outcome"]) for row in shape["tools"]["calls"]] == [
        ("list_directory", "result"), ("read_text_file", "result"), ("read_text_file", "result"),
        ("read_text_file", "error"), ("write_file", "result"), ("edit_file", "missing"), ("read_text_file", "result"),
    ]  # fmt: skip
    assert (docs / "sum.txt").read_text() == "sixteen"
    last = json.dumps(server.asked[-1].json["messages"])
    for words in ("a.txt", "otters are seven", "herons are nine", "Access denied", "there is no tool", "sixteen"):
        assert words in last, words
    if dialect == "anthropic":
        blocks = [block for message in server.asked[-1].json["messages"] for block in message["content"]]
        signed = [block["signature"] for block in blocks if isinstance(block, dict) and block["type"] == "thinking"]
        assert signed == [f"S{number}" for number in range(5)]


@NEEDS_NPM
def test_the_offline_model_plays_a_tool_call(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Without a key and a provider, `call TOOL {…}` shows what a tool gives, as a model would read it."""
    with_files(home, tmp_path)
    asked = f"call read_text_file {json.dumps({'path': str(tmp_path / 'docs' / 'a.txt')})}"
    answered = typed("ask", "-m", "echo", "--tools", "filesystem", "--quiet", asked)
    assert (answered.code, answered.err) == (0, "")
    assert answered.out.splitlines()[1] == "otters are seven"


@NEEDS_NPM
def test_doctor_starts_and_counts_each_server(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Each server is started, listed and timed; what its tools cost a round is counted; what fails says why."""
    with_files(home, tmp_path)
    path = home / ".claude" / "config" / "mcp-servers.local.json"
    said = json.loads(path.read_text())
    said["mcpServers"] |= {"none": the_server(), "gone": {"command": "/no/such/program"}}
    path.write_text(json.dumps(said))
    found = {row["message"].split(" ")[0 if row["mark"] != "fail" else 3]: row
             for row in typed("doctor", "--json").json["checks"] if row["name"] == "tools"}  # fmt: skip
    assert {name: row["mark"] for name, row in found.items()} == {"filesystem": "ok", "none": "warn", "gone": "fail"}
    assert "lists 14 tools in " in found["filesystem"]["message"]
    assert "tokens a round" in found["filesystem"]["message"]
    assert '"allow": ["@read-only"]' in found["none"]["fix"]
    assert "there is no program /no/such/program" in found["gone"]["message"]
