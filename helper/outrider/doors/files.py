"""Reading and writing files of ours: bounded, never through a device, never half-written, one writer at a time.

Knows nothing of what is in them.
"""

import fcntl
import os
import stat
import time
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
def locked(path: str) -> Iterator[None]:
    """Holds a lock file while other files are read, changed and written: the second of two waits its turn."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    except OSError as fault:
        raise StorageFault(
            f"cannot write {path}: {fault.strerror}", hint="set OUTRIDER_HOME to a folder you can write to"
        ) from None
    try:
        wait_for_lock(descriptor, path=path)
        yield
    finally:
        os.close(descriptor)


def wait_for_lock(descriptor: int, *, path: str, longest: float = LONGEST_WAIT) -> None:
    """Takes an advisory lock within `longest` seconds, or raises in the name of the file that it is about."""
    pause, until = 0.001, time.monotonic() + longest
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise StorageFault(f"{path} stayed locked for {longest:g} s", hint="run `outrider doctor`") from None
            time.sleep(pause)
            pause = min(pause * 1.5, 0.02)
        else:
            return
