"""What can be wrong with our files as files: modes, leftovers, a disk that is somewhere else. And mending it.

It must not know what is in them.
"""

import fcntl
import os
import re
import stat
import time
from collections.abc import Iterator
from shutil import which

from outrider.doors.alive import is_alive
from outrider.doors.settings import Places
from outrider.errors import StorageFault

LOCKS = ("lock", "ledger.lock", "pack.lock")
MOST_ENTRIES = 20_000
LEFTOVER = re.compile(r".+\.([0-9]{1,10})(?:\.tmp)?")
OLD = 3_600.0
NETWORK_DISKS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afpfs", "9p", "fuse.sshfs", "afs", "ncpfs", "drvfs"}
)


def loose(places: Places) -> tuple[tuple[str, int], ...]:
    """Returns our home and files that others can read, each with its mode."""
    found = []
    # What was left half-written is named, and removed, as that.
    ours = (path for path in _entries(places.home) if not path.endswith(".tmp"))
    for path in (places.home, *ours):
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
    for path in _entries(places.home):
        name = os.path.basename(path)
        match = LEFTOVER.fullmatch(name)
        if match is None or not (name.endswith(".tmp") or name.startswith("salt.")):
            continue
        try:
            status = os.lstat(path)
        except OSError:
            continue
        is_old = stat.S_ISREG(status.st_mode) and now - status.st_mtime > OLD
        if is_old and not is_alive(int(match[1])):
            yield path


def _entries(folder: str) -> list[str]:
    """Returns everything in our home and its folders, links not followed, within a bound."""
    found: list[str] = []
    for parent, folders, files in os.walk(folder):
        folders.sort()
        found += (os.path.join(parent, name) for name in sorted((*folders, *files)))
        if len(found) > MOST_ENTRIES:
            break
    return found


def spoiled_locks(places: Places) -> tuple[str, ...]:
    """Returns the locks that nobody can take: a link, a folder or a pipe stands where the file should be."""
    found = []
    for name in LOCKS:
        path = places.ours(name)
        if os.path.lexists(path) and not stat.S_ISREG(os.lstat(path).st_mode):
            found.append(path)
    return tuple(found)


def move_aside(path: str, *, at: float) -> str:
    """Gives a file another name beside its own, and returns it. Deletes nothing."""
    moved = f"{path}.aside-{int(at)}"
    try:
        os.rename(path, moved)
    except OSError as fault:
        raise StorageFault(f"cannot move {path}: {fault.strerror}", hint=f"run `mv {path} {moved}`") from None
    return moved


def held_locks(places: Places) -> Iterator[tuple[str, str]]:
    """Yields the locks that somebody holds now, with the number of the process where the system tells it."""
    for name in LOCKS:
        path = places.ours(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            yield path, _holder(os.fstat(descriptor).st_ino)
        except OSError:
            continue
        finally:
            os.close(descriptor)


def _holder(inode: int) -> str:
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file]
    except OSError:
        return ""
    return next((row[4] for row in rows if len(row) > 5 and row[5].endswith(f":{inode}")), "")


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
