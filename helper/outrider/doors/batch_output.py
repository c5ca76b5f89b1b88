"""The output of a batch: written whole beside its place and then put there, and never over a file that we did not make.

The answers stay in the journal whatever happens here.
"""

import errno
import json
import os
from collections.abc import Iterable

from outrider.errors import OutriderError, StorageFault

BLOCK = 1_048_576
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


def check(path: str, *, made: str | None) -> None:
    """Refuses a place where the output cannot go, before anything is paid for; `made` is what `write` returned."""
    if path in {"", "-"}:
        raise OutriderError(f"`-o '{path}'` names no file", hint="leave `-o` out, and the answers go to stdout")
    if os.path.isdir(path):
        raise OutriderError(f"{path} is a folder", hint=f"name a file: `-o {os.path.join(path, 'answers.jsonl')}`")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise OutriderError(f"there is no folder {folder}", hint=f"make it: `mkdir -p {folder}`")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutriderError(f"the folder {folder} cannot be written to", hint="name a file in another folder with `-o`")
    if os.path.lexists(path) and not _is_ours(path, made):
        raise _is_there(path)


def _is_there(path: str) -> OutriderError:
    return OutriderError(
        f"{path} is there already, and no run of this name wrote it",
        hint="name another file with `-o`, or move that one away; answers are kept and not asked again",
    )


def _is_ours(path: str, made: str | None) -> bool:
    """Whether a file is still the one that this run wrote."""
    return made is not None and _mark(path) == made


def _mark(path: str) -> str | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return json.dumps([os.path.abspath(path), status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns])


def write(path: str, lines: Iterable[str], *, made: str | None) -> str | None:
    """Writes the output and returns what tells it from other files; None where it is there, whole, from before."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="\n", buffering=BLOCK) as file:
                for line in lines:
                    file.write(line)
                    file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            _put(temporary, path, made)
        finally:
            if os.path.lexists(temporary):
                os.unlink(temporary)
    except OSError as fault:
        raise StorageFault(
            f"cannot write {path}: {fault.strerror or fault}",
            hint=f"{_remedy(fault)} and type the same command again: every answer is kept, none is asked again",
        ) from None
    return _mark(path)


def _remedy(fault: OSError) -> str:
    return "make room (`df -h`)" if fault.errno in FULL else "look after its folder"


def _put(temporary: str, path: str, made: str | None) -> None:
    if os.path.lexists(path) and _is_ours(path, made):
        os.replace(temporary, path)
        return
    try:
        # A link never replaces what somebody else has put there meanwhile.
        os.link(temporary, path)
    except FileExistsError:
        raise _is_there(path) from None
    except OSError:
        if os.path.lexists(path):
            raise _is_there(path) from None
        os.rename(temporary, path)  # a file system without links
