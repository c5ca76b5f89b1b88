"""The input of a batch: every line is a document or says why it is none."""

import io
import os
import tracemalloc
from pathlib import Path

import pytest

from outrider.doors import batch_files
from outrider.doors.batch_input import LONGEST, Line, open_input, spooled
from outrider.errors import OutriderError
from tests.doors.booking import places_at


def lines(path: Path) -> list[Line]:
    """Reads an input."""
    return list(open_input(str(path)).lines())


def test_a_mark_and_blank_lines_are_nothing(tmp_path: Path) -> None:
    """Lines keep their numbers."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"id": 1}\r\n\n  \n{"id": 2}')
    assert lines(path) == [Line(number=1, fields={"id": 1}, id=1), Line(number=4, fields={"id": 2}, id=2)]
    assert open_input(str(path)).count() == 4


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"{", "is not JSON"), (b"{'a': 1}", "is not JSON"), (b"[" * 200_000, "is not JSON"),
        (b"7", "is not a JSON object"),
        (b'{"a": "\xff"}', "is not UTF-8 text"), (b'{"a": 1} {"b": 2}', "is not JSON"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_read_says_so(tmp_path: Path, data: bytes, fault: str) -> None:
    """And the next one is read all the same."""
    path = tmp_path / "in.jsonl"
    path.write_bytes(b'{"id": 1}\n' + data + b'\n{"id": 2}\n')
    assert [(line.id, line.fault) for line in lines(path)] == [(1, ""), (None, fault), (2, "")]


@pytest.mark.parametrize("name", ["in.jsonl", "in.csv"])
def test_an_endless_line_is_not_held_in_memory(tmp_path: Path, name: str) -> None:
    """Fifty megabytes without an end are a fault, and the lines around them are read."""
    path = tmp_path / name
    first, last = (b'{"id": 1}\n', b'{"id": 2}\n') if name == "in.jsonl" else (b"id,t\n1,a\n", b"2,b\n")
    path.write_bytes(first + b"x" * 50_000_000 + b"\n" + last)
    tracemalloc.start()
    try:
        found = [(line.id, line.fault) for line in open_input(str(path)).lines()]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    ids = (1, 2) if name == "in.jsonl" else ("1", "2")
    assert found == [(ids[0], ""), (None, f"has more than {LONGEST:,} bytes"), (ids[1], "")]
    assert most < 3 * LONGEST


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("t.csv", "a,a\n1,2\n", "has a column without a name"), ("t.csv", "a,\n1,2\n", "has a column without a name")],
)
def test_a_table_names_its_columns(tmp_path: Path, name: str, text: str, message: str) -> None:
    """Each once."""
    (tmp_path / name).write_text(text)
    with pytest.raises(OutriderError, match=message):
        open_input(str(tmp_path / name))


@pytest.mark.parametrize(
    ("data", "message"),
    [(b"id,t\r1,a\r2,b\r", "names no columns"), ("id,t\n1,a\n".encode("utf-16"), "is UTF-16")],
)
def test_a_table_of_another_system_says_what_it_is(tmp_path: Path, data: bytes, message: str) -> None:
    """Its line ends, or its letters."""
    (tmp_path / "t.csv").write_bytes(data)
    with pytest.raises(OutriderError, match=message):
        open_input(str(tmp_path / "t.csv"))


def test_a_column_may_have_a_line_end_in_its_name(tmp_path: Path) -> None:
    """What follows it is a column too."""
    path = tmp_path / "t.csv"
    path.write_bytes(b'"id","a\r\nb",t\r\n1,2,3\r\n')
    assert lines(path) == [Line(number=1, fields={"id": "1", "a\r\nb": "2", "t": "3"}, id="1")]


def test_a_broken_row_is_one_fault(tmp_path: Path) -> None:
    """A quote in the wrong place spoils its row."""
    path = tmp_path / "t.csv"
    path.write_text('id,t\n1,"a"b\n2,c\n')
    assert [line.id for line in lines(path) if not line.fault] == ["2"]
    assert [line.fault.partition(":")[0] for line in lines(path) if line.fault] == ["is no row of a table"]


def test_files_that_cannot_be_read_are_faults(tmp_path: Path) -> None:
    """They have their names; a device is none."""
    for name, data in {"a.txt": b"A", "b.txt": b"\xff", "c.txt": b"\0", "d.txt": b"x"}.items():
        (tmp_path / "notes").mkdir(exist_ok=True)
        (tmp_path / "notes" / name).write_bytes(data)
    os.truncate(tmp_path / "notes" / "d.txt", LONGEST + 1)
    found = {line.id: line.fault for line in lines(tmp_path / "notes")}
    assert found == {
        "a.txt": "", "b.txt": "is not UTF-8 text", "c.txt": "is a binary file",
        "d.txt": f"has {LONGEST + 1:,} bytes, more than {LONGEST:,}",
    }  # fmt: skip
    with pytest.raises(OutriderError, match="is not a regular file"):
        open_input("/dev/null")


def test_a_link_that_leads_back_adds_nothing(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """Not to a folder, and not to a pattern, which would else ask each file forty times."""
    for name in ("top.md", "a/one.md", "a/b/two.md", "a/b/no.txt", ".git/hidden.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    for name in ("loop", "a/loop", "a/b/loop"):
        (tmp_path / name).symlink_to(tmp_path)
    (tmp_path / "a" / "link.md").symlink_to(tmp_path / "top.md")
    back = os.getcwd()
    request.addfinalizer(lambda: os.chdir(back))
    os.chdir(tmp_path)
    every = ["a/b/two.md", "a/link.md", "a/one.md", "top.md"]
    assert batch_files.matching("**/*.md") == every
    assert batch_files.matching(f"{tmp_path}/**/*.md") == [f"{tmp_path}/{name}" for name in every]
    assert batch_files.matching("a/**/*.md") == every[:3]
    assert batch_files.matching("?/**/b/**/*.md") == ["a/b/two.md"]
    assert batch_files.matching("a/**") == ["a/b/no.txt", *every[:3]]
    assert [path.removeprefix("./") for path in batch_files.in_folder(".")] == [
        "top.md",
        "a/link.md",
        "a/one.md",
        "a/b/no.txt",
        "a/b/two.md",
    ]


def test_the_same_by_stdin_is_the_same_file(tmp_path: Path) -> None:
    """It is kept for its owner alone."""
    places = places_at(tmp_path / "ours")
    paths = {spooled(places, io.BytesIO(text)) for text in (b"one\n", b"one\n", b"two\n")}
    assert len(paths) == 2
    assert {Path(path).stat().st_mode & 0o777 for path in paths} == {0o600}
    assert len(list((tmp_path / "ours" / "batches").iterdir())) == 2
