"""Reads and writes the pack's files below one folder, each step by the name in its own folder, never through a link.

The folder itself may be reached by a link, and so may those right below it that are named: dotfiles are often kept
elsewhere. Nothing below those. Knows nothing of what the files are for.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

from outrider.errors import OutriderError, StorageFault
from outrider.records import record

LARGEST = 16 * 1_048_576
TEMPORARY = ".outrider-tmp"
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = ((stat.S_ISLNK, "a link"), (stat.S_ISDIR, "a folder"), (stat.S_ISREG, "a file"))


class LeftForYou(OutriderError):
    """Something of the user's stands where the pack would go; nothing was touched."""

    exit_code = 3
    kind = "conflict"


@record
class Seen:
    """What is at a place: the hash of a plain file of ours or the user's, or the word for what else it is.

    A word is no hash, so it is never taken for one of our files. `mode` is a file's permission bits.
    """

    digest: str | None = None
    mode: int = 0

    @property
    def is_plain(self) -> bool:
        """Whether there is a plain file."""
        return self.digest is not None and len(self.digest) == 64


class Tree:
    """The files below one folder. `links` names the folders right below it that may be links."""

    def __init__(self, root: str, *, links: frozenset[str] = frozenset(), folder_mode: int = 0o700) -> None:
        self.root = os.path.realpath(root)
        self._links = links
        self.folder_mode = folder_mode

    def path(self, name: str) -> str:
        """Returns where a place is, for people."""
        return os.path.join(self.root, *name.split("/")) if name else self.root

    def look(self, name: str) -> Seen:
        """Returns what is at a place. A way that leads through a link or a file has nothing that could be ours."""
        try:
            with self._above(name) as (folder, last):
                return _seen(folder, last)
        except FileNotFoundError:
            return Seen()
        except OSError as fault:
            if fault.errno in {errno.ENOTDIR, errno.ELOOP}:
                return Seen(digest="behind a link or a file")
            raise _unreadable(self.path(name), fault) from None

    def read(self, name: str) -> bytes | None:
        """Returns a plain file's bytes, or None where there is no such thing."""
        try:
            with self._above(name) as (folder, last):
                found = _read(folder, last)
                return found[0] if found is not None else None
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as fault:
            raise _unreadable(self.path(name), fault) from None

    def has_folder(self, name: str) -> bool:
        """Whether a folder is there, and can be written to; raises where something else stands in its place."""
        parts = name.split("/") if name else []
        for length in range(len(parts) + 1):
            place = "/".join(parts[:length])
            what = self._kind(place)
            if what is None:
                return False
            if what != "a folder":
                path = self.path(place)
                raise LeftForYou(
                    f"{path} is {what}, where a folder of the pack belongs",
                    hint=f"move it away (`mv {path} {path}.old`), then run the command again",
                )
        return True

    def check_writable(self, name: str) -> None:
        """Raises unless a folder, or the nearest one above that is there, belongs to this user and can be written."""
        while name and self._kind(name) is None:
            name = name.rpartition("/")[0]
        path = self.path(name)
        while not os.path.lexists(path):
            path = os.path.dirname(path)
        status = os.stat(path)
        if status.st_uid != os.geteuid():
            raise StorageFault(
                f"{path} belongs to another user",
                hint=f"run it as the user who owns it (`ls -ld {path}`), without sudo",
            )
        if not os.access(path, os.W_OK | os.X_OK) or os.statvfs(path).f_flag & os.ST_RDONLY:
            raise StorageFault(f"{path} cannot be written", hint=f"run `chmod u+wx {path}`, then the command again")

    def make_folder(self, name: str) -> None:
        """Makes a folder whose parent is there; one that is there already is fine."""
        try:
            with self._above(name) as (folder, last):
                os.mkdir(last, self.folder_mode, dir_fd=folder)
                os.chmod(last, self.folder_mode, dir_fd=folder)
        except FileExistsError:
            return
        except OSError as fault:
            raise _fault("cannot make the folder", self.path(name), fault) from None

    def remove_folder(self, name: str) -> bool:
        """Removes a folder if nothing is in it; says whether it is gone."""
        try:
            with self._above(name) as (folder, last):
                os.rmdir(last, dir_fd=folder)
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    def write(self, name: str, data: bytes, *, mode: int, instead_of: str | None) -> bool:
        """Puts a file in place in one step, if what is there is still what was decided upon. Says whether it was."""
        try:
            with self._above(name) as (folder, last):
                temporary = temporary_name(last)
                descriptor = os.open(temporary, _NEW, 0o600, dir_fd=folder)
                try:
                    with os.fdopen(descriptor, "wb") as file:
                        os.fchmod(file.fileno(), mode)
                        file.write(data)
                        file.flush()
                        os.fsync(file.fileno())
                    if _seen(folder, last).digest != instead_of:
                        os.unlink(temporary, dir_fd=folder)
                        return False
                    os.rename(temporary, last, src_dir_fd=folder, dst_dir_fd=folder)
                except BaseException:
                    _unlink(temporary, folder)
                    raise
        except OSError as fault:
            raise _fault("cannot write", self.path(name), fault) from None
        return True

    def remove(self, name: str, *, instead_of: str | None) -> bool:
        """Removes a file, if it is still the one that was decided upon. Says whether it was."""
        try:
            with self._above(name) as (folder, last):
                if _seen(folder, last).digest != instead_of:
                    return False
                os.unlink(last, dir_fd=folder)
        except OSError as fault:
            raise _fault("cannot remove", self.path(name), fault) from None
        return True

    def set_aside(self, name: str, ending: str) -> str:
        """Gives whatever is at a place another name beside it, one that is free, and returns that."""
        try:
            with self._above(name) as (folder, last):
                number, aside = 1, last + ending
                while _seen(folder, aside).digest is not None:
                    number, aside = number + 1, f"{last}{ending}.{number + 1}"
                os.rename(last, aside, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError as fault:
            raise _fault("cannot rename", self.path(name), fault) from None
        return "/".join([*name.split("/")[:-1], aside])

    def move_folder(self, name: str, to: str) -> None:
        """Renames a folder in one step."""
        try:
            with self._above(name) as (source, last), self._above(to) as (target, new):
                os.rename(last, new, src_dir_fd=source, dst_dir_fd=target)
                os.fsync(source)
                os.fsync(target)
        except OSError as fault:
            raise _fault("cannot move", self.path(name), fault) from None

    def sync_folder(self, name: str) -> None:
        """Makes a folder's entries last."""
        try:
            with self._above(f"{name}/x" if name else "x") as (folder, _):
                os.fsync(folder)
        except FileNotFoundError:
            return
        except OSError as fault:
            raise _fault("cannot write", self.path(name), fault) from None

    def clear_temporary(self, name: str) -> None:
        """Removes what a killed run left beside a place. Called by whoever holds the lock: nobody else writes then."""
        try:
            with self._above(name) as (folder, last):
                _unlink(temporary_name(last), folder)
        except OSError:
            return

    def files(self, name: str) -> Iterator[str]:
        """Yields everything below a folder that is no folder itself, without going through links."""
        if self._kind(name) != "a folder":
            return
        for parent, folders, names in os.walk(self.path(name)):
            links = [entry for entry in folders if os.path.islink(os.path.join(parent, entry))]
            for entry in sorted([*names, *links]):
                yield os.path.relpath(os.path.join(parent, entry), self.root).replace(os.sep, "/")

    def _kind(self, name: str) -> str | None:
        try:
            status = os.stat(self.path(name), follow_symlinks=not name or name in self._links)
        except (FileNotFoundError, NotADirectoryError):
            return "a link that leads nowhere" if os.path.islink(self.path(name)) else None
        except OSError as fault:
            raise _unreadable(self.path(name), fault) from None
        return _word(status)

    @contextmanager
    def _above(self, name: str) -> Iterator[tuple[int, str]]:
        """Opens the folder that a place is in, and gives the last part of its name."""
        *folders, last = name.split("/")
        held = os.open(self.root, _FOLDER)
        try:
            for depth, part in enumerate(folders):
                may_be_link = depth == 0 and part in self._links
                inner = os.open(part, _FOLDER | (0 if may_be_link else os.O_NOFOLLOW), dir_fd=held)
                os.close(held)
                held = inner
            yield held, last
        finally:
            os.close(held)


def temporary_name(name: str) -> str:
    """Returns what a file is called while it is written: known beforehand, so that a killed run's can be cleared."""
    return f".{name}{TEMPORARY}"


def digest_of(data: bytes) -> str:
    """Returns the hash by which files are compared."""
    return hashlib.sha256(data).hexdigest()


def _word(status: os.stat_result) -> str:
    return next((word for is_kind, word in _KINDS if is_kind(status.st_mode)), "no plain file")


def _seen(folder: int, name: str) -> Seen:
    try:
        status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return Seen()
    if not stat.S_ISREG(status.st_mode):
        return Seen(digest=_word(status))
    if status.st_uid != os.geteuid():
        return Seen(digest="another user's file")
    found = _read(folder, name)
    if found is None:
        return Seen(digest="a file of more than 16 MiB")
    return Seen(digest=digest_of(found[0]), mode=stat.S_IMODE(found[1].st_mode))


def _read(folder: int, name: str) -> tuple[bytes, os.stat_result] | None:
    descriptor = os.open(name, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > LARGEST:
            return None
        data = file.read(LARGEST + 1)
    return (data, status) if len(data) <= LARGEST else None


def _unlink(name: str, folder: int) -> None:
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def _unreadable(path: str, fault: OSError) -> StorageFault:
    return StorageFault(f"cannot read {path}: {fault.strerror}", hint=f"check its mode and owner with `ls -l {path}`")


def _fault(what: str, path: str, fault: OSError) -> StorageFault:
    return StorageFault(
        f"{what} {path}: {fault.strerror}",
        hint="check the free space (`df -h`) and the folder's mode, then run it again",
    )
