"""`outrider audit pins` as a user types it."""

from pathlib import Path

import pytest

from tests.cli.typing_it import Shell
from tests.transcripts.pin_cases import CASES
from tests.transcripts.test_pins import put


def place(name: str, home: Path, tmp_path: Path) -> None:
    """Puts one case where the client would have it."""
    put(next(case for case in CASES if case.name == name), home, tmp_path / "project")


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("file", ("OK", 0)),
        ("not-available", ("IGNORED", 4)),
        ("another-answered", ("MISMATCH", 4)),
        ("old-hook", ("UNKNOWN", 0)),
    ],
)
def test_only_strict_fails_and_only_on_an_alarm(
    typed: Shell, home: Path, tmp_path: Path, case: str, expected: tuple[str, int]
) -> None:
    """Without it the command has done what it was asked."""
    place(case, home, tmp_path)
    found = typed("audit", "pins", "--json")
    assert (found.code, found.json["counts"][expected[0]], len(found.json["spawns"])) == (0, 1, 1)
    assert typed("audit", "pins", "--strict").code == expected[1]


def test_an_ignored_pin_is_told_with_its_price_and_its_file(typed: Shell, home: Path, tmp_path: Path) -> None:
    """One line for the spawn, one for all, and the file to look at."""
    place("not-available", home, tmp_path)
    found = typed("audit", "pins")
    first = found.out.splitlines()[1].split()
    assert first[:7] == ["IGNORED", "scout", "haiku", "file", "claude-sonnet-5-5", "1", "+$0.0028"]
    assert found.out.splitlines()[2] == "1 subagent: 1 IGNORED; $0.0028 more than as asked (priced)"
    assert f"outrider: see {tmp_path}/project/.claude/agents/scout.md" in found.err
    assert f"`availableModels` in {tmp_path}/project/.claude/settings.json leaves it out" in found.out


def test_agents_are_summed(typed: Shell, home: Path, tmp_path: Path) -> None:
    """One line for each agent with its verdicts, in the table and in the object."""
    place("not-available", home, tmp_path)
    lines = typed("audit", "pins", "--by", "agent").out.splitlines()
    assert lines[1].split() == ["scout", "1", "0", "1", "0", "0", "haiku", "claude-sonnet-5-5", "+$0.0028"]
    (agent,) = typed("audit", "pins", "--json").json["agents"]
    assert (agent["agent"], agent["verdicts"]["IGNORED"], agent["extra_usd"]) == ("scout", 1, 0.00285)


def test_those_that_ran_as_asked_are_counted(typed: Shell, home: Path, tmp_path: Path) -> None:
    """They are listed only with --all; what is older than --since is in nothing."""
    place("file", home, tmp_path)
    assert typed("audit", "pins").out.splitlines()[0] == "1 subagent: 1 OK"
    assert typed("audit", "pins", "--all").out.splitlines()[1].split()[:2] == ["OK", "scout"]
    assert typed("audit", "pins", "--since", "2099-01-01").out.startswith("no subagent is in the transcripts since ")


def test_no_history_has_no_subagent(typed: Shell) -> None:
    """It says so and ends well."""
    assert typed("audit", "pins", "--strict")[:2] == (0, "no subagent is in the transcripts\n")


def test_the_plain_name_is_still_the_data(typed: Shell) -> None:
    """`audit` alone says which model saw which data."""
    assert typed("audit").code == 0
    assert "pins" in typed("audit", "--help").out
