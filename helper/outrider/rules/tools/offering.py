"""Which tools of which servers a model is offered, and under which names.

A tool is offered where the user's allow-list for its server names it, or vouches for the server's word that it only
reads. What a server says of its tools is cleaned and bounded before any model reads it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import Any

from outrider.data import Tool
from outrider.records import record
from outrider.rules.containment import neutral
from outrider.rules.tools.bounds import Bounds
from outrider.rules.tools.servers import READERS, Server

LONGEST_NAME = 64
LONGEST_DESCRIPTION = 2_000
LARGEST_SCHEMA = 24_000
DEEPEST_SCHEMA = 24
_UNFIT = re.compile(r"[^A-Za-z0-9_-]")


@record
class Listed:
    """A tool as its server lists it. `reads` is the server's own claim that it changes nothing."""

    server: str
    name: str
    description: str = ""
    schema: Mapping[str, Any]
    reads: bool = False
    destroys: bool = False

    @property
    def digest(self) -> str:
        """What tells two definitions apart."""
        told = [self.name, self.description, self.schema, self.reads, self.destroys]
        return sha256(json.dumps(told, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()[:16]


@record
class Offered:
    """A tool that a model may call: what the model sees, and which tool of which server that is."""

    tool: Tool
    server: str
    name: str
    digest: str


@record
class Withheld:
    """A tool that no model is offered, and why. `kind` is a closed word: `allow`, `deny`, `size` or `shape`."""

    server: str
    name: str
    why: str
    kind: str


@record
class Offer:
    """What is offered and what is not."""

    tools: tuple[Offered, ...] = ()
    withheld: tuple[Withheld, ...] = ()

    def find(self, name: str) -> Offered | None:
        """Returns the tool of this name, as the model calls it."""
        return next((one for one in self.tools if one.tool.name == name), None)


def offer(listed: Iterable[Listed], servers: Mapping[str, Server], bounds: Bounds) -> Offer:
    """Returns which of the listed tools a model is offered."""
    kept: list[Listed] = []
    withheld: list[Withheld] = []
    seen: set[tuple[str, str]] = set()
    size = 0
    for one in listed:
        reason = _why_not(one, servers[one.server])
        if reason is None and (one.server, one.name) in seen:
            reason = ("shape", "the server lists it twice")
        seen.add((one.server, one.name))
        weight = len(json.dumps(dict(one.schema))) + len(one.description) if reason is None else 0
        if reason is None and len(kept) >= bounds.tools:
            reason = ("size", f"{bounds.tools} tools are offered already")
        if reason is None and size + weight > bounds.schemas:
            reason = ("size", f"the schemas of all tools together would be larger than {bounds.schemas:,} bytes")
        if reason is not None:
            withheld.append(Withheld(server=one.server, name=_shown(one.name), why=reason[1], kind=reason[0]))
            continue
        size += weight
        kept.append(one)
    names = _names(tuple(kept))
    tools = tuple(
        Offered(
            tool=Tool(name=name, description=_described(one), schema=_cleaned(one.schema)),
            server=one.server, name=one.name, digest=one.digest,
        )
        for name, one in zip(names, kept, strict=True)
    )  # fmt: skip
    return Offer(tools=tools, withheld=tuple(withheld))


def may_use(one: Listed, server: Server) -> bool:
    """Whether the user allows a tool: by its name or a pattern, or as one that only reads."""
    return any(
        one.reads and not one.destroys if pattern == READERS else fnmatchcase(one.name, pattern)
        for pattern in server.allow
    )  # fmt: skip


def _why_not(one: Listed, server: Server) -> tuple[str, str] | None:
    if not one.name or len(one.name) > 2 * LONGEST_NAME:
        return "shape", "it has no name that can be used"
    if any(fnmatchcase(one.name, pattern) for pattern in server.deny):
        return "deny", "the user's `deny` names it"
    if not may_use(one, server):
        if one.reads and not one.destroys:
            return "allow", f"the server says it only reads, and the user's `allow` has no `{READERS}`"
        return "allow", "the user's `allow` does not name it"
    if one.schema.get("type", "object") != "object":
        return "shape", "its arguments are no object"
    if not _is_shallow(one.schema):
        return "shape", "its schema is nested too deeply"
    size = len(json.dumps(dict(one.schema)))
    if size > LARGEST_SCHEMA:
        return "size", f"its schema has {size:,} bytes, more than {LARGEST_SCHEMA:,}"
    return None


def _names(kept: tuple[Listed, ...]) -> tuple[str, ...]:
    """Returns a name for each tool that every endpoint takes and no other tool has.

    A name of two servers' tools says whose it is; so that no server can take another's place, for both.
    """
    plain = [_fit(one.name) for one in kept]
    shared = {name for name in plain if plain.count(name) > 1}
    used: set[str] = set()
    names: list[str] = []
    for name, one in zip(plain, kept, strict=True):
        wanted = _fit(f"{one.server}__{one.name}") if name in shared else name
        number, free = 2, wanted
        while free in used:
            free = f"{wanted[: LONGEST_NAME - 4]}_{number}"
            number += 1
        used.add(free)
        names.append(free)
    return tuple(names)


def _fit(name: str) -> str:
    fitting = _UNFIT.sub("_", name)
    if len(fitting) <= LONGEST_NAME:
        return fitting
    return f"{fitting[: LONGEST_NAME - 9]}_{sha256(name.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _shown(name: str) -> str:
    return _UNFIT.sub("_", name)[:LONGEST_NAME]


def _described(one: Listed) -> str:
    text = neutral(one.description)
    return text if len(text) <= LONGEST_DESCRIPTION else f"{text[:LONGEST_DESCRIPTION]}…"


def _cleaned(value: Any) -> Any:
    """Returns a schema whose descriptions imitate nothing; what is matched against arguments stays as it is."""
    match value:
        case Mapping():
            return {
                key: neutral(inner) if key in ("description", "title", "$comment") and isinstance(inner, str)
                else _cleaned(inner)
                for key, inner in value.items()
            }  # fmt: skip
        case list():
            return [_cleaned(inner) for inner in value]
        case _:
            return value


def _is_shallow(schema: Mapping[str, Any]) -> bool:
    level: list[Any] = [schema]
    for _ in range(DEEPEST_SCHEMA):
        level = [
            inner for one in level
            for inner in (one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ())
        ]  # fmt: skip
        if not level:
            return True
    return False


def changed(offered: Offer, listed: Iterable[Listed]) -> Mapping[str, str]:
    """Returns the offered tools that their server no longer lists as it did, by the name that models use, and why.

    Only the servers of `listed` are judged.
    """
    now = {(one.server, one.name): one.digest for one in listed}
    judged = {server for server, _ in now}
    found: dict[str, str] = {}
    for one in offered.tools:
        if one.server not in judged:
            continue
        digest = now.get((one.server, one.name))
        if digest is None:
            found[one.tool.name] = "its server no longer has it"
        elif digest != one.digest:
            found[one.tool.name] = "its server has changed what it does since it was offered"
    return found
