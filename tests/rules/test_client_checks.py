"""What in Claude Code's set-up defeats the pack, and keys that are old."""

import pytest

from outrider.rules.client_checks import DAY, DEFEATING, OLD_KEY, defeating, duplicates, forms, key_ages

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
    ("loose", "plugins", "count"),
    [(None, (), 0), ("/s", (), 0), (None, ("/a",), 0), ("/s", ("/a",), 2), (None, ("/a", "/b"), 2)],
)
def test_two_forms_at_once(loose: str | None, plugins: tuple[str, ...], count: int) -> None:
    """One form is well, and none; two are listed twice."""
    found = list(forms(loose, plugins))
    assert len(found) == (1 if count else 0)
    assert all(f"installed in {count} forms" in check.message for check in found)


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
