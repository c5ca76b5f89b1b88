"""Where a client works, and which files it may name: nothing outside its roots, whatever a link leads to."""

import os
from urllib.parse import unquote, urlsplit

from outrider.errors import Refused

LOCAL = ("", "localhost")


def folders_of(uris: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the folders that these roots name, those that are there, without what is no folder of this machine."""
    found = []
    for uri in uris[:100]:
        try:
            parts = urlsplit(uri)
        except ValueError:
            continue
        path = unquote(parts.path)
        if parts.scheme == "file" and parts.netloc in LOCAL and "\0" not in path and os.path.isdir(path):
            found.append(os.path.normpath(path))
    return tuple(dict.fromkeys(found))


def started_in(project: str | None, folder: str) -> tuple[str, ...]:
    """Returns where a client works that does not say it: the project in which it started us, else that folder.

    Many a client starts its servers at home, or at the root of all files: that says nothing, and so no file is read.
    """
    if project is not None:
        return (project,)
    real, home = os.path.realpath(folder), os.path.realpath(os.path.expanduser("~"))
    return () if (home + os.sep).startswith(_closed(real)) else (folder,)


def within(paths: tuple[str, ...], roots: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the real paths of files that a client named, each inside a root; refuses any other.

    Relative paths count from the first root.
    """
    if paths and not roots:
        raise Refused(
            "no file is read for a client that says no folder and started outrider in none of its own",
            hint="put the text into the prompt, or start the client in the folder of its project", kind="trust",
        )  # fmt: skip
    return tuple(_within(path, roots) for path in paths)


def _within(path: str, roots: tuple[str, ...]) -> str:
    if "\0" in path:
        raise Refused("a path has a NUL in it", hint="name a file inside the project", kind="trust")
    named = os.path.join(roots[0], path)
    real = os.path.realpath(named)
    if not any((real + os.sep).startswith(_closed(os.path.realpath(root))) for root in roots):
        raise Refused(f"{path} is outside the project", hint=f"name a file inside {roots[0]}", kind="trust")
    return real


def _closed(folder: str) -> str:
    return folder if folder.endswith(os.sep) else folder + os.sep
