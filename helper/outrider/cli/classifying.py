"""Which class the files of a question are of, and whether Claude Code may hand them over at all.

Loaded only where the settings say something of paths, or Claude Code is the one that asks.
"""

import os
import stat
import sys
from collections.abc import Iterator

from outrider.cli.session import Session
from outrider.errors import Refused
from outrider.rules.classes import Mark, strictest
from outrider.rules.patterns import Around, matches
from outrider.rules.privacy import LOCAL_ONLY

F_GETPATH = 50
"""macOS's name for asking a descriptor where its file is; the fcntl module has it there only."""


def mark_of(session: Session, given: Mark, paths: tuple[str, ...], *, reads_stdin: bool) -> Mark:
    """Returns the strictest class that any path pattern gives to these files or to the file behind stdin."""
    entries = session.registry.values.get("privacy", {}).get("paths", ())
    marks = [given]
    for path in (*paths, *(_stdin_path() if reads_stdin else ())):
        shown = os.path.basename(path)
        marks += [
            Mark(name=entry["class"], because=f"path pattern `{entry['pattern']}` ({shown})")
            for entry in entries
            if is_meant(session, entry["pattern"], path)
        ]
    return strictest(marks)


def is_meant(session: Session, pattern: str, path: str) -> bool:
    """Whether a pattern means a file, as it was named or where it really is."""
    root = session.places.project or os.path.abspath(os.curdir)
    home = os.path.expanduser("~")
    roots = {(root, home), (os.path.realpath(root), os.path.realpath(home))}
    return any(matches(pattern, name, Around(root=base, home=own)) for name in spelled(path) for base, own in roots)


def spelled(path: str) -> tuple[str, ...]:
    """Returns the absolute spellings of a path: as it was named, and with every link followed."""
    return tuple(dict.fromkeys((os.path.abspath(path), os.path.realpath(path))))


def refuse_denied(session: Session, paths: tuple[str, ...], *, reads_stdin: bool) -> None:
    """Refuses files that Claude Code's own settings keep it from: what it may not read, it may not have read to it."""
    from outrider.doors.client_settings import deny_rules, folders
    from outrider.rules.permissions import covering

    rules = deny_rules(session.places)
    if not rules:
        return
    for path in (*paths, *(_stdin_path() if reads_stdin else ())):
        rule = covering(rules, spelled(path), folders=folders(session.places), home=os.path.expanduser("~"))
        if rule is not None:
            raise Refused(
                f"Claude Code may not read {path}: `{rule.text}` in {rule.file}",
                hint="ask with `--private`: a model on this machine reads it, and the answer stays in a file",
            )


def _stdin_path() -> Iterator[str]:
    """Yields the path of the file behind stdin (`< FILE`); a pipe has none."""
    try:
        descriptor = sys.stdin.fileno()
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return
        if sys.platform == "darwin":
            import fcntl

            yield os.fsdecode(fcntl.fcntl(descriptor, F_GETPATH, b"\0" * 1024).rstrip(b"\0"))
        else:
            yield os.readlink(f"/proc/self/fd/{descriptor}")
    except (AttributeError, OSError, ValueError):
        return


def deny_advice(session: Session) -> list[dict[str, object]]:
    """Returns, for each local-only pattern, the lines that keep Claude Code from its files, and whether they are there.

    The line for `Read` decides: the client holds to it in its own tools and in the shell's plain readers.
    """
    entries = session.registry.values.get("privacy", {}).get("paths", ())
    patterns = dict.fromkeys(entry["pattern"] for entry in entries if entry["class"] == LOCAL_ONLY)
    if not patterns:
        return []
    from outrider.doors.client_settings import deny_rules, folders
    from outrider.rules.permissions import deny_lines, is_covered

    rules, around = deny_rules(session.places), folders(session.places)
    home = os.path.expanduser("~")
    return [
        {"pattern": pattern, "lines": list(deny_lines(pattern)),
         "present": is_covered(pattern, rules, folders=around, home=home)}
        for pattern in patterns
    ]  # fmt: skip
