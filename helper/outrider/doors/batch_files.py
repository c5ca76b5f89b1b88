"""Which files a folder or a pattern means. It must not open them, and a link that leads back adds none twice."""

import glob
import os
from collections.abc import Iterator


def in_folder(folder: str) -> list[str]:
    """Returns the files in a folder and below, but for hidden ones."""
    found = []
    for root, folders, files in os.walk(folder):
        folders[:] = _seen(folders)
        found += [os.path.join(root, name) for name in _seen(files)]
    return found


def matching(pattern: str) -> list[str]:
    """Returns the files that a pattern means, each once."""
    return sorted(set(filter(os.path.isfile, _matching(pattern))))


def base(pattern: str) -> str:
    """Returns the folder before the first part of a pattern that is one."""
    parts = pattern.split(os.sep)
    plain = next(index for index, part in enumerate(parts) if glob.has_magic(part))
    return os.sep.join(parts[:plain]) or (os.sep if pattern.startswith(os.sep) else os.curdir)


def _matching(pattern: str) -> Iterator[str]:
    """Yields what a pattern matches; its `**` follows no link: one that leads back would never end."""
    parts = pattern.split(os.sep)
    if "**" not in parts:
        yield from glob.iglob(pattern)
        return
    deep = parts.index("**")
    rest = parts[deep + 1 :] or ["*"]
    before = os.sep.join([*parts[:deep], ""])
    for root in glob.iglob(before) if before else ("",):
        for folder, below, _ in os.walk(root or os.curdir):
            below[:] = _seen(below)
            start = folder if root else folder.removeprefix(os.curdir).removeprefix(os.sep)
            yield from _matching(os.path.join(glob.escape(start), *rest))


def _seen(names: list[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))
