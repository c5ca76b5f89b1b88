"""The output of a batch: whole or not at all, and never over somebody else's file."""

import resource
from pathlib import Path

import pytest

from outrider.doors import batch_output
from outrider.errors import OutriderError, StorageFault


def test_what_a_run_wrote_it_may_write_again(tmp_path: Path) -> None:
    """Only while it is still the file that it wrote."""
    path = str(tmp_path / "out.jsonl")
    batch_output.check(path, made=None)
    made = batch_output.write(path, ["one", "two"], made=None)
    assert Path(path).read_text() == "one\ntwo\n"
    batch_output.check(path, made=made)
    made = batch_output.write(path, ["three"], made=made)
    assert Path(path).read_text() == "three\n"
    Path(path).write_text("a person's own words\n")
    for act in (lambda: batch_output.check(path, made=made), lambda: batch_output.write(path, ["x"], made=made)):
        with pytest.raises(OutriderError, match="is there already"):
            act()
    assert Path(path).read_text() == "a person's own words\n"
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == ["out.jsonl"]


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    """It was not there when the run began."""
    path = tmp_path / "out.jsonl"
    batch_output.check(str(path), made=None)
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutriderError, match="is there already"):
        batch_output.write(str(path), ["x"], made=None)
    assert (path.is_symlink(), (tmp_path / "elsewhere").exists()) == (True, False)


def test_a_disk_without_room_leaves_nothing_half_written(tmp_path: Path) -> None:
    """The error says that every answer is kept."""
    path = str(tmp_path / "out.jsonl")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(StorageFault) as caught:
            batch_output.write(path, ("x" * 100 for _ in range(1_000)), made=None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.message == f"cannot write {path}: File too large"
    assert caught.value.hint.startswith("make room (`df -h`) and type the same command again: every answer is kept")
    assert not list(tmp_path.glob("out*"))


def test_a_folder_that_is_gone_is_no_full_disk(tmp_path: Path) -> None:
    """The hint says what to look after."""
    with pytest.raises(StorageFault) as caught:
        batch_output.write(str(tmp_path / "gone" / "out.jsonl"), ["x"], made=None)
    assert caught.value.hint.startswith("look after its folder and type the same command again: every answer is kept")
