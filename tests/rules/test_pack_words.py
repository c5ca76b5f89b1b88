"""What an install says: a line for every file that is not simply in place, and what would defeat the pack."""

import pytest

from outrider.rules.installing import Action
from outrider.rules.pack_plan import Step
from outrider.rules.pack_words import FORCE, ONE_MODEL, client_notes, differing, told

A, B, C = "a" * 64, "b" * 64, "c" * 64


def step(action: Action, path: str = "of/x.md", *, offered: str | None = A, actual: str | None = C) -> Step:
    """Returns a step of the plan."""
    return Step(path=path, action=action, desired=B, offered=offered, actual=actual)


def beside(action: Action) -> Step:
    """Returns the step of the file that ours is in, beside the user's."""
    return step(action, "of/x.md.new")


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([step("unchanged"), step("create", "b"), step("update", "c"), step("forget", "d")], []),
        ([step("keep")], [("kept", "of/x.md: your edit (`outrider diff` shows it)")]),
        ([step("release")], [("kept", "of/x.md: you changed it")]),
        ([step("release", actual="a link")], [("kept", "of/x.md: there is a link in its place")]),
        (
            [step("respect", actual=None)],
            [("deleted", "of/x.md: you deleted it, and it stays so (`outrider install --restore` brings it back)")],
        ),
        (
            [step("conflict"), beside("create")],
            [("conflict", "of/x.md: you changed it, and it changed here too; ours is beside it as x.md.new")],
        ),
        (
            [step("conflict", offered=None), beside("unchanged")],
            [("conflict", "of/x.md: a file of yours is there; ours is beside it as x.md.new")],
        ),
        (
            [step("conflict", actual="a folder"), beside("update")],
            [("conflict", "of/x.md: there is a folder; ours is beside it as x.md.new")],
        ),
        (
            [step("conflict"), beside("respect")],
            [("kept", "of/x.md: yours, and you deleted ours beside it")],
        ),
        (
            [step("conflict", offered=None), beside("conflict")],
            [("conflict", "of/x.md: a file of yours is there; x.md.new is yours too, so nothing is written")],
        ),
        ([beside("release")], [("kept", "of/x.md.new: you changed it")]),
        ([beside("retire")], []),
    ],
)  # fmt: skip
def test_each_file_has_its_line(steps: list[Step], said: list[tuple[str, str]]) -> None:
    """What is in place needs none."""
    assert list(told(steps, asides={}, is_removal=False)) == said


@pytest.mark.parametrize(("is_removal", "count"), [(False, 1), (True, 0)])
def test_what_was_there_before_us_is_told_when_we_come(count: int, *, is_removal: bool) -> None:
    """And what is put aside is told by its new name."""
    adopted = Step(path="x", action="adopt", desired=A, offered=None, actual=A, adopted=True)
    assert len(list(told([adopted], asides={}, is_removal=is_removal))) == count
    left = Step(path="x", action="release", desired=None, offered=A, actual=A, adopted=True)
    assert list(told([left], asides={}, is_removal=True)) == [
        ("kept", "x: it was there before the pack, byte for byte")
    ]
    aside = list(told([step("create")], asides={"of/x.md": "of/x.md.mine"}, is_removal=False))
    assert aside == [("restored", "of/x.md: what was there is now of/x.md.mine")]


@pytest.mark.parametrize(
    ("client", "found", "begins"),
    [
        (None, [], []),
        ((2, 1, 328), [(ONE_MODEL, "the environment")], []),
        ((2, 1, 196), [], ["this Claude Code is 2.1.196; the pack is tried on 2.1.197 and newer"]),
        ((2, 1, 197), [], []),
        ((2, 1, 250), [(ONE_MODEL, "x")], [f"{ONE_MODEL} is set in x: before 2.1.251 it moves every subagent"]),
        ((2, 1, 251), [(ONE_MODEL, "x")], []),
        (None, [(ONE_MODEL, "x"), (FORCE, "y")], [f"{FORCE} is set in y: every subagent runs on one model"]),
    ],
)
def test_what_defeats_the_pack_is_named(
    client: tuple[int, int, int] | None, found: list[tuple[str, str]], begins: list[str]
) -> None:
    """An old client, and variables that take the tiers away, each with its cure."""
    said = list(client_notes(client, found))
    assert [text.startswith(begin) for text, begin in zip(said, begins, strict=True)] == [True] * len(begins)


def test_parts_of_another_version_are_named() -> None:
    """With what brings each up to date; what is not there, or the same, is not."""
    others = [("one", "0.1", "`a`"), ("two", "0.2", "`b`"), ("three", None, "`c`")]
    assert list(differing("0.2", others)) == ["one is 0.1, the helper 0.2: `a`"]
