"""What in Claude Code's own set-up defeats ours: variables, an old client, two forms of one pack; and old keys.

Pure: what was found is handed in.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from outrider.rules.agent_names import Clash
from outrider.rules.health_checks import Check

Version = tuple[int, int, int]

DEFEATING: Mapping[str, tuple[str, str]] = {
    "ANTHROPIC_BASE_URL": (
        "Claude Code itself asks another address, where our tiers and subagents may mean other models",
        "unset it, unless that gateway is meant",
    ),
    "CLAUDE_CODE_SUBAGENT_MODEL_FORCE": (
        "every subagent runs on one model, whatever its tier",
        "unset it, or set CLAUDE_CODE_SUBAGENT_MODEL instead",
    ),
}
"""Variables of Claude Code that make the pack mean something else, each with what it does and what mends it."""
ONE_MODEL = "CLAUDE_CODE_SUBAGENT_MODEL"
DEFAULT_SINCE = (2, 1, 251)
"""From this client on that variable is only a default, below a tier; in older ones it beats every tier."""
TRIED = (2, 1, 197)
"""The oldest client that the pack was tried on, and what npm gives on Node 18 and 20."""
_OLD_ONLY = ("before 2.1.251 it moves every subagent, whatever its tier", "unset it, or update with `claude update`")
OLD_KEY = 90
"""Days after which a key is called old."""
DAY = 86_400.0
TOLD_FOR = 7
"""Days for which a hook's fault is told."""


def defeating(found: Iterable[tuple[str, str]], *, client: Version | None = None) -> Iterator[Check]:
    """Yields what sets one of these variables: pairs of its name and where it is set. `client` is its version."""
    for name, where in found:
        if name == ONE_MODEL and (client is None or client >= DEFAULT_SINCE):
            continue
        why, fix = _OLD_ONLY if name == ONE_MODEL else DEFEATING[name]
        message = f"{name} is set in {where}: {why}"
        yield Check(name="environment", mark="warn", message=message, fix=fix)


def client(version: Version | None) -> Iterator[Check]:
    """Yields which client there is, and what an old one does not do."""
    if version is None:
        return
    text = ".".join(str(part) for part in version)
    if version < TRIED:
        yield Check(
            name="client", mark="warn", fix="update it: `claude update`",
            message=f"Claude Code is {text}; the pack was tried on {'.'.join(map(str, TRIED))} and newer",
        )  # fmt: skip
    elif version < DEFAULT_SINCE:
        yield Check(
            name="client", mark="warn", fix="with Node 22 or newer, `npm install -g @anthropic-ai/claude-code`",
            message=f"Claude Code is {text}: a switch moves the model of subagents there, and not their effort",
        )  # fmt: skip
    else:
        yield Check(name="client", mark="ok", message=f"Claude Code {text}")


def clashes(found: Iterable[Clash]) -> Iterator[Check]:
    """Yields whose agents have the names of ours; what was decided at install, or by the project, is no fault."""
    for clash in found:
        is_late = clash.kind == "late"
        yield Check(
            name="agents", mark="warn" if is_late else "ok", message=f"{clash.agent}: {clash.words}",
            fix="run `outrider upgrade`, or rename yours (`name:` in its first lines)" if is_late else "",
        )  # fmt: skip


def duplicates(trees: Mapping[str, Mapping[str, Sequence[str]]]) -> Iterator[Check]:
    """Yields the agents that have one name and are not ours. Each tree maps a name to its files; a later tree wins."""
    names = sorted({name for tree in trees.values() for name in tree})
    for name in names:
        files = [file for tree in trees.values() for file in tree.get(name, ())]
        if len(files) < 2:
            continue
        last = next(tree[name] for tree in reversed(tuple(trees.values())) if name in tree)
        wins = f"{last[0]} wins" if len(last) == 1 else "which one wins is not defined"
        message = f"agent `{name}` is in {', '.join(files)}: {wins}"
        yield Check(name="agents", mark="warn", message=message, fix="rename one (`name:` in its first lines)")


def forms(found: Sequence[str]) -> Iterator[Check]:
    """Yields that the pack is there twice: as files and as a plugin, or as two plugins."""
    if len(found) > 1:
        yield Check(
            name="pack", mark="warn", fix="keep one: `claude plugin uninstall outrider`, or `outrider uninstall`",
            message=f"installed in {len(found)} forms, whose agents are listed twice: {', '.join(found)}",
        )  # fmt: skip


def drift(pack: Mapping[str, Any], *, helper: str) -> Iterator[Check]:
    """Yields what of the pack is of another version, edited, gone or waiting; `pack` is as `status` has it."""
    project = pack["project"]
    if pack["problem"]:
        yield Check(name="pack", mark="fail", message=pack["problem"], fix="then `outrider install`")
    if project is not None and project["problem"]:
        yield Check(name="pack", mark="fail", message=project["problem"], fix="then `outrider install --project`")
    if pack["form"] is None:
        yield Check(name="pack", mark="ok", message="not installed: `outrider install`")
    elif pack["paused"]:
        is_loose = pack["form"] == "loose"
        how = "`outrider resume`" if is_loose else f"`claude plugin enable {pack['where']}`"
        yield Check(name="pack", mark="ok", message=f"{'paused' if is_loose else 'disabled here'}: {how}")
    else:
        yield Check(name="pack", mark="ok", message=f"installed, {pack['form']}, {pack['version'] or 'no version'}")
    for place, version, flag in (
        ("the pack", pack["version"], ""),
        ("this repository's pack", _of(project), " --project"),
    ):
        if version not in {None, helper}:
            fix = (
                f"run `outrider upgrade{flag}`"
                if flag or pack["form"] == "loose"
                else "run `claude plugin update outrider`"
            )
            message = f"{place} is of {version}, and the helper is {helper}"
            yield Check(name="pack", mark="warn", message=message, fix=fix)
    for part, flag in ((pack, ""), (project or {}, " --project")):
        for kind, (words, fix) in DRIFTED.items():
            paths = part.get(kind, ())
            if paths:
                message = f"{words}: {', '.join(paths[:MOST_SHOWN])}{' …' if len(paths) > MOST_SHOWN else ''}"
                yield Check(name="pack", mark="warn", message=message, fix=fix.format(flag=flag))


def _of(project: Mapping[str, Any] | None) -> str | None:
    return project["version"] if project is not None else None


MOST_SHOWN = 5
DRIFTED: Mapping[str, tuple[str, str]] = {
    "edited": ("edited since it was installed, and kept so", "run `outrider diff{flag}` to see how"),
    "missing": ("deleted since it was installed, and left so", "`outrider install{flag} --restore` brings it back"),
    "waiting": ("beside a file of yours waits what we would put there", "merge the two, then remove the `.new`"),
}


def hook_faults(noted: Sequence[Mapping[str, Any]], *, at: float) -> Iterator[Check]:
    """Yields the newest fault of each of our hooks, for a week: a hook that fails says nothing and blocks nobody."""
    newest = {str(entry["event"]): entry for entry in noted if 0 <= at - entry["at"] < TOLD_FOR * DAY}
    for event, entry in sorted(newest.items()):
        message = f"`outrider hook {event}` failed {_ago(at - entry['at'])}: {entry['message']}"
        fix = "run `outrider config check`; `outrider doctor --repair` forgets it"
        yield Check(name="hooks", mark="warn", message=message, fix=fix)


def _ago(seconds: float) -> str:
    for size, unit in ((DAY, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def key_ages(stored: Mapping[str, str], noted: Mapping[str, object], *, at: float) -> Iterator[Check]:
    """Yields the keys of the key file that are old, and those whose age nobody knows.

    `stored` maps each variable to its key's digest, `noted` what was written down when one was stored. A key that was
    changed by hand since then is not the one that was noted.
    """
    unknown = []
    for name in sorted(stored):
        note = noted.get(name)
        since = note.get("at") if isinstance(note, Mapping) and note.get("digest") == stored[name] else None
        if not isinstance(since, int | float) or isinstance(since, bool) or not 0 < since <= at + DAY:
            unknown.append(name)
        elif at - since > OLD_KEY * DAY:
            days = int((at - since) / DAY)
            yield Check(
                name="keys", mark="warn", message=f"{name} was stored {days} days ago",
                fix=f"make a new one at its provider, then run `outrider keys set {name}`",
            )  # fmt: skip
    if unknown:
        message = f"age unknown, since `outrider keys` did not store them: {', '.join(unknown)}"
        yield Check(name="keys", mark="ok", message=message)
