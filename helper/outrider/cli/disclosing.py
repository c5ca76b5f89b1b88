"""Turns what was handed in into what the audit keeps of it: digests, sizes and names, and no text unless wished for."""

import os
from typing import TYPE_CHECKING

from outrider.cli.session import Session
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.records import replace
from outrider.rules.disclosure import Attached, Disclosure, Kind
from outrider.rules.redaction import redact

if TYPE_CHECKING:
    from outrider.cli.asking import Decided

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
AGENT = ("CLAUDE_CODE_AGENT_NAME", "CLAUDE_CODE_AGENT")
"""Where a client may say which agent asks. 2.1.328 says nothing of it to the commands of its Bash tool."""


def disclosure(session: Session, decided: "Decided") -> Disclosure:
    """Returns what every attempt of this question hands out."""
    data = decided.prompt.text.encode("utf-8", "replace")
    name = data_class(decided)
    return Disclosure(
        digest=session.keys.digest(decided.prompt.text), bytes=len(data), data_class=name,
        attached=(*attached(session, decided), *(replace(part, kind="earlier") for part in decided.carried)),
        text=_kept_text(session, decided),
    )  # fmt: skip


def attached(session: Session, decided: "Decided") -> tuple[Attached, ...]:
    """Returns what this turn itself brings along, without what earlier turns of a conversation brought."""
    papers: list[tuple[Kind, str, bytes]] = list(decided.prompt.papers)
    if decided.schema_path is not None:
        papers.append(("schema", decided.schema_path, read_small(decided.schema_path, limit=SMALL_FILE) or b""))
    return tuple(
        Attached(
            kind=kind, name=shown_name(session.places, path) if kind != "stdin" else path,
            digest=session.keys.digest_bytes(content(data)),
            path_digest=path_digest(session, path) if kind != "stdin" else None, bytes=len(data),
            data_class=data_class(decided),
        )
        for kind, path, data in papers
    )  # fmt: skip


def data_class(decided: "Decided") -> str | None:
    """Returns the class of what is asked."""
    return decided.route.data_class


def content(data: bytes) -> bytes:
    """Returns the bytes that are compared: a byte order mark says nothing."""
    return data.removeprefix(BYTE_ORDER_MARK)


def path_digest(session: Session, path: str) -> str:
    """Returns the digest of where a file really is."""
    return session.keys.digest_bytes(b"path\0" + os.fsencode(os.path.realpath(path)))


def shown_name(places: Places, path: str) -> str:
    """Returns a path as people know it: from the repository on where it is inside, else from the root on."""
    real = os.path.realpath(path)
    root = os.path.realpath(places.project) if places.project else None
    return os.path.relpath(real, root) if root and real.startswith(root + os.sep) else real


def agent(session: Session) -> str | None:
    """Returns the agent that asks, where the client says so."""
    found = next((text for name in AGENT if (text := session.environment.get(name))), None)
    return found[:128] if found else None


def _kept_text(session: Session, decided: "Decided") -> str | None:
    if not session.registry.values.get("privacy", {}).get("store_prompts"):
        return None
    return redact(decided.prompt.text, session.keys.known_values(session.registry))
