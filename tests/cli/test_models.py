"""`outrider models`: what there is, whether it can be used, and what servers really have."""

from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.servers import ScriptedServer, status

LAYER = {
    "providers": {"mine": {"dialect": "openai", "base_url": "https://mine.example/v1", "key": "MINE_API_KEY"}},
    "models": {
        "mine.fast": {
            "provider": "mine", "id": "fast-1", "description": "Quick.", "context": 32000, "max_output": 4000,
            "price": {"input": 0.5, "output": 2.25, "tiers": [{"above": 20000, "input": 1}]},
            "abilities": ["tools", "json"], "rules": {"sampling": False},
        },
    },
    "aliases": {"swift": {"model": "mine.fast", "why": "the old one is gone"}},
    "tasks": {"sprint": {"chain": ["swift"]}},
}  # fmt: skip


def rows(typed: Shell, *arguments: str) -> dict[str, Any]:
    """Returns the listed models by name."""
    return {row["name"]: row for row in typed("models", *arguments, "--json").json["models"]}


def test_every_model_is_listed_with_its_layer(typed: Shell, home: Path) -> None:
    """The bundled ones and the user's, each with its price and whether it can be used."""
    write_layer(home, LAYER)
    found = rows(typed)
    assert found["echo.echo"]["usable"]
    assert found["claude.opus"]["how"] == "subagent"
    assert found["mine.fast"] == {
        "name": "mine.fast", "provider": "mine", "id": "fast-1", "family": None, "usable": False, "how": "no",
        "why": "no key (MINE_API_KEY)", "via": "mine", "input_usd": 0.5, "output_usd": 2.25, "context": 32000,
        "max_output": 4000, "abilities": ["json", "tools"], "status": "active", "layer": "user",
        "description": "Quick.",
    }  # fmt: skip


def test_a_key_makes_models_usable(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key they are marked, and `--usable` leaves the rest out."""
    write_layer(home, LAYER)
    monkeypatch.setenv("MINE_API_KEY", "x")
    found = rows(typed, "--usable")
    assert found["mine.fast"]["why"] == "yes"
    assert all(row["usable"] for row in found.values())


def test_the_table_has_a_line_a_model(typed: Shell, home: Path) -> None:
    """Plain `models` is the list, wherever its flags stand."""
    write_layer(home, LAYER)
    listed = typed("models")
    assert listed.code == 0
    (line,) = [line.split() for line in listed.out.splitlines() if line.startswith("mine.fast ")]
    assert line == ["mine.fast", "no", "key", "0.5", "2.25", "32,000", "json,tools", "mine", "fast-1", "user"]
    assert listed.out == typed("models", "list").out == typed("models", "--quiet", "list").out
    assert "none can be asked yet" not in listed.err


def test_one_model_is_shown_whole(typed: Shell, home: Path) -> None:
    """An alias says that it is one and why; each value says where it comes from."""
    path = write_layer(home, LAYER)
    shown = typed("models", "show", "swift")
    assert shown.code == 0
    where = f"[user {path}:1]"
    assert (
        shown.out
        == f"""mine.fast
  swift is an alias of it: the old one is gone
  usable          no: no key (MINE_API_KEY)
  provider        mine  {where}
  id              fast-1  {where}
  description     Quick.  {where}
  context         32,000  {where}
  max_output      4000  {where}
  price.input     0.5  {where}
  price.output    2.25  {where}
  price.tiers     above 20,000, input 1  {where}
  abilities       tools, json  {where}
  rules.sampling  no  {where}
  way             mine/fast-1: no: no key (MINE_API_KEY)
  aliases         swift
  in tasks        sprint
  layer           user
"""
    )


def test_a_changed_value_shows_its_line(typed: Shell, home: Path) -> None:
    """A bundled row that the user changed has two layers, and the line of the change."""
    path = write_layer(home, {})
    path.write_text('{"models": {\n"echo.echo": {\n"context": 9}}}', encoding="utf-8")
    shown = typed("models", "show", "echo", "--json").json
    assert (shown["name"], shown["asked_as"], shown["layer"]) == ("echo.echo", "echo", "bundled + user")
    assert shown["origins"] == {'$.models["echo.echo"].context': f"user {path}:3"}


@pytest.mark.parametrize(
    ("name", "error", "hint"),
    [
        ("swfit", "no model is called `swfit`", "did you mean `swift`? run `outrider models` to see them all"),
        ("sprint", "`sprint` is a task, no model", "run `outrider tasks sprint`"),
        ("local", "`local` is a preset, no model", "run `outrider presets local`"),
    ],
)
def test_another_name_is_guided(typed: Shell, home: Path, name: str, error: str, hint: str) -> None:
    """The nearest name, or the command that shows what it is."""
    write_layer(home, LAYER)
    assert typed("models", "show", name) == (2, "", f"error: {error}\nhint: {hint}\n")


def test_a_model_without_a_row_is_shown_by_its_way(typed: Shell, home: Path) -> None:
    """`provider/wire-id` needs no row, and says that it has none."""
    write_layer(home, LAYER)
    shown = typed("models", "show", "mine/other-2")
    assert shown.out.splitlines()[:4] == [
        "mine/other-2",
        "  usable    no: no key (MINE_API_KEY)",
        "  provider  mine",
        "  id        other-2",
    ]


def test_servers_are_asked_what_they_have(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`--live` names each id with the rows that mean it, each failure with its kind, and remembers."""
    local = {"dialect": "openai", "base_url": f"{server.url}/v1", "local": True, "serves": "listed"}
    server.models = ("one:latest", "unknown")
    away = {"dialect": "openai", "base_url": "http://127.0.0.1:9/v1", "local": True, "serves": "listed"}
    only = {"allow": ["box", "away"]}
    layer = {
        "providers": {"box": local, "away": away}, "privacy": only,
        "models": {"box.one": {"provider": "box", "id": "one"}, "box.gone": {"provider": "box", "id": "gone"}},
    }  # fmt: skip
    write_layer(home, layer)
    live = typed("models", "--live", "--json")
    assert live.code == 0
    assert live.json["servers"][0] == {
        "provider": "box", "alive": True, "failure": None,
        "models": [{"id": "one:latest", "rows": ["box.one"]}, {"id": "unknown", "rows": []}],
    }  # fmt: skip
    assert live.json["servers"][1]["failure"]["kind"] == "network"
    found = rows(typed)
    assert [found[name]["why"] for name in ("box.one", "box.gone")] == ["yes", "its server does not have it"]
    shown = typed("models", "--live")
    assert shown.out.splitlines()[:3] == [
        "provider  id          known as",
        "box       one:latest  box.one",
        "box       unknown     -",
    ]
    assert shown.out.splitlines()[3].startswith("away: network: ")


def test_no_server_at_all_is_a_failure(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """Every one that was asked failed: exit 1, with the reason and no key in it."""
    server.always_at("/v1/models", status(401, {"error": {"message": "bad key sk-abcdefghijklmnopqrstuvwxyz"}}))
    row = {"dialect": "openai", "base_url": f"{server.url}/v1", "key": "BOX_KEY", "key_optional": True}
    write_layer(home, {"providers": {"box": row}, "privacy": {"allow": ["box"]}})
    live = typed("models", "--live")
    assert live.code == 1
    assert live.out.startswith("box: auth: ")
    assert "sk-abc" not in live.out + live.err
