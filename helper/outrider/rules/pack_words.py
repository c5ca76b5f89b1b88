"""What an install says to a person: a line for every file that is not simply in place, and what would defeat the pack.

Pure: what was decided and what was found are handed in.
"""

from collections.abc import Iterable, Iterator, Mapping

from outrider.rules.client_checks import DEFEATING
from outrider.rules.installing import NEW, Action
from outrider.rules.pack_plan import Step

TRIED = (2, 1, 197)
"""The oldest client that the pack is tried on."""
DEFAULT_ONLY = (2, 1, 251)
"""From this client on CLAUDE_CODE_SUBAGENT_MODEL is a default; before, it moved every agent."""
FORCE = "CLAUDE_CODE_SUBAGENT_MODEL_FORCE"
ONE_MODEL = "CLAUDE_CODE_SUBAGENT_MODEL"
WATCHED = (FORCE, ONE_MODEL)
DOES: Mapping[Action, str] = {
    "create": "create", "adopt": "take over", "update": "update", "retire": "remove", "release": "leave to you",
    "forget": "forget", "keep": "keep yours", "conflict": "conflict", "respect": "stays deleted",
}  # fmt: skip


def told(steps: Iterable[Step], *, asides: Mapping[str, str], is_removal: bool) -> Iterator[tuple[str, str]]:
    """Yields a word and a sentence for each file that the user should know of."""
    known = {step.path: step for step in steps}
    for path, step in known.items():
        if path in asides:
            yield "restored", f"{path}: what was there is now {asides[path]}"
        elif path.endswith(NEW):
            if step.action == "release":
                yield "kept", f"{path}: you changed it"
        elif step.action == "conflict":
            yield _conflict(step, known.get(path + NEW))
        elif step.action == "keep":
            yield "kept", f"{path}: your edit (`outrider diff` shows it)"
        elif step.action == "respect":
            yield "deleted", f"{path}: you deleted it, and it stays so (`outrider install --restore` brings it back)"
        elif step.action == "release":
            yield "kept", f"{path}: {_why_released(step)}"
        elif step.action == "adopt" and step.adopted and not is_removal:
            yield "adopted", f"{path}: it was there already, byte for byte"


def _conflict(step: Step, beside: Step | None) -> tuple[str, str]:
    what = f"there is {step.actual}" if len(step.actual or "") != 64 else "you changed it, and it changed here too"
    if step.offered is None and len(step.actual or "") == 64:
        what = "a file of yours is there"
    if beside is None or beside.action in {"conflict", "keep"}:
        return (
            "conflict",
            f"{step.path}: {what}; {step.path.rpartition('/')[2]}{NEW} is yours too, so nothing is written",
        )
    if beside.action == "respect":
        return "kept", f"{step.path}: yours, and you deleted ours beside it"
    return "conflict", f"{step.path}: {what}; ours is beside it as {beside.path.rpartition('/')[2]}"


def _why_released(step: Step) -> str:
    if step.adopted:
        return "it was there before the pack, byte for byte"
    return "you changed it" if len(step.actual or "") == 64 else f"there is {step.actual} in its place"


def client_notes(client: tuple[int, int, int] | None, found: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yields what in this client defeats the pack. `found` pairs each variable that is set with where it is set."""
    if client is not None and client < TRIED:
        this, least = (".".join(str(part) for part in version) for version in (client, TRIED))
        yield f"this Claude Code is {this}; the pack is tried on {least} and newer: update it with `claude update`"
    for name, where in found:
        if name == FORCE:
            yield f"{FORCE} is set in {where}: {DEFEATING[FORCE][0]}; {DEFEATING[FORCE][1]}"
        elif name == ONE_MODEL and client is not None and client < DEFAULT_ONLY:
            yield f"{ONE_MODEL} is set in {where}: before 2.1.251 it moves every subagent, whatever its tier; unset it"


def differing(helper: str, others: Iterable[tuple[str, str | None, str]]) -> Iterator[str]:
    """Yields each part whose version is not the helper's: (what it is, its version, what brings it up to date)."""
    for what, version, cure in others:
        if version is not None and version != helper:
            yield f"{what} is {version}, the helper {helper}: {cure}"
