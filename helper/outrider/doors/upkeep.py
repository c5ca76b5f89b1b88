"""What can be wrong with our files as files: modes, leftovers, a disk that is somewhere else. And mending it.

It must not know what is in them.
"""

import os
import re
import stat
import time
from collections.abc import Iterator
from shutil import which

from outrider.doors.alive import is_alive
from outrider.doors.settings import Places
from outrider.errors import StorageFault

SECRET_FILES = ("env", "ledger.db", "salt", "trust.json", "trust", "state.json", "threads", "answers", "jobs")
LEFTOVER = re.compile(r".+\.([0-9]{1,10})(?:\.tmp)?")
OLD = 3_600.0
NETWORK_DISKS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "9p", "fuse.sshfs", "afs", "ncpfs", "drvfs"}
)


def loose(places: Places) -> tuple[tuple[str, int], ...]:
    """Returns our home and files that others can read, each with its mode."""
    found = []
    for path in (places.home, *(places.ours(name) for name in SECRET_FILES)):
        try:
            status = os.lstat(path)
        except OSError:
            continue
        mode = stat.S_IMODE(status.st_mode)
        if mode & 0o077 and not stat.S_ISLNK(status.st_mode):
            found.append((path, mode))
    return tuple(found)


def tighten(path: str) -> None:
    """Takes the others' rights from a file or folder of ours."""
    try:
        os.chmod(path, stat.S_IMODE(os.stat(path).st_mode) & 0o700)
    except OSError as fault:
        raise StorageFault(
            f"cannot change the mode of {path}: {fault.strerror}", hint=f"run `chmod go= {path}`"
        ) from None


def is_writable(places: Places) -> bool:
    """Whether our home can be written, or made."""
    folder = places.home
    while not os.path.lexists(folder) and os.path.dirname(folder) != folder:
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)


def leftovers(places: Places) -> Iterator[str]:
    """Yields half-written files of processes that are gone."""
    now = time.time()
    try:
        entries = sorted(os.scandir(places.home), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        match = LEFTOVER.fullmatch(entry.name)
        if match is None or not entry.is_file(follow_symlinks=False):
            continue
        is_ours = entry.name.endswith(".tmp") or entry.name.startswith("salt.")
        if is_ours and now - entry.stat(follow_symlinks=False).st_mtime > OLD and not is_alive(int(match[1])):
            yield entry.path


def remove(path: str) -> None:
    """Removes a leftover."""
    try:
        os.unlink(path)
    except OSError as fault:
        raise StorageFault(f"cannot remove {path}: {fault.strerror}", hint=f"run `rm {path}`") from None


def network_disk(path: str) -> str | None:
    """Returns the kind of network disk that a path is on, where the system says so."""
    try:
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounts = [line.split() for line in file]
    except OSError:
        return None
    real = os.path.realpath(path)
    best, kind = "", ""
    for fields in mounts:
        point = re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), fields[4])
        if (real + "/").startswith(point.rstrip("/") + "/") and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind if kind in NETWORK_DISKS else None


def on_path(name: str) -> str | None:
    """Returns where a command is found, or None."""
    return which(name)
