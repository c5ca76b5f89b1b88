"""What in Claude Code's set-up defeats the pack, and keys that are old."""

from typing import Any

import pytest

from outrider.rules.agent_names import Clash
from outrider.rules.client_checks import (
    DAY,
    DEFEATING,
    OLD_KEY,
    clashes,
    client,
    defeating,
    drift,
    duplicates,
    forms,
    hook_faults,
    key_ages,
)

NOW = 1_790_000_000.0


@pytest.mark.parametrize("name", DEFEATING)
def test_a_variable_that_defeats_the_pack(name: str) -> None:
    """Is a warning with its place, what it does, and what mends it."""
    (found,) = defeating([(name, "/somewhere/settings.json")])
    assert found.mark == "warn"
    assert found.message.startswith(f"{name} is set in /somewhere/settings.json: ")
    assert found.fix


def test_agents_of_one_name() -> None:
    """The project's wins over the user's; within one folder nobody knows."""
    user = {"scout": ("/u/scout.md",), "twin": ("/u/a.md", "/u/b.md"), "alone": ("/u/alone.md",)}
    project = {"scout": ("/p/scout.md",), "other": ("/p/other.md",)}
    assert [found.message for found in duplicates({"user": user, "project": project})] == [
        "agent `scout` is in /u/scout.md, /p/scout.md: /p/scout.md wins",
        "agent `twin` is in /u/a.md, /u/b.md: which one wins is not defined",
    ]
    assert list(duplicates({"user": {"a": ("/u/a.md",)}})) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ((), []),
        (("/s",), []),
        (("/s", "plugin a"), ["installed in 2 forms, whose agents are listed twice: /s, plugin a"]),
    ],
)
def test_two_forms_at_once(found: tuple[str, ...], told: list[str]) -> None:
    """One form is well, and none; two are listed twice."""
    assert [check.message for check in forms(found)] == told


@pytest.mark.parametrize(
    ("version", "mark", "message"),
    [
        ((2, 1, 196), "warn", "Claude Code is 2.1.196; the pack was tried on 2.1.197 and newer"),
        (
            (2, 1, 197),
            "warn",
            "Claude Code is 2.1.197: a switch moves the model of subagents there, and not their effort",
        ),
        ((2, 1, 251), "ok", "Claude Code 2.1.251"),
        ((3, 0, 0), "ok", "Claude Code 3.0.0"),
    ],
)
def test_an_old_client(version: tuple[int, int, int], mark: str, message: str) -> None:
    """What it does not do is told; a client that nobody knows is not."""
    assert [(check.mark, check.message) for check in client(version)] == [(mark, message)]
    assert list(client(None)) == []


@pytest.mark.parametrize(("version", "count"), [(None, 0), ((2, 1, 250), 1), ((2, 1, 251), 0)])
def test_one_model_for_all_matters_in_old_clients(version: tuple[int, int, int] | None, count: int) -> None:
    """Later ones take it for a default, below a tier."""
    found = [("CLAUDE_CODE_SUBAGENT_MODEL", "/s"), ("CLAUDE_CODE_SUBAGENT_MODEL_FORCE", "/s")]
    told = [check.message.partition(" is")[0] for check in defeating(found, client=version)]
    assert told == [name for name, _ in found][1 - count :]


def test_clashes() -> None:
    """One that came later is to be mended; what the project or the install decided is told."""
    found = [Clash(agent="scout", kind=kind, words="words") for kind in ("yours", "project", "late")]
    assert [(check.mark, check.message, bool(check.fix)) for check in clashes(found)] == [
        ("ok", "scout: words", False), ("ok", "scout: words", False), ("warn", "scout: words", True),
    ]  # fmt: skip


PACK: dict[str, Any] = {
    "form": "loose", "where": "/m", "version": "1.0", "paused": False, "problem": None, "project": None,
    "edited": [], "missing": [], "waiting": [],
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, [("ok", "installed, loose, 1.0")]),
        ({"form": None, "version": None}, [("ok", "not installed: `outrider install`")]),
        ({"paused": True}, [("ok", "paused: `outrider resume`")]),
        (
            {"form": "plugin", "where": "outrider@x", "paused": True},
            [("ok", "disabled here: `claude plugin enable outrider@x`")],
        ),
        ({"version": "0.9"}, [("ok", "installed, loose, 0.9"), ("warn", "the pack is of 0.9, and the helper is 1.0")]),
        (
            {"edited": ["/a", "/b"], "missing": ["/c"], "waiting": ["/a.new"]},
            [
                ("ok", "installed, loose, 1.0"),
                ("warn", "edited since it was installed, and kept so: /a, /b"),
                ("warn", "deleted since it was installed, and left so: /c"),
                ("warn", "beside a file of yours waits what we would put there: /a.new"),
            ],
        ),
        (
            {"project": {"version": "0.8", "edited": ["/p"], "missing": [], "waiting": [], "problem": None}},
            [
                ("ok", "installed, loose, 1.0"),
                ("warn", "this repository's pack is of 0.8, and the helper is 1.0"),
                ("warn", "edited since it was installed, and kept so: /p"),
            ],
        ),
        ({"problem": "/m is damaged"}, [("fail", "/m is damaged"), ("ok", "installed, loose, 1.0")]),
        (
            {"project": {"version": None, "edited": [], "missing": [], "waiting": [], "problem": "/p is damaged"}},
            [("fail", "/p is damaged"), ("ok", "installed, loose, 1.0")],
        ),
    ],
)
def test_what_of_the_pack_is_otherwise(changes: dict[str, Any], told: list[tuple[str, str]]) -> None:
    """Versions, edits, deletions, what waits beside an edit, and a manifest that cannot be read."""
    found = list(drift({**PACK, **changes}, helper="1.0"))
    assert [(check.mark, check.message) for check in found] == told
    assert all(check.fix for check in found if check.mark != "ok")


def test_faults_of_hooks() -> None:
    """The newest of each hook, for a week."""
    noted = [
        {"at": NOW - 8 * DAY, "event": "bash", "message": "old"},
        {"at": NOW - 3 * DAY, "event": "agent", "message": "first"},
        {"at": NOW - 7_300, "event": "agent", "message": "second"},
        {"at": NOW + 9 * DAY, "event": "bash", "message": "of a clock that was wrong"},
        {"at": NOW - 30, "event": "private", "message": "third"},
    ]
    assert [check.message for check in hook_faults(noted, at=NOW)] == [
        "`outrider hook agent` failed 2 h ago: second",
        "`outrider hook private` failed just now: third",
    ]


@pytest.mark.parametrize(
    ("note", "message"),
    [
        ({"at": NOW - 91 * DAY, "digest": "d"}, "A_KEY was stored 91 days ago"),
        ({"at": NOW - OLD_KEY * DAY, "digest": "d"}, None),
        ({"at": NOW, "digest": "d"}, None),
        ({"at": NOW - 91 * DAY, "digest": "other"}, "age unknown, since `outrider keys` did not store them: A_KEY"),
        ({"at": NOW + 9 * DAY, "digest": "d"}, "age unknown, since `outrider keys` did not store them: A_KEY"),
        ({"at": "long ago", "digest": "d"}, "age unknown, since `outrider keys` did not store them: A_KEY"),
        ({"at": True, "digest": "d"}, "age unknown, since `outrider keys` did not store them: A_KEY"),
        ("odd", "age unknown, since `outrider keys` did not store them: A_KEY"),
        (None, "age unknown, since `outrider keys` did not store them: A_KEY"),
    ],
)
def test_the_age_of_a_key(note: object, message: str | None) -> None:
    """Over ninety days is old; what was not noted, or is another key by now, has no known age and no fault."""
    found = list(key_ages({"A_KEY": "d"}, {} if note is None else {"A_KEY": note}, at=NOW))
    assert [check.message for check in found] == ([] if message is None else [message])
    assert all(check.mark == ("warn" if "days ago" in check.message else "ok") for check in found)
