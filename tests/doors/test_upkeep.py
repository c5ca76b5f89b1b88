"""Our files as files."""

import os
from pathlib import Path

import pytest

from outrider.doors import upkeep
from outrider.doors.settings import Places
from outrider.errors import StorageFault

GONE = 2**22 + 1
"""No process has this number."""


@pytest.fixture
def where(tmp_path: Path) -> Places:
    """Gives a home of our own."""
    folder = tmp_path / "ours"
    folder.mkdir(mode=0o700)
    return Places(home=str(folder), claude=str(tmp_path), project=None, bundled=str(tmp_path))


def old(path: Path) -> None:
    """Makes a file look two hours old."""
    now = path.stat().st_mtime
    os.utime(path, (now - 7_200, now - 7_200))


def test_what_others_can_read_is_found_and_closed(where: Places) -> None:
    """Modes of the home and of its secret files; a link's own mode says nothing."""
    home = Path(where.home)
    (home / "env").touch(mode=0o600)
    (home / "trust.json").touch(mode=0o600)
    (home / "state.json").symlink_to(home / "nowhere")
    os.chmod(home / "env", 0o644)
    os.chmod(home, 0o750)
    assert upkeep.loose(where) == ((str(home), 0o750), (str(home / "env"), 0o644))
    for path, _ in upkeep.loose(where):
        upkeep.tighten(path)
    assert upkeep.loose(where) == ()
    assert (home / "env").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StorageFault):
        upkeep.tighten(str(home / "nothing"))


def test_only_leftovers_of_the_dead_are_named(where: Places) -> None:
    """Old, half-written, and of a process that is gone; everything else stays."""
    home = Path(where.home)
    for name in (
        f"env.{GONE}.tmp",
        f"salt.{GONE}",
        f"new.{GONE}.tmp",
        f"env.{os.getpid()}.tmp",
        "ledger.db",
        f"x.{GONE}",
    ):
        (home / name).touch()
        if name != f"new.{GONE}.tmp":
            old(home / name)
    (home / f"folder.{GONE}.tmp").mkdir()
    found = list(upkeep.leftovers(where))
    assert found == [str(home / f"env.{GONE}.tmp"), str(home / f"salt.{GONE}")]
    upkeep.remove(found[0])
    assert list(upkeep.leftovers(where)) == [str(home / f"salt.{GONE}")]
    with pytest.raises(StorageFault):
        upkeep.remove(found[0])


def test_a_home_that_is_not_there_can_be_made(where: Places, tmp_path: Path) -> None:
    """What counts is the nearest folder that exists."""
    assert upkeep.is_writable(where)
    deep = Places(home=str(tmp_path / "a" / "b"), claude="/", project=None, bundled="/")
    assert upkeep.is_writable(deep)
    assert list(upkeep.leftovers(deep)) == []
    (tmp_path / "file").touch()
    assert not upkeep.is_writable(Places(home=str(tmp_path / "file" / "x"), claude="/", project=None, bundled="/"))


def test_this_disk_is_here(tmp_path: Path) -> None:
    """A folder of the tests is on no network disk."""
    assert upkeep.network_disk(str(tmp_path)) is None
