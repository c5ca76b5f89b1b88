"""Each provider's key alone is enough: a plain question is answered, and `why` can say by whom."""

import json
from pathlib import Path

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer

REGISTRY = json.loads((Path(__file__).parents[2] / ".claude" / "config" / "models.json").read_text(encoding="utf-8"))
KEYED = {name: row["key"] for name, row in REGISTRY["providers"].items() if row.get("key") and not row.get("local")}
LOCAL = [name for name, row in REGISTRY["providers"].items() if row.get("local") and row["dialect"] != "echo"]
SUFFIX = {"openai": "/v1", "anthropic": "", "ollama": ""}


@pytest.mark.parametrize("provider", KEYED)
def test_one_key_alone_gets_an_answer(
    provider: str, typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With this provider's key and no other, `ask hello` is answered by it, and the key goes to it alone."""
    dialect = REGISTRY["providers"][provider]["dialect"]
    write_layer(home, {"providers": {provider: {"base_url": server.url + SUFFIX[dialect]}}})
    monkeypatch.setenv(KEYED[provider], "canary-0123456789")
    answered = typed("ask", "hello", "--json")
    assert answered.code == 0, answered
    shape = answered.json
    assert shape["answer"]
    assert shape["attempts"][-1]["provider"] == provider
    assert shape["usage"]["output"] > 0
    assert [seen for seen in server.asked if "canary-0123456789" in str(seen.headers)]
    assert "canary-0123456789" not in answered.out + answered.err
    why = typed("why", "--json").json
    assert why["run"] == shape["run"]
    assert why["attempts"][-1]["outcome"] == "answer"


@pytest.mark.parametrize("provider", LOCAL)
def test_a_local_server_alone_gets_an_answer(
    provider: str, typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no key at all and one local server, whatever it serves answers, in private too."""
    dialect = REGISTRY["providers"][provider]["dialect"]
    others = {name: {"base_url": "http://127.0.0.1:9"} for name in LOCAL}
    write_layer(home, {"providers": {**others, provider: {"base_url": server.url + SUFFIX[dialect]}}})
    answered = typed("ask", "hello", "--private", "--json")
    assert answered.code == 0, answered
    assert answered.json["attempts"][-1]["provider"] == provider
    assert answered.json["model"] == f"{provider}/test-model"


def test_a_diff_is_reviewed_on_one_gateway_key(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`git diff | outrider ask -t code-review` on one gateway key answers with model, way, cents and rule."""
    write_layer(home, {"providers": {"openrouter": {"base_url": f"{server.url}/v1"}}})
    monkeypatch.setenv("OPENROUTER_API_KEY", "canary-0123456789")
    monkeypatch.setenv("CLAUDECODE", "1")
    answered = typed("ask", "-t", "code-review", "what was missed?", stdin=b"diff --git a/x b/x\n+print(1)\n")
    assert answered.code == 0, answered
    assert answered.out.startswith('<outrider-answer id="')
    receipt = answered.out.splitlines()[-1]
    assert " via openrouter (openrouter/" in receipt
    assert " cents · flag -t code-review · run " in receipt
    body = server.asked[0].json["messages"][-1]["content"]
    assert body.startswith("what was missed?")
    assert "--- stdin ---\ndiff --git a/x b/x\n+print(1)" in body
