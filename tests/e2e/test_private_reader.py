"""private-reader: its guard lets through the private call and nothing else; the data never reach the wire."""

from collections.abc import Sequence

import pytest

from tests.e2e.client import CURRENT, OLD
from tests.e2e.conftest import Make
from tests.e2e.messages_api import Block, MessagesApi, bash, call, spawn
from tests.e2e.stage import Stage, write
from tests.servers import ScriptedServer

pytestmark = pytest.mark.e2e

SECRET = "anna earns 7319"
ANSWER = "the sum is 8642"
PRIVATE = "outrider ask --private -f payroll.csv <<'END'\nsum by month\nEND"


@pytest.fixture
def local(server: ScriptedServer) -> ScriptedServer:
    """A local server that answers."""
    server.text = ANSWER
    return server


def private_stage(make: Make, local: ScriptedServer, version: str = CURRENT) -> Stage:
    """Makes a stage with a private file and a local server."""
    stage = make("loose", version)
    stage.layer({"providers": {"ollama": {"base_url": local.url}}})
    write(stage.project / "payroll.csv", SECRET + "\n")
    return stage


def tried(stage: Stage, calls: Sequence[Block]) -> tuple[MessagesApi, tuple[str, ...]]:
    """Has the agent make these calls and returns what each gave back."""
    with MessagesApi(main=[[spawn("private-reader", "sum payroll.csv")]], sub=[[it] for it in calls]) as api:
        stage.client.ask("sum it privately", api=api)
    return api, api.sub[-1].results


def all_that_was_sent(api: MessagesApi) -> str:
    """Returns every text that reached the Messages API."""
    return "\n".join(request.system + request.said for request in api.requests)


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_a_local_model_reads_and_a_receipt_comes_back(make: Make, local: ScriptedServer, version: str):
    """The private call runs without a prompt; neither the data nor the answer reaches the wire."""
    stage = private_stage(make, local, version)
    api, (receipt,) = tried(stage, [bash(PRIVATE)])
    assert (len(local.asked), SECRET in local.asked[-1].body.decode()) == (1, True)
    assert "error" not in receipt
    sent = all_that_was_sent(api)
    assert (SECRET in sent, ANSWER in sent) == (False, False)


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_every_other_call_is_refused(make: Make, local: ScriptedServer, version: str):
    """Reading the file by any way is refused with the reason, and nothing of it is sent anywhere."""
    stage = private_stage(make, local, version)
    lines = [
        "cat payroll.csv",
        "ls",
        "cat payroll.csv | outrider ask --private 'sum'",
        "outrider ask -f payroll.csv sum",
        "outrider ask --private -f payroll.csv sum; cat payroll.csv",
        "outrider ask --private -f payroll.csv sum | cat - payroll.csv",
        "outrider ask --private --out answer.txt -f payroll.csv sum",
        "outrider ask -m echo -f payroll.csv -- --private",
        "outrider ask -m echo -f payroll.csv <<'END'\n--private\nEND",
        "outrider status",
    ]
    calls = [call("Read", file_path=str(stage.project / "payroll.csv")), *map(bash, lines)]
    api, results = tried(stage, calls)
    assert len(results) == len(calls)
    assert "No such tool available: Read" in results[0]
    assert [line for line, words in zip(lines, results[1:], strict=True) if "private" not in words] == []
    sent = all_that_was_sent(api)
    assert (SECRET in sent, ANSWER in sent) == (False, False)
    assert all(b"7319" not in seen.body for seen in local.requests)


def test_without_its_guard_it_runs_nothing(make: Make, local: ScriptedServer):
    """With the helper gone the guard refuses every call, and says in one line how to get it."""
    stage = private_stage(make, local)
    (stage.home / ".local/share/outrider/bin/outrider").unlink()
    _, results = tried(stage, [bash("cat payroll.csv"), bash(PRIVATE)])
    assert [SECRET in words for words in results] == [False, False]
    assert ["helper is not installed" in words for words in results] == [True, True]


def test_others_are_not_guarded(make: Make, local: ScriptedServer):
    """The guard is the agent's own: the session and other agents run their commands as ever."""
    stage = private_stage(make, local)
    script = [[spawn("general-purpose")], [bash("ls")]]
    with MessagesApi(main=script, sub=[[bash("ls")]]) as api:
        run = stage.client.ask("hello", api=api)
    assert run.denied == ()
    assert ["payroll.csv" in it[-1].results[-1] for it in (api.sub, api.main)] == [True, True]
