"""`outrider providers`: who has a key, and adding one."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, status


def listed(typed: Shell) -> dict[str, Any]:
    """Returns the providers by name."""
    return {row["name"]: row for row in typed("providers", "--json").json["providers"]}


def own_layer(home: Path) -> Path:
    """Returns where the user's own layer is."""
    return home / ".claude" / "config" / "models.local.json"


def test_a_key_is_named_and_never_shown(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable and where it is; the value nowhere."""
    monkeypatch.setenv("GROQ_API_KEY", "value-of-the-key")
    printed = typed("providers")
    assert "GROQ_API_KEY (environment)" in printed.out
    assert "value-of-the-key" not in printed.out + typed("providers", "--json").out
    found = listed(typed)
    assert found["groq"]["key"] == {
        "variables": ["GROQ_API_KEY"], "needed": True, "present": True, "variable": "GROQ_API_KEY",
        "where": "environment",
    }  # fmt: skip
    assert (found["groq"]["usable"], found["xai"]["usable"], found["ollama"]["usable"]) == (True, False, True)
    assert found["openrouter"]["models"] > 20


def test_a_local_server_is_added_and_asked(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """The row is written, what it has is listed, and `--private` reaches it."""
    server.models = ("tiny",)
    added = typed("providers", "add", "gpu", server.url, "--local")
    path = own_layer(home)
    assert added == (
        0,
        f"gpu: {server.url}/v1 written to {path}\nit has 1 models:\n  gpu/tiny\n",
        f"outrider: added /v1 to {server.url}: that is where OpenAI-compatible servers answer\n",
    )
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "providers": {
            "gpu": {"dialect": "openai", "base_url": f"{server.url}/v1", "local": True, "serves": "listed"}
        },
        "models": {
            "local.gpu": {
                "provider": "gpu", "id": "*", "family": "local", "price": {"input": 0, "output": 0},
                "limits": {"first_byte": 300, "total": 900}, "description": "Whatever gpu serves.",
            }
        },
    }  # fmt: skip
    asked = typed("ask", "--private", "hello", "--json").json
    assert (asked["answer"], asked["served_by"]) == ("hello from tiny", "gpu/tiny")
    assert typed("ask", "-m", "gpu/tiny", "hello").out == "hello from tiny\n"


def test_one_without_a_key_says_what_comes_next(typed: Shell, home: Path) -> None:
    """The rest of the layer is kept, nothing is asked without a key, and no model row is made for a cloud."""
    write_layer(home, {"default": "simple"})
    added = typed("providers", "add", "acme", "https://llm.acme.example/v1", "--key", "ACME_API_KEY", "--json")
    assert added.json == {
        "provider": "acme", "path": str(own_layer(home)), "notes": [], "live": None,
        "row": {"dialect": "openai", "base_url": "https://llm.acme.example/v1", "key": "ACME_API_KEY",
                "serves": "listed"},
    }  # fmt: skip
    assert list(json.loads(own_layer(home).read_text(encoding="utf-8"))) == ["default", "providers"]
    assert "no key yet: `outrider keys set ACME_API_KEY`" in typed(
        "providers", "add", "acme", "https://llm.acme.example/v1"
    ).out  # fmt: skip


def test_a_server_that_is_down_is_added_all_the_same(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """Adding comes before starting."""
    server.always_at("/api/tags", status(503))
    added = typed("providers", "add", "box", server.url, "--local", "--dialect", "ollama")
    assert added.code == 0
    assert "it does not answer yet (server: " in added.out


def test_moving_a_bundled_one_is_said(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """A known name keeps its dialect; where calls and its key go from now on is told."""
    moved = typed("providers", "add", "ollama", server.url, "--local")
    assert f"calls now go to {server.url} instead of http://localhost:11434" in moved.err
    assert listed(typed)["ollama"]["dialect"] == "ollama"
    again = typed("providers", "add", "ollama", server.url)
    assert again.err.startswith("outrider: `ollama` was there already: its row was changed")
    assert not listed(typed)["ollama"]["local"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("gpu", "http://10.0.0.5:8000"), "plain http to 10.0.0.5 would send prompts and keys unprotected"),
        (("gpu", "http://93.184.215.14:8000", "--local"), "93.184.215.14 is no address of your own machines"),
        (("gpu", "nonsense"), "this is no plain http(s) address"),
        (("g/u", "https://x.example"), "a provider's name has letters"),
        (("gpu", "https://x.example", "--key", "sk-123"), "`--key` takes the name of a variable"),
        (("echo", "https://x.example"), "`echo` is built in"),
        (("gpu", "https://x.example", "--dialect", "grpc"), "invalid value for '--dialect'"),
    ],
)
def test_what_cannot_be_added_is_refused(
    typed: Shell, home: Path, loopback: None, arguments: tuple[str, ...], error: str
) -> None:
    """Exit 2, the reason, a hint, and no file."""
    refused = typed("providers", "add", *arguments)
    assert refused.code == 2
    assert refused.err.startswith(f"error: {error}")
    assert "\nhint: " in refused.err
    assert "sk-123" not in refused.err
    assert not own_layer(home).exists()


def test_an_invalid_layer_is_left_as_it_was(typed: Shell, home: Path) -> None:
    """What is wrong already is told, and not written over."""
    path = write_layer(home, {"defualt": "simple"})
    before = path.read_bytes()
    refused = typed("providers", "add", "acme", "https://llm.acme.example/v1")
    assert refused.code == 2
    assert "did you mean `default`?" in refused.err
    assert path.read_bytes() == before


def test_a_yaml_layer_is_left_to_its_owner(typed: Shell, home: Path) -> None:
    """The rows to add are printed instead."""
    row = {"dialect": "openai", "base_url": "https://llm.acme.example/v1", "serves": "listed"}
    path = home / ".claude" / "config" / "models.local.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("default: simple\n", encoding="utf-8")
    refused = typed("providers", "add", "acme", "https://llm.acme.example/v1")
    assert refused.code == 2
    assert refused.err.splitlines() == [
        f"error: your settings are in {path}, which is yours to edit",
        "hint: add to it: " + json.dumps({"providers": {"acme": row}}),
    ]


def test_an_agent_adds_nothing(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside Claude Code it is refused by policy, and listing is not."""
    monkeypatch.setenv("CLAUDECODE", "1")
    refused = typed("providers", "add", "acme", "https://llm.acme.example/v1", "--json")
    assert refused.code == 5
    assert refused.json["error"]["kind"] == "trust"
    assert not own_layer(home).exists()
    assert typed("providers").code == 0


def test_a_shared_key_is_told(typed: Shell, home: Path) -> None:
    """Whoever gives a second address the key of a first one hears where it goes."""
    added = typed("providers", "add", "mirror", "https://mirror.example/v1", "--key", "GROQ_API_KEY")
    assert added.err == (
        "outrider: GROQ_API_KEY is the key of groq too, and is now sent to https://mirror.example:443 as well\n"
    )


def test_a_taken_name_is_not_taken_over(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """`local.llama3` means something already, so what this server has is called otherwise."""
    typed("providers", "add", "llama3", f"{server.url}/v1", "--local")
    assert list(json.loads(own_layer(home).read_text(encoding="utf-8"))["models"]) == ["llama3.any"]
