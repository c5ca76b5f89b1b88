"""Which clone a folder belongs to, read from its `.git` alone: no git is started, and no word of a checkout believed.

A worktree names its clone; it is one only if the clone names it too.
"""

import os

from outrider.doors.files import read_small
from outrider.doors.settings import project_root
from outrider.errors import OutriderError

SHORT = 4_096


def repository_of(folder: str, *, user: str) -> str:
    """Returns the repository that a folder belongs to, with a worktree's being its clone's; else the folder itself.

    A folder that is gone belongs to the nearest one above it that is still there.
    """
    try:
        root = project_root(folder, user=user)
        found = clone_of(root) if root is not None and os.path.isfile(os.path.join(root, ".git")) else None
    except ValueError:
        return folder
    if found is not None and os.path.basename(found[0]) == ".git":
        return os.path.dirname(found[0])
    return root or folder


def clone_of(root: str) -> tuple[str, str] | None:
    """Returns the real path of the clone's common folder, and where in the checkout `root` is; None for no clone."""
    real = os.path.realpath(root)
    top = real
    while not os.path.lexists(os.path.join(top, ".git")):
        parent = os.path.dirname(top)
        if parent == top:
            return None
        top = parent
    marker = os.path.join(top, ".git")
    if os.path.islink(marker):
        return None
    common = marker if os.path.isdir(marker) else _of_worktree(marker)
    return None if common is None else (common, os.path.relpath(real, top))


def _of_worktree(marker: str) -> str | None:
    told = _line(marker)
    if told is None or not told.startswith("gitdir:"):
        return None
    own = os.path.realpath(os.path.join(os.path.dirname(marker), told.removeprefix("gitdir:").strip()))
    upwards, back = _line(os.path.join(own, "commondir")), _line(os.path.join(own, "gitdir"))
    if upwards is None or back is None:
        return None
    common = os.path.realpath(os.path.join(own, upwards))
    is_named_there = os.path.realpath(os.path.join(own, back)) == marker
    return common if is_named_there and os.path.dirname(own) == os.path.join(common, "worktrees") else None


def _line(path: str) -> str | None:
    try:
        data = read_small(path, limit=SHORT, follow=False)
    except OutriderError:
        return None
    text = (data or b"").decode("utf-8", "surrogateescape").strip()
    return text if text and "\0" not in text and "\n" not in text else None
