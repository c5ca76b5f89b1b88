"""The input of a batch: JSON lines, a table, the files of a folder or of a pattern; read as a stream.

A line that cannot be read is handed on with its fault. Memory holds one line and never the file. It must not know what
is asked of the documents.
"""

import codecs
import csv
import glob
import io
import json
import os
import stat
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Literal

from outrider.data import NOTHING, Json
from outrider.doors import batch_files
from outrider.doors.digest import blake2b
from outrider.doors.files import make_folder, read_small
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import record

LONGEST = 16_777_216
"""Bytes of a line, a field or a file: more than any model's window holds."""
CHUNK = 1_048_576
KINDS = {".jsonl": "lines", ".ndjson": "lines", ".csv": "table", ".tsv": "table"}
DELIMITERS = ",;\t|"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TOO_LONG = f"has more than {LONGEST:,} bytes"


@record
class Line:
    """One document as the input has it: its fields, or why it has none. `number` is where it stands, from 1."""

    number: int
    fields: Mapping[str, Json] = NOTHING
    fault: str = ""
    path: str | None = None
    id: Json = None


@record
class Input:
    """Where documents come from. `columns` are those of a table, `files` those of a folder or pattern."""

    name: str
    kind: Literal["lines", "table", "files"]
    path: str
    columns: tuple[str, ...] = ()
    delimiter: str = ","
    files: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What people call it: the file, or the folder that a pattern begins in."""
        return os.path.abspath(self.path) if self.kind == "files" else self.path

    def lines(self) -> Iterator[Line]:
        """Yields every document, in order."""
        match self.kind:
            case "lines":
                return _json_lines(self.path)
            case "table":
                return _rows(self)
            case "files":
                return (_file(number, path, self.path) for number, path in enumerate(self.files, start=1))

    def count(self) -> int:
        """Returns about how many documents there are: blank lines count, and a row's own line ends."""
        if self.kind == "files":
            return len(self.files)
        lines = 0
        last = b"\n"
        with _opened(self.path) as file:
            while chunk := file.read(CHUNK):
                lines += chunk.count(b"\n")
                last = chunk[-1:]
        return max(lines + (last != b"\n") - (self.kind == "table"), 0)

    def digest(self) -> str:
        """Returns a digest of what the input is called and where: not of what it holds, which may grow."""
        return blake2b(os.fsencode(os.path.realpath(self.path)) + self.name_of_pattern(), digest_size=8).hexdigest()

    def name_of_pattern(self) -> bytes:
        """Returns what else than its place makes the input this one."""
        return b"\0" + os.fsencode(os.path.basename(self.name)) if self.kind == "files" else b""


def open_input(text: str) -> Input:
    """Returns the input that a user named: a file, a folder, or a pattern in quotes; raises where it is none."""
    if os.path.isdir(text):
        return _files(text, base=text, found=batch_files.in_folder(text))
    if not os.path.lexists(text) and glob.has_magic(text):
        return _files(text, base=batch_files.base(text), found=batch_files.matching(text))
    with _opened(text) as file:
        head = file.read(CHUNK).removeprefix(BYTE_ORDER_MARK)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise OutriderError(f"{text} is UTF-16", hint=f"convert it: `iconv -f UTF-16 -t UTF-8 {text}`")
    if not head.strip():
        raise OutriderError(f"{text} is empty", hint='it needs one JSON object a line: {"id": 1, "prompt": "…"}')
    kind = KINDS.get(os.path.splitext(text)[1].lower()) or ("lines" if head.lstrip()[:1] == b"{" else "")
    if head.lstrip()[:1] == b"[" and kind != "table":
        raise OutriderError(f"{text} is one JSON list", hint=f"make it one object a line: `jq -c '.[]' {text}`")
    if kind == "table":
        return _table(text, head)
    if kind != "lines":
        raise OutriderError(
            f"{text} is neither JSON lines nor a table",
            hint="name a .jsonl or .csv file, a folder, or a pattern in quotes: `'notes/*.md'`",
        )
    return Input(name=text, kind="lines", path=text)


def spooled(places: Places, stream: BinaryIO) -> str:
    """Writes what a stream holds into our home, under a digest of it, so that the same again is the same input."""
    folder = places.ours("batches")
    make_folder(folder)
    draft = os.path.join(folder, f"stdin.{os.getpid()}.tmp")
    digest = blake2b(digest_size=12)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                while chunk := stream.read(CHUNK):
                    digest.update(chunk)
                    file.write(chunk)
            path = os.path.join(folder, f"stdin-{digest.hexdigest()}.jsonl")
            os.replace(draft, path)
        except BaseException:
            os.unlink(draft)
            raise
    except OSError as fault:
        raise StorageFault(f"cannot write {draft}: {fault.strerror}", hint="check the free space (`df -h`)") from None
    return path


def pieces(path: str) -> Iterator[bytes]:
    """Yields what a file holds, without a byte order mark."""
    with _opened(path) as file:
        first = file.read(CHUNK).removeprefix(BYTE_ORDER_MARK)
        while first:
            yield first
            first = file.read(CHUNK)


def _files(text: str, *, base: str, found: list[str]) -> Input:
    if not found:
        raise OutriderError(f"no file is called {text}", hint="name a folder with files, or a pattern in quotes")
    return Input(name=text, kind="files", path=base, files=tuple(found))


def _opened(path: str) -> BinaryIO:
    """Opens a regular file; a pipe or a device cannot be read again by who goes on."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        raise OutriderError(
            f"there is no file {path}", hint="check the path; quote a pattern: `'notes/*.md'`"
        ) from None
    except OSError as fault:
        raise StorageFault(f"cannot read {path}: {fault.strerror}", hint=f"check it with `ls -l {path}`") from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OutriderError(f"{path} is not a regular file", hint="write it to a file first, so that a run can go on")
    return os.fdopen(descriptor, "rb", buffering=CHUNK)


def _bounded(file: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """Yields the lines of a file, each with whether it was cut because it is too long."""
    while line := file.readline(LONGEST + 1):
        is_cut = len(line) > LONGEST
        if is_cut:
            while (rest := file.readline(CHUNK)) and not rest.endswith(b"\n"):
                pass
        yield line, is_cut


def _json_lines(path: str) -> Iterator[Line]:
    with _opened(path) as file:
        for number, (data, is_cut) in enumerate(_bounded(file), start=1):
            if number == 1:
                data = data.removeprefix(BYTE_ORDER_MARK)  # noqa: PLW2901 (the first line without its mark)
            if is_cut:
                yield Line(number=number, fault=TOO_LONG)
            elif data.strip():
                yield _json_line(number, data)


def _json_line(number: int, data: bytes) -> Line:
    try:
        value = json.loads(data.decode("utf-8"))
    except UnicodeDecodeError:
        return Line(number=number, fault="is not UTF-8 text")
    except (ValueError, RecursionError):
        return Line(number=number, fault="is not JSON")
    if not isinstance(value, dict):
        return Line(number=number, fault="is not a JSON object")
    return Line(number=number, fields=value, id=value.get("id"))


def _table(path: str, head: bytes) -> Input:
    first = head.split(b"\n", maxsplit=1)[0].decode("utf-8", "replace").rstrip("\r")
    delimiter = "\t" if path.lower().endswith(".tsv") else max(DELIMITERS, key=first.count)
    # The names may be quoted, with line ends in them: they are read as the rows will be.
    reader = csv.reader(io.StringIO(head.decode("utf-8", "replace"), newline="\n"), delimiter=delimiter)
    try:
        columns = tuple(name.strip() for name in next(reader, []))
    except csv.Error as fault:
        raise OutriderError(
            f"the first line of {path} names no columns: {fault}", hint="end its lines as Unix does: `tr '\\r' '\\n'`"
        ) from None
    if not all(columns) or len(set(columns)) < len(columns):
        raise OutriderError(
            f"{path} has a column without a name, or two of one name", hint="name each column once, in the first line"
        )
    return Input(name=path, kind="table", path=path, columns=columns, delimiter=delimiter)


def _rows(table: Input) -> Iterator[Line]:
    csv.field_size_limit(LONGEST)
    with _opened(table.path) as file:
        faults: list[str] = []
        reader = csv.reader(_texts(file, faults), delimiter=table.delimiter, strict=True)
        next(reader, None)
        number = 0
        while True:
            try:
                row = next(reader)
            except StopIteration:
                return
            except csv.Error as fault:
                row, told = [""], f"is no row of a table: {fault}"
            else:
                told = ""
            if not row:
                continue
            number += 1
            if faults:
                told = faults[0]
                faults.clear()
            yield _row(table, number, row, told)


def _row(table: Input, number: int, row: list[str], fault: str) -> Line:
    if not fault and len(row) > len(table.columns):
        fault = f"has {len(row)} fields, and the table {len(table.columns)} columns"
    if fault:
        return Line(number=number, fault=fault)
    fields: dict[str, Any] = dict(zip(table.columns, row, strict=False))
    # A table without ids has its rows' numbers.
    return Line(number=number, fields=fields, id=fields.get("id") if "id" in table.columns else number)


def _texts(file: BinaryIO, faults: list[str]) -> Iterator[str]:
    """Yields the lines of a table; one that cannot be read is an empty one, and told beside it."""
    for index, (data, is_cut) in enumerate(_bounded(file)):
        try:
            text = "" if is_cut else (data.removeprefix(BYTE_ORDER_MARK) if index == 0 else data).decode("utf-8")
        except UnicodeDecodeError:
            faults.append("is not UTF-8 text")
            text = ""
        if is_cut:
            faults.append(TOO_LONG)
        yield text or "unreadable\n"


def _file(number: int, path: str, base: str) -> Line:
    name = os.path.relpath(path, base)
    key = name.encode("utf-8", "replace").decode()
    try:
        data = read_small(path, limit=LONGEST)
        text = (data or b"").decode("utf-8-sig")
    except OutriderError as fault:
        return Line(number=number, id=key, path=path, fault=fault.message.removeprefix(f"{path} "))
    except UnicodeDecodeError:
        return Line(number=number, id=key, path=path, fault="is not UTF-8 text")
    if data is None:
        return Line(number=number, id=key, path=path, fault="is not there any more")
    if "\0" in text:
        return Line(number=number, id=key, path=path, fault="is a binary file")
    fields = {"prompt": text, "text": text, "path": path, "name": os.path.basename(path), "id": key}
    return Line(number=number, fields=fields, id=key, path=path)
