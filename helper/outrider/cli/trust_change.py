"""What changed in a repository's files since they were last trusted, value by value. Prints nothing."""

import json
import os
from collections.abc import Mapping
from typing import Any

from outrider.doors import registry
from outrider.doors import trust as trust_door
from outrider.doors.ledger_read import stamp
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.difference import Difference, differences, in_words

MOST_SHOWN = 80
SERVERS = "mcp-servers.json"


@record
class Change:
    """What was trusted last, where and when, and every value that differs now, by file."""

    where: str
    at: float
    files: Mapping[str, tuple[Difference, ...]]


def since_trusted(where: Places, files: trust_door.Files) -> Change | None:
    """Returns the change since these files were last trusted; None where they never were, or nothing is kept."""
    root = where.project or ""
    last = trust_door.last_trusted(where, root)
    if last is None:
        return None
    place, at, before = last
    now = {os.path.relpath(path, root): data for path, data in files}
    found = {name: differences(_values(before.get(name)), _values(now.get(name))) for name in {**before, **now}}
    return Change(where=place, at=at, files={name: changes for name, changes in found.items() if changes})


def _values(data: bytes | None) -> Mapping[str, Any]:
    if data is None:
        return {}
    try:
        return registry.parse(registry.Source(name="project", path="", data=data))
    except OutriderError:
        return {}


def shape(change: Change | None) -> dict[str, Any] | None:
    """Returns a change for scripts."""
    if change is None:
        return None
    return {
        "project": change.where, "at": stamp(change.at),
        "changes": [{"file": name, "path": entry.path, "from": entry.before, "to": entry.after}
                    for name, entries in change.files.items() for entry in entries],
    }  # fmt: skip


def lines(change: Change | None, *, root: str) -> list[str]:
    """Returns a change for people."""
    if change is None:
        return []
    place = "" if change.where == os.path.realpath(root) else f" in {change.where}, another worktree of this clone"
    if not change.files:
        return [f"the values are those that you trusted on {stamp(change.at)}{place}; only the spelling differs"]
    told = [f"  {name}: {entry.path}: {in_words(entry.before)} -> {in_words(entry.after)}"
            for name, entries in change.files.items() for entry in entries]  # fmt: skip
    more = [f"  and {len(told) - MOST_SHOWN} more"] if len(told) > MOST_SHOWN else []
    return [f"changed since you trusted it on {stamp(change.at)}{place}:", *told[:MOST_SHOWN], *more]


def programs(files: trust_door.Files) -> tuple[str, ...]:
    """Returns what the tool servers of a project are: programs that would be started, addresses that would be told."""
    found: list[str] = []
    for path, data in files:
        if not path.endswith(SERVERS):
            continue
        try:
            rows = json.loads(data).get("mcpServers", {})
        except (ValueError, AttributeError, RecursionError):
            return (f"{path} is not JSON, so none of its tool servers counts",)
        for name, row in rows.items() if isinstance(rows, dict) else ():
            said = row if isinstance(row, dict) else {}
            if said.get("url"):
                found.append(f"A TOOL SERVER AT {said['url']} (server {name})")
            else:
                command = " ".join(map(str, (said.get("command", "?"), *said.get("args", ()))))
                found.append(f"STARTS THE PROGRAM {command} (server {name}; what is in it is not looked at)")
    return tuple(found)
