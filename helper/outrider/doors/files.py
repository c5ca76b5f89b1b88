"""Reading and writing files of ours: bounded, never through a device, never half-written, one writer at a time.

Knows nothing of what is in them.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from outrider.errors import OutriderError, StorageFault

LONGEST_WAIT = 30.0
"""How long a writer waits its turn, in seconds."""


def read_small(path: str, *, limit: int, follow: bool = True) -> bytes | None:
    """Returns a regular file's bytes, None where there is none; refuses devices, pipes and more than `limit`."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as fault:
        raise StorageFault(
            f"cannot read {path}: {fault.strerror}", hint=f"check its mode and owner with `ls -l {path}`"
        ) from None
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        os.close(descriptor)
        raise OutriderError(f"{path} is not a regular file", hint="move it away and write a plain file")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > limit:
            raise OutriderError(
                f"{path} has {status.st_size:,} bytes, more than {limit:,}", hint="make it smaller, or move it away"
            )
        return file.read(limit + 1)


def make_folder(path: str) -> None:
    """Makes one of our folders, for its owner alone."""
    try:
        os.makedirs(path, mode=0o700, exist_ok=True)
    except OSError as fault:
        raise StorageFault(
            f"cannot make the folder {path}: {fault.strerror}", hint="set OUTRIDER_HOME to a folder you can write to"
        ) from None


def write_whole(path: str, data: bytes, *, mode: int = 0o600) -> None:
    """Replaces a file in one step: a reader sees the old bytes or the new ones."""
    temporary = f"{path}.{os.getpid()}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        try:
            descriptor = os.open(temporary, flags, mode)
        except FileExistsError:
            # It has our own number, so whoever left it is gone; numbers come again, in a container at once.
            os.unlink(temporary)
            descriptor = os.open(temporary, flags, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                os.fchmod(file.fileno(), mode)
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as fault:
        raise StorageFault(
            f"cannot write {path}: {fault.strerror}", hint="check the free space (`df -h`) and the folder's mode"
        ) from None


@contextmanager
def locked(path: str, *, about: str | None = None, longest: float = LONGEST_WAIT) -> Iterator[None]:
    """Holds a lock file while others are read, changed and written: the second of two waits its turn.

    Raises after `longest` seconds, in the name of the file that the lock is about.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as fault:
        raise StorageFault(
            f"cannot write {path}: {fault.strerror}", hint="set OUTRIDER_HOME to a folder you can write to"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _wait_for_lock(descriptor, about=about or path, longest=longest)
        yield
    finally:
        os.close(descriptor)


def _wait_for_lock(descriptor: int, *, about: str, longest: float) -> None:
    """Takes a lock that others hold. Only the kernel hands it on fairly: who asks again and again may ask for ever.

    A wait in the kernel has no end, so a thread does it. One that is given up closes its own copy when its turn comes,
    and the lock is free again, since the caller has closed the other.
    """
    from threading import Thread

    waiting = os.dup(descriptor)
    ended: list[OSError | None] = []

    def wait() -> None:
        try:
            fcntl.flock(waiting, fcntl.LOCK_EX)
            ended.append(None)
        except OSError as fault:
            ended.append(fault)
        finally:
            os.close(waiting)

    thread = Thread(target=wait, daemon=True)
    thread.start()
    thread.join(longest)
    if not ended:
        raise StorageFault(f"{about} stayed locked for {longest:g} s", hint="run `outrider doctor`")
    if ended[0] is not None:
        raise StorageFault(f"cannot lock {about}: {ended[0].strerror}", hint="keep it on a disk of this machine")
