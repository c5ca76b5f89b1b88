"""The walls of a single question stand around every seat: classes, refused providers, known keys, the audit."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.cli.seated import vote, write_seats
from tests.cli.typing_it import Shell
from tests.servers import ScriptedServer, say

SEATS = ("-m", "here.one", "-m", "here.two")
COMMANDS: dict[str, tuple[str, ...]] = {
    "compare": ("compare", *SEATS), "consensus": ("consensus", *SEATS),
    "cascade": ("cascade", *SEATS, "--gate", "self"),
    "verify": ("verify", "-m", "here.one", "--verifier", "here.two"),
}  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_a_local_only_file_reaches_no_remote_seat(
    command: str, typed: Shell, home: Path, server: ScriptedServer
) -> None:
    """By its path, attached or as a schema or as an answer: exit 5, one object, nothing sent."""
    write_seats(home, server, privacy={"paths": [{"pattern": "hr/", "class": "local-only"}]})
    os.mkdir(".git")
    os.mkdir("hr")
    Path("hr", "pay.csv").write_text("anna 1000", encoding="utf-8")
    done = typed(*COMMANDS[command], "-f", "hr/pay.csv", "sum", "--json")
    assert (done.code, done.json["error"]["kind"], server.requests) == (5, "private", ())
    if command in {"cascade", "verify"}:
        Path("hr", "s.json").write_text('{"type": "object"}', encoding="utf-8")
        gate = ("--gate", "schema") if command == "cascade" else ()
        told = typed(*COMMANDS[command], *gate, "--schema", "hr/s.json", "sum", "--json")
        assert (told.code, server.requests) == (5, ())


@pytest.mark.parametrize("command", COMMANDS)
def test_a_refused_provider_has_no_seat(command: str, typed: Shell, home: Path, server: ScriptedServer) -> None:
    """`privacy.deny` holds for every seat, the judge's and the verifier's too."""
    write_seats(home, server, privacy={"deny": ["here"]})
    done = typed(*COMMANDS[command], "hello", "--json")
    assert (done.code, done.json["error"]["kind"], server.requests) == (5, "private", ())


def test_a_refused_judge_is_not_asked(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """Where the seats may be asked and the judge may not."""
    with ScriptedServer() as other:
        layer: dict[str, Any] = write_seats(home, server)
        layer["providers"]["bad"] = {"dialect": "openai", "base_url": f"{other.url}/v1"}
        write_seats(home, server, providers=layer["providers"], privacy={"deny": ["bad"]})
        for model, text in {"one": "yes, it is", "two": "no, it is not"}.items():
            server.always(say(text), model=model)
        done = typed("consensus", *SEATS, "--judge", "bad/x", "is it?", "--json")
        assert (done.code, done.json["kind"], other.requests) == (4, "split", ())


def test_a_key_in_an_answer_reaches_no_other_seat(
    typed: Shell, home: Path, server: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft with a key of the user's in it is shown to nobody."""
    write_seats(home, server)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-live-abcdefghijklmnopqrst")
    Path("draft.md").write_text("use sk-live-abcdefghijklmnopqrst", encoding="utf-8")
    done = typed("verify", "--answer", "here.one=draft.md", "--verifier", "here.two", "is it right?", "--json")
    assert (done.code, server.requests) == (4, ())
    assert "private" in done.json["why"]


def test_the_audit_knows_what_every_seat_saw(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """Files and answers that were handed in are booked with each call."""
    write_seats(home, server)
    server.always(vote("yes"))
    Path("plan.md").write_text("a plan", encoding="utf-8")
    Path("said.md").write_text("yes", encoding="utf-8")
    asked = ("--answer", "here.three=said.md", "--choices", "yes,no", "-f", "plan.md", "is it safe?")
    assert typed("consensus", *SEATS, *asked).code == 0
    for name in ("plan.md", "said.md"):
        assert "here.one" in typed("audit", "data", "--file", name).out


def test_a_panel_of_the_layer_is_checked_when_it_is_loaded(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """A seat that is no model is named with its place; one seat is no panel; `tasks` lists what there is."""
    write_seats(home, server, panels={"duo": ["here.one", "here.tow"]})
    wrong = typed("config", "check")
    assert (wrong.code, "$.panels.duo[1]" in wrong.out + wrong.err) == (2, True)
    assert typed("compare", "--panel", "duo", "hello", "--json").json["error"]["kind"] == "usage"
    write_seats(home, server, panels={"solo": ["here.one"]})
    assert typed("config", "check").code == 2
    write_seats(home, server)
    assert "panel trio: here.one, here.two, here.three\n" in typed("tasks").out
    panels = typed("tasks", "--json").json["panels"]
    assert {"name": "trio", "seats": ["here.one", "here.two", "here.three"], "layer": "user"} in panels
    assert json.dumps(panels).count('"name"') == 2
