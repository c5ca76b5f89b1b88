"""`outrider trust`: what it shows, and that nobody but a person at a terminal moves trust, keys or addresses."""

import json
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.settings import places
from outrider.rules.layers import Layer, merge
from tests.cli.typing_it import Shell


def settle(values: Any) -> None:
    """Writes the settings of the repository that the shell stands in."""
    Path(".git").mkdir(exist_ok=True)
    Path(".claude/config").mkdir(parents=True, exist_ok=True)
    Path(".claude/config/models.json").write_text(json.dumps(values), encoding="utf-8")


def test_trust_shows_the_change_since_it_was_given(typed: Shell) -> None:
    """What differs from what was trusted last is printed value by value, and asked about again."""
    settle({"tasks": {"mine": {"chain": ["echo"]}}, "default": "mine"})
    assert typed("trust", "--yes", "--json").json["since"] is None
    assert typed("route", "hello", "--json").json["task"] == "mine"
    settle({"tasks": {"mine": {"chain": ["echo"], "private": True}}})
    assert typed("route", "hello", "--json").json["task"] != "mine"
    refused = typed("trust")
    assert refused.code == 5
    assert "changed since you trusted it" in refused.out
    assert "  .claude/config/models.json: $.default: mine -> nothing" in refused.out
    changes = typed("trust", "--yes", "--json").json["since"]["changes"]
    assert [(entry["path"], entry["from"], entry["to"]) for entry in changes] == [
        ("$.tasks.mine.private", None, True), ("$.default", "mine", None),
    ]  # fmt: skip
    assert typed("trust", "--revoke", "--json").json["trusted"] is False
    assert typed("trust", "--list").out == "no repository is trusted\n"


@pytest.mark.parametrize(
    "line",
    ["trust --yes", "trust --list", "trust --revoke", "keys set openai", "keys import old.env",
     "providers add evil http://127.0.0.1:9 --local"],
)  # fmt: skip
def test_what_is_for_a_person_is_refused_inside_claude_code(
    line: str, typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commands that move trust, keys or addresses end with 5, write nothing, and say so in the machine shape."""
    settle({"default": "coding"})
    Path("old.env").write_text("OPENAI_API_KEY=sk-canary\n", encoding="utf-8")
    monkeypatch.setenv("CLAUDECODE", "1")
    ended = typed(*line.split(), "--json", stdin=b"sk-canary\n")
    assert (ended.code, ended.json["error"]["kind"]) == (5, "trust")
    where = places()
    assert not [name for name in ("trust.json", "env") if Path(where.ours(name)).exists()]
    assert not (home / ".claude" / "config" / "models.local.json").exists()


def layers(*said: tuple[Any, dict[str, Any]], base: dict[str, Any]) -> dict[str, Any]:
    """Merges layers over a base."""
    above = tuple(Layer(name=name, path=name, values=told) for name, told in said)
    return merge((Layer(name="bundled", path="", values=base), *above))[0]


@pytest.mark.parametrize("name", ["user", "project", "project-local"])
def test_nobody_loosens_what_the_managed_layer_sets(name: Any) -> None:
    """Limits are the smallest and privacy the strictest of all layers, whoever comes later, trusted or not."""
    managed = {
        "limits": {"budget_usd": {"day": 1, "run": 0.1}, "total": 20},
        "privacy": {"private": True, "allow": ["one"], "deny": ["two"], "store_prompts": False},
    }
    loose = {
        "limits": {"budget_usd": {"day": 1000, "run": 1000}, "total": 2000},
        "privacy": {"private": False, "allow": ["one", "two", "three"], "deny": [], "store_prompts": True},
        "trust": ["/**"],
    }
    base = {"limits": {"budget_usd": {"day": 10, "run": 1}, "total": 90}, "privacy": {}}
    found = layers(("managed", managed), (name, loose), base=base)
    assert found["limits"] == {"budget_usd": {"day": 1, "run": 0.1}, "total": 20}
    assert {key: found["privacy"][key] for key in ("private", "allow", "deny")} == {
        "private": True, "allow": ["one"], "deny": ["two"],
    }  # fmt: skip
    assert "store_prompts" not in found["privacy"]
    assert "trust" not in found


def test_only_the_user_has_prompts_stored() -> None:
    """A project's wish that the book keeps prompts is nothing; its wish that it keeps none holds."""
    wish = {"privacy": {"store_prompts": True}}
    base: dict[str, Any] = {"limits": {}, "privacy": {}}
    assert "store_prompts" not in layers(("project", wish), base=base)["privacy"]
    assert layers(("user", wish), base=base)["privacy"]["store_prompts"] is True
    assert layers(("managed", wish), base=base)["privacy"]["store_prompts"] is True
    no = {"privacy": {"store_prompts": False}}
    assert "store_prompts" not in layers(("user", wish), ("project", no), base=base)["privacy"]
