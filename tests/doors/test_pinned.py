"""Which subagents a repository keeps on a model of its own."""

import os
from pathlib import Path

from outrider.doors.pinned import Own, defined, pinned
from outrider.doors.settings import Places


def at(folder: Path) -> Places:
    """Returns where everything is for a checkout."""
    return Places(home="/none", claude="/none", project=str(folder), bundled="/none")


def write(folder: Path, name: str, text: str) -> None:
    """Writes a subagent."""
    path = folder / ".claude" / "agents" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_agents_with_a_model_are_named(tmp_path: Path) -> None:
    """By their own name or their file's, also in folders; without a model, or with the parent's, they move."""
    write(tmp_path, "a.md", '---\nname: reviewer\nmodel: "opus"  # ours\ndescription: x\n---\nmodel: haiku\n')
    write(tmp_path, "deep/er/b.md", "---\r\nmodel: claude-opus-5-5\r\n---\r\n")
    write(tmp_path, "c.md", "---\nname: c\nmodel: inherit\n---\n")
    write(tmp_path, "d.md", "---\nname: d\n---\nmodel: opus\n")
    write(tmp_path, "e.md", "no front matter\nmodel: opus\n")
    write(tmp_path, "f.md", "---\nmodel: opus\nnever closed\n")
    write(tmp_path, "g.txt", "---\nmodel: opus\n---\n")
    assert pinned(at(tmp_path)) == (("b", "claude-opus-5-5"), ("reviewer", "opus"))


def test_a_strange_checkout_gives_nothing(tmp_path: Path) -> None:
    """Links, pipes and huge files are not read, and no folder is no fault."""
    assert pinned(at(tmp_path)) == ()
    outside = tmp_path / "outside.md"
    outside.write_text("---\nname: x\nmodel: opus\n---\n", encoding="utf-8")
    folder = tmp_path / "repo" / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "link.md").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    (folder / "huge.md").write_bytes(b"---\nmodel: opus\n---\n" + b"x" * 300_000)
    assert pinned(at(tmp_path / "repo")) == ()


def test_the_nearest_folder_wins(tmp_path: Path) -> None:
    """From the working folder up to the checkout's own, and no further; those without a model are there too."""
    root = tmp_path / "repo"
    inner = root / "a" / "b"
    write(tmp_path, "scout.md", "---\nname: outside\nmodel: opus\n---\n")
    write(root, "scout.md", "---\nname: scout\nmodel: opus\n---\n")
    write(root, "plain.md", "---\nname: plain\n---\n")
    write(root / "a", "s.md", "---\nname: scout\nmodel: sonnet\neffort: high\n---\n")
    inner.mkdir(parents=True)
    top, near = root / ".claude" / "agents", root / "a" / ".claude" / "agents"
    assert defined(at(root), str(inner)) == {
        "scout": Own(file=str(near / "s.md"), model="sonnet", effort="high"),
        "plain": Own(file=str(top / "plain.md")),
    }
    assert pinned(at(root), str(inner)) == (("scout", "sonnet/high"),)
    assert defined(at(root), str(root))["scout"] == Own(file=str(top / "scout.md"), model="opus")
    assert defined(at(root), str(tmp_path))["scout"] == Own(file=str(top / "scout.md"), model="opus")
    assert defined(Places(home="", claude="", project=None, bundled=""), str(root)) == {}
