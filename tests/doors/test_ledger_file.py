"""The ledger's file: whole or not at all, for its owner alone, and every fault one line that names it."""

import fcntl
import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from outrider.doors import ledger_file, migrations
from outrider.doors.ledger import Ledger, Reservation
from outrider.errors import OutriderError, StorageFault
from tests.doors.booking import a_run, answered, booked, places_at, reserve, rows

ROOT = Path(__file__).parents[2]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Says where the book is."""
    return tmp_path / "ours"


@pytest.fixture
def ledger(book: Path) -> Iterator[Ledger]:
    """Gives a book that does not exist yet."""
    made = Ledger(places_at(book))
    yield made
    made.close()


def fault_of(work: Callable[[], object]) -> tuple[str, str]:
    """Returns the message and the hint of the fault that some work came to."""
    with pytest.raises(StorageFault) as caught:
        work()
    assert caught.value.exit_code == 1
    assert "\n" not in caught.value.message
    return caught.value.message, caught.value.hint


def test_every_file_is_its_owners_alone(ledger: Ledger, book: Path) -> None:
    """Whatever the umask allows: folder 0700, files 0600, those that SQLite makes too."""
    before = os.umask(0)
    try:
        with ledger.transaction() as connection:
            connection.execute("INSERT INTO spend VALUES ('day:x', 1)")
            modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (book, *book.iterdir())}
    finally:
        os.umask(before)
    assert modes.pop("ours") == 0o700
    assert {"ledger.db", "ledger.lock"} < set(modes)
    assert set(modes.values()) == {0o600}


def test_a_write_is_whole_or_not_at_all(ledger: Ledger, book: Path) -> None:
    """What breaks in the middle leaves nothing, and the next write works."""

    def half() -> None:
        with ledger.transaction() as connection:
            connection.execute("INSERT INTO spend VALUES ('day:x', 1)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    booked(ledger)
    assert rows(book, "SELECT nano FROM spend WHERE period = 'day:x'") == []


def test_a_write_has_the_book_from_its_beginning(ledger: Ledger, book: Path) -> None:
    """What it reads is still so when it writes, even beside a program that knows nothing of our lock file."""
    booked(ledger)
    other = sqlite3.connect(book / "ledger.db", timeout=0, isolation_level=None)
    with ledger.transaction(), pytest.raises(sqlite3.OperationalError, match="locked"):
        other.execute("BEGIN IMMEDIATE")
    other.execute("BEGIN IMMEDIATE")
    other.close()


def test_commits_reach_the_disk(ledger: Ledger) -> None:
    """Every commit is flushed before a call leaves."""
    booked(ledger)
    assert ledger.read("PRAGMA synchronous")[0][0] == 2
    safe = sqlite3.sqlite_version_info >= ledger_file.SAFE_WAL
    assert ledger.read("PRAGMA journal_mode")[0][0] == ("wal" if safe else "truncate")


def test_a_book_is_made_once_by_many(book: Path) -> None:
    """Whoever comes first makes the tables, and nobody finds half of them."""

    def book_one(number: int) -> Reservation:
        ledger = Ledger(places_at(book))
        try:
            return booked(ledger, a_run(f"run{number}"))
        finally:
            ledger.close()

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(book_one, range(8)))
    assert rows(book, "SELECT count(*) FROM attempts") == [(8,)]
    assert rows(book, "PRAGMA user_version") == [(migrations.NEWEST,)]


def test_an_empty_file_is_a_book_without_rows(book: Path, ledger: Ledger) -> None:
    """A crash between making the file and its tables costs nothing."""
    book.mkdir()
    (book / "ledger.db").touch(0o600)
    booked(ledger)
    assert rows(book, "SELECT count(*) FROM attempts") == [(1,)]


def test_a_step_that_is_missing_is_made_up_for(book: Path, ledger: Ledger) -> None:
    """A book of an earlier release gets the steps it lacks, and keeps its rows."""
    book.mkdir()
    connection = sqlite3.connect(book / "ledger.db")
    for statement in migrations.STEPS[0]:
        connection.execute(statement)
    connection.execute("INSERT INTO spend VALUES ('day:2020-01-01', 7)")
    connection.execute("PRAGMA user_version = 1")
    connection.commit()
    connection.close()
    booked(ledger)
    assert rows(book, "PRAGMA user_version") == [(migrations.NEWEST,)]
    assert rows(book, "SELECT nano FROM spend WHERE period = 'day:2020-01-01'") == [(7,)]


def test_a_book_of_a_newer_release_is_left_alone(ledger: Ledger, book: Path) -> None:
    """Nothing is read from it or written to it."""
    booked(ledger)
    ledger.close()
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute(f"PRAGMA user_version = {migrations.NEWEST + 1}")
    connection.close()
    before = (book / "ledger.db").read_bytes()
    for work in (lambda: reserve(ledger), ledger.health):
        message, hint = fault_of(work)
        assert message == f"{book}/ledger.db was written by a newer outrider"
        assert "install.sh" in hint
    assert (book / "ledger.db").read_bytes() == before


def shorten(path: Path) -> None:
    """Cuts a file in the middle of a page."""
    os.truncate(path, path.stat().st_size // 2 + 100)


def scramble(path: Path) -> None:
    """Writes over all but the first page of a file."""
    data = path.read_bytes()
    path.write_bytes(data[:4096] + b"\xa5" * (len(data) - 4096))


def replace_by_text(path: Path) -> None:
    """Writes something else into the file."""
    path.write_text("this is no book\n" * 1000, encoding="utf-8")


@pytest.mark.parametrize("damage", [shorten, scramble, replace_by_text])
def test_a_damaged_book_is_left_for_the_doctor(ledger: Ledger, book: Path, damage: Callable[[Path], None]) -> None:
    """It fails closed, with its path and the command that sets it aside; its bytes stay for who can save them."""
    booked(ledger)
    ledger.close()
    damage(book / "ledger.db")
    before = (book / "ledger.db").read_bytes()
    message, hint = fault_of(lambda: reserve(ledger))
    assert message.startswith(f"cannot use {book}/ledger.db: ")
    assert hint == "run `outrider doctor --repair`: it sets the file aside and starts anew"
    assert (book / "ledger.db").read_bytes() == before


def test_a_book_without_its_tables_is_damaged(ledger: Ledger, book: Path) -> None:
    """Another program's file that happens to count as ours is not called a full disk."""
    booked(ledger)
    ledger.close()
    connection = sqlite3.connect(book / "ledger.db")
    connection.execute("DROP TABLE attempts")
    connection.close()
    _, hint = fault_of(lambda: reserve(ledger))
    assert "doctor --repair" in hint


def test_a_folder_in_place_of_the_book_is_named(ledger: Ledger, book: Path) -> None:
    """One line, with its path."""
    (book / "ledger.db").mkdir(parents=True)
    message, _ = fault_of(lambda: reserve(ledger))
    assert str(book / "ledger.db") in message


def test_a_file_in_place_of_our_home_is_named(ledger: Ledger, book: Path) -> None:
    """One line, and the variable that moves it."""
    book.write_text("", encoding="utf-8")
    message, hint = fault_of(lambda: reserve(ledger))
    assert str(book) in message
    assert "OUTRIDER_HOME" in hint


@pytest.mark.parametrize("name", ["ledger.lock", "ledger.db"])
def test_a_link_in_place_of_a_file_is_not_written_through(ledger: Ledger, book: Path, name: str) -> None:
    """Nobody can make us create a file elsewhere."""
    book.mkdir()
    (book / name).symlink_to(book.parent / "elsewhere")
    message, _ = fault_of(lambda: reserve(ledger))
    assert str(book) in message
    assert not (book.parent / "elsewhere").exists()


def test_a_turn_is_waited_for(ledger: Ledger, book: Path) -> None:
    """A writer that finds the book taken waits until it is free, and loses nothing."""
    booked(ledger, a_run("first"))
    waiting = Event()

    def wait_our_turn() -> Reservation:
        waiting.set()
        other = Ledger(places_at(book))
        try:
            return booked(other, a_run("second"))
        finally:
            other.close()

    with ThreadPoolExecutor(max_workers=1) as pool, (book / "ledger.lock").open("r+b") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        second = pool.submit(wait_our_turn)
        assert waiting.wait(5)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.15)
        fcntl.flock(taken, fcntl.LOCK_UN)
        assert second.result(timeout=5).run == "second"


def test_another_programs_transaction_is_waited_for(ledger: Ledger, book: Path) -> None:
    """Somebody who looks into the book with another tool holds us up and breaks nothing."""
    booked(ledger, a_run("first"))
    other = sqlite3.connect(book / "ledger.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")

    def wait_our_turn() -> Reservation:
        mine = Ledger(places_at(book))
        try:
            return booked(mine, a_run("second"))
        finally:
            mine.close()

    with ThreadPoolExecutor(max_workers=1) as pool:
        second = pool.submit(wait_our_turn)
        with pytest.raises(TimeoutError):
            second.result(timeout=0.15)
        other.execute("ROLLBACK")
        assert second.result(timeout=5).run == "second"
    other.close()


def test_a_turn_that_never_comes_is_a_fault(ledger: Ledger, book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent; the message says for how long it was tried."""
    booked(ledger)
    monkeypatch.setattr(ledger_file, "LONGEST_WAIT", 0.1)
    with (book / "ledger.lock").open("r+b") as taken:
        fcntl.flock(taken, fcntl.LOCK_EX)
        message, hint = fault_of(lambda: reserve(ledger))
    assert re.fullmatch(rf"{re.escape(str(book))}/ledger\.db stayed locked for .* s", message)
    assert hint == "run `outrider doctor`"
    booked(ledger, number=2)


def test_a_closed_book_opens_again(ledger: Ledger, book: Path) -> None:
    """Before a fork it is closed; whoever goes on opens it anew."""
    booked(ledger)
    ledger.close()
    ledger.close()
    booked(ledger, number=2)
    assert rows(book, "SELECT count(*) FROM attempts") == [(2,)]


WITHOUT_ROOM = """
import resource, signal, sys
from tests.doors.booking import *
from outrider.doors.ledger import Ledger
from outrider.errors import StorageFault
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
ledger = Ledger(places_at(sys.argv[1]))
done = 0
try:
    for number in range(400):
        ledger.settle(booked(ledger, a_run(f"{number}")), answered())
        done += 1
except StorageFault as fault:
    print(done, fault.hint, fault.message)
"""

WITHOUT_RIGHTS = """
import os, sys
from tests.doors.booking import *
from outrider.doors.ledger import Ledger
from outrider.errors import StorageFault
import encodings.ascii  # while the interpreter may still be read
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
ledger = Ledger(places_at(sys.argv[1]))
print(ledger.health() if sys.argv[2] == "read" else "")
try:
    booked(ledger)
except StorageFault as fault:
    print(fault.message, fault.hint, sep="\\n")
"""


def run_python(program: str, *args: str) -> str:
    """Runs a program that knows the house and these tests, and returns what it printed."""
    environment = {"PYTHONPATH": f"{ROOT / 'helper'}:{ROOT}", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-c", program, *args], env=environment, cwd="/", capture_output=True, text=True, check=False,
        timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize("room", [0, 5_000, 50_000, 100_000])
def test_a_full_disk_is_a_fault_and_loses_nothing(book: Path, room: int) -> None:
    """No row, no call: what was booked before is whole, and the book goes on when there is room again."""
    said = run_python(WITHOUT_ROOM, str(book), str(room))
    done = int(said.split()[0])
    assert "df -h" in said
    assert f"{book}/ledger" in said
    ledger = Ledger(places_at(book))
    ledger.settle(booked(ledger, a_run("after")), answered())
    assert ledger.read("PRAGMA integrity_check")[0][0] == "ok"
    ledger.close()
    ended = rows(book, "SELECT count(*), sum(cost_nano) FROM attempts WHERE outcome = 'answer'")
    assert ended == [(done + 1, 100_000_000 * (done + 1))]
    assert rows(book, "SELECT sum(cost_nano) FROM attempts") == rows(
        book, "SELECT nano FROM spend WHERE period LIKE 'day:%'"
    )


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Gives a folder that other users can reach, which pytest's own is not."""
    import shutil
    import tempfile

    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def test_a_home_that_cannot_be_written_is_named(open_folder: Path) -> None:
    """A read-only home is one line, whether or not anything is in it yet."""
    (open_folder / "ours").mkdir(0o555)
    (open_folder / "ours").chmod(0o555)
    message, hint = run_python(WITHOUT_RIGHTS, f"{open_folder}/ours", "write").strip().splitlines()
    assert f"{open_folder}/ours" in message
    assert "OUTRIDER_HOME" in hint
    message, hint = run_python(WITHOUT_RIGHTS, f"{open_folder}/ours/none", "write").strip().splitlines()
    assert f"{open_folder}/ours/none" in message
    assert "OUTRIDER_HOME" in hint


def test_a_book_that_may_only_be_read_is_read(open_folder: Path) -> None:
    """What it says is told; what would write says where it cannot."""
    ledger = Ledger(places_at(open_folder / "ours"))
    booked(ledger)
    ledger.close()
    (open_folder / "ours").chmod(0o555)
    for path in (open_folder / "ours").iterdir():
        path.chmod(0o444)
    first, message, _ = run_python(WITHOUT_RIGHTS, f"{open_folder}/ours", "read").strip().splitlines()
    assert first == "{}"
    assert f"{open_folder}/ours/ledger" in message


def test_faults_are_our_own_kind() -> None:
    """A fault of the disk ends a command with 1 and is called storage."""
    assert issubclass(StorageFault, OutriderError)
    assert (StorageFault.kind, StorageFault.exit_code) == ("storage", 1)
