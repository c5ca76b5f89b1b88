"""Conversations kept by `ask --thread`: one file each, of JSON lines, for its owner alone.

A thread belongs to the repository it was begun in, and keeps the strictest privacy class it ever saw. It is the one
place where text of prompts and answers is stored; what it means is not known here.
"""

import fcntl
import json
import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal

from outrider.data import Message
from outrider.doors.digest import blake2b
from outrider.doors.files import make_folder, read_small
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import as_dict, record
from outrider.rules.disclosure import Attached
from outrider.rules.privacy import LOCAL_ONLY, PUBLIC, rank

FOLDER = "threads"
LARGEST = 8_388_608
"""Bytes of one conversation: more than any model's window holds."""
NAME = re.compile(r"(?!\.)[A-Za-z0-9._-]{1,64}")
ENDING = ".jsonl"
ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "system": "system", "user": "user", "assistant": "assistant",
}  # fmt: skip


@record
class Thread:
    """A conversation so far. Its class is the strictest that it ever had; times are seconds since 1970."""

    name: str
    messages: tuple[Message, ...]
    data_class: str
    created: float
    updated: float
    models: tuple[str, ...] = ()
    attached: tuple[Attached, ...] = ()

    @property
    def private(self) -> bool:
        """Whether it goes on with local models only."""
        return self.data_class == LOCAL_ONLY


def load(places: Places, name: str) -> Thread | None:
    """Returns a conversation, None where it was not begun. A line that a crash left half-written is passed over."""
    path = _path(places, name)
    data = read_small(path, limit=LARGEST + 1, follow=False)
    if data is None:
        return None
    return _thread(name, data, touched=os.stat(path).st_mtime)


def append(
    places: Places, name: str, *, messages: tuple[Message, ...], data_class: str, model: str,
    attached: tuple[Attached, ...] = (),
) -> None:  # fmt: skip
    """Adds turns to a conversation, whole or not at all.

    `model` is who gave the answers among them, `attached` what the audit knows of the files in them.
    """
    path = _path(places, name)
    make_folder(os.path.dirname(path))
    at = time.time()
    about: dict[str, Any] = {
        "at": at, "private": data_class == LOCAL_ONLY, "class": data_class, "repository": places.project,
    }  # fmt: skip
    if attached:
        about["attached"] = [as_dict(part) for part in attached]
    lines = [_line(about)]
    lines += [
        _line({"role": message.role, "text": message.text, **({"model": model} if message.role == "assistant" else {})})
        for message in messages
    ]
    try:
        with _locked(path) as descriptor:
            size = os.fstat(descriptor).st_size
            # What a crash cut short gets its line end, so that it spoils no line but its own.
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            new = (b"\n" if torn else b"") + b"".join(lines)
            if size + len(new) > LARGEST:
                raise OutriderError(
                    f"thread `{name}` has {size:,} bytes, and may have {LARGEST:,}",
                    hint=f"go on under another name, or `outrider thread delete {name}`",
                )
            _write(descriptor, new, size=size)
    except OSError as fault:
        raise _fault(path, fault) from None


def names(places: Places) -> tuple[str, ...]:
    """Returns the conversations of this repository, by name."""
    try:
        entries = os.listdir(_folder(places))
    except (FileNotFoundError, NotADirectoryError):
        return ()
    except OSError as fault:
        raise _fault(_folder(places), fault) from None
    found = (entry.removesuffix(ENDING) for entry in entries if entry.endswith(ENDING))
    return tuple(sorted(name for name in found if NAME.fullmatch(name)))


def delete(places: Places, name: str) -> bool:
    """Removes a conversation; False where there was none."""
    path = _path(places, name)
    try:
        os.unlink(path)
    except FileNotFoundError:
        return False
    except OSError as fault:
        raise _fault(path, fault) from None
    return True


def _folder(places: Places) -> str:
    """Returns where this repository's conversations are; those of no repository are the user's."""
    if places.project is None:
        return places.ours(FOLDER, "user")
    real = os.path.realpath(places.project).encode("utf-8", "surrogateescape")
    return places.ours(FOLDER, blake2b(real, digest_size=8).hexdigest())


def _path(places: Places, name: str) -> str:
    if not NAME.fullmatch(name):
        raise OutriderError(
            "a thread's name has 1 to 64 letters, digits, `.`, `_` or `-`, and no dot in front",
            hint="name it like `--thread parser-bug`",
        )
    return os.path.join(_folder(places), name + ENDING)


def _thread(name: str, data: bytes, *, touched: float) -> Thread:
    messages: list[Message] = []
    models: dict[str, None] = {}
    times: list[float] = []
    data_class = PUBLIC
    attached: list[Attached] = []
    for row in _rows(data):
        attached += _attached(row.get("attached"))
        told = LOCAL_ONLY if row.get("private") is True else row.get("class", PUBLIC)
        data_class = max(data_class, told if isinstance(told, str) else LOCAL_ONLY, key=rank)
        if isinstance(row.get("at"), int | float):
            times.append(float(row["at"]))
        role, text = ROLES.get(str(row.get("role"))), row.get("text")
        if role is not None and isinstance(text, str):
            messages.append(Message(role=role, text=text))
            if isinstance(row.get("model"), str) and row["model"]:
                models[row["model"]] = None
    return Thread(
        name=name, messages=tuple(messages), data_class=data_class, created=min(times, default=touched),
        updated=max(times, default=touched), models=tuple(models),
        attached=tuple(dict.fromkeys(attached)),
    )  # fmt: skip


def _attached(stored: Any) -> Iterator[Attached]:
    for part in stored if isinstance(stored, list) else ():
        try:
            yield Attached(**part)
        except TypeError:
            # Written by another version, or damaged: the text is still there, its account is not.
            continue


def _rows(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.split(b"\n"):
        try:
            row = json.loads(line) if line.strip() else None
        except (ValueError, RecursionError):
            row = None
        if isinstance(row, dict):
            yield row


def _line(row: Mapping[str, Any]) -> bytes:
    # ASCII, so that lone surrogates of a model's words survive the file.
    return json.dumps(row).encode("ascii") + b"\n"


@contextmanager
def _locked(path: str) -> Iterator[int]:
    """Opens a conversation for this process alone."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # A file that was deleted while we waited is nobody's any more.
            if os.fstat(descriptor).st_nlink == 0:
                continue
            yield descriptor
            return
        finally:
            os.close(descriptor)


def _write(descriptor: int, data: bytes, *, size: int) -> None:
    """Writes at the end of the file, or leaves it as it was."""
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _fault(path: str, fault: OSError) -> StorageFault:
    return StorageFault(
        f"cannot use {path}: {fault.strerror or fault}", hint="check the free space (`df -h`) and the folder's mode"
    )
