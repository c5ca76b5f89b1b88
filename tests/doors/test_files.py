"""Files of ours: bounded when read, whole when written, one writer at a time."""

import os
import socket
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.errors import OutriderError, StorageFault


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Up to the limit, to the byte."""
    (tmp_path / "file").write_bytes(b"\x00\xff" * 8)
    assert read_small(str(tmp_path / "file"), limit=16) == b"\x00\xff" * 8


@pytest.mark.parametrize("path", ["none", "none/file", "file/below"])
def test_what_is_not_there_is_none(tmp_path: Path, path: str) -> None:
    """A missing file, a missing folder, and a file where a folder should be."""
    (tmp_path / "file").touch()
    assert read_small(str(tmp_path / path), limit=16) is None


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    """A hundred gigabytes of nothing cost nothing."""
    with (tmp_path / "file").open("wb") as file:
        file.truncate(100 << 30)
    with pytest.raises(OutriderError) as caught:
        read_small(str(tmp_path / "file"), limit=1_048_576)
    assert caught.value.message == f"{tmp_path}/file has 107,374,182,400 bytes, more than 1,048,576"
    assert caught.value.hint == "make it smaller, or move it away"


def make_socket(path: Path) -> None:
    """Makes a socket that nobody serves."""
    before = Path.cwd()
    os.chdir(path.parent)
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


@pytest.mark.parametrize(
    "make",
    [Path.mkdir, os.mkfifo, lambda path: path.symlink_to("/dev/zero"), make_socket],
    ids=["folder", "pipe", "device", "socket"],
)
def test_what_is_no_plain_file_never_hangs(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """A pipe without a writer, an endless device: each is a mistake that names the path, at once."""
    make(tmp_path / "thing")
    with pytest.raises(OutriderError, match=f"{tmp_path}/thing") as caught:
        read_small(str(tmp_path / "thing"), limit=16)
    assert caught.value.hint


def test_a_link_is_followed_only_where_it_may_be(tmp_path: Path) -> None:
    """Users link their settings; nobody links our own files."""
    (tmp_path / "file").write_bytes(b"here")
    (tmp_path / "link").symlink_to("file")
    assert read_small(str(tmp_path / "link"), limit=16) == b"here"
    with pytest.raises(StorageFault, match=f"cannot read {tmp_path}/link"):
        read_small(str(tmp_path / "link"), limit=16, follow=False)


def test_a_written_file_is_whole_and_its_owners_alone(tmp_path: Path) -> None:
    """Whatever stood there, and whatever the umask; nothing else is left in the folder."""
    path = tmp_path / "file"
    path.write_text("old and much longer", encoding="utf-8")
    path.chmod(0o666)
    before = os.umask(0)
    try:
        write_whole(str(path), b"new")
    finally:
        os.umask(before)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o600)
    assert set(os.listdir(tmp_path)) == {"file", "home"}


def test_a_mode_is_given_exactly(tmp_path: Path) -> None:
    """A file that others read stays one."""
    before = os.umask(0o077)
    try:
        write_whole(str(tmp_path / "file"), b"", mode=0o644)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == 0o644


def test_a_leftover_of_a_killed_process_stands_in_nobodys_way(tmp_path: Path) -> None:
    """In a container every process may have the number that a killed one had."""
    leftover = tmp_path / f"file.{os.getpid()}.tmp"
    leftover.write_text("half", encoding="utf-8")
    write_whole(str(tmp_path / "file"), b"whole")
    assert (tmp_path / "file").read_bytes() == b"whole"
    assert not leftover.exists()


def test_a_link_in_place_of_the_temporary_file_is_not_written_through(tmp_path: Path) -> None:
    """Where it leads, nothing changes."""
    (tmp_path / "victim").write_bytes(b"keep")
    (tmp_path / f"file.{os.getpid()}.tmp").symlink_to("victim")
    write_whole(str(tmp_path / "file"), b"new")
    assert ((tmp_path / "victim").read_bytes(), (tmp_path / "file").read_bytes()) == (b"keep", b"new")
    assert not (tmp_path / "file").is_symlink()


@pytest.mark.parametrize("path", ["none/file", "folder"])
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, path: str) -> None:
    """One line with the path, and no half file."""
    (tmp_path / "folder" / "full").mkdir(parents=True)
    with pytest.raises(StorageFault, match=f"cannot write {tmp_path}/{path}: "):
        write_whole(str(tmp_path / path), b"new")
    assert not [name for name in os.listdir(tmp_path) if name.endswith(".tmp")]


def test_a_folder_is_its_owners_alone(tmp_path: Path) -> None:
    """It may be there already; a file in its place is named."""
    before = os.umask(0)
    try:
        make_folder(str(tmp_path / "a" / "b"))
        make_folder(str(tmp_path / "a" / "b"))
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    (tmp_path / "file").touch()
    with pytest.raises(StorageFault, match=f"cannot make the folder {tmp_path}/file/below"):
        make_folder(str(tmp_path / "file" / "below"))


def test_the_second_of_two_writers_waits(tmp_path: Path) -> None:
    """What is read under the lock is still so when it is written."""
    path = str(tmp_path / "lock")
    asked = Event()

    def second() -> str:
        asked.set()
        with locked(path):
            return "in"

    with ThreadPoolExecutor(max_workers=1) as pool:
        with locked(path):
            waiting = pool.submit(second)
            assert asked.wait(5)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.1)
        assert waiting.result(timeout=5) == "in"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_a_turn_that_never_comes_is_a_fault(tmp_path: Path) -> None:
    """It names the file that it is about, and for how long it was tried; who gave up stands in nobody's way."""
    path = str(tmp_path / "lock")
    with locked(path):
        for _ in range(3):
            with (
                pytest.raises(StorageFault, match=f"{tmp_path}/book stayed locked for 0.02 s"),
                locked(path, about=f"{tmp_path}/book", longest=0.02),
            ):
                pytest.fail("it was not locked")
    with locked(path, longest=5):
        pass


def test_turns_come_to_everybody(tmp_path: Path) -> None:
    """Of many who wait at once nobody is passed over."""
    path = str(tmp_path / "lock")

    def take_turns(_: int) -> int:
        for _ in range(25):
            with locked(path, longest=10):
                pass
        return 25

    with ThreadPoolExecutor(max_workers=8) as pool:
        assert sum(pool.map(take_turns, range(8))) == 200


@pytest.mark.parametrize("make", [lambda path: path.symlink_to("elsewhere"), Path.mkdir], ids=["link", "folder"])
def test_a_lock_that_is_no_file_is_named(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """Nothing is made elsewhere, and nothing is done without the lock."""
    make(tmp_path / "lock")
    with pytest.raises(StorageFault, match=f"cannot write {tmp_path}/lock"), locked(str(tmp_path / "lock")):
        pytest.fail("it was not locked")
    assert not (tmp_path / "elsewhere").exists()
