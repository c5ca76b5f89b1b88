"""The reader of transcripts: each reply once, what grew only, and a word on everything that is in no total."""

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from outrider.doors import transcripts_files
from outrider.doors.transcripts import Transcripts
from outrider.rules.skipping import Skipped
from tests.transcripts.writing import Folder, reply

NOTHING = Skipped()


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """Gives an empty folder of transcripts."""
    return Folder(tmp_path)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Counts the bytes that are read of lines."""
    counted: list[int] = []

    def pread(descriptor: int, length: int, offset: int) -> bytes:
        data = read(descriptor, length, offset)
        counted.append(len(data) if length == transcripts_files.PIECE else 0)
        return data

    read = os.pread
    monkeypatch.setattr(os, "pread", pread)
    return counted


def test_no_history_is_none(folder: Folder) -> None:
    """Where there is no folder nothing was used, nothing is skipped, and no cache is made."""
    assert folder.read() == (NOTHING, 0, 0)
    assert not folder.cache.exists()


def test_the_lines_of_a_reply_are_one(folder: Folder) -> None:
    """A line for each block repeats the usage; where it grew, the last is what was billed."""
    folder.write("p/s.jsonl", reply(1, output=1), reply(1, output=1), reply(1, output=70), reply(2))
    assert folder.read() == (NOTHING, 2, 80)


def test_a_copy_is_counted_once(folder: Folder) -> None:
    """A replay in a subagent's transcript and the copy of a forked session are the session's own reply."""
    side = reply(1, output=70, isSidechain=True, agentId="a1", attributionAgent="scout")
    folder.write("p/other.jsonl", reply(1, output=70, sessionId="other", requestSessionId="s"))
    folder.write("p/s/subagents/agent-a1.jsonl", side, reply(2, isSidechain=True, agentId="a1"))
    folder.write("p/s.jsonl", reply(1, output=70))
    transcripts = Transcripts(folder.places)
    skipped = transcripts.refresh()
    found = {
        (heap.context["session"], heap.context["agent_id"], heap.context["side"]): heap.tokens.output
        for heap in transcripts.heaps(since=0, steps=(), by_minute=False)
    }
    assert (skipped.copies, found) == (2, {("s", "", ""): 70, ("s", "a1", "1"): 10})


def test_a_copy_counts_when_the_original_goes(folder: Folder) -> None:
    """The client deletes what is old; a reply that another file still has stays counted."""
    original = folder.write("p/s.jsonl", reply(1), reply(2))
    folder.write("p/t.jsonl", reply(1, sessionId="t", requestSessionId="s"), reply(3, sessionId="t"))
    assert folder.read()[1:] == (3, 30)
    original.unlink()
    assert folder.read() == (NOTHING, 2, 20)


def test_only_what_grew_is_read_again(folder: Folder, reads: list[int]) -> None:
    """A second pass reads nothing of what stayed, and of a file that grew only what is new."""
    first = folder.write("p/s.jsonl", *(reply(number) for number in range(500)))
    folder.write("p/t.jsonl", reply("t"))
    assert folder.read()[1] == 501
    reads.clear()
    assert (folder.read()[1], sum(reads)) == (501, 0)
    more = reply("new") + "\n"
    with first.open("a", encoding="utf-8") as file:
        file.write(more)
    assert (folder.read()[1], sum(reads)) == (502, len(more))


def test_a_line_that_is_being_written_is_read_later(folder: Folder) -> None:
    """Half a line is said and left for the next pass, which counts it once."""
    line = reply(2)
    path = folder.write("p/s.jsonl", reply(1), line[:60], end="")
    assert folder.read() == (Skipped(unfinished=1), 1, 10)
    path.write_text(f"{reply(1)}\n{line}\n{reply(3)}", encoding="utf-8")
    assert folder.read() == (NOTHING, 3, 30)
    path.write_text(f"{reply(1)}\n{line}\n{reply(3)}\n", encoding="utf-8")
    assert folder.read() == (NOTHING, 3, 30)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda path, data: path.write_bytes(data.replace(b"msg_1", b"msg_9") + b"\n" * 50), id="grown"),
        pytest.param(lambda path, data: path.write_bytes(data[: data.index(b"\n") + 1]), id="cut short"),
        pytest.param(lambda path, data: (path.unlink(), path.write_bytes(data)), id="another file"),
    ],
)
def test_a_file_written_anew_is_read_anew(folder: Folder, change: object) -> None:
    """What a file no longer says is no longer counted, whether it became longer, shorter or another."""
    path = folder.write("p/s.jsonl", reply(1), reply(2))
    folder.read()
    change(path, path.read_bytes())  # type: ignore[operator]
    fresh = Folder(path.parent.parent.parent.parent / "fresh")
    fresh.root.parent.mkdir(parents=True)
    path.parent.parent.rename(fresh.root)
    expected = fresh.read()[1:]
    fresh.root.rename(folder.root)
    assert folder.read()[1:] == expected


def test_a_clock_that_went_back_hides_nothing(folder: Folder) -> None:
    """A file that grew counts though its time of change is older than before, and so do moments out of order."""
    path = folder.write("p/s.jsonl", reply(1, at="2026-11-20T10:00:00Z"))
    folder.read()
    with path.open("a", encoding="utf-8") as file:
        file.write(reply(2, at="2019-01-01T00:00:00Z") + "\n" + reply(3, at="no time") + "\n")
    os.utime(path, (1, 1))
    assert folder.read() == (NOTHING, 3, 30)


@pytest.mark.parametrize(
    ("line", "skipped", "calls"),
    [
        (reply(2)[:-30], Skipped(cut=1), 2),
        (reply(2)[:80], Skipped(cut=1), 2),
        (reply(2)[:80] + reply(4), Skipped(bad=1), 2),
        ('{"type":"assistant","message":{"usage":}}', Skipped(bad=1), 2),
        (reply(2, usage={"output_tokens": -5}), Skipped(bad=1), 2),
        (reply(2, usage={"output_tokens": "many"}), Skipped(bad=1), 2),
        (reply(2, usage={"output_tokens": 10**15}), Skipped(bad=1), 2),
        (reply(2, usage={"output_tokens": True}), Skipped(bad=1), 2),
        ('["usage",{"usage"}]', Skipped(cut=1), 2),
        ('{"usage":' + "[" * 100_000 + "]" * 100_000 + "}", Skipped(bad=1), 2),
        (reply(2).replace('"assistant"', '"helper"', 1), Skipped(odd=1), 2),
        (reply(2, usage={"iterations": [{"type": "message"}, {"type": "ghost"}]}), Skipped(odd=1), 3),
        (reply(2, model="<synthetic>"), NOTHING, 2),
        (reply(2, message={"usage": {"input_tokens": 1}}), NOTHING, 2),
        ('{"type":"a new record","words":"nobody knows it"}', NOTHING, 2),
        ('{"type":"user","toolUseResult":{"usage":{"input_tokens":9}}}', NOTHING, 2),
        ("", NOTHING, 2),
        (reply(2) + "\r", NOTHING, 3),
        ("\x00\x00" + reply(2), Skipped(bad=1), 2),
    ],
)
def test_what_cannot_be_read_is_said(folder: Folder, line: str, skipped: Skipped, calls: int) -> None:
    """One line that is cut, broken or strange costs itself alone, and is counted where it may have billed something."""
    folder.write("p/s.jsonl", reply(1), line, reply(3))
    assert folder.read()[:2] == (skipped, calls)
    assert folder.read()[:2] == (skipped, calls), "what was skipped is still skipped when nothing is read again"


def test_a_line_that_is_no_text_is_said(folder: Folder) -> None:
    """Bytes that are no UTF-8 are no reply."""
    path = folder.write("p/s.jsonl", reply(1))
    path.write_bytes(path.read_bytes() + b'{"usage":"\xff\xfe"}\n')
    assert folder.read() == (Skipped(bad=1), 1, 10)


def test_a_line_that_is_too_long_is_passed_over(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read in pieces and held by none; the lines around it count."""
    monkeypatch.setattr(transcripts_files, "PIECE", 1_000)
    monkeypatch.setattr(transcripts_files, "LONGEST_LINE", 5_000)
    folder.write("p/s.jsonl", reply(1), reply(2, words="x" * 20_000), reply(3), reply(4, words="x" * 3_000), reply(5))
    assert folder.read() == (Skipped(long=1), 4, 40)
    folder.write("p/t.jsonl", reply(6), reply(7, words="x" * 20_000), end="")
    assert folder.read() == (Skipped(long=1, unfinished=1), 5, 50)


@pytest.mark.parametrize("piece", [1, 7, 64, 333, 1_048_576])
def test_pieces_fall_where_they_may(folder: Folder, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    """Whatever the size of what is read at once, each line is seen once and whole."""
    monkeypatch.setattr(transcripts_files, "PIECE", piece)
    folder.write("p/s.jsonl", reply(1), '{"no":"use"}', reply(2), "", '{"half', reply(3))
    assert folder.read() == (Skipped(cut=1), 3, 30)


def test_no_link_is_followed(folder: Folder, tmp_path: Path) -> None:
    """A link to a file or a folder, wherever it leads, is said and left alone; a pipe is no transcript."""
    outside = Folder(tmp_path / "outside")
    outside.write("p/s.jsonl", reply(9))
    folder.write("p/s.jsonl", reply(1))
    (folder.root / "p" / "link.jsonl").symlink_to(outside.root / "p" / "s.jsonl")
    (folder.root / "q").symlink_to(outside.root / "p")
    (folder.root / "p" / "loop").symlink_to(folder.root)
    os.mkfifo(folder.root / "p" / "pipe.jsonl")
    assert folder.read() == (Skipped(links=3), 1, 10)


def test_the_folder_itself_may_be_elsewhere(folder: Folder, tmp_path: Path) -> None:
    """Who keeps the client's folder on another disk links to it."""
    elsewhere = Folder(tmp_path / "elsewhere")
    elsewhere.write("p/s.jsonl", reply(1))
    folder.root.parent.mkdir(parents=True)
    folder.root.symlink_to(elsewhere.root)
    assert folder.read() == (NOTHING, 1, 10)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_what_is_closed_is_said(folder: Folder) -> None:
    """A file or folder without permission is named, and what was read of it before is kept."""
    closed = folder.write("p/s.jsonl", reply(1))
    inner = folder.write("q/t.jsonl", reply(2))
    folder.read()
    with closed.open("a", encoding="utf-8") as file:
        file.write(reply(3) + "\n")
    closed.chmod(0)
    inner.parent.chmod(0)
    try:
        assert folder.read() == (Skipped(unreadable=("p/s.jsonl", "q")), 2, 20)
    finally:
        inner.parent.chmod(0o700)


@pytest.mark.parametrize("data", [b"", b"no database", b"SQLite format 3\0" + b"\xff" * 5_000])
def test_a_broken_cache_is_made_anew(folder: Folder, data: bytes) -> None:
    """It holds nothing that cannot be read again."""
    folder.write("p/s.jsonl", reply(1))
    folder.read()
    folder.cache.write_bytes(data)
    skipped, calls, _ = folder.read()
    assert (skipped.remade, skipped.unkept, calls) == (bool(data), False, 1)
    assert folder.read() == (NOTHING, 1, 10)


def test_a_cache_that_is_broken_inside_is_made_anew(folder: Folder) -> None:
    """A page that was lost is found when it is needed."""
    folder.write("p/s.jsonl", *(reply(number) for number in range(2_000)))
    folder.read()
    data = folder.cache.read_bytes()
    folder.cache.write_bytes(data[:8_192] + b"\xff" * (len(data) - 8_192))
    with (folder.root / "p" / "s.jsonl").open("a", encoding="utf-8") as file:
        file.write(reply("new") + "\n")
    skipped, calls, _ = folder.read()
    assert (skipped.remade, calls) == (True, 2_001)


def test_a_cache_of_another_version_is_made_anew(folder: Folder) -> None:
    """Older or newer, its tables are not ours."""
    folder.write("p/s.jsonl", reply(1))
    folder.read()
    with closing(sqlite3.connect(folder.cache)) as cache:
        cache.execute("PRAGMA user_version = 99")
    assert folder.read() == (Skipped(remade=True), 1, 10)
    assert folder.read() == (NOTHING, 1, 10)


def test_without_a_cache_everything_is_read_each_time(folder: Folder) -> None:
    """A home that cannot be written costs time and no figure."""
    folder.write("p/s.jsonl", reply(1))
    Path(folder.places.home).write_text("not a folder", encoding="utf-8")
    assert folder.read() == (Skipped(unkept=True), 1, 10)


def test_nothing_of_a_conversation_is_kept(folder: Folder) -> None:
    """The cache holds numbers and names; what was said is not in it, and only its owner may read it."""
    block = {"type": "tool_use", "id": "t", "name": "Agent", "input": {"prompt": "SECRET", "subagent_type": "scout"}}
    words = json.loads(reply(1))
    words["message"]["content"] = [{"type": "text", "text": "SECRET"}, block]
    folder.write("p/s.jsonl", json.dumps(words))
    assert folder.read()[1] == 1
    assert b"SECRET" not in folder.cache.read_bytes()
    assert folder.cache.stat().st_mode & 0o777 == 0o600


def test_a_broken_paper_beside_a_transcript_is_said(folder: Folder) -> None:
    """It names no agent, and costs nothing else."""
    folder.write("p/s/subagents/agent-a1.jsonl", reply(1, isSidechain=True))
    folder.write("p/s/subagents/agent-a1.meta.json", "{broken")
    assert folder.read() == (Skipped(bad=1), 1, 10)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_cache_that_may_not_be_written_is_done_without(folder: Folder) -> None:
    """In a home that is mounted for reading, the figures are the same."""
    folder.write("p/s.jsonl", reply(1))
    folder.read()
    folder.write("p/t.jsonl", reply(2))
    folder.cache.parent.chmod(0o500)
    try:
        assert folder.read() == (Skipped(unkept=True), 2, 20)
    finally:
        folder.cache.parent.chmod(0o700)


def test_two_readers_at_once_agree(folder: Folder) -> None:
    """The second waits its turn and finds all read; neither counts anything twice."""
    folder.write("p/s.jsonl", *(reply(number) for number in range(3_000)))
    folder.write("p/t.jsonl", *(reply(number) for number in range(2_000, 4_000)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: folder.read()[1:], range(8)))
    assert found == [(4_000, 40_000)] * 8


def test_a_long_reading_is_announced(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a first pass hears how much it reads; who waits for nothing hears nothing."""
    monkeypatch.setattr("outrider.doors.transcripts.LONG", 100)
    path = folder.write("p/s.jsonl", reply(1))
    heard: list[int] = []
    for _ in range(2):
        transcripts = Transcripts(folder.places)
        transcripts.refresh(warn=heard.append)
        transcripts.close()
    assert heard == [path.stat().st_size]
