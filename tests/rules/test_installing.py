"""What becomes of each file of the pack: the whole table, what a kill leaves, and which places a manifest may name."""

from itertools import product

import pytest

from outrider.rules.installing import Action, Entry, decide, installed_names, is_folder, is_place, on_disk, settled
from outrider.rules.pack_plan import Step, after, before, plan, unsettled

# One block for what is wanted now, a line for what was offered last, a column for what is there: nothing, A, B, C.
#   nothing: neither wanted nor known nor there.      foreign: there, and never ours, so not touched.
#   create: wanted and never seen here.               adopt: there with the wanted bytes, so ours from now on.
#   unchanged: as it should be.                       update: untouched by the user, and there is something newer.
#   keep: the user's edit, and nothing newer.         conflict: the user's bytes, and ours are not those they know.
#   respect: the user deleted it, so it stays gone.   retire: no longer wanted and untouched, so removed.
#   release: no longer wanted, but edited: theirs.    forget: no longer wanted, and gone already.
TABLE = """
wanted -
  -   nothing  foreign    foreign    foreign
  A   forget   retire     release    release
  B   forget   release    retire     release
  C   forget   release    release    retire
wanted A
  -   create   adopt      conflict   conflict
  A   respect  unchanged  keep       keep
  B   respect  adopt      update     conflict
  C   respect  adopt      conflict   update
wanted B
  -   create   conflict   adopt      conflict
  A   respect  update     adopt      conflict
  B   respect  keep       unchanged  keep
  C   respect  conflict   adopt      update
wanted C
  -   create   conflict   conflict   adopt
  A   respect  update     conflict   adopt
  B   respect  conflict   update     adopt
  C   respect  keep       keep       unchanged
"""
HASHES = ("-", "A", "B", "C")


Case = tuple[dict[str, str], dict[str, str | None], list[str], list[str]]


def hash_of(letter: str) -> str | None:
    """Returns the hash that a letter of the table stands for."""
    return None if letter == "-" else letter * 64


def test_every_pattern_of_three_hashes_has_its_action() -> None:
    """All 64 at once: what is wanted, what was offered, what is there."""
    written: dict[tuple[str, str, str], str] = {}
    wanted = ""
    for line in TABLE.strip().splitlines():
        words = line.split()
        if words[0] == "wanted":
            wanted = words[1]
            continue
        written |= {(wanted, words[0], there): action for there, action in zip(HASHES, words[1:], strict=True)}
    decided = {
        (wanted, offered, there): decide(hash_of(wanted), hash_of(offered), hash_of(there))
        for wanted, offered, there in product(HASHES, repeat=3)
    }
    assert len(written) == 64
    assert decided == written


@pytest.mark.parametrize(
    ("entry", "actual", "offered"),
    [
        (None, "A", None),
        (Entry(offered="A"), "B", "A"),
        (Entry(offered=None, intended="B"), None, None),
        (Entry(offered=None, intended="B"), "B", "B"),
        (Entry(offered="A", intended="B"), "A", "A"),
        (Entry(offered="A", intended="B"), "B", "B"),
        (Entry(offered="A", intended="B"), "C", "A"),
        (Entry(offered="A", removing=True), "A", "A"),
        (Entry(offered="A", removing=True), None, None),
        (Entry(offered="A"), None, "A"),
    ],
)
def test_what_was_offered_is_known_after_a_kill(entry: Entry | None, actual: str | None, offered: str | None) -> None:
    """What a run was about to do counts as done exactly where it shows."""
    assert settled(entry, actual) == offered


@pytest.mark.parametrize("offered", [None, "A", "B"])
@pytest.mark.parametrize("wanted", [None, "A", "B"])
@pytest.mark.parametrize("actual", [None, "A", "B", "C"])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_killed_run_is_finished_by_the_next(
    wanted: str | None, offered: str | None, actual: str | None, *, is_done: bool
) -> None:
    """Killed before or after its one write, with the manifest still as before it, the next run ends where it would."""
    entries = {} if offered is None else {"x": Entry(offered=offered)}
    desired = {} if wanted is None else {"x": wanted}
    (step, *_) = (*plan(desired, entries, {"x": actual, "x.new": None}), None)
    if step is None or step.path != "x" or not step.touches:
        return
    told = before(step)
    disk = actual if not is_done else wanted
    again = plan(desired, {} if told is None else {"x": told}, {"x": disk, "x.new": None})
    assert [after(next_step) for next_step in again] == [entry for entry in [after(step)] if entry or again]
    assert [next_step.touches for next_step in again] == ([not is_done] if again else [])


def test_a_conflict_puts_ours_beside_and_waits_for_the_user() -> None:
    """Ours is written as `.new`; it waits, is brought up to date, and goes when the user took it or deleted it."""
    entries = {"x": Entry(offered="A")}
    first = plan({"x": "B"}, entries, {"x": "C", "x.new": None})
    assert [(step.path, step.action) for step in first] == [("x", "conflict"), ("x.new", "create")]
    entries = {step.path: entry for step in first if (entry := after(step)) is not None}
    assert entries == {"x": Entry(offered="A"), "x.new": Entry(offered="B")}
    cases: dict[str, Case] = {
        "waits": ({"x": "B"}, {"x": "C", "x.new": "B"}, ["conflict", "unchanged"], ["x"]),
        "newer": ({"x": "D"}, {"x": "C", "x.new": "B"}, ["conflict", "update"], ["x"]),
        "taken": ({"x": "B"}, {"x": "B", "x.new": None}, ["adopt", "forget"], []),
        "copied": ({"x": "B"}, {"x": "B", "x.new": "B"}, ["adopt", "retire"], []),
        "refused": ({"x": "B"}, {"x": "C", "x.new": None}, ["conflict", "respect"], []),
        "refused, then newer": ({"x": "D"}, {"x": "C", "x.new": None}, ["conflict", "create"], ["x"]),
        "reverted": ({"x": "B"}, {"x": "A", "x.new": "B"}, ["update", "retire"], []),
        "edited beside": ({"x": "B"}, {"x": "C", "x.new": "C"}, ["conflict", "keep"], ["x"]),
        "gone": ({}, {"x": "C", "x.new": "B"}, ["release", "retire"], []),
    }
    found: dict[str, Case] = {}
    for name, (desired, actual, _, _) in cases.items():
        steps = plan(desired, entries, actual)
        found[name] = (desired, actual, [step.action for step in steps], [step.path for step in unsettled(steps)])
    assert found == cases


def test_a_file_of_the_users_beside_is_not_overwritten() -> None:
    """Where `x.new` is the user's own, nothing is written, and it stays when the pack goes."""
    steps = plan({"x": "B"}, {}, {"x": "C", "x.new": "A"})
    assert [(step.path, step.action, step.touches) for step in steps] == [
        ("x", "conflict", False), ("x.new", "conflict", False),
    ]  # fmt: skip
    assert [after(step) for step in steps] == [None, None]


def test_what_was_there_before_us_stays_when_we_go() -> None:
    """The same bytes before the pack: taken over, kept through upgrades that change nothing, left at the end."""
    (step,) = plan({"x": "A"}, {}, {"x": "A", "x.new": None})
    entry = after(step)
    assert entry == Entry(offered="A", adopted=True)
    (again,) = plan({"x": "A"}, {"x": entry}, {"x": "A", "x.new": None})
    assert after(again) == entry
    (gone,) = plan({}, {"x": entry}, {"x": "A", "x.new": None})
    assert (gone.action, gone.touches) == ("release", False)
    (newer,) = plan({"x": "B"}, {"x": entry}, {"x": "A", "x.new": None})
    assert (newer.action, after(newer)) == ("update", Entry(offered="B"))


def test_restore_brings_back_what_was_edited_or_deleted() -> None:
    """The user's own goes aside first; what is in place stays."""
    entries = {"edited": Entry(offered="A"), "gone": Entry(offered="A"), "same": Entry(offered="A")}
    actual = {"edited": "C", "gone": None, "same": "A", **dict.fromkeys(["edited.new", "gone.new", "same.new"])}
    steps = plan(dict.fromkeys(entries, "A"), entries, actual, restore=True)
    assert [(step.path, step.action, step.aside) for step in steps] == [
        ("edited", "create", True), ("gone", "create", False), ("same", "unchanged", False),
    ]  # fmt: skip
    assert before(steps[1]) == Entry(offered=None, intended="A")


def test_a_seed_is_written_once() -> None:
    """A user's own in its place is left without a word, an edited one is theirs, a newer one is never offered."""

    def acted(entries: dict[str, Entry], actual: str | None) -> list[tuple[str, str]]:
        steps = plan({"x": "B"}, entries, {"x": actual, "x.new": None}, seeds=frozenset({"x"}))
        return [(step.action, step.path) for step in steps]

    known = {"x": Entry(offered="A")}
    assert acted({}, None) == [("create", "x")]
    assert acted({}, "C") == [("foreign", "x")]
    assert acted(known, "A") == [("unchanged", "x")]
    assert acted(known, "C") == [("keep", "x")]
    assert acted(known, None) == [("respect", "x")]


@pytest.mark.parametrize(
    "path",
    [
        "settings.json", "agents/scout.md", "agents/outrider/../scout.md", "agents/outrider//x", "agents/outrider/",
        "/etc/passwd", "config/models.local.json", "config/outrider.pack.json", "skills/other/SKILL.md",
        "agents/outrider/a\nb", "../agents/outrider/x", "agents/outrider/./x", "CLAUDE.md", "",
    ],
)  # fmt: skip
def test_a_manifest_names_our_places_only(path: str) -> None:
    """Nothing else is believed, whoever wrote it."""
    assert not is_place(path, form="loose")
    assert not is_place(path, form="project")


def test_our_places_are_known() -> None:
    """Files and folders of each form, and the file beside."""
    loose = ["agents/outrider/scout.md", "skills/outrider/.claude-plugin/plugin.json", "config/models.json.new"]
    assert [is_place(path, form="loose") for path in loose] == [True, True, True]
    assert [is_place(path, form="project") for path in loose] == [True, False, True]
    folders = ["", "agents", "skills", "config", "skills/outrider", "skills/outrider/hooks", "projects", ".."]
    assert [is_folder(path, form="loose") for path in folders] == [True] * 6 + [False] * 2


def test_a_name_that_is_taken_gets_ours_before_it() -> None:
    """The user's agent keeps its name."""
    assert installed_names(["scout", "bulk"], ["scout", "other"]) == {"scout": "outrider-scout", "bulk": "bulk"}


def test_paused_files_are_elsewhere() -> None:
    """Only our two folders move."""
    paths = ["agents/outrider/scout.md", "skills/outrider", "config/models.json", "agents"]
    assert [on_disk(path, paused=True) for path in paths] == [
        "outrider.paused/agents/outrider/scout.md", "outrider.paused/skills/outrider", "config/models.json", "agents",
    ]  # fmt: skip
    assert [on_disk(path, paused=False) for path in paths] == paths


def test_a_step_says_whether_it_touches_the_disk() -> None:
    """Only create, update and retire do."""
    actions: tuple[Action, ...] = (
        "create", "update", "retire", "keep", "respect", "adopt", "conflict", "release", "forget", "unchanged",
    )  # fmt: skip
    steps = [Step(path="x", action=action, desired=None, offered=None, actual=None) for action in actions]
    assert [step.touches for step in steps] == [True] * 3 + [False] * 7
