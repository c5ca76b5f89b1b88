"""`outrider batch`: many documents, asked once each, whatever the input, the output and the provider do."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, Typed, write_layer
from tests.doors.booking import rows
from tests.servers import ScriptedServer, say, status

PRICE = {"input": 1, "output": 2}
FLAGS = ("-m", "here.one", "--max-cost", "1")


@pytest.fixture
def work() -> Path:
    """Says where the commands are typed."""
    return Path.cwd()


def write(path: Path, *documents: Any) -> Path:
    """Writes JSON lines; what is text is a line as it stands."""
    lines = [one if isinstance(one, str) else json.dumps(one) for one in documents]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def answers(text: str | Path) -> list[dict[str, Any]]:
    """Reads lines of answers."""
    read = text.read_text(encoding="utf-8") if isinstance(text, Path) else text
    return [json.loads(line) for line in read.splitlines()]


def prompts(server: ScriptedServer) -> list[str]:
    """Returns what was asked, in any order."""
    return sorted(seen.json["messages"][-1]["content"] for seen in server.asked)


def a_line(
    key: Any, answer: Any = "hello from one", *, kind: str | None = None, cost: float = 2.5e-05
) -> dict[str, Any]:
    """Returns the line that a document becomes."""
    is_ok = kind is None
    return {
        "id": key, "ok": is_ok, "answer": answer if is_ok else None, "model": "here.one" if is_ok else None,
        "kind": kind, "cost_usd": cost if is_ok else 0.0,
    }  # fmt: skip


@pytest.fixture
def three(typed: Shell, models: Any, work: Path) -> Path:
    """Writes three documents."""
    return write(work / "in.jsonl", *({"id": key, "prompt": f"say {key}"} for key in ("a", 2, "c")))


def test_the_same_command_asks_nothing_twice(typed: Shell, three: Path, server: ScriptedServer, home: Path) -> None:
    """Answers come in the order of the input, the second time from the journal; the book has one run."""
    first = typed("batch", "in.jsonl", *FLAGS, "-o", "out.jsonl")
    assert (first.code, first.out) == (0, "")
    assert answers(three.with_name("out.jsonl")) == [a_line("a"), a_line(2), a_line("c")]
    assert prompts(server) == ["say 2", "say a", "say c"]
    assert typed("batch", "in.jsonl", *FLAGS, "-o", "out.jsonl", "--resume").code == 0
    assert typed("batch", "in.jsonl", *FLAGS).out.count("\n") == 3
    assert len(server.asked) == 3
    book = home / ".config" / "outrider"
    assert rows(book, "SELECT command, outcome, attempts FROM runs") == [("batch", "answer", 3)]
    assert sorted(row[0] for row in rows(book, "SELECT item FROM attempts")) == ["2", "a", "c"]
    assert json.loads(typed("usage", "--rows", "--json").out.splitlines()[0])["item"] in {"a", "2", "c"}


def test_json_is_one_object(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """With what failed, by class, and where the answers are."""
    server.script(status(400, {"error": {"message": "bad"}}))
    done = typed("batch", "in.jsonl", *FLAGS, "--concurrency", "1", "--json", "-o", "out.jsonl")
    said = done.json
    assert (done.code, said.pop("seconds") >= 0, len(said.pop("run"))) == (1, True, 11)
    assert said.pop("name").startswith("in-")
    assert said == {
        "documents": 3, "done": 2, "failed": 1, "left": 0, "failures": {"bad_request": 1},
        "listed": [{"id": "a", "kind": "bad_request", "message": "bad"}], "asked": 3, "cost_usd": 5e-05,
        "output": "out.jsonl",
    }  # fmt: skip


def test_what_failed_is_asked_again_when_wished(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """Without the flag it stays a failure and nobody is asked."""
    server.script(status(400, {"error": {"message": "bad"}}))
    flags = (*FLAGS, "--concurrency", "1", "-o", "out.jsonl")
    assert typed("batch", "in.jsonl", *flags).code == 1
    assert answers(three.with_name("out.jsonl"))[0] == a_line("a", kind="bad_request")
    again = typed("batch", "in.jsonl", *flags)
    assert (again.code, len(server.asked)) == (1, 3)
    assert "ask them again with `--retry-failed`" in again.err
    assert typed("batch", "in.jsonl", *flags, "--retry-failed").code == 0
    assert (answers(three.with_name("out.jsonl"))[0], len(server.asked)) == (a_line("a"), 4)


def test_what_failed_may_go_to_another_model(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """What was answered stays; a plain run with other flags is still an error."""
    server.script(status(400, {"error": {"message": "bad"}}))
    flags = ("--max-cost", "1", "--concurrency", "1", "-o", "out.jsonl")
    assert typed("batch", "in.jsonl", "-m", "here.one", *flags).code == 1
    assert typed("batch", "in.jsonl", "-m", "here.two", *flags).code == 2
    done = typed("batch", "in.jsonl", "-m", "here.two", *flags, "--retry-failed")
    assert (done.code, "what failed is asked otherwise than the rest: `-m` differs" in done.err) == (0, True)
    found = answers(three.with_name("out.jsonl"))
    assert [(one["id"], one["model"]) for one in found] == [("a", "here.two"), (2, "here.one"), ("c", "here.one")]
    assert typed("batch", "in.jsonl", "-m", "here.one", *flags).code == 0
    assert len(server.asked) == 4
    assert typed("batch", "in.jsonl", "-m", "here.one", *flags, "--retry-failed", "-s", "brief").code == 2


def test_events_tell_each_document(typed: Shell, three: Path) -> None:
    """One JSON line each, and the end."""
    found = answers(typed("batch", "in.jsonl", *FLAGS, "--events", "--concurrency", "1").out)
    assert [one["event"] for one in found] == ["document", "document", "document", "end"]
    assert found[0] == {
        "event": "document",
        "id": "a",
        "ok": True,
        "model": "here.one",
        "kind": None,
        "cost_usd": 2.5e-05,
    }
    assert (found[3]["done"], Path(found[3]["output"]).is_file()) == (3, True)


def test_bad_lines_are_counted_and_listed(typed: Shell, models: Any, work: Path, server: ScriptedServer) -> None:
    """Each line of the input has a line of the output; what can be asked is."""
    write(
        work / "in.jsonl", {"id": "a", "t": "x"}, "not json", {"t": "x"}, {"id": "a", "t": "y"}, "", "[1]",
        {"id": "b"}, {"id": 1.5, "t": "x"}, '{"id": "c", "t": "\\ud800"}', {"id": "d", "t": " "},
    )  # fmt: skip
    done = typed("batch", "in.jsonl", *FLAGS, "--template", "{t}", "-o", "out.jsonl")
    bad = a_line(None, kind="bad_input")
    assert answers(work / "out.jsonl") == [
        a_line("a"), bad, bad, bad, bad, a_line("b", kind="bad_input"), bad, a_line("c"), a_line("d", kind="bad_input"),
    ]  # fmt: skip
    assert done.code == 1
    assert "failed: bad_input: line 4 has the id `a` of an earlier one" in done.err
    assert 'failed: "b": bad_input: line 7 has no field `t`' in done.err
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("flags", "code", "told"),
    [
        (("nope.jsonl",), 2, "error: there is no file nope.jsonl"),
        (("empty.jsonl",), 2, "error: empty.jsonl is empty"),
        (("list.json",), 2, "error: list.json is one JSON list"),
        (("words.txt",), 2, "error: words.txt is neither JSON lines nor a table"),
        (("bad.jsonl",), 2, "error: none of the first 1 documents of bad.jsonl can be asked: line 1 is not JSON"),
        (("none*.md",), 2, "error: no file is called none*.md"),
        (("in.jsonl", "--template", "{z}"), 2, "error: the template names `z`, which no document of in.jsonl has"),
        (("in.jsonl", "--template", "words"), 2, "error: `--template words` is no file and names no field"),
        (("in.jsonl", "--text-field", "z"), 2, "error: --text-field names `z`, which no document of in.jsonl has"),
        (("in.jsonl", "--run", "a b"), 2, "error: `--run a b` is no name for a run"),
        (
            ("in.jsonl", "--template", '{"a": 1}'),
            2,
            "error: the template names no field, so every document of in.jsonl",
        ),
        (("in.jsonl", "-o", "."), 2, "error: . is a folder"),
        (("in.jsonl", "-o", ""), 2, "error: `-o ''` names no file"),
        (("in.jsonl", "-o", "-"), 2, "error: `-o '-'` names no file"),
        (("in.jsonl", "-o", "no/out"), 2, "error: there is no folder"),
        (("in.jsonl", "-o", "words.txt"), 2, "error: words.txt is there already, and no run of this name wrote it"),
        (("in.jsonl", "-m", "here.oen"), 2, "error: no model is called `here.oen`"),
        (("in.jsonl", "--template", "-"), 2, "error: the template is empty"),
        (("-", "--template", "-"), 2, "error: stdin cannot be both the documents and the template"),
    ],
)
def test_a_mistake_costs_nothing(
    typed: Shell, three: Path, server: ScriptedServer, *, flags: tuple[str, ...], code: int, told: str
) -> None:
    """It is told in one line with a hint, and nobody is asked."""
    folder = three.parent
    (folder / "empty.jsonl").write_text(" \n")
    (folder / "list.json").write_text('[{"id": 1}]')
    (folder / "words.txt").write_text("only words")
    (folder / "bad.jsonl").write_text("{nonsense\n")
    done = typed("batch", *FLAGS, *flags)
    assert (done.code, done.out, len(server.asked)) == (code, "", 0)
    assert done.err.startswith(told)
    assert done.err.count("\nhint: ") == 1
    assert (folder / "words.txt").read_text() == "only words"


def test_an_estimate_needs_no_key(typed: Shell, three: Path, models: dict[str, Any], home: Path) -> None:
    """A price is wanted before a key is bought; to ask one is needed, and nobody waits for a server instead."""
    there = {**models["providers"]["here"], "keys": ["HERE_KEY"]}
    near = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "local": True, "serves": "listed"}
    write_layer(home, {
        **models, "providers": {"here": there, "near": near},
        "models": {**models["models"], "near.one": {"provider": "near", "id": "one"}},
        "tasks": {"both": {"chain": ["here.one", "near.one"]}},
    })  # fmt: skip
    for flags in (("-m", "here.one"), ("-t", "both")):
        done = typed("batch", "in.jsonl", *flags, "--dry-run")
        assert done.out.startswith("3 documents, about 30 tokens in; here.one: about $0.00")
        assert done.err == "outrider: there is no key yet: this is what here.one would cost with one of here\n"
        asked = typed("batch", "in.jsonl", *flags, "--max-cost", "1")
        assert (asked.code, asked.err.startswith("error: no usable model (here.one: no key")) == (2, True)


def test_a_paid_model_needs_a_wall(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """Without one the estimate is told, and nobody is asked."""
    done = typed("batch", "in.jsonl", "-m", "here.one")
    assert (done.code, len(server.asked)) == (5, 0)
    assert "nothing says how much it may cost: 3 documents, about " in done.err
    assert typed("batch", "in.jsonl", "-m", "here.one", "--dry-run").out.startswith("3 documents, about ")
    assert typed("batch", "in.jsonl", "-m", "here.one", "--dry-run", "--json").json["documents"] == 3


def test_the_wall_holds(typed: Shell, models: Any, work: Path, server: ScriptedServer, home: Path) -> None:
    """What was answered is kept, no more is billed than it allows, and the same command with more goes on."""
    write(work / "in.jsonl", *({"id": number, "prompt": "x"} for number in range(20)))
    server.always(say("yes", usage=(10, 500, 0)))
    flags = ("-m", "here.one", "--max-output", "500", "-o", "out.jsonl")
    done = typed("batch", "in.jsonl", *flags, "--max-cost", "0.0105")
    assert (done.code, (work / "out.jsonl").exists()) == (5, False)
    assert "raise `--max-cost`" in done.err
    asked = len(server.asked)
    assert 8 <= asked <= 10
    assert rows(home / ".config" / "outrider", "SELECT cost_nano FROM runs")[0][0] <= 10_500_000
    assert typed("batch", "in.jsonl", *flags, "--max-cost", "1").code == 0
    assert len(server.asked) == 20


def test_what_is_paid_never_follows_what_is_free(typed: Shell, server: ScriptedServer, home: Path, work: Path) -> None:
    """A chain of a local and a paid model asks the local one alone, unless there is a wall."""
    price = {"provider": "far", "id": "two", "price": PRICE}
    write_layer(
        home,
        {
            "providers": {
                "near": {"dialect": "openai", "base_url": f"{server.url}/v1", "local": True},
                "far": {"dialect": "openai", "base_url": f"{server.url}/v1"},
            },
            "models": {"near.one": {"provider": "near", "id": "one"}, "far.two": price},
            "tasks": {"both": {"chain": ["near.one", "far.two"]}},
        },
    )
    write(work / "in.jsonl", {"id": 1, "prompt": "x"})
    server.always(status(503), model="one")
    done = typed("batch", "in.jsonl", "-t", "both", "--on-outage", "fail", "-o", "out.jsonl")
    assert (done.code, {seen.json["model"] for seen in server.asked}) == (1, {"one"})
    assert "without `--max-cost` nothing paid is asked: far.two left out" in done.err
    done = typed("batch", "in.jsonl", "-t", "both", "--max-cost", "1", "-o", "out.jsonl")
    assert (done.code, answers(work / "out.jsonl")[0]["model"]) == (0, "far.two")


def test_a_changed_prompt_is_an_error(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """It names the id; other flags for a run that has answers are named too."""
    assert typed("batch", "in.jsonl", *FLAGS).code == 0
    write(three, {"id": "a", "prompt": "say a"}, {"id": 2, "prompt": "say two"})
    done = typed("batch", "in.jsonl", *FLAGS)
    assert (done.code, "document `2` of run in-" in done.err, len(server.asked)) == (2, True, 3)
    done = typed("batch", "in.jsonl", *FLAGS, "-s", "be brief", "--max-output", "9")
    assert (done.code, "`--max-output`, `-s` differs" in done.err) == (2, True)


def test_a_schema_makes_answers_values(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """What does not fit is a failure."""
    Path("s.json").write_text('{"type": "object", "required": ["n"]}')
    server.script(say('```json\n{"n": 1}\n```'), say('{"m": 1}'), say('{"m": 1}'))
    done = typed("batch", "in.jsonl", *FLAGS, "--schema", "s.json", "--limit", "2", "--concurrency", "1")
    assert [(one["answer"], one["kind"]) for one in answers(done.out)] == [({"n": 1}, None), (None, "bad_response")]


def test_a_sample_says_what_all_would_come_to(typed: Shell, models: Any, work: Path, server: ScriptedServer) -> None:
    """Its answers are kept for the whole, which asks only the rest."""
    write(work / "in.jsonl", *({"id": number, "prompt": "x"} for number in range(10)))
    done = typed("batch", "in.jsonl", *FLAGS, "--sample", "2", "--json").json
    assert (done["documents"], done["sample"], done["whole_usd"]) == (10, 2, 0.00025)
    assert typed("batch", "in.jsonl", *FLAGS, "-o", "out.jsonl").code == 0
    assert len(server.asked) == 10


@pytest.mark.parametrize(
    ("name", "text", "template", "expected", "ids"),
    [
        ("t.csv", 'id,Review Text\n1,good\n2,"a\nb"\n', "Rate {Review Text}", ["Rate a\nb", "Rate good"], ["1", "2"]),
        ("t.csv", "text;n\nx;1\ny;2;3\n", "{text}{n}", ["x1"], [1, None]),
        ("t.tsv", "id\ttext\na\tx, y\n", "{text}", ["x, y"], ["a"]),
    ],
)  # fmt: skip
def test_a_table_is_documents(
    typed: Shell, models: Any, work: Path, server: ScriptedServer, *, name: str, text: str, template: str,
    expected: list[str], ids: list[Any],
) -> None:  # fmt: skip
    """One without ids has its rows' numbers; a row that does not fit its columns is a failure."""
    (work / name).write_text(text, encoding="utf-8")
    done = typed("batch", name, *FLAGS, "--template", template)
    assert (prompts(server), [one["id"] for one in answers(done.out)]) == (expected, ids)


def test_files_are_documents(typed: Shell, models: Any, work: Path, server: ScriptedServer) -> None:
    """Those of a folder or a pattern, by their names; hidden and binary ones are not asked."""
    (work / "notes" / "deep").mkdir(parents=True)
    for name, data in {"a.md": b"A", "deep/b.md": b"B", ".hidden": b"H", "c.bin": b"\0\xff", "d.txt": b"D"}.items():
        (work / "notes" / name).write_bytes(data)
    done = typed("batch", "notes", *FLAGS, "--template", "Sum up {name}: {text}")
    assert [one["id"] for one in answers(done.out) if one["ok"]] == ["a.md", "d.txt", "deep/b.md"]
    assert prompts(server) == ["Sum up a.md: A", "Sum up b.md: B", "Sum up d.txt: D"]
    done = typed("batch", "notes/**/*.md", *FLAGS)
    assert [one["id"] for one in answers(done.out)] == ["a.md", "deep/b.md"]


def test_stdin_is_a_template_or_documents(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """The same documents by stdin again are the same run."""
    done = typed("batch", "in.jsonl", *FLAGS, "--template", "-", "--limit", "1", stdin=b"Please {prompt}\n")
    assert (done.code, prompts(server)) == (0, ["Please say a"])
    for _ in range(2):
        assert typed("batch", "-", *FLAGS, stdin=b'{"id": 1, "prompt": "x"}\n').code == 0
    assert len(server.asked) == 2


def in_claude(typed: Shell, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Typed:
    """Types a command as Claude Code would."""
    monkeypatch.setenv("CLAUDECODE", "1")
    return typed(*arguments)


def test_claude_code_gets_a_path(typed: Shell, three: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Answers go to a file; one outside the project is refused, and so is a private one that it could read."""
    done = in_claude(typed, monkeypatch, "batch", "in.jsonl", *FLAGS, "--run", "r")
    assert (done.code, done.out) == (0, "")
    assert len(answers(home / ".config" / "outrider" / "answers" / "r.jsonl")) == 3
    assert in_claude(typed, monkeypatch, "batch", "in.jsonl", *FLAGS, "-o", "../out").code == 5
    done = in_claude(typed, monkeypatch, "batch", "in.jsonl", "--private", "-m", "here.one", "-o", "out")
    assert (done.code, "private answers" in done.err) == (5, True)


def test_a_key_in_a_document_does_not_leave(
    typed: Shell, models: Any, work: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That document fails, as private; the others are asked."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-not-a-real-key-0123456789")
    write(work / "in.jsonl", {"id": "a", "prompt": "x"}, {"id": "b", "prompt": "key sk-not-a-real-key-0123456789"})
    done = typed("batch", "in.jsonl", *FLAGS)
    assert [one["kind"] for one in answers(done.out)] == [None, "private"]
    assert prompts(server) == ["x"]


def test_a_refused_key_ends_the_run(typed: Shell, models: Any, work: Path, server: ScriptedServer) -> None:
    """Nothing that is left would be answered either: it stays to be asked."""
    write(work / "in.jsonl", *({"id": number, "prompt": "x"} for number in range(50)))
    server.always(status(401))
    done = typed("batch", "in.jsonl", *FLAGS, "--concurrency", "4", "--json")
    assert (done.code, done.json["error"]["kind"], done.json["left"]) == (1, "auth", 50)
    assert len(server.asked) <= 8


def test_batches_are_pruned_and_unfinished_ones_named(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """One that ended goes with its answers; one with documents left stays, and the status says so."""
    assert typed("batch", "in.jsonl", *FLAGS).code == 0
    server.always(status(401))
    assert typed("batch", "in.jsonl", *FLAGS, "--run", "open").code == 1
    assert [entry["name"] for entry in typed("status", "--json").json["batches"]] == ["open"]
    assert typed("prune", "--batches", "--json").json["batches"] == 1
    assert [entry["name"] for entry in typed("status", "--json").json["batches"]] == ["open"]


def test_a_cluster_needs_ray(typed: Shell, three: Path, server: ScriptedServer) -> None:
    """Which is not installed with the rest; private documents do not go there, and its address is for it alone."""
    if find_spec("ray") is None:
        assert typed("batch", "in.jsonl", *FLAGS, "--engine", "ray").err.splitlines() == [
            "error: ray is not installed",
            "hint: install it with the extra: `pip install 'outrider[ray]'`",
        ]
    private = typed("batch", "in.jsonl", *FLAGS, "--engine", "ray", "--private")
    address = typed("batch", "in.jsonl", *FLAGS, "--ray-address", "127.0.0.1:1")
    assert (private.code, address.code, address.err.splitlines()[0], server.asked) == (
        5, 2, "error: `--ray-address` is for `--engine ray`", (),
    )  # fmt: skip
