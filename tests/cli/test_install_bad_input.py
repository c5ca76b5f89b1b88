"""Installing where something stands in the way: told, nothing of the user's lost, nothing half done."""

import os
from pathlib import Path

import pytest

from tests.cli.trees import laid_out
from tests.cli.typing_it import Shell, Typed
from tests.lanes import only
from tests.machines import plain_user

SCOUT = "agents/outrider/scout.md"
OUTSIDE = b'{"version": 1, "helper": "1", "form": "loose", "names": {}, "files": {"settings.json": {"offered": null}}}'
RUN = "import sys; sys.path.insert(0, sys.argv.pop()); from outrider.cli import main; main()"


def told(done: Typed) -> tuple[int, str, list[str]]:
    """Returns the code, what is on stdout, and how each line of the error begins."""
    return done.code, done.out, [line.partition(":")[0] for line in done.err.splitlines()]


PLACES = ("agents", "agents/outrider", "skills", "skills/outrider/hooks", "config", "")


@pytest.mark.parametrize("place", only(PLACES, "agents/outrider", ""))
@pytest.mark.parametrize("kind", ["file", "link to a file", "dangling link"])
def test_something_where_a_folder_should_be(typed: Shell, home: Path, tmp_path: Path, place: str, kind: str) -> None:
    """Found before the first write: one error, one hint, exit 3, everything as it was."""
    path = home / ".claude" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        path.write_text("mine", encoding="utf-8")
    else:
        path.symlink_to(tmp_path / "mine")
        if kind == "link to a file":
            (tmp_path / "mine").write_text("mine", encoding="utf-8")
    before = laid_out(tmp_path)
    for command in (("install",), ("install", "--dry-run"), ("install", "--restore")):
        assert told(typed(*command)) == (3, "", ["error", "hint"])
    assert typed("uninstall").code in {0, 3}
    after = {name: what for name, what in laid_out(tmp_path).items() if not name.startswith("home/.config")}
    assert after == before


@pytest.mark.parametrize("place", ["agents/outrider", "skills/outrider", "skills/outrider/bin"])
def test_a_folder_of_ours_that_leads_elsewhere(typed: Shell, home: Path, tmp_path: Path, place: str) -> None:
    """A link out of the tree is never followed: not to write, not to remove."""
    other = tmp_path / "other"
    (other / "outrider").mkdir(parents=True)
    (other / "scout.md").write_text("mine", encoding="utf-8")
    path = home / ".claude" / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(other)
    before = laid_out(other)
    done = typed("install")
    assert told(done) == (3, "", ["error", "hint"])
    assert f"error: {path} is a link, where a folder of the pack belongs" in done.err
    assert laid_out(other) == before


def test_a_folder_of_ours_that_became_a_link(typed: Shell, home: Path, tmp_path: Path) -> None:
    """After an install, too: uninstall leaves what is behind it, and names every file."""
    typed("install")
    other = tmp_path / "other"
    (home / ".claude/agents/outrider").rename(other)
    (home / ".claude/agents/outrider").symlink_to(other)
    before = laid_out(other)
    assert told(typed("install")) == (3, "", ["error", "hint"])
    done = typed("uninstall")
    assert done.code == 0
    assert f"kept      {SCOUT}: there is behind a link or a file in its place\n" in done.out
    assert laid_out(other) == before
    assert os.listdir(home / ".claude") == ["agents"]


@pytest.mark.parametrize("kind", ["a link", "a folder", "no plain file"])
def test_something_else_where_a_file_should_be(typed: Shell, home: Path, tmp_path: Path, kind: str) -> None:
    """The rest is installed; that one is a conflict, with ours beside it, and it is what it was."""
    path = home / ".claude" / SCOUT
    path.parent.mkdir(parents=True)
    target = tmp_path / "target"
    target.write_text("mine", encoding="utf-8")
    if kind == "a link":
        path.symlink_to(target)
    elif kind == "a folder":
        (path / "inner").mkdir(parents=True)
    else:
        os.mkfifo(path)
    done = typed("install")
    assert done.code == 3
    assert f"conflict  {SCOUT}: there is {kind}; ours is beside it as scout.md.new\n" in done.out
    assert target.read_text(encoding="utf-8") == "mine"
    assert (home / ".claude/agents/outrider/bulk.md").exists()
    assert typed("uninstall").code == 0
    assert [path.name for path in (home / ".claude/agents/outrider").iterdir()] == ["scout.md"]
    assert target.read_text(encoding="utf-8") == "mine"


def test_a_file_of_the_users_in_our_place(typed: Shell, home: Path) -> None:
    """It was never ours: ours is put beside, and uninstall takes only that."""
    folder = home / ".claude/agents/outrider"
    folder.mkdir(parents=True)
    (folder / "scout.md").write_text("mine", encoding="utf-8")
    (folder / "bulk.md").write_text("mine", encoding="utf-8")
    (folder / "bulk.md.new").write_text("mine too", encoding="utf-8")
    (folder / "notes.txt").write_text("notes", encoding="utf-8")
    before = laid_out(home / ".claude")
    done = typed("install")
    assert done.code == 3
    assert f"conflict  {SCOUT}: a file of yours is there; ours is beside it as scout.md.new\n" in done.out
    assert "conflict  agents/outrider/bulk.md: a file of yours is there; bulk.md.new is yours too" in done.out
    assert "not ours  agents/outrider/bulk.md.new, agents/outrider/notes.txt: left alone\n" in done.out
    assert typed("uninstall").code == 0
    assert laid_out(home / ".claude") == before


def test_the_same_bytes_before_us_stay(typed: Shell, home: Path, tmp_path: Path) -> None:
    """Somebody who has our files already, from dotfiles or a lost manifest, keeps them at the end."""
    typed("install")
    manifest = home / ".claude/config/outrider.pack.json"
    manifest.unlink()
    before = laid_out(home / ".claude")
    done = typed("install", "--json")
    assert (done.code, {entry["action"] for entry in done.json["files"]}) == (0, {"adopt"})
    assert typed("uninstall").code == 0
    assert laid_out(home / ".claude") == before


@pytest.mark.parametrize("data", [b"", b"{", b"\xff\xfe", OUTSIDE])
def test_a_damaged_manifest_stops_everything(typed: Shell, home: Path, data: bytes) -> None:
    """What is ours cannot be told then; moving it away is the way on, and it is said."""
    typed("install")
    (home / ".claude/settings.json").write_text("{}", encoding="utf-8")
    (home / ".claude/config/outrider.pack.json").write_bytes(data)
    before = laid_out(home / ".claude")
    for command in ("install", "upgrade", "uninstall", "diff", "pause", "resume"):
        assert told(typed(command)) == (2, "", ["error", "hint"]), command
    assert laid_out(home / ".claude") == before
    (home / ".claude/config/outrider.pack.json").unlink()
    assert typed("install").code == 0


@pytest.mark.parametrize("place", only(["", "agents", "skills", "config"], "agents"))
def test_a_folder_that_cannot_be_written(home: Path, place: str) -> None:
    """Found before the first write: one error, one hint, exit 1, everything as it was."""
    for name in ("agents", "skills", "config") if place else ():
        (home / ".claude" / name).mkdir(parents=True)
    path = home / ".claude" / place
    path.mkdir(exist_ok=True)
    before = laid_out(home)
    path.chmod(0o500)
    try:
        done = plain_user("-c", RUN, "install")
        again = plain_user("-c", RUN, "install", "--dry-run")
    finally:
        path.chmod(0o755)
    after = {name: what for name, what in laid_out(home).items() if not name.startswith(".config")}
    shown = [
        (run.returncode, run.stdout, [line.partition(":")[0] for line in run.stderr.splitlines()])
        for run in (done, again)
    ]
    assert shown == [(1, "", ["error", "hint"])] * 2, done.stderr
    assert f"error: {path} cannot be written" in done.stderr
    assert after == before


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("pause", ""), ("pause", "agents"), ("pause", "agents/outrider"), ("pause", "skills"),
        ("uninstall", "agents/outrider"), ("uninstall", "config"),
    ],
)  # fmt: skip
def test_what_cannot_be_moved_or_removed_is_not_said_to_be(typed: Shell, home: Path, command: str, place: str) -> None:
    """The manifest never says that the pack is silent or gone while the client goes on reading it."""
    typed("install")
    path = home / ".claude" / place
    path.chmod(0o500)
    before = laid_out(home / ".claude")
    try:
        done = plain_user("-c", RUN, command)
    finally:
        after = laid_out(home / ".claude")
        path.chmod(0o700)
    said = (done.returncode, done.stdout, [line.partition(":")[0] for line in done.stderr.splitlines()])
    assert said == (1, "", ["error", "hint"])
    assert after == before
    assert typed("status", "--json").json["pack"]["paused"] is False


def test_a_file_that_cannot_be_read(home: Path) -> None:
    """Nobody can tell whose it is, so nothing is written."""
    path = home / ".claude" / SCOUT
    path.parent.mkdir(parents=True)
    path.write_text("mine", encoding="utf-8")
    path.chmod(0)
    try:
        done = plain_user("-c", RUN, "install")
    finally:
        path.chmod(0o600)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: cannot read {path}: Permission denied\nhint: ")
    assert laid_out(home / ".claude/agents") == {"outrider": "folder", "outrider/scout.md": (0o600, b"mine")}


def test_a_broken_layer_of_the_users_is_told(typed: Shell, home: Path) -> None:
    """A tier that does not exist stops the install with its own error, before anything is written."""
    path = home / ".claude/config/models.local.json"
    path.parent.mkdir(parents=True)
    path.write_text('{"agents": {"scout": {"tier": "haiku/huge"}}}', encoding="utf-8")
    done = typed("install")
    assert told(done) == (2, "", ["error", "hint"])
    assert os.listdir(home / ".claude") == ["config"]


def test_every_error_is_an_object_for_those_who_ask(typed: Shell, home: Path) -> None:
    """With `--json` there is one object, whatever happens."""
    (home / ".claude").mkdir()
    (home / ".claude/agents").write_text("mine", encoding="utf-8")
    done = typed("install", "--json")
    assert (done.code, done.json["error"]["kind"]) == (3, "conflict")


def test_inside_the_client_it_goes_where_it_always_goes(
    typed: Shell, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Places that a project's settings could have moved are refused; the user's own are not."""
    monkeypatch.setenv("CLAUDECODE", "1")
    assert typed("install").code == 0
    (tmp_path / "work/.git").mkdir()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "work/claude"))
    done = typed("install")
    assert told(done) == (5, "", ["error", "hint"])
    assert not (tmp_path / "work/claude").exists()
