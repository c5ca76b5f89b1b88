"""`batch --by`: through the provider's own batch while there is time, and `jobs` for what is there."""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.doors.booking import rows
from tests.servers.batches import BatchServer

WORDS = ("batch", "in.jsonl", "--text-field", "text", "--max-cost", "1")
PRICE = {"input": 1, "output": 10, "variants": {"batch": {"input": 0.5, "output": 5}}}
HALF = 100 * 500 + 10 * 5_000
"""What one answer costs in a batch, in nano-dollars."""


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    """Types commands."""
    return Shell(monkeypatch, capsys)


@pytest.fixture
def server(home: Path, loopback: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[BatchServer]:
    """Runs a provider of batches whose model the registry knows, and an input of four documents."""
    monkeypatch.setenv("HERE_API_KEY", "sk-key-of-here-0001")
    monkeypatch.chdir(home)
    lines = [json.dumps({"id": f"d{number}", "text": f"text {number}"}) for number in range(4)]
    (home / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    with BatchServer("openai") as running:
        row = {"dialect": "openai", "base_url": running.base_url, "key": "HERE_API_KEY", "batches": {"shape": "openai"}}
        model = {"provider": "here", "id": "one", "max_output": 1_000, "price": PRICE}
        write_layer(home, {"providers": {"here": row}, "models": {"here.one": model}})
        yield running


def ledger(home: Path, query: str) -> list[tuple[Any, ...]]:
    """Asks the book."""
    return rows(home / ".config" / "outrider", query)


def attempts(home: Path) -> list[tuple[Any, ...]]:
    """Returns every attempt: document, outcome, certainty, cost."""
    return ledger(home, "SELECT item, outcome, certainty, cost_nano FROM attempts ORDER BY id")


def long_ago(home: Path) -> None:
    """Makes what was handed over have been handed over yesterday."""
    connection = sqlite3.connect(home / ".config" / "outrider" / "ledger.db")
    with connection:
        connection.execute("UPDATE provider_batches SET created_at = created_at - 86400")
    connection.close()


def test_a_run_goes_through_the_batch_and_is_written(home: Path, server: BatchServer, shell: Shell) -> None:
    """Half the price is booked, nothing is asked twice, and typing it again asks nobody."""
    for _ in range(2):
        done = shell(*WORDS, "-m", "here.one", "--by", "2h", "-o", "out.jsonl")
        assert done.code == 0, done.err
    lines = [json.loads(line) for line in (home / "out.jsonl").read_text(encoding="utf-8").splitlines()]
    same = {"ok": True, "model": "here.one", "kind": None, "cost_usd": 1e-4}
    assert lines == [{"id": f"d{number}", "answer": f"TEXT {number}", **same} for number in range(4)]
    assert attempts(home) == [(f"d{number}", "answer", "exact", HALF) for number in range(4)]
    assert (server.asked, server.sync) == ([f"text {number}" for number in range(4)], [])


def test_what_a_batch_leaves_over_is_asked_one_by_one(home: Path, server: BatchServer, shell: Shell) -> None:
    """Never both for one document: only what the provider said that it did not do."""
    server.ends_as = "expired"
    server.fate = lambda number: "answered" if number < 2 else "left"
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "--json")
    assert (done.code, done.json["done"], done.json["cost_usd"]) == (0, 4, 0.0006)
    assert sorted(server.sync) == ["text 2", "text 3"]
    assert [outcome for _, outcome, *_ in attempts(home)] == ["answer"] * 2 + ["failure"] * 2 + ["answer"] * 2


@pytest.mark.parametrize(
    ("more", "why"),
    [
        (("--by", "10m"), "too little time to wait for a batch"),
        pytest.param(
            ("--by", "1d", "-m", "here.dear"), "no batch price of here.dear is known", marks=pytest.mark.process
        ),
        pytest.param(
            ("--by", "1d", "-m", "away.one"), "away has no batch interface that is known here",
            marks=pytest.mark.process,
        ),
        (("--by", "1d", "-m", "own.one"), "it stays on your machines"),
    ],
)  # fmt: skip
def test_where_no_batch_will_do_it_is_asked_at_once(
    home: Path, server: BatchServer, shell: Shell, more: tuple[str, ...], why: str
) -> None:
    """And says why."""
    row = {"dialect": "openai", "base_url": server.base_url, "key_optional": True}
    model = {"id": "one", "max_output": 1_000}
    write_layer(
        home,
        {
            "providers": {
                "here": {**row, "batches": {"shape": "openai"}}, "away": row,
                "own": {**row, "local": True, "batches": {"shape": "openai"}},
            },
            "models": {
                "here.one": {**model, "provider": "here", "price": PRICE},
                "here.dear": {**model, "provider": "here", "price": {"input": 1, "output": 1}},
                "away.one": {**model, "provider": "away", "price": PRICE},
                "own.one": {**model, "provider": "own", "price": PRICE},
            },
        },
    )  # fmt: skip
    done = shell(*WORDS, "-m", "here.one", *more)
    assert (done.code, why in done.err) == (0, True), done.err
    assert (server.batches, len(server.sync)) == ({}, 4)


def test_private_documents_never_go_to_a_batch(home: Path, server: BatchServer, shell: Shell) -> None:
    """There is nobody for them here, and nothing leaves."""
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "--private")
    assert (done.code, server.seen) == (5, [])


def test_a_document_with_a_known_key_never_leaves(home: Path, server: BatchServer, shell: Shell) -> None:
    """The others do; it fails with its class."""
    line = json.dumps({"id": "leak", "text": "use sk-key-of-here-0001"})
    (home / "in.jsonl").write_text(f'{line}\n{{"id": "fine", "text": "fine"}}\n', encoding="utf-8")
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "--json")
    assert (done.code, done.json["done"], done.json["failures"]) == (1, 1, {"private": 1})
    assert (server.asked, server.sync) == (["fine"], [])


@pytest.mark.process
def test_a_document_with_hidden_parts_is_asked_one_by_one(home: Path, server: BatchServer, shell: Shell) -> None:
    """What stands for them is kept nowhere, so only who asked can put them back."""
    layer = json.loads((home / ".claude" / "config" / "models.local.json").read_text(encoding="utf-8"))
    write_layer(home, {**layer, "privacy": {"redact": ["ada@[a-z.]+"]}})
    (home / "in.jsonl").write_text(
        '{"id": "mail", "text": "write to ada@example.org"}\n{"id": "fine", "text": "fine"}\n', encoding="utf-8"
    )
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "--json")
    assert done.json["done"] == 2, done.out
    assert (server.asked, len(server.sync), "ada@example.org" in server.sync[0]) == (["fine"], 1, False)


@pytest.mark.process
def test_a_schema_is_asked_for_and_judged(home: Path, server: BatchServer, shell: Shell) -> None:
    """An answer that does not fit is a failure, and is paid for."""
    (home / "s.json").write_text('{"type": "object", "required": ["ok"]}', encoding="utf-8")
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "--schema", "s.json", "--json")
    assert (done.code, done.json["failures"], done.json["cost_usd"]) == (1, {"bad_response": 4}, 0.0004)
    assert server.sync == []


def test_the_plan_is_told_before_anything_is_asked(server: BatchServer, shell: Shell) -> None:
    """With what it would cost that way."""
    by = shell(*WORDS, "-m", "here.one", "--by", "2h", "--dry-run", "--json").json["by"]
    assert (by["way"], by["why"], by["likely_usd"]) == ("batch", "tried until time is short", 0.01602)
    assert "through the provider's batch" in shell(*WORDS, "-m", "here.one", "--by", "2h", "--dry-run").out
    assert server.seen == []


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        (("--by", "soon"), "`soon` is no time"), (("--by", "2020-01-01"), "`2020-01-01` is over"),
        (("--by", "2h", "--sample", "2"), "`--sample` asks at once, so `--by` says nothing there"),
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_a_mistake(
    server: BatchServer, shell: Shell, more: tuple[str, ...], problem: str
) -> None:
    """Nothing is asked, and no run is begun."""
    done = shell(*WORDS, "-m", "here.one", *more)
    assert (done.code, done.err.splitlines()[0]) == (2, f"error: {problem}")
    assert server.seen == []


@pytest.fixture
def there(server: BatchServer, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> str:
    """Hands a run over inside Claude Code, which waits for nothing, and returns the job."""
    server.polls = 1
    monkeypatch.setenv("CLAUDECODE", "1")
    done = shell(*WORDS, "-m", "here.one", "--by", "2h")
    monkeypatch.delenv("CLAUDECODE")
    assert done.code == 6
    name = done.out.split()[1]
    assert done.out == f"job {name} is still running; its answers come with: outrider jobs collect {name}\n"
    return name


def test_a_job_is_listed_shown_and_collected(server: BatchServer, shell: Shell, there: str) -> None:
    """Its answers are lines, as the run would write them, as often as one likes."""
    assert [line.split()[:4] for line in shell("jobs", "list").out.splitlines()[1:]] == [[there, "at", "here,", "4"]]
    shown = shell("jobs", "show", there, "--json").json
    assert (shown["kind"], shown["state"], shown["remote"], shown["open"]) == ("batch", "submitted", "batch_1", 4)
    assert shell("jobs", "show", there).out.startswith(f"job {there}: at here, 4 open, started ")
    waiting = shell("jobs", "collect", there, "--wait", "0")
    assert (waiting.code, waiting.out.startswith(f"job {there} is at here, 4 open; ")) == (6, True)
    collected = [shell("jobs", "collect", there) for _ in range(2)]
    assert [done.code for done in collected] == [0, 0]
    assert [json.loads(line)["answer"] for line in collected[1].out.splitlines()] == [f"TEXT {n}" for n in range(4)]
    assert shell("jobs", "show", there, "--json").json["answered"] == 4
    assert len(server.asked) == 4


def test_the_same_command_goes_on_from_there(home: Path, server: BatchServer, shell: Shell, there: str) -> None:
    """While the batch works the run is not at its end; without `--by` nothing of it is asked elsewhere."""
    first = shell(*WORDS, "-m", "here.one", "--json")
    assert (first.code, first.json["error"]["kind"], first.json["left"]) == (6, "running", 4)
    second = shell(*WORDS, "-m", "here.one", "--json")
    assert (second.code, second.json["done"], second.json["cost_usd"]) == (0, 4, 0.0004)
    assert (len(server.asked), server.sync) == (4, [])


def test_a_job_is_stopped_and_its_documents_are_asked_one_by_one(
    home: Path, server: BatchServer, shell: Shell, there: str
) -> None:
    """What it did not do was not billed."""
    assert shell("jobs", "cancel", there).out == f"job {there} was stopped; 4 documents were given back\n"
    assert shell("jobs", "cancel", there).out == f"job {there} is not running\n"
    done = shell(*WORDS, "-m", "here.one", "--json")
    assert (done.code, done.json["done"], len(server.sync)) == (0, 4, 4)


def test_a_job_in_doubt_is_not_asked_again_until_its_owner_says_so(
    home: Path, server: BatchServer, shell: Shell, there: str
) -> None:
    """It stays booked at the most that it can have cost."""
    server.gone.add("/v1/batches/batch_1")
    long_ago(home)
    assert shell("jobs", "collect", there, "--wait", "0").code == 1
    assert "in doubt" in shell("jobs", "list").out
    assert f"outrider jobs cancel {there} --ask-again" in shell("jobs", "show", there).out
    refused = shell("jobs", "cancel", there)
    assert (refused.code, "may or may not exist" in refused.err) == (2, True)
    assert shell(*WORDS, "-m", "here.one").code == 6
    assert server.sync == []
    given = shell("jobs", "cancel", there, "--ask-again")
    assert given.out == f"job {there}: 4 documents were given back; what they may have cost stays booked, in doubt\n"
    assert shell(*WORDS, "-m", "here.one").code == 0
    assert len(server.sync) == 4
    ((doubt,),) = ledger(home, "SELECT COUNT(*) FROM attempts WHERE certainty = 'in_doubt' AND cost_nano > 4000000")
    assert doubt == 4


@pytest.mark.process
def test_a_batch_that_is_lost_is_not_waited_for(home: Path, server: BatchServer, shell: Shell, there: str) -> None:
    """The run ends where it is, and says what is in doubt."""
    server.gone.add("/v1/batches/batch_1")
    long_ago(home)
    done = shell(*WORDS, "-m", "here.one", "--by", "2h", "-o", "out.jsonl")
    assert (done.code, server.sync, (home / "out.jsonl").exists()) == (6, [], False)
    assert "in doubt" in done.err
    assert "error: 4 documents are still at a provider" in done.err


@pytest.mark.process
def test_a_job_that_is_known_is_not_let_go_of(server: BatchServer, shell: Shell, there: str) -> None:
    """It would be asked twice."""
    refused = shell("jobs", "cancel", there, "--ask-again")
    assert (refused.code, "is known at here" in refused.err) == (2, True)


@pytest.mark.process
def test_another_key_is_not_asked_for_a_job(
    server: BatchServer, shell: Shell, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another account would say that it never had it."""
    before = len(server.seen)
    monkeypatch.setenv("HERE_API_KEY", "sk-key-of-here-0002")
    done = shell("jobs", "collect", there, "--wait", "0")
    assert (done.code, len(server.seen)) == (6, before)
    assert "is not set up here" in done.err


@pytest.mark.process
def test_inside_claude_code_answers_are_not_printed(
    server: BatchServer, shell: Shell, there: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are for the file that the run writes."""
    server.polls = 0
    monkeypatch.setenv("CLAUDECODE", "1")
    done = shell("jobs", "collect", there)
    assert (done.code, "TEXT" in done.out, "4 of 4 answered" in done.out) == (0, False, True)


def test_the_audit_knows_what_was_handed_over(home: Path, server: BatchServer, shell: Shell, there: str) -> None:
    """Each document is an attempt with its origin, before and after its answer."""
    told = shell("audit", "data", "--json")
    assert told.code == 0, told.err
    found = ledger(home, "SELECT DISTINCT outcome, origin, key_name, class FROM attempts")
    assert found == [("open", server.url, "HERE_API_KEY", "public")]
    assert shell("usage", "--json").code == 0
