"""What lies below a folder, byte by byte, to be compared before and after."""

import stat
from pathlib import Path

Laid = dict[str, str | tuple[int, bytes]]


def laid_out(folder: Path) -> Laid:
    """Returns every folder, link and file below a folder: a file with its mode and bytes."""
    return {str(path.relative_to(folder)): _what(path) for path in sorted(folder.rglob("*"))}


def _what(path: Path) -> str | tuple[int, bytes]:
    if path.is_symlink():
        return f"-> {path.readlink()}"
    if path.is_dir():
        return "folder"
    return stat.S_IMODE(path.stat().st_mode), path.read_bytes()


def times(folder: Path) -> dict[str, tuple[int, int]]:
    """Returns when each file and folder was changed, and which it is."""
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_ino) for path in sorted(folder.rglob("*"))}
