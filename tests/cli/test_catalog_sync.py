"""`outrider catalog sync`: what comes stands, what fails leaves the old snapshot and says how old it is."""

import json
import resource
import subprocess
import sys
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.interop.catalogs import ARTIFICIAL_ANALYSIS, BY_SOURCE, MODELS_DEV
from tests.servers import ScriptedServer, redirect, status, way
from tests.servers.replies import Reply

DAY = time.strftime("%Y-%m-%d", time.gmtime())


@pytest.fixture
def sources(home: Path, server: ScriptedServer) -> ScriptedServer:
    """Serves every source from this machine, as the user's own settings say."""
    named = {name: f"{server.url}/{name}.json" for name in BY_SOURCE}
    write_layer(home, {"catalog": {"sources": named}})
    for name, said in BY_SOURCE.items():
        serve(server, name, said)
    return server


def serve(server: ScriptedServer, name: str, said: Any, *, etag: str = "") -> None:
    """Serves a source."""
    server.always_at(f"/{name}.json", status(200, said, headers={"ETag": etag} if etag else None))


def snapshot(home: Path, name: str) -> Path:
    """Returns where a snapshot is."""
    return home / ".config" / "outrider" / "catalog" / f"{name}.json"


def aged(home: Path, name: str, *, days: int) -> str:
    """Makes a snapshot some days older, and returns its day."""
    path = snapshot(home, name)
    first, _, rest = path.read_bytes().partition(b"\n")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - days * 86_400))
    path.write_bytes(json.dumps({**json.loads(first), "taken": f"{day}T10:00:00Z"}).encode() + b"\n" + rest)
    return day


def test_all_sources_come(typed: Shell, home: Path, sources: ScriptedServer) -> None:
    """Without a key for the one that needs one, the four others are fetched, and nothing of the user's is sent."""
    done = typed("catalog", "sync", "all", "--json")
    assert done.code == 0
    found = {one["source"]: (one["how"], one["models"], one["refused"]) for one in done.json["sources"]}
    assert found == {
        "models.dev": ("changed", 4, 0), "litellm": ("changed", 2, 0), "openrouter": ("changed", 2, 1),
        "artificial-analysis": ("skipped", 0, 0), "genai-prices": ("changed", 2, 0),
    }  # fmt: skip
    assert [(seen.method, seen.path, seen.body) for seen in sources.requests] == [
        ("GET", f"/{name}.json", b"") for name in ("models.dev", "litellm", "openrouter", "genai-prices")
    ]
    allowed = {"host", "accept", "accept-encoding", "user-agent", "connection"}
    assert {name for seen in sources.requests for name in seen.headers} <= allowed
    rows = typed("catalog", "sql", "SELECT source, substr(taken, 1, 10), models FROM snapshots ORDER BY 1", "--csv")
    assert rows.out.splitlines()[1:] == [
        f"genai-prices,{DAY},2", f"litellm,{DAY},2", f"models.dev,{DAY},4", f"openrouter,{DAY},2"
    ]  # fmt: skip
    notes = typed("catalog", "sql", "SELECT count(*) AS n FROM llms WHERE id LIKE 'dark-_'", "--json").json
    assert (notes["rows"], notes["notes"]) == ([{"n": 0}], ["not in llms, for want of a price: 1"])
    assert snapshot(home, "litellm").stat().st_mode & 0o777 == 0o600


def test_who_is_denied_is_not_called(typed: Shell, home: Path, sources: ScriptedServer) -> None:
    """A provider that `privacy.deny` names is asked for no list either: left out of all, refused by name."""
    named = {name: f"{sources.url}/{name}.json" for name in BY_SOURCE}
    write_layer(home, {"catalog": {"sources": named}, "privacy": {"deny": ["openrouter"]}})
    found = {one["source"]: one["message"] for one in typed("catalog", "sync", "all", "--json").json["sources"]}
    assert {name: why for name, why in found.items() if "privacy" in why} == {
        "openrouter": "openrouter is not allowed by `privacy`"
    }
    assert typed("catalog", "sync", "openrouter").code == 5
    assert [seen.path for seen in sources.requests if "openrouter" in seen.path] == []


def test_a_price_carries_its_snapshot(typed: Shell, home: Path, sources: ScriptedServer) -> None:
    """A model without a row is counted with the fetched price, and `why` says which snapshot that is from."""
    serve(sources, "models.dev", {"mine": MODELS_DEV["google"]})
    layer = {
        "catalog": {"sources": {"models.dev": f"{sources.url}/models.dev.json"}},
        "providers": {"mine": {"dialect": "openai", "base_url": f"{sources.url}/v1"}},
        "limits": {"budget_usd": {"day": 1}},
    }
    write_layer(home, layer)
    refused = typed("ask", "-m", "mine/gem-9", "--json", "hello")
    assert refused.code == 5, "nobody says yet what it costs, and a budget is set"
    assert typed("catalog", "sync", "models.dev").code == 0
    head = json.loads(snapshot(home, "models.dev").read_bytes().partition(b"\n")[0])
    asked = typed("ask", "-m", "mine/gem-9", "--json", "hello").json
    assert asked["usage"]["input"] == 11
    # Three of the eleven tokens in come from the cache, and seven go out.
    assert asked["cost_usd"] == pytest.approx((8 * 1.25 + 3 * 0.125 + 7 * 10) / 1e6)
    (target,) = typed("why", "--json").json["models"]
    assert target == {
        "model": "mine/gem-9", "provider": "mine", "id": "gem-9", "as_of": DAY,
        "price": {"input": 1.25, "output": 10, "cached": 0.125},
        "price_source": f"catalog: models.dev {head['digest'][:12]}",
    }  # fmt: skip
    assert f"as of {DAY}, catalog: models.dev {head['digest'][:12]})" in typed("why").out


def test_what_did_not_change_is_not_fetched_again(typed: Shell, home: Path, sources: ScriptedServer) -> None:
    """The tag of what is here is sent back, and an unchanged source only gets a new date."""
    serve(sources, "models.dev", MODELS_DEV, etag='"one"')
    typed("catalog", "sync", "models.dev")
    before = snapshot(home, "models.dev").read_bytes().partition(b"\n")[2]
    aged(home, "models.dev", days=40)
    sources.always_at("/models.dev.json", Reply(status=304, body=b""))
    done = typed("catalog", "sync", "models.dev", "--json")
    (one,) = done.json["sources"]
    assert (done.code, one["how"], one["models"], one["days"]) == (0, "unchanged", 4, 0)
    assert sources.requests[-1].headers["if-none-match"] == '"one"'
    assert snapshot(home, "models.dev").read_bytes().partition(b"\n")[2] == before
    other = {name: f"{sources.url}/{name}.json?mirror" for name in BY_SOURCE}
    write_layer(home, {"catalog": {"sources": other}})
    typed("catalog", "sync", "models.dev")
    assert "if-none-match" not in sources.requests[-1].headers, "a tag of one address says nothing to another"


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (status(500), "it answered with status 500"),
        (status(404), "it answered with status 404"),
        (redirect("http://127.0.0.1:1/elsewhere"), "it answered with a redirect (status 302), which is never followed"),
        (status(200, b"<html>maintenance</html>"), "it is a web page"),
        (status(200, b'{"google": {"models": {"gem-9": {"id": "ge'), "it is broken or half JSON"),
        (status(200, {"models": [{"slug": "gem-9"}]}), "`models` is no object"),
        (status(200, {"google": {"models": []}}), "`models` of `google` is no object"),
        (status(200, {"google": {"models": {"one": {"id": "one"}}}}), "it lists 1 models, fewer than half of the 4"),
        (way("truncated", status(200, MODELS_DEV)), "the answer broke off"),
        (way("close"), "the connection was closed without an answer"),
        (way("gzip", status(200, MODELS_DEV)), "the answer is packed (gzip), which was not asked for"),
        (way("endless"), "the answer has more than 67,108,864 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_source_that_fails_leaves_the_old_snapshot(
    typed: Shell, home: Path, sources: ScriptedServer, reply: Reply, said: str
) -> None:
    """Down, elsewhere, a web page, half, another shape, too few, too much: the old one stays, and says its age."""
    typed("catalog", "sync", "models.dev")
    day = aged(home, "models.dev", days=12)
    before = snapshot(home, "models.dev").read_bytes()
    sources.always_at("/models.dev.json", reply)
    done = typed("catalog", "sync", "models.dev")
    assert done.code == 1
    assert done.out.startswith(f"models.dev: {said}")
    assert done.out.endswith(f"; the snapshot of {day} stays, 12 days old, with 4 models\n")
    assert snapshot(home, "models.dev").read_bytes() == before


def test_a_first_failure_has_nothing_to_keep(typed: Shell, sources: ScriptedServer) -> None:
    """Where nothing was fetched before, that is said; the others are fetched all the same."""
    sources.always_at("/litellm.json", status(503))
    done = typed("catalog", "sync", "litellm", "openrouter")
    assert done.code == 1
    first, second = done.out.splitlines()
    assert first == "litellm: it answered with status 503; nothing of it is here yet"
    assert second.startswith("openrouter: 2 models, changed, snapshot ")
    assert ", 1 rows refused" in second


def test_fewer_than_half_are_taken_by_force(typed: Shell, sources: ScriptedServer) -> None:
    """A source that really shrank is taken when a person says so."""
    typed("catalog", "sync", "models.dev")
    serve(sources, "models.dev", {"openai": {"models": {"one": {"id": "one"}}}})
    assert typed("catalog", "sync", "models.dev").code == 1
    done = typed("catalog", "sync", "models.dev", "--force", "--json")
    assert (done.code, done.json["sources"][0]["models"]) == (0, 1)


def test_scores_come_with_the_users_key(
    typed: Shell, home: Path, sources: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key goes to its own source only; the newest index version is the one of the table, and says its date."""
    monkeypatch.setenv("ARTIFICIAL_ANALYSIS_API_KEY", "aa-key-of-mine")
    pages = deepcopy(ARTIFICIAL_ANALYSIS)
    pages["pagination"] = {"page": 1, "has_more": True}
    serve(sources, "artificial-analysis", pages)
    second = {**ARTIFICIAL_ANALYSIS, "data": [], "pagination": {"page": 2, "has_more": False}}
    second["data"] = [{**ARTIFICIAL_ANALYSIS["data"][2], "name": "Claude Opus 5.5 (max)"}]
    sources.always_at("/artificial-analysis.json?page=2", status(200, second))
    done = typed("catalog", "sync", "artificial-analysis", "openrouter")
    assert done.code == 0
    assert "Artificial Analysis, https://artificialanalysis.ai" in done.out
    keyed = [seen.path for seen in sources.requests if "aa-key-of-mine" in str(seen.headers)]
    assert keyed == ["/artificial-analysis.json", "/artificial-analysis.json?page=2"]
    rows = typed(
        "catalog", "sql",
        "SELECT name, provider, intelligence, coding, index_version FROM llms WHERE intelligence > 0 ORDER BY name",
        "--json",
    ).json["rows"]  # fmt: skip
    assert [tuple(row.values()) for row in rows] == [
        ("Claude Opus 5.5", "anthropic", 60.0, None, "4.4"),
        ("GPT-6 Luna", "openai", 38.5, 41.5, "4.4"),
    ]
    dated = typed("catalog", "sql", "SELECT DISTINCT date FROM scores WHERE version = '4.4'", "--csv")
    assert dated.out.splitlines() == ["date", DAY]
    older = typed("catalog", "sql", "SELECT count(*) AS n FROM scores WHERE version = '4.3'", "--json").json["rows"]
    assert older[0]["n"] > 20, "older scores stay, on their own scale"


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_named_and_not_shown(
    typed: Shell, sources: ScriptedServer, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """The variable is named, its value never printed, not even when the server sends it back."""
    monkeypatch.setenv("ARTIFICIAL_ANALYSIS_API_KEY", "aa-key-of-mine")
    sources.always_at("/artificial-analysis.json", status(code, {"error": "aa-key-of-mine is wrong"}))
    done = typed("catalog", "sync", "artificial-analysis")
    assert done.code == 1
    assert f"it refused ARTIFICIAL_ANALYSIS_API_KEY (status {code})" in done.out
    assert "aa-key-of-mine" not in done.out + done.err


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "name a source"),
        (("litelm",), "no source is called `litelm`"),
        (("artificial-analysis",), "artificial-analysis needs a key of yours"),
    ],
)
def test_a_mistake_is_told(typed: Shell, sources: ScriptedServer, names: tuple[str, ...], message: str) -> None:
    """A wrong name asks nobody."""
    done = typed("catalog", "sync", *names, "--json")
    assert (done.code, done.json["error"]["message"]) == (2, message)
    assert sources.requests == ()


def test_an_address_of_a_project_does_not_count(
    typed: Shell, home: Path, sources: ScriptedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where facts come from is the user's to say, trusted project or not."""
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    folder = project / ".claude" / "config"
    folder.mkdir(parents=True)
    evil = {"catalog": {"sources": {"models.dev": f"{sources.url}/evil.json"}}}
    (folder / "models.json").write_text(json.dumps(evil), encoding="utf-8")
    monkeypatch.chdir(project)
    typed("catalog", "sync", "models.dev")
    typed("trust", "--yes")
    typed("catalog", "sync", "models.dev")
    assert {seen.path for seen in sources.requests} == {"/models.dev.json"}


def test_an_address_without_tls_is_refused(typed: Shell, home: Path) -> None:
    """Plain http is for this machine only: prices decide over money."""
    write_layer(home, {"catalog": {"sources": {"litellm": "http://prices.example/list.json"}}})
    done = typed("catalog", "sync", "litellm")
    assert done.code == 2
    assert "the address of litellm is plain http to another machine" in done.err


def test_a_damaged_snapshot_does_not_count(typed: Shell, home: Path, sources: ScriptedServer) -> None:
    """What was cut or changed on the disk is left out, and `stale` says so."""
    typed("catalog", "sync", "models.dev")
    path = snapshot(home, "models.dev")
    path.write_bytes(path.read_bytes().replace(b"gem-9", b"gem-8"))
    assert "the snapshot of models.dev is damaged: `outrider catalog sync models.dev`" in typed("catalog", "stale").out
    (home / ".config" / "outrider" / "catalog.db").unlink()
    assert typed("catalog", "sql", "SELECT id FROM llms WHERE id LIKE 'gem-_'", "--csv").out == "id\n"
    assert any("is damaged" in check["message"] for check in typed("doctor", "--json").json["checks"])


@pytest.mark.alone
@pytest.mark.process
def test_five_thousand_rows_come_in_time(sources: ScriptedServer, tmp_path: Path) -> None:
    """Fetched, judged, stored and built into the database, start and all: two seconds of work at most."""
    rows = {f"m-{number}": {**MODELS_DEV["google"]["models"]["gem-9"], "id": f"m-{number}"} for number in range(5_000)}
    serve(sources, "models.dev", {"google": {"models": rows}})
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", "-m", "outrider", "catalog", "sync", "models.dev"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    taken = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(f"5,000 rows: {taken:.2f} s of processor time")
    assert done.stdout.startswith("models.dev: 5,000 models, changed")
    assert taken <= 2.0
