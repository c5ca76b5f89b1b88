"""Which subagents a repository keeps on a model of its own."""

import os
from pathlib import Path

from outrider.doors.pinned import pinned


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
    assert pinned(str(tmp_path)) == (("b", "claude-opus-5-5"), ("reviewer", "opus"))


def test_a_strange_checkout_gives_nothing(tmp_path: Path) -> None:
    """Links, pipes and huge files are not read, and no folder is no fault."""
    assert pinned(str(tmp_path)) == ()
    outside = tmp_path / "outside.md"
    outside.write_text("---\nname: x\nmodel: opus\n---\n", encoding="utf-8")
    folder = tmp_path / "repo" / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "link.md").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.md")
    (folder / "huge.md").write_bytes(b"---\nmodel: opus\n---\n" + b"x" * 300_000)
    assert pinned(str(tmp_path / "repo")) == ()
