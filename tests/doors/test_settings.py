"""Where everything is, and whom we do not believe about it."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from outrider.doors import settings
from outrider.doors.settings import Places, places, project_root
from outrider.errors import OutriderError, Refused

INSIDE = {"CLAUDECODE": "1"}


def at(home: Path, *, cwd: Path | None = None, **more: str) -> Places:
    """Returns the places of a process with this HOME."""
    return places(environment={"HOME": str(home), **more}, cwd=str(cwd or home))


def a_checkout(folder: Path) -> Path:
    """Makes a checkout."""
    (folder / ".git").mkdir(parents=True)
    return folder


def test_everything_is_under_home(tmp_path: Path) -> None:
    """Ours in `.config/outrider`, Claude Code's in `.claude`."""
    found = at(tmp_path)
    assert (found.home, found.claude) == (f"{tmp_path}/.config/outrider", f"{tmp_path}/.claude")
    assert (found.project, found.managed) == (None, "/etc/outrider/models.json")
    assert found.ours("jobs", "x") == f"{tmp_path}/.config/outrider/jobs/x"


def test_two_variables_move_things(tmp_path: Path) -> None:
    """Each its own; a path becomes absolute."""
    assert at(tmp_path, OUTRIDER_HOME="/else/ours").home == "/else/ours"
    assert at(tmp_path, OUTRIDER_HOME="/else/ours").claude == f"{tmp_path}/.claude"
    assert at(tmp_path, CLAUDE_CONFIG_DIR="/else/claude").claude == "/else/claude"
    assert at(tmp_path, OUTRIDER_HOME="rel").home == f"{Path.cwd()}/rel"
    assert at(tmp_path, OUTRIDER_HOME="", CLAUDE_CONFIG_DIR="") == at(tmp_path)


def test_without_home_there_must_be_a_place(tmp_path: Path) -> None:
    """One line, and what to set; our own variable is enough."""
    for environment in ({}, {"HOME": ""}):
        with pytest.raises(OutriderError) as caught:
            places(environment=environment, cwd=str(tmp_path))
        assert caught.value.message == "there is no home folder: HOME is not set"
        assert caught.value.hint == "set HOME, or OUTRIDER_HOME to a folder for our files"
        assert caught.value.exit_code == 2
    found = places(environment={"OUTRIDER_HOME": "/else/ours"}, cwd=str(tmp_path))
    assert (found.home, found.claude) == ("/else/ours", "/else/ours/.claude")


@pytest.mark.parametrize(
    ("make", "is_project"),
    [
        (lambda folder: (folder / ".git").mkdir(), True),
        (lambda folder: (folder / ".git").write_text("gitdir: elsewhere", encoding="utf-8"), True),
        (lambda folder: (folder / ".claude" / "config").mkdir(parents=True), True),
        (lambda folder: (folder / ".claude").mkdir(), False),
        (lambda folder: folder.exists(), False),
    ],
    ids=["repository", "worktree", "settings", "other settings", "nothing"],
)
def test_a_project_is_the_nearest_checkout(tmp_path: Path, make: Callable[[Path], object], *, is_project: bool) -> None:
    """A repository, a worktree or a folder with settings of ours, from any depth below it."""
    deep = tmp_path / "project" / "a" / "b"
    deep.mkdir(parents=True)
    make(tmp_path / "project")
    found = at(tmp_path / "home", cwd=deep).project
    assert found == (f"{tmp_path}/project" if is_project else None)


def test_the_nearest_of_two_checkouts_counts(tmp_path: Path) -> None:
    """A repository in a repository is its own."""
    a_checkout(tmp_path / "outer")
    inner = a_checkout(tmp_path / "outer" / "inner")
    assert at(tmp_path / "home", cwd=inner).project == str(inner)


@pytest.mark.parametrize("spelling", ["plain", "slash", "link", "dots"])
def test_home_is_never_a_project(tmp_path: Path, spelling: str) -> None:
    """Its settings are the user's, and it may be a repository; however HOME is spelt."""
    home = a_checkout(tmp_path / "me")
    (home / ".claude" / "config").mkdir(parents=True)
    (home / "deep").mkdir()
    (tmp_path / "link").symlink_to("me")
    said = {"plain": home, "slash": f"{home}/", "link": tmp_path / "link", "dots": f"{home}/deep/.."}[spelling]
    for cwd in (home, home / "deep"):
        assert places(environment={"HOME": str(said)}, cwd=str(cwd)).project is None


def test_without_home_any_checkout_is_one(tmp_path: Path) -> None:
    """An unset HOME is not the working folder."""
    project = a_checkout(tmp_path / "project")
    assert project_root(str(project), user="") == str(project)


def test_a_working_folder_that_is_gone_is_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody removed it under us: there is no project, and no traceback."""
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    os.rmdir(tmp_path / "gone")
    assert places(environment={"HOME": str(tmp_path)}).project is None


@pytest.mark.parametrize(
    ("moved", "named"),
    [
        ({"OUTRIDER_HOME": "{project}/ours"}, "OUTRIDER_HOME"),
        ({"OUTRIDER_HOME": "{project}"}, "OUTRIDER_HOME"),
        ({"OUTRIDER_HOME": "{link}/ours"}, "OUTRIDER_HOME"),
        ({"OUTRIDER_HOME": "{project}/../{name}/ours"}, "OUTRIDER_HOME"),
        ({"OUTRIDER_HOME": "ours"}, "OUTRIDER_HOME"),
        ({"CLAUDE_CONFIG_DIR": "{project}/.claude"}, "CLAUDE_CONFIG_DIR"),
        ({"CLAUDE_CONFIG_DIR": "{link}"}, "CLAUDE_CONFIG_DIR"),
        ({"CLAUDE_CONFIG_DIR": "./.claude"}, "CLAUDE_CONFIG_DIR"),
        ({"HOME": "{project}"}, "HOME"),
        ({"HOME": "{project}/fake"}, "HOME"),
        ({"HOME": "."}, "HOME"),
        ({"HOME": "{project}/fake", "OUTRIDER_HOME": "/else/ours"}, "HOME"),
    ],
)
def test_a_project_does_not_say_where_our_files_are(tmp_path: Path, moved: dict[str, str], named: str) -> None:
    """Its `env` block reaches us inside Claude Code: a home or settings of its own would hold its keys and trust."""
    project = a_checkout(tmp_path / "project")
    (tmp_path / "link").symlink_to("project")
    filled = {
        name: value.format(project=project, link=tmp_path / "link", name=project.name)
        for name, value in moved.items()
    }  # fmt: skip
    environment = {"HOME": str(tmp_path / "home"), **INSIDE, **filled}
    (project / "deep").mkdir()
    with pytest.raises(Refused) as caught:
        places(environment=environment, cwd=str(project / "deep"))
    assert (caught.value.exit_code, caught.value.kind) == (5, "trust")
    assert caught.value.message == f"{named} points into this project"
    assert caught.value.hint.startswith(f"unset {named} in this project's settings")


def test_outside_claude_code_the_user_says_where(tmp_path: Path) -> None:
    """A person at a terminal may keep things where they like."""
    project = a_checkout(tmp_path / "project")
    found = at(tmp_path / "home", cwd=project, OUTRIDER_HOME=f"{project}/ours", CLAUDE_CONFIG_DIR=f"{project}/claude")
    assert (found.home, found.claude) == (f"{project}/ours", f"{project}/claude")


def test_inside_claude_code_ordinary_places_are_fine(tmp_path: Path) -> None:
    """A project below HOME, and folders of the user's beside it."""
    project = a_checkout(tmp_path / "home" / "dev" / "project")
    (tmp_path / "home" / "dev" / "project-2").mkdir()
    home = tmp_path / "home"
    found = at(home, cwd=project, CLAUDECODE="1")
    assert (found.project, found.home) == (str(project), f"{home}/.config/outrider")
    moved = f"{project}-2/ours"
    assert at(home, cwd=project, CLAUDECODE="1", OUTRIDER_HOME=moved, CLAUDE_CONFIG_DIR=f"{home}/.cc").home == moved


def install_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str) -> None:
    """Lets this interpreter look as `install.sh` makes it, with a recorded home."""
    (tmp_path / "share" / "venvs" / "one").mkdir(parents=True)
    (tmp_path / "share" / "home").write_text(home + "\n", encoding="utf-8")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "share" / "venvs" / "one"))


def test_an_installed_helper_knows_its_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was recorded at install stands before HOME, and a terminal may still move it."""
    install_at(tmp_path, monkeypatch, f"{tmp_path}/recorded")
    assert at(tmp_path / "home").home == f"{tmp_path}/recorded"
    assert at(tmp_path / "home", OUTRIDER_HOME="/else/ours").home == "/else/ours"


def test_inside_claude_code_the_recorded_home_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other is refused, wherever it is; the same by another name is not."""
    install_at(tmp_path, monkeypatch, f"{tmp_path}/recorded")
    (tmp_path / "recorded").mkdir()
    (tmp_path / "link").symlink_to("recorded")
    for same in (f"{tmp_path}/recorded", f"{tmp_path}/recorded/", f"{tmp_path}/link"):
        at(tmp_path / "home", CLAUDECODE="1", OUTRIDER_HOME=same)
    with pytest.raises(Refused, match="away from the home recorded at install") as caught:
        at(tmp_path / "home", CLAUDECODE="1", OUTRIDER_HOME="/else/ours")
    assert caught.value.exit_code == 5


@pytest.mark.parametrize(("value", "inside"), [("1", True), ("0", False), ("", False), ("true", False)])
def test_claude_code_says_that_it_started_us(value: str, *, inside: bool) -> None:
    """By one variable with one value."""
    assert settings.is_inside_claude({"CLAUDECODE": value}) is inside
