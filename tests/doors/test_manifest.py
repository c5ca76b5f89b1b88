"""The manifest: the same bytes for the same state, nothing believed that points elsewhere, and in place in one step."""

import json
from pathlib import Path
from typing import Any

import pytest

from outrider.doors import manifest_file
from outrider.doors.manifest import Manifest, encode, parse, read
from outrider.doors.pack_files import Tree
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules.installing import Entry

A, B = "a" * 64, "b" * 64
MANIFEST = Manifest(
    helper="0.3.0", form="loose", names={"scout": "outrider-scout"}, explore=True, paused=True,
    folders=("agents", "agents/outrider"),
    files={
        "agents/outrider/scout.md": Entry(offered=A), "config/models.json": Entry(offered=A, adopted=True),
        "agents/outrider/bulk.md": Entry(offered=None, intended=B),
        "skills/outrider/x": Entry(offered=A, removing=True),
    },
)  # fmt: skip


def document(**changes: Any) -> bytes:
    """Returns a manifest's bytes with something else in it."""
    return json.dumps({**json.loads(encode(MANIFEST)), **changes}).encode()


def test_what_is_written_is_read() -> None:
    """Everything comes back, and the bytes do not depend on the order of the files."""
    data = encode(MANIFEST)
    assert parse(data, source="x") == MANIFEST
    turned = dict(sorted(MANIFEST.files.items(), reverse=True))
    assert encode(replace(MANIFEST, files=turned)) == data


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"\xff", b"[" * 100_000, document(version=True), document(version="1"),
        document(form="plugin"),
        document(helper=None), document(helper="x" * 99), document(names=[]), document(names={"scout": "a:b"}),
        document(names={"scout": "../x"}), document(explore=1), document(folders=["projects"]),
        document(folders=[".."]),
        document(files=[]), document(files={"settings.json": {"offered": A}}), document(form="project"),
        document(files={"agents/outrider/../../settings.json": {"offered": A}}),
        document(files={"agents/outrider/x": {"offered": "short"}}), document(files={"agents/outrider/x": {}}),
        document(files={"agents/outrider/x": {"offered": A, "removing": 1}}),
        document(files={"agents/outrider/x": None}),
    ],
)  # fmt: skip
def test_a_damaged_manifest_is_refused_whole(data: bytes) -> None:
    """It says so, and how to go on."""
    with pytest.raises(OutriderError) as refused:
        parse(data, source="/x/outrider.pack.json")
    assert refused.value.message.startswith("/x/outrider.pack.json is damaged")
    assert "move it away" in refused.value.hint


def test_a_newer_manifest_is_left_alone() -> None:
    """A helper does not touch what it does not understand."""
    with pytest.raises(OutriderError, match="written by a newer outrider"):
        parse(document(version=2), source="x")


def test_no_manifest_is_none(tmp_path: Path) -> None:
    """Neither without a folder nor with an empty one."""
    assert read(str(tmp_path / "nowhere")) is None
    assert manifest_file.read(Tree(str(tmp_path))) is None


@pytest.mark.parametrize("made", [("", "config"), ("config",), ()])
def test_it_comes_and_goes_with_its_folders(tmp_path: Path, made: tuple[str, ...]) -> None:
    """A folder that was made for it goes with it; one that was there stays."""
    root = tmp_path / "a" / "claude"
    root.parent.mkdir()
    if "" not in made:
        root.mkdir(parents=True)
    if not made:
        (root / "config").mkdir()
    before = sorted(tmp_path.rglob("*"))
    tree = Tree(str(root))
    told = Manifest(helper="0.3.0", form="loose", names={}, folders=made, files={})
    manifest_file.write(tree, told, mode=0o600)
    assert read(str(root)) == told
    manifest_file.remove(tree, told)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_a_killed_run_left_is_cleared(tmp_path: Path) -> None:
    """Folders that were not in place yet, and files half written; what is not ours stays."""
    tmp_path /= "a"
    root = tmp_path / "claude"
    (root / ".config.outrider-tmp").mkdir(parents=True)
    (root / ".config.outrider-tmp" / ".outrider.pack.json.outrider-tmp").write_bytes(b"{")
    (tmp_path / ".claude.outrider-tmp" / "config").mkdir(parents=True)
    (tmp_path / ".claude.outrider-tmp" / "config" / "outrider.pack.json").write_bytes(encode(MANIFEST))
    (root / "config").mkdir()
    (root / "config" / "outrider.pack.json").write_bytes(encode(MANIFEST))
    (root / "config" / ".outrider.pack.json.outrider-tmp").write_bytes(b"{")
    for name in (".bulk.md.outrider-tmp", ".scout.md.outrider-tmp"):
        path = root / "outrider.paused" / "agents" / "outrider" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"--")
    manifest_file.tidy(Tree(str(root)))
    left = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["claude/config/outrider.pack.json", "claude/outrider.paused/agents/outrider/.scout.md.outrider-tmp"]
    assert [path.name for path in tmp_path.iterdir()] == ["claude"]


def test_a_folder_that_somebody_used_meanwhile_comes_back(tmp_path: Path) -> None:
    """A file of somebody else's in a folder that was on its way out puts the folder back."""
    staging = tmp_path / ".config.outrider-tmp"
    staging.mkdir()
    (staging / "mine").write_bytes(b"mine")
    manifest_file.tidy(Tree(str(tmp_path)))
    assert (tmp_path / "config" / "mine").read_bytes() == b"mine"
