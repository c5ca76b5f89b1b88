"""What in Claude Code's own set-up defeats ours: variables, agents of one name, two forms of one pack; and old keys.

Pure: what was found is handed in.
"""

from collections.abc import Iterable, Iterator, Mapping

from outrider.rules.health_checks import Check

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
OLD_KEY = 90
"""Days after which a key is called old."""
DAY = 86_400.0


def defeating(found: Iterable[tuple[str, str]]) -> Iterator[Check]:
    """Yields what sets one of these variables: pairs of its name and where it is set."""
    for name, where in found:
        why, fix = DEFEATING[name]
        message = f"{name} is set in {where}: {why}"
        yield Check(name="environment", mark="warn", message=message, fix=fix)


def duplicates(trees: Mapping[str, Mapping[str, tuple[str, ...]]]) -> Iterator[Check]:
    """Yields the agents that have one name. Each tree maps a name to its files; a later tree wins over an earlier."""
    names = sorted({name for tree in trees.values() for name in tree})
    for name in names:
        files = [file for tree in trees.values() for file in tree.get(name, ())]
        if len(files) < 2:
            continue
        last = next(tree[name] for tree in reversed(tuple(trees.values())) if name in tree)
        wins = f"{last[0]} wins" if len(last) == 1 else "which one wins is not defined"
        message = f"agent `{name}` is in {', '.join(files)}: {wins}"
        yield Check(name="agents", mark="warn", message=message, fix="rename one (`name:` in its first lines)")


def forms(loose: str | None, plugins: tuple[str, ...]) -> Iterator[Check]:
    """Yields that the pack is installed twice: as files and as a plugin, or as two plugins."""
    found = (*((loose,) if loose else ()), *plugins)
    if len(found) > 1:
        yield Check(
            name="pack", mark="warn", fix="keep one: uninstall the plugin with `/plugin`, or remove the folder",
            message=f"installed in {len(found)} forms, whose agents and skills are listed twice: {', '.join(found)}",
        )  # fmt: skip


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
