"""Writing a page where a person wants it, and never over a file that we did not make."""

import os

from outrider.doors.files import write_whole
from outrider.errors import OutriderError, Refused

MARK = b'<meta name="generator" content="outrider report">'
LOOKED_AT = 4_096
"""The mark is near the beginning of every page of ours."""


def check_place(path: str, *, inside: str | None, force: bool) -> None:
    """Refuses a place where a page cannot or must not be written; `inside` is the folder that it may not leave."""
    if os.path.isdir(path):
        raise OutriderError(f"{path} is a folder", hint=f"name a file: `--html {os.path.join(path, 'report.html')}`")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise OutriderError(f"there is no folder {folder}", hint=f"make it: `mkdir -p {folder}`")
    if inside is not None and not (os.path.realpath(path) + os.sep).startswith(os.path.realpath(inside) + os.sep):
        raise Refused(f"{path} is outside the project", hint="write inside the project", kind="trust")
    if not os.path.lexists(path):
        return
    if not os.path.isfile(path) or os.path.islink(path):
        raise OutriderError(f"{path} is not a plain file", hint="name a new file")
    if not force and not _is_ours(path):
        raise OutriderError(
            f"{path} is there already, and no report of ours", hint="name a new file, or overwrite it with `--force`"
        )


def _is_ours(path: str) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    with os.fdopen(descriptor, "rb") as file:
        return MARK in file.read(LOOKED_AT)


def write_page(path: str, page: bytes) -> None:
    """Writes a page, whole or not at all, for its owner to read: it names repositories, models and money."""
    write_whole(os.path.abspath(path), page, mode=0o600)
