"""Every injection of the corpus, on every way on which words of others leave, with no structural escape."""

import json
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.settings import places
from outrider.jobs import detached
from outrider.rules.containment import Cleaner, clean
from tests.cli.typing_it import Shell, Typed
from tests.containment.escapes import Case, controls, fence, load, markup, one_object, strings
from tests.lanes import marked, thinned
from tests.servers import Reply, ScriptedServer, say, status

INJECTIONS = load("injections.jsonl")
CODE = load("code.jsonl")
FIELDS = {
    "answer", "model", "served_by", "finish", "route", "attempts", "usage", "cost_usd", "cost_known", "truncated",
    "warnings", "run",
}  # fmt: skip
ASK = ("ask", "-m", "here.one", "--no-stream", "hello")
RECEIPT = r"here\.one \(here/one\) · 11 in, 7 out · [0-9.]+ cents · flag -m here\.one · run [0-9a-z]+\n"


@pytest.fixture(autouse=True)
def setting(typed: Shell, models: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Works inside Claude Code, in a project, with a provider on loopback."""
    monkeypatch.setenv("CLAUDECODE", "1")
    Path(".git").mkdir()


def said(text: str) -> Reply:
    """Answers with any text, in escapes, since not every one has bytes."""
    choice = {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
    return status(200, {"choices": [choice], "usage": {"prompt_tokens": 11, "completion_tokens": 7}})


def inert(*outputs: str) -> None:
    """Asserts that nothing in these outputs is an escape."""
    assert [found for out in outputs for found in (*controls(out), *markup(out))] == []


def told_in_lines(ended: Typed, code: int, *heads: str) -> None:
    """Asserts that an error is told in lines that begin so, and in no others."""
    lines = ended.err.splitlines()
    assert (ended.code, ended.out, len(lines)) == (code, "", len(heads))
    assert all(line.startswith(head) for line, head in zip(lines, heads, strict=True))
    inert(ended.err)


def test_the_corpus_is_whole() -> None:
    """There are enough cases, each with a name of its own and the word of what it imitates."""
    assert len({case.name for case in INJECTIONS}) == len(INJECTIONS) >= 60


def in_the_fence(typed: Shell, server: ScriptedServer, text: str) -> None:
    """Everything of the answer stands between two lines of ours, and the receipt behind them."""
    server.always(said(text))
    ended = typed(*ASK)
    body, behind, wrong = fence(ended.out)
    assert (ended.code, ended.err, wrong) == (0, "", [])
    assert re.fullmatch(RECEIPT, behind)
    inert("\n" + body, behind)


def raw_and_json(typed: Shell, server: ScriptedServer, text: str) -> None:
    """Without the fence the text is neutral all the same; JSON stays one object, and so does what it holds."""
    server.always(said(text))
    inert(typed(*ASK, "--raw").out)
    shaped = typed(*ASK, "--json")
    assert one_object(shaped.out, FIELDS) == []
    inert(shaped.out, strings(shaped.json))


def long_answer(typed: Shell, server: ScriptedServer, text: str) -> None:
    """The head is fenced, the file is neutral, and where it is stands behind the fence."""
    server.always(said(text + "\nword" * 6_000 + "\n" + text))
    body, behind, wrong = fence(typed(*ASK).out)
    assert wrong == []
    (file,) = Path(".outrider", "answers").glob("*.txt")
    receipt, pointer = behind.splitlines()
    assert re.fullmatch(RECEIPT, receipt + "\n")
    assert re.fullmatch(rf"… [0-9,]+ characters more in {re.escape(str(file.absolute()))}", pointer)
    inert("\n" + body, behind, file.read_text(encoding="utf-8"))
    file.unlink()
    raw = typed(*ASK, "--raw").out
    for more in Path(".outrider", "answers").glob("*.txt"):
        more.unlink()
    assert "characters more in" in raw.splitlines()[-1]
    inert(raw)


def collected_job(typed: Shell, server: ScriptedServer, text: str) -> None:
    """What a job that was started in a terminal printed is fenced when an agent collects it."""
    where = places()
    folder = Path(where.ours("jobs", "abc"))
    folder.mkdir(parents=True, exist_ok=True)
    written = {
        "job.json": json.dumps({"id": "abc", "pid": 2**22 + 1, "started": 1.0}), "exit": "0", "made_for": "",
        "stdout": text, "stderr": f"outrider: {text}",
    }  # fmt: skip
    for name, content in written.items():
        (folder / name).write_bytes(content.encode("utf-8", "replace"))
    ended = typed("jobs", "collect", "abc")
    body, behind, wrong = fence(ended.out)
    assert (ended.code, wrong, behind) == (0, [], "job abc\n")
    inert("\n" + body, ended.err)


def shown_thread(typed: Shell, server: ScriptedServer, text: str) -> None:
    """A conversation is fenced as one, no message looks like two, and a terminal obeys nothing of it."""
    server.always(said(text))
    typed("thread", "delete", "talk")
    typed(*ASK, "--thread", "talk")
    body, behind, wrong = fence(typed("thread", "show", "talk").out)
    assert wrong == []
    assert behind.count("\n") == 1
    assert [line for line in body.splitlines() if line.startswith("--- ")] == ["--- user ---", "--- assistant ---"]
    inert("\n" + body, behind)
    shaped = typed("thread", "show", "talk", "--json").out
    inert(shaped, strings(json.loads(shaped)))
    with pytest.MonkeyPatch.context() as outside:
        outside.delenv("CLAUDECODE")
        assert controls(typed("thread", "show", "talk").out) == []


def on_a_terminal(typed: Shell, server: ScriptedServer, text: str) -> None:
    """However it is cut on its way, a terminal gets no control and the same text."""
    chance = random.Random(7)
    for _ in range(8):
        cleaner, rest, shown = Cleaner(), text, ""
        while rest:
            size = chance.randint(1, 5)
            shown += cleaner.feed(rest[:size])
            rest = rest[size:]
        shown += cleaner.finish()
        assert controls(shown) == []
        assert shown == clean(text)


def said_by_a_server(typed: Shell, server: ScriptedServer, text: str) -> None:
    """An error is two lines, whatever the server wrote, and the name of who answered is text."""
    server.always(status(422, {"error": {"message": text, "type": text, "code": text}}))
    told_in_lines(typed(*ASK), 1, "error: here.one: ", "hint: ")
    shaped = typed(*ASK, "--json")
    assert one_object(shaped.out, FIELDS | {"error"}) == []
    inert(shaped.out, strings(shaped.json))
    answer = {"model": text, "id": text, "choices": [{"finish_reason": text, "message": {"content": "hi"}}]}
    server.always(status(200, answer))
    body, behind, wrong = fence(typed(*ASK).out)
    assert (body, wrong) == ("hi", [])
    assert behind.count("\n") == 1
    inert(behind)
    inert(strings(typed(*ASK, "--json").json), typed("why").out, typed("runs").out)


def listed_ids(typed: Shell, server: ScriptedServer, text: str) -> None:
    """An id is one cell of one line, and no attribute of the fence when it is asked by its name."""
    server.always_at("/v1/models", status(200, {"data": [{"id": text}]}))
    listed = typed("models", "--live", "-q")
    here = [line for line in listed.out.splitlines() if line.startswith("here ")]
    assert (listed.code, len(here)) == (0, 1)
    inert(listed.out, listed.err)
    shaped = typed("models", "--live", "--json")
    inert(shaped.out, strings(shaped.json))
    server.always(say("hi"))
    name = text.replace("\0", "").encode("utf-8", "replace").decode()
    asked = typed("ask", "-m", f"here/{name}", "--no-stream", "hello")
    if asked.code == 0:
        body, behind, wrong = fence(asked.out)
        assert (body, wrong) == ("hi", [])
        assert behind.count("\n") == 1
        inert(behind)
    else:
        inert(asked.out, asked.err)


def names_of_files(typed: Shell, server: ScriptedServer, text: str) -> None:
    """A file's or a folder's name is a part of a line."""
    name = text.replace("\0", "").encode("utf-8", "replace").decode()[:200]
    told_in_lines(typed("ask", "-m", "here.one", "-f", name, "hello"), 2, "error: there is no file ", "hint: ")
    folder = name.replace("/", "")[:60]
    Path(folder).mkdir(exist_ok=True)
    told_in_lines(typed("ask", "-m", "here.one", "-f", folder, "hello"), 2, "error: ", "hint: ")
    shaped = typed("ask", "-m", "here.one", "-f", folder, "hello", "--json")
    assert one_object(shaped.out, FIELDS | {"error"}) == []
    inert(shaped.out, strings(shaped.json))


ROADS = (
    in_the_fence, raw_and_json, long_answer, collected_job, shown_thread, on_a_terminal, said_by_a_server, listed_ids,
    names_of_files,
)  # fmt: skip


@pytest.mark.parametrize("cases", [INJECTIONS[::20], marked(INJECTIONS)], ids=["every twentieth", "all"])
@pytest.mark.parametrize("road", ROADS)
def test_no_injection_escapes(
    typed: Shell, server: ScriptedServer, road: Callable[[Shell, ScriptedServer, str], None], cases: Sequence[Case]
) -> None:
    """On this road every text of the corpus leaves as text."""
    escaped = {}
    for case in cases:
        try:
            road(typed, server, case.text)
        except AssertionError as found:
            escaped[case.name] = str(found)
    assert escaped == {}


@pytest.mark.parametrize("text", thinned([pytest.param(case.text, id=case.name) for case in CODE], 4))
def test_code_arrives_as_it_is(typed: Shell, server: ScriptedServer, text: str) -> None:
    """Other markup, other languages and escapes that are shown as text are nobody's imitation."""
    server.always(said(text))
    body, _, wrong = fence(typed(*ASK).out)
    assert (body, wrong) == (text, [])
    assert typed(*ASK, "--raw").out == text + "\n"
    assert typed(*ASK, "--json").json["answer"] == text


def test_a_private_job_stays_out_of_the_transcript(typed: Shell, home: Path) -> None:
    """What a person asked privately in a terminal is not collected by an agent."""
    folder = Path(places().ours("jobs", "abc"))
    folder.mkdir(parents=True)
    for name, content in {
        "job.json": '{"id": "abc", "pid": 4194305, "started": 1}', "exit": "0", "made_for": detached.PRIVATE,
        "stdout": "the secret",
    }.items():  # fmt: skip
        (folder / name).write_text(content, encoding="utf-8")
    ended = typed("jobs", "collect", "abc")
    assert ended.code == 5
    assert "secret" not in ended.out + ended.err
