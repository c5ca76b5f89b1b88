"""What no model may have a tool do, whatever the user allows of the tool: hand out keys, or read what the run may not.

A tool names files in its arguments; a file of a stricter class than the run's, or one that Claude Code may not read,
is not read for it here. It sees what is written in the arguments and nothing else: a search inside a folder passes.
"""

import os
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from outrider.cli import classifying
from outrider.cli.asking import Decided
from outrider.cli.session import Session
from outrider.errors import Refused
from outrider.rules.classes import Mark
from outrider.rules.placeholders import SHIPPED, hide
from outrider.rules.privacy import rank
from outrider.rules.tools.servers import Server

MOST_TEXTS = 500
LONGEST_PATH = 4_096


class Guard:
    """Judges the arguments of calls within one run."""

    def __init__(self, session: Session, decided: Decided, servers: Mapping[str, Server]) -> None:
        self._session = session
        self._class = decided.route.data_class
        self._private = decided.route.private
        self._secrets = session.keys.named_values(session.registry)
        self._rules: Mapping[str, Any] = session.registry.values.get("privacy", {})
        self._folders = {
            name: tuple(
                dict.fromkeys(
                    part for part in (os.getcwd(), session.places.project, server.cwd, *server.command[1:])
                    if part and os.path.isabs(part) and os.path.isdir(part)
                )
            )
            for name, server in servers.items()
        }  # fmt: skip

    def why_not(self, server: Server, arguments: Mapping[str, Any]) -> str | None:
        """Says why a call may not be made, or None."""
        texts = tuple(islice(_texts(arguments), MOST_TEXTS + 1))
        if len(texts) > MOST_TEXTS:
            return f"the arguments hold more than {MOST_TEXTS} texts, which are too many to look through"
        if not server.is_local:
            name = next((name for value, name in self._secrets.items() if any(value in text for text in texts)), None)
            if name is not None:
                return f"the arguments hold the value of {name}"
            own = self._rules.get("redact")
            if own and hide(texts, (*SHIPPED, *(own if isinstance(own, list) else ()))).table:
                return "the arguments hold what `privacy.redact` keeps back"
        return self._why_not_read(server, texts)

    def _why_not_read(self, server: Server, texts: tuple[str, ...]) -> str | None:
        """Says which file of the arguments this run may not read, or None."""
        is_watched = self._session.inside_claude and not self._private
        if not self._rules.get("paths") and not is_watched:
            return None
        for text in texts:
            paths = tuple(_paths(text, self._folders[server.name]))
            if not paths:
                continue
            mark = classifying.mark_of(self._session, Mark(), paths, reads_stdin=False)
            if rank(mark.name) > rank(self._class):
                return f"{os.path.basename(text)[:80]} is {mark.name}, and this run is {self._class}"
            if is_watched:
                try:
                    classifying.refuse_denied(self._session, paths, reads_stdin=False)
                except Refused as fault:
                    return fault.message
        return None


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case Mapping():
            for name, inner in value.items():
                yield str(name)
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _:
            return


def _paths(text: str, folders: tuple[str, ...]) -> Iterator[str]:
    """Yields the files that a text may name: as it is, and in each folder that the server knows."""
    plain = text.removeprefix("file://")
    if len(plain) > LONGEST_PATH:
        # A server may shorten a path before it opens it, as `./` again and again asks for.
        plain = os.path.normpath(plain)
    if not plain or len(plain) > LONGEST_PATH or "\n" in plain or "\0" in plain:
        return
    plain = os.path.expanduser(plain)
    if os.path.isabs(plain):
        yield plain
        return
    yield from (os.path.join(folder, plain) for folder in folders)
