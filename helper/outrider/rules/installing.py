"""What becomes of each file of the pack, from three hashes: what is wanted now, what was offered last, what is there.

Pure: nothing is read or written here. A hash of None says that there is no such file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from outrider.records import record

Action = Literal[
    "nothing", "foreign", "create", "adopt", "unchanged", "update", "keep", "conflict", "respect",
    "retire", "release", "forget",
]  # fmt: skip
Form = Literal["loose", "project"]

FOLDERS = ("agents/outrider", "skills/outrider")
"""What is ours alone, from Claude Code's folder on. `pause` moves these two."""
PAUSED = "outrider.paused"
"""Where they are while paused: the client looks for agents and skills in folders of other names only."""
MANIFEST = "config/outrider.pack.json"
OVERLAY = "config/models.json"
_CONFIG = {"loose": ("config/models.json", "config/models.schema.json", "config/env.template"), "project": (OVERLAY,)}
_INSIDE = {"loose": FOLDERS, "project": FOLDERS[:1]}
_PART = re.compile(r"[A-Za-z0-9_.][A-Za-z0-9_. -]{0,99}")
NEW = ".new"
WRITES: frozenset[Action] = frozenset({"create", "update"})


@record
class Entry:
    """What the manifest knows of one file: the hash that was offered last, and what was under way when it was written.

    `intended` is what a run was about to write, `removing` that one was about to remove it; `adopted` says that the
    same bytes were there before us, so that they stay when the pack goes.
    """

    offered: str | None
    intended: str | None = None
    removing: bool = False
    adopted: bool = False


def decide(desired: str | None, offered: str | None, actual: str | None) -> Action:
    """Returns what becomes of one file. Install, upgrade, diff, dry run and uninstall are this one table."""
    if desired is None:
        if offered is None:
            return "nothing" if actual is None else "foreign"
        if actual is None:
            return "forget"
        return "retire" if actual == offered else "release"
    if actual is None:
        return "create" if offered is None else "respect"
    if actual == desired:
        return "unchanged" if offered == desired else "adopt"
    if actual == offered:
        return "update"
    return "keep" if offered == desired else "conflict"


def settled(entry: Entry | None, actual: str | None) -> str | None:
    """Returns what was offered last, where the run that wrote the entry may have been killed in the middle of it."""
    if entry is None:
        return None
    if entry.intended is not None and actual == entry.intended:
        return entry.intended
    return None if entry.removing and actual is None else entry.offered


def is_place(path: str, *, form: Form) -> bool:
    """Whether a path may be one of our files: what a manifest says is not believed beyond that."""
    if path.removesuffix(NEW) in _CONFIG[form]:
        return True
    return any(path.startswith(f"{folder}/") for folder in _INSIDE[form]) and all(
        _PART.fullmatch(part) and part not in {".", ".."} for part in path.split("/")
    )


def is_folder(path: str, *, form: Form) -> bool:
    """Whether a path may be a folder that we made."""
    return path in {"", "config", *(folder.partition("/")[0] for folder in _INSIDE[form])} or (
        path in _INSIDE[form] or is_place(path, form=form)
    )


def on_disk(path: str, *, paused: bool) -> str:
    """Returns where a file of the pack is: its own place, or the one where the pack waits while it is paused."""
    is_moved = paused and f"{path}/".startswith(tuple(f"{folder}/" for folder in FOLDERS))
    return f"{PAUSED}/{path}" if is_moved else path


def parents(path: str) -> tuple[str, ...]:
    """Returns the folders above a path, the highest first."""
    parts = path.split("/")[:-1]
    return tuple("/".join(parts[: length + 1]) for length in range(len(parts)))


def installed_names(agents: Iterable[str], taken: Iterable[str]) -> Mapping[str, str]:
    """Returns what each agent is called by here: its own name, or `outrider-NAME` where the user has that name."""
    others = frozenset(taken)
    return {agent: f"outrider-{agent}" if agent in others else agent for agent in agents}
