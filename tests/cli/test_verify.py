"""`outrider verify`: one writes, another looks, and what was never accepted is told as such."""

import json
import sys
from pathlib import Path

import pytest

from tests.cli.seated import booked, ended, write_seats
from tests.cli.typing_it import Shell
from tests.servers import Reply, ScriptedServer, say, status

PAIR = ("-m", "here.one", "--verifier", "here.two")


@pytest.fixture(autouse=True)
def _seats(home: Path, server: ScriptedServer) -> None:
    write_seats(home, server)


def look(*findings: str) -> Reply:
    """Returns what a verifier says."""
    return say(json.dumps({"accepted": not findings, "findings": list(findings)}))


def test_findings_are_fed_back_until_it_is_accepted(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """The text alone is on stdout; the writer saw what was found."""
    server.script(say("a draft"), say("better"), model="one")
    server.script(look("say more"), look(), model="two")
    done = typed("verify", *PAIR, "write it")
    assert (done.code, done.out) == (0, "better\n")
    assert "outrider: round 1: not accepted\noutrider:   found: say more\n" in done.err
    assert "outrider: accepted: here.two accepted round 2; cost $" in done.err
    assert "say more" in server.asked[2].json["messages"][-1]["content"]
    assert ended(home) == ("answer", None)


def test_what_is_never_accepted_is_exit_four(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """The best text is printed all the same, after so many rounds."""
    server.always(say("a draft"), model="one")
    server.always(look("wrong"), model="two")
    done = typed("verify", *PAIR, "--rounds", "2", "write it", "--json")
    shape = done.json
    assert (done.code, shape["kind"], shape["answer"], len(shape["rounds"])) == (4, "not_accepted", "a draft", 2)
    assert round(shape["cost_usd"] * 1e9) == booked(home)[0]
    assert ended(home) == ("failure", "not_accepted")


def test_a_revision_that_fails_more_checks_is_dropped(typed: Shell, server: ScriptedServer) -> None:
    """The better text stays, though it came first."""
    Path("check.py").write_text("import sys; sys.exit('good' not in sys.stdin.read())", encoding="utf-8")
    server.script(say("good but dull"), say("worse"), model="one")
    server.always(look("dull"), model="two")
    command = f"{sys.executable} -I check.py"
    shape = typed("verify", *PAIR, "--rounds", "2", "--check", command, "write it", "--json").json
    assert (shape["kind"], shape["answer"], [one["dropped"] for one in shape["rounds"]]) == (
        "not_accepted", "good but dull", [False, True],
    )  # fmt: skip


def test_a_draft_from_elsewhere_is_looked_at(typed: Shell, server: ScriptedServer) -> None:
    """A Claude draft costs nothing; what is found comes back to whoever wrote it."""
    Path("draft.md").write_text("a draft\n", encoding="utf-8")
    server.always(look("wrong date"), model="two")
    draft = ("--answer", "claude.sonnet=draft.md", "--verifier", "here.two")
    done = typed("verify", *draft, "is it right?")
    assert (done.code, done.out) == (4, "a draft\n")
    *told, receipt = done.err.splitlines()
    next_step = "hand it in again once it is mended, or name who mends it with `-m MODEL`"
    assert told == [
        "outrider: round 1: not accepted",
        "outrider:   found: wrong date",
        f"outrider: not accepted: claude.sonnet cannot be asked to mend its draft: {next_step}; cost $0.0000",
    ]
    assert receipt.startswith("outrider: 1 asked, 1 not asked · ")
    assert [seen.json["model"] for seen in server.asked] == ["two"]
    server.script(look("wrong date"), look(), model="two")
    server.always(say("mended"), model="one")
    mended = typed("verify", *draft, "-m", "here.one", "is it right?")
    assert (mended.code, mended.out) == (0, "mended\n")


@pytest.mark.parametrize("said", ["looks good to me", "{}", '{"accepted": "yes"}', '{"accepted": false}', "[]"])
def test_a_verifier_that_cannot_be_read_accepts_nothing(said: str, typed: Shell, server: ScriptedServer) -> None:
    """It is asked once more, and then the text stands as not accepted."""
    server.always(say("a draft"), model="one")
    server.always(say(said), model="two")
    done = typed("verify", *PAIR, "write it", "--json")
    assert (done.code, done.json["kind"], done.json["answer"]) == (4, "not_accepted", "a draft")
    assert "could not be read" in done.json["why"]


def test_no_text_is_a_failure(typed: Shell, server: ScriptedServer) -> None:
    """A writer that fails is told in one line and in the one object."""
    server.always(status(400), model="one")
    done = typed("verify", *PAIR, "write it", "--json")
    assert (done.code, done.json["kind"], done.json["answer"], done.json["error"]["kind"]) == (
        1, "failed", None, "failed",
    )  # fmt: skip
    poor = typed("verify", *PAIR, "--max-cost", "0.0000001", "write it", "--json")
    assert (poor.code, poor.json["error"]["kind"]) == (5, "budget")


def test_the_verifier_is_of_another_family(typed: Shell, server: ScriptedServer) -> None:
    """By default; who names one of the same is told what that is worth."""
    server.always(look(), model="three")
    server.always(look(), model="four")
    shape = typed("verify", "-m", "here.one", "write it", "--json").json
    assert [one["model"] for one in shape["attempts"]] == ["here.one", "here.three"]
    same = typed("verify", "-m", "here.one", "--verifier", "here.four", "write it")
    assert (same.code, "here.four is of the same family as here.one" in same.err) == (0, True)
    assert typed("verify", "-m", "here.one", "--verifier", "nick", "write it").code == 2


def test_private_looks_with_local_models_only(typed: Shell, home: Path, server: ScriptedServer) -> None:
    """A remote verifier is never asked, named or not."""
    write_seats(home, server, is_local=True)
    server.always(look(), model="three")
    assert typed("verify", "-m", "here.one", "--private", "write it").code == 0
    named = typed("verify", "-m", "here.one", "--verifier", "far.x", "--private", "write it", "--json")
    assert (named.code, named.json["attempts"][1]["certainty"]) == (4, "not_sent")
