"""Conversations: what is kept, for whom, and what survives a crash."""

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from outrider.data import Message
from outrider.doors import threads
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import replace

TURN = (Message(role="user", text="why?"), Message(role="assistant", text="because \ud800"))


@pytest.fixture
def places(home: Path) -> Places:
    """Returns places outside of any checkout."""
    return Places(home=str(home / "ours"), claude=str(home / ".claude"), project=None, bundled="/nowhere")


def only_file(places: Places) -> Path:
    """Returns the one conversation's file."""
    (found,) = Path(places.home).rglob("*.jsonl")
    return found


def test_a_conversation_is_kept_as_it_was(places: Places) -> None:
    """Turns come back in order, with who gave them and whether they were private."""
    threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
    threads.append(places, "bug", messages=TURN, data_class="public", model="p/two")
    thread = threads.load(places, "bug")
    assert thread is not None
    assert thread.messages == TURN + TURN
    assert thread.models == ("p/one", "p/two")
    assert not thread.private
    assert thread.created <= thread.updated
    assert stat.S_IMODE(only_file(places).stat().st_mode) == 0o600


def test_what_was_private_once_stays_private(places: Places) -> None:
    """The strictest class that a conversation ever saw is its own."""
    for private in (False, True, False):
        threads.append(places, "bug", messages=TURN, data_class="local-only" if private else "public", model="p/one")
    thread = threads.load(places, "bug")
    assert thread is not None
    assert thread.private


def test_a_conversation_belongs_to_its_repository(places: Places, tmp_path: Path) -> None:
    """The same name in two repositories is two conversations, and a link to a repository is that repository."""
    (tmp_path / "a").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "a")
    here = replace(places, project=str(tmp_path / "a"))
    threads.append(here, "bug", messages=TURN, data_class="public", model="p/one")
    assert threads.names(here) == threads.names(replace(places, project=str(tmp_path / "link"))) == ("bug",)
    assert threads.names(places) == threads.names(replace(places, project=str(tmp_path))) == ()
    assert threads.load(places, "bug") is None


def test_a_crash_costs_only_what_it_cut(places: Places) -> None:
    """A half-written last line is passed over, and what comes after it is whole."""
    threads.append(places, "bug", messages=TURN, data_class="local-only", model="p/one")
    with only_file(places).open("ab") as file:
        file.write(b'{"role": "user", "te')
    kept = threads.load(places, "bug")
    threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
    after = threads.load(places, "bug")
    assert kept is not None
    assert after is not None
    assert (kept.messages, after.messages, after.private) == (TURN, TURN + TURN, True)


@pytest.mark.parametrize(
    "line", [b"[]", b"7", b'{"role": "root", "text": "x"}', b'{"role": "user", "text": 3}', b"\xff"]
)
def test_a_foreign_line_is_no_turn(places: Places, line: bytes) -> None:
    """What is not a turn of ours changes nothing."""
    threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
    with only_file(places).open("ab") as file:
        file.write(line + b"\n")
    thread = threads.load(places, "bug")
    assert thread is not None
    assert thread.messages == TURN


@pytest.mark.parametrize("name", ["", ".hidden", "a/b", "../x", "a b", "x" * 65, "ä", "a\n"])
def test_a_name_is_a_plain_word(places: Places, name: str) -> None:
    """No name leads out of the folder."""
    with pytest.raises(OutriderError, match="a thread's name"):
        threads.load(places, name)


def test_a_conversation_has_an_end(places: Places) -> None:
    """What would not fit is refused, and what is there stays."""
    long = (Message(role="user", text="x" * 5_000_000),)
    threads.append(places, "bug", messages=long, data_class="public", model="p/one")
    with pytest.raises(OutriderError, match="thread `bug` has"):
        threads.append(places, "bug", messages=long, data_class="public", model="p/one")
    thread = threads.load(places, "bug")
    assert thread is not None
    assert thread.messages == long


def test_a_link_is_not_followed(places: Places, tmp_path: Path) -> None:
    """A link in the folder of conversations leads nowhere."""
    threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
    victim = tmp_path / "victim"
    victim.write_text("keep", encoding="utf-8")
    only_file(places).unlink()
    (Path(places.home) / "threads" / "user" / "bug.jsonl").symlink_to(victim)
    with pytest.raises(OutriderError):
        threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
    with pytest.raises(OutriderError):
        threads.load(places, "bug")
    assert victim.read_text(encoding="utf-8") == "keep"


def test_many_writers_lose_nothing(places: Places) -> None:
    """Turns of several writers stand one after the other, none torn."""

    def write(number: int) -> None:
        text = str(number) * 20_000
        threads.append(places, "bug", messages=(Message(role="user", text=text),), data_class="public", model="p/one")

    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(write, range(16)))
    thread = threads.load(places, "bug")
    assert thread is not None
    assert {message.text for message in thread.messages} == {str(number) * 20_000 for number in range(16)}
    assert len(thread.messages) == 16


def test_deleting_is_for_good(places: Places) -> None:
    """A deleted conversation is gone, and deleting it again says that there was none."""
    threads.append(places, "bug", messages=TURN, data_class="local-only", model="p/one")
    assert threads.delete(places, "bug")
    assert not threads.delete(places, "bug")
    assert threads.load(places, "bug") is None
    assert threads.names(places) == ()


def test_a_folder_that_cannot_be_written_is_named(places: Places) -> None:
    """A fault of the disk is one line with the path."""
    Path(places.home).mkdir()
    os.close(os.open(places.ours("threads"), os.O_CREAT | os.O_WRONLY))
    with pytest.raises(OutriderError, match="threads"):
        threads.append(places, "bug", messages=TURN, data_class="public", model="p/one")
