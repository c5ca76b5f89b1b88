"""Finds Claude Code's transcripts and reads their lines: in pieces, without following a link, from where it left off.

Knows that lines with a usage or a subagent's result matter, and nothing of what they mean.
"""

import os
import stat
from collections.abc import Iterator
from hashlib import blake2b

from outrider.records import record

PIECE = 1_048_576
LONGEST_LINE = 8 * 1_048_576
"""No reply is a tenth as long; what is longer is passed over in pieces and never held."""
NEEDLES = (b'"usage"', b'"resolvedModel"')
"""As keys: a text that holds them is written with backslashes, and does not match."""
TAIL = 4_096
ENDING, META_ENDING = ".jsonl", ".meta.json"
DEEPEST = 16


@record
class Found:
    """One file: where it is below the folder of transcripts, and what tells whether it was changed."""

    path: str
    inode: int
    size: int
    changed: int


class Walk:
    """Everything below the folder: transcripts, the files beside them, and what was not entered."""

    def __init__(self, root: str) -> None:
        # The folder itself may be a link that its owner made; nothing below it is followed.
        self.root = os.path.realpath(root)
        self.files: dict[str, Found] = {}
        self.metas: dict[str, Found] = {}
        self.links = 0
        self.unreadable: list[str] = []
        if os.path.isdir(self.root):
            self._enter("", depth=0)

    def _enter(self, folder: str, *, depth: int) -> None:
        try:
            with os.scandir(os.path.join(self.root, folder)) as entries:
                for entry in entries:
                    self._look(entry, os.path.join(folder, entry.name), depth=depth)
        except OSError:
            self.unreadable.append(folder)

    def _look(self, entry: "os.DirEntry[str]", path: str, *, depth: int) -> None:
        is_ours = entry.name.endswith((ENDING, META_ENDING))
        if entry.is_symlink():
            self.links += is_ours or entry.is_dir()
        elif entry.is_dir(follow_symlinks=False):
            if depth < DEEPEST:
                self._enter(path, depth=depth + 1)
        elif is_ours and entry.is_file(follow_symlinks=False):
            status = entry.stat(follow_symlinks=False)
            found = Found(path=path, inode=status.st_ino, size=status.st_size, changed=status.st_mtime_ns)
            (self.files if entry.name.endswith(ENDING) else self.metas)[path] = found


def opened(root: str, path: str) -> int:
    """Opens a file of the walk for reading and returns its descriptor; raises OSError, for a link and a pipe too."""
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(os.path.join(root, path), flags)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(0, "it is no regular file")
    return descriptor


def tail_digest(descriptor: int, offset: int) -> bytes:
    """Returns a digest of the bytes before an offset: a file that was written anew has others there."""
    start = max(offset - TAIL, 0)
    return blake2b(os.pread(descriptor, offset - start, start), digest_size=16).digest()


class Lines:
    """The lines of one file from an offset on that may matter; counts those that are cut or too long.

    `offset` is where the last whole line ended: the next pass begins there.
    """

    def __init__(self, descriptor: int, offset: int) -> None:
        self._descriptor = descriptor
        self.offset = offset
        self.long = 0
        self.cut = 0
        self.unfinished = False
        self.in_tail = False

    def __iter__(self) -> Iterator[bytes]:
        rest, position, is_passing = b"", self.offset, False
        while piece := os.pread(self._descriptor, PIECE, position):
            position += len(piece)
            end = piece.rfind(b"\n") + 1
            if is_passing:
                start = piece.find(b"\n") + 1
                if not start:
                    continue
                is_passing, body = False, piece[start:end]
            elif not end:
                rest += piece
                if len(rest) > LONGEST_LINE:
                    self.long += 1
                    is_passing, rest = True, b""
                continue
            else:
                body = rest + piece[:end]
            rest = piece[end:]
            self.offset = position - len(rest)
            yield from self._matching(body)
        # The last line may be half of one that is being written: read now if whole, and again next time.
        self.in_tail = True
        if rest.rstrip().endswith(b"}"):
            yield from self._matching(rest + b"\n")
        elif rest.strip() or is_passing:
            self.unfinished = True
            self.long -= is_passing  # it is passed over again, and counted, when it has an end

    def _matching(self, body: bytes) -> Iterator[bytes]:
        if body.count(b"}\n") != body.count(b"\n"):
            self.cut += sum(1 for line in body.split(b"\n") if line.strip() and not line.rstrip().endswith(b"}"))
        first, second = NEEDLES
        yield from _lines_with(body, first)
        for line in _lines_with(body, second):
            if first not in line:
                yield line


def _lines_with(body: bytes, needle: bytes) -> Iterator[bytes]:
    hit = body.find(needle)
    while hit >= 0:
        start, stop = body.rfind(b"\n", 0, hit) + 1, body.find(b"\n", hit)
        line = body[start:stop]
        if line.rstrip().endswith(b"}"):
            yield line
        hit = body.find(needle, stop)
