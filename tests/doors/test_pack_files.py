"""The pack's files: never through a link, never half written, never over what was not decided upon."""

import os
import stat
from pathlib import Path

import pytest

from outrider.doors.pack_files import LeftForYou, Seen, Tree, digest_of
from outrider.errors import OutriderError, StorageFault
from tests.machines import plain_user

PLACE = "agents/outrider/scout.md"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Gives a Claude folder with our folder of agents in it."""
    folder = tmp_path / "claude"
    (folder / "agents" / "outrider").mkdir(parents=True)
    return folder


def test_what_is_there_is_seen(root: Path) -> None:
    """A plain file by its hash and mode, anything else by a word that is no hash, nothing as nothing."""
    tree, place = Tree(str(root)), root / PLACE
    seen = [tree.look(PLACE)]
    place.write_bytes(b"x")
    place.chmod(0o640)
    seen.append(tree.look(PLACE))
    place.unlink()
    place.symlink_to("/etc/hostname")
    seen.append(tree.look(PLACE))
    place.unlink()
    place.mkdir()
    seen.append(tree.look(PLACE))
    place.rmdir()
    os.mkfifo(place)
    seen.append(tree.look(PLACE))
    assert seen == [
        Seen(), Seen(digest=digest_of(b"x"), mode=0o640), Seen(digest="a link"), Seen(digest="a folder"),
        Seen(digest="no plain file"),
    ]  # fmt: skip
    assert tree.look("skills/outrider/x") == Seen()
    assert tree.look("config/models.json/x") == Seen()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_nothing_is_seen_through_a_link(root: Path, tmp_path: Path, kind: str) -> None:
    """A folder of ours that is a link, or a file, holds nothing of ours, and is never gone through."""
    other = tmp_path / "other"
    other.mkdir()
    (other / "scout.md").write_bytes(b"mine")
    (root / "agents" / "outrider").rmdir()
    if kind == "link":
        (root / "agents" / "outrider").symlink_to(other)
    else:
        (root / "agents" / "outrider").write_bytes(b"mine")
    tree = Tree(str(root), links=frozenset({"agents"}))
    assert tree.look(PLACE) == Seen(digest="behind a link or a file")
    assert tree.read(PLACE) is None
    with pytest.raises(LeftForYou) as refused:
        tree.has_folder("agents/outrider")
    assert (refused.value.exit_code, refused.value.message) == (
        3, f"{root}/agents/outrider is a {kind}, where a folder of the pack belongs",
    )  # fmt: skip
    for attempt in (
        lambda: tree.write(PLACE, b"x", mode=0o600, instead_of=None),
        lambda: tree.remove(PLACE, instead_of=digest_of(b"mine")),
        lambda: tree.set_aside(PLACE, ".mine"),
    ):
        with pytest.raises(StorageFault):
            attempt()
    assert (other / "scout.md").read_bytes() == b"mine"
    assert list(tree.files("agents/outrider")) == []


def test_the_users_own_folders_may_be_links(tmp_path: Path, root: Path) -> None:
    """The Claude folder itself, and those right below it that are named; no others."""
    link = tmp_path / "link"
    link.symlink_to(root)
    dotfiles = tmp_path / "dotfiles"
    (root / "agents").rename(dotfiles)
    (root / "agents").symlink_to(dotfiles)
    tree = Tree(str(link), links=frozenset({"agents"}))
    assert tree.has_folder("agents/outrider")
    assert tree.write(PLACE, b"x", mode=0o600, instead_of=None)
    assert (dotfiles / "outrider" / "scout.md").read_bytes() == b"x"
    with pytest.raises(LeftForYou, match="is a link, where a folder"):
        Tree(str(link)).has_folder("agents")


def test_a_file_is_put_in_place_in_one_step(root: Path) -> None:
    """With its mode whatever the mask says, and nothing left beside it."""
    mask = os.umask(0o077)
    try:
        assert Tree(str(root)).write(PLACE, b"x", mode=0o644, instead_of=None)
    finally:
        os.umask(mask)
    assert (root / PLACE).read_bytes() == b"x"
    assert stat.S_IMODE((root / PLACE).stat().st_mode) == 0o644
    assert os.listdir((root / PLACE).parent) == ["scout.md"]


@pytest.mark.parametrize("there", [b"other", None])
def test_what_changed_meanwhile_is_left(root: Path, there: bytes | None) -> None:
    """A decision holds only for the bytes that it was made from."""
    tree, decided_on = Tree(str(root)), digest_of(b"old")
    if there is not None:
        (root / PLACE).write_bytes(there)
    assert not tree.write(PLACE, b"new", mode=0o600, instead_of=decided_on)
    assert not tree.remove(PLACE, instead_of=decided_on)
    assert [path.read_bytes() for path in (root / PLACE).parent.iterdir()] == ([] if there is None else [there])


def test_a_temporary_file_of_the_users_is_not_overwritten(root: Path) -> None:
    """The name is ours, but only what a manifest tells of is cleared."""
    beside = (root / PLACE).with_name(".scout.md.outrider-tmp")
    beside.write_bytes(b"mine")
    with pytest.raises(StorageFault):
        Tree(str(root)).write(PLACE, b"new", mode=0o600, instead_of=None)
    assert beside.read_bytes() == b"mine"
    Tree(str(root)).clear_temporary(PLACE)
    assert not beside.exists()


def test_what_is_set_aside_gets_a_free_name(root: Path) -> None:
    """Earlier ones stay."""
    tree = Tree(str(root))
    names = []
    for text in ("one", "two", "three"):
        (root / PLACE).write_text(text, encoding="utf-8")
        names.append(tree.set_aside(PLACE, ".mine"))
    assert names == [f"{PLACE}.mine", f"{PLACE}.mine.2", f"{PLACE}.mine.3"]
    assert [(root / name).read_text(encoding="utf-8") for name in names] == ["one", "two", "three"]


def test_folders_are_removed_only_when_empty(root: Path) -> None:
    """A folder with something in it stays."""
    tree = Tree(str(root))
    (root / PLACE).write_bytes(b"x")
    assert not tree.remove_folder("agents/outrider")
    (root / PLACE).unlink()
    assert tree.remove_folder("agents/outrider")
    assert tree.remove_folder("agents/outrider")
    tree.make_folder("agents/outrider")
    assert stat.S_IMODE((root / "agents/outrider").stat().st_mode) == 0o700


@pytest.mark.parametrize(("folder", "what"), [("agents/outrider", "cannot be written"), ("", "cannot be written")])
def test_a_folder_that_cannot_be_written_is_told_beforehand(root: Path, folder: str, what: str) -> None:
    """The nearest folder that is there counts for those that are not."""
    place = root / folder
    script = (
        "import sys; sys.path.insert(0, sys.argv[3])\n"
        "from outrider.doors.pack_files import Tree\nfrom outrider.errors import StorageFault\n"
        "try:\n Tree(sys.argv[1]).check_writable(sys.argv[2])\nexcept StorageFault as fault:\n print(fault.message)"
    )
    place.chmod(0o500)
    try:
        said = plain_user("-c", script, str(root), f"{folder}/new/er".lstrip("/"))
    finally:
        place.chmod(0o700)
    assert said.stdout == f"{place} {what}\n"


def test_too_large_a_file_is_nobodys_hash(root: Path) -> None:
    """It is not read into memory, and is never taken for ours."""
    with (root / PLACE).open("wb") as file:
        file.truncate(17 * 1_048_576)
    assert Tree(str(root)).look(PLACE) == Seen(digest="a file of more than 16 MiB")


def test_a_fault_names_the_path_and_the_way_on(root: Path) -> None:
    """One error, one hint."""
    with pytest.raises(OutriderError) as fault:
        Tree(str(root)).write("agents/other/x", b"", mode=0o600, instead_of=None)
    assert fault.value.message == f"cannot write {root}/agents/other/x: No such file or directory"
    assert fault.value.hint
