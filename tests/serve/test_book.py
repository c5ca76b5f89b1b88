"""Each request is one run in the book, under the same walls as `ask`; settings are read again when they change."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from outrider.cli.session import Session
from outrider.data import HttpCall, Target, Timing
from outrider.doors.ledger import Ledger
from outrider.doors.settings import places
from outrider.rows import Model, Provider
from outrider.rules.targets import Served
from outrider.serve.kept import Kept
from outrider.serve.way_out import WayOut
from outrider.wire.call import reading
from tests.cli.typing_it import Shell, write_layer
from tests.serve.endpoint import Running, running
from tests.servers import ScriptedServer, say, status


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """Reads the book as it is on disk."""
    ledger = Ledger(places(cwd=str(folder)))
    try:
        return [tuple(row) for row in ledger.read(query)]
    finally:
        ledger.close()


def test_each_request_is_a_run(models: Any, server: ScriptedServer, folder: Path, typed: Shell) -> None:
    """An answer, a fallback and a failure are booked as `ask` books them, and `why` explains each."""
    server.always(status(401), model="one")
    with running(folder) as endpoint:
        good = endpoint.chat(model="both")
        bad = endpoint.chat(model="here.one")
    assert (good.status, bad.status) == (200, 502)
    found = rows(folder, "SELECT id, command, task, rule, outcome, kind, model, attempts FROM runs ORDER BY at")
    names = [good.headers["x-outrider-run"], bad.headers["x-outrider-run"]]
    assert found == [
        (names[0], "serve", "both", "flag -m both (a task)", "answer", None, "here.two", 2),
        (names[1], "serve", "", "flag -m here.one", "failure", "auth", "here.one", 1),
    ]
    assert float(good.headers["x-outrider-cost-usd"]) == json.loads(good.body)["outrider"]["cost_usd"] > 0
    told = typed("why", names[0])
    assert told.code == 0
    assert "here.two" in told.out


def test_each_request_is_told_in_a_line(
    models: Any, server: ScriptedServer, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The run, what was named, and what came of it; a client's odd letters write no line of their own."""
    server.always(status(401), model="one")
    with running(folder, quiet=False) as endpoint:
        endpoint.chat(model="both")
        endpoint.chat(model="here.one")
        endpoint.chat(model="no\nbody\x1b[2J")
    told = [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()]
    assert told[0].startswith("both: 200 here.two, $0.0000")
    assert told[1] == "here.one: 502, $0.000000"
    assert told[2].startswith("no body")
    assert (len(told), "404 no model is called" in told[2], "\x1b" in told[2]) == (3, True, False)


def test_what_is_refused_is_booked_and_asks_nobody(
    models: dict[str, Any], home: Path, server: ScriptedServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A known key, a wall of money, and private work without a local model: each has its status, and no call leaves."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret-value-0123456789")
    models["tasks"]["secret"] = {"chain": ["here.one"], "private": True}
    write_layer(home, models)
    with running(folder, max_cost=0) as endpoint:
        leak = endpoint.chat(messages=[{"role": "user", "content": "use sk-very-secret-value-0123456789"}])
        dear = endpoint.chat(model="here.one", max_tokens=1000)
        private = endpoint.chat(model="secret")
    heard = [leak, dear, private]
    assert [(one.status, one.error["code"]) for one in heard] == [(402, "budget"), (402, "budget"), (403, "private")]
    assert "sk-very" not in "".join(one.body.decode() for one in heard)
    assert server.asked == ()
    assert rows(folder, "SELECT outcome, kind FROM runs ORDER BY at") == [
        ("refused", "budget"), ("refused", "budget"), ("refused", "private"),
    ]  # fmt: skip
    with running(folder) as endpoint:
        leak = endpoint.chat(messages=[{"role": "user", "content": "use sk-very-secret-value-0123456789"}])
    assert (leak.status, leak.error["code"], server.asked) == (403, "private", ())
    assert "OPENAI_API_KEY" in leak.error["message"]


def test_a_private_endpoint_asks_local_models_only(models: dict[str, Any], home: Path, folder: Path) -> None:
    """`--private` holds for every request, whatever it names."""
    models["providers"]["here"]["local"] = True
    models["providers"]["there"] = {"dialect": "openai", "base_url": "https://192.0.2.1/v1"}
    models["models"]["there.one"] = {"provider": "there", "id": "one", "price": {"input": 1, "output": 1}}
    write_layer(home, models)
    with running(folder, private=True) as endpoint:
        assert endpoint.chat(model="here.one").status == 200
        assert endpoint.chat(model="there.one").error["code"] == "private"
    assert rows(folder, "SELECT private FROM runs") == [(1,), (1,)]


def test_inside_claude_code_no_private_answer_is_served(
    models: dict[str, Any], home: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever asks there may be the cloud model itself."""
    monkeypatch.setenv("CLAUDECODE", "1")
    models["providers"]["here"]["local"] = True
    write_layer(home, models)
    with running(folder, private=True) as endpoint:
        heard = endpoint.chat(model="here.one")
    assert (heard.status, heard.error["code"]) == (403, "private")


def test_a_task_brings_its_own_instruction(
    models: dict[str, Any], home: Path, server: ScriptedServer, folder: Path
) -> None:
    """Where the client brings none, the task's prompt is the system text."""
    models["prompts"] = {"terse": "Answer in one word."}
    models["tasks"]["both"]["prompt"] = "terse"
    write_layer(home, models)
    own = [{"role": "system", "content": "Be long."}, {"role": "user", "content": "hello"}]
    with running(folder) as endpoint:
        endpoint.chat(model="both")
        endpoint.chat(model="both", messages=own)
    assert [seen.json["messages"][0]["content"] for seen in server.asked] == ["Answer in one word.", "Be long."]


def test_a_local_server_is_asked_what_it_has_once(
    models: dict[str, Any], home: Path, server: ScriptedServer, folder: Path
) -> None:
    """Where the first choice depends on what a server lists, it is asked before the first request and not for each."""
    server.models = ("tiny",)
    models["providers"]["box"] = {
        "dialect": "openai",
        "base_url": f"{server.url}/v1",
        "local": True,
        "serves": "listed",
    }
    models["models"]["box.any"] = {"provider": "box", "id": "*"}
    models["tasks"]["both"]["chain"] = ["box.any"]
    write_layer(home, models)
    with running(folder) as endpoint:
        served = [json.loads(endpoint.chat(model="both").body)["model"] for _ in range(2)]
    assert served == ["box/tiny"] * 2
    assert len([seen for seen in server.requests if seen.method == "GET" and seen.path == "/v1/models"]) == 1


def test_settings_are_read_again_when_they_change(
    models: dict[str, Any], home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A change is in force at the next look; one that cannot be read leaves what was, and is told."""

    async def play() -> list[Any]:
        kept = Kept(Session(places(cwd=str(folder)), dict(os.environ)), {}, look_every=0.0)
        seen = [tuple(kept.standing().registry.tasks["both"].chain)]
        models["tasks"]["both"]["chain"] = ["here.two"]
        write_layer(home, models)
        seen.append(tuple(kept.standing().registry.tasks["both"].chain))
        write_layer(home, {"tasks": 3})
        seen.append(tuple(kept.standing().registry.tasks["both"].chain))
        first = kept.book.ledger
        await kept.book.close()
        return [*seen, first is kept.book.ledger]

    assert asyncio.run(play()) == [("here.one", "here.two"), ("here.two",), ("here.two",), True]
    told = capsys.readouterr().err
    assert "the settings changed, and are in force" in told
    assert "what was in force stays" in told


def test_the_way_out_follows_the_network_settings(
    models: dict[str, Any], home: Path, server: ScriptedServer, folder: Path
) -> None:
    """A proxy that is set later is used from then on; another change of the settings keeps the connections."""

    async def play() -> list[bool]:
        kept = Kept(Session(places(cwd=str(folder)), dict(os.environ)), {}, look_every=0.0)
        way_out = WayOut(kept)
        timing = Timing(connect=5, first_byte=5, idle=5, total=5, max_bytes=1_000_000)
        call = HttpCall(method="GET", url=f"{server.url}/v1/models", headers=(), body=b"", timing=timing)
        heard = [await way_out.send(call, reading(target, stream=False)) is None]
        write_layer(home, {**models, "network": {"proxy": "http://127.0.0.1:9"}})
        kept.standing()
        heard.append(await way_out.send(call, reading(target, stream=False)) is None)
        await way_out.close()
        await kept.book.close()
        return heard

    target = Target(
        model=Model(name="m", provider="p", id="m"), provider=Provider(name="p", dialect="openai"), wire_id="m"
    )
    assert asyncio.run(play()) == [True, False]


def test_a_book_that_was_set_aside_is_begun_anew(models: Any, server: ScriptedServer, folder: Path, home: Path) -> None:
    """`doctor --repair` moves a broken file away: later runs go into the new one."""

    async def play() -> bool:
        kept = Kept(Session(places(cwd=str(folder)), dict(os.environ)), {}, look_every=0.0)
        kept.book.ledger.record_served("here", served)
        os.rename(kept.book.ledger.path, kept.book.ledger.path + ".aside")
        before = kept.book.ledger
        kept.standing()
        kept.book.ledger.record_served("here", served)
        is_new = kept.book.ledger is not before
        await kept.book.close()
        return is_new

    served = Served(alive=True)
    assert asyncio.run(play())
    assert rows(folder, "SELECT provider, alive FROM servers") == [("here", 1)]


def test_a_text_that_streams_is_booked_as_shown(endpoint: Running, server: ScriptedServer) -> None:
    """The run's head and its first chunk bear the same run."""
    server.always(say("good day"))
    heard = endpoint.chat(model="here.one", stream=True)
    first = json.loads(heard.events[0])
    assert first["id"] == f"chatcmpl-{heard.headers['x-outrider-run']}"
    assert heard.headers["content-type"].startswith("text/event-stream")
    assert heard.events[-1] == "[DONE]"
