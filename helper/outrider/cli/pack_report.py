"""How the commands of the pack tell what they did: the same lines and the same object for each of them."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

from outrider import __version__
from outrider.cli.show import note, out
from outrider.doors.guides import TYPED
from outrider.install.gather import Wanted
from outrider.install.run import Report
from outrider.rules.installing import FOLDERS, Action
from outrider.rules.pack_plan import unsettled
from outrider.rules.pack_words import DOES, told

CONFLICTS = 3
COUNTED: dict[Action, str] = {"create": "written", "update": "updated", "adopt": "taken over", "retire": "removed"}


def shape(report: Report, *, notes: tuple[str, ...]) -> dict[str, Any]:
    """Returns a report as its JSON object."""
    wanted = report.wanted
    agents = {
        agent: {"name": wanted.names[agent], "tier": tier, "from": source}
        for agent, (tier, source) in _there(report, wanted)
    } if wanted is not None else {}  # fmt: skip
    return {
        "form": report.form, "root": report.root, "version": __version__,
        "previous": report.was.helper if report.was is not None else None,
        "dry_run": report.dry_run, "changed": report.changed,
        "paused": report.was is not None and report.was.paused,
        "explore": wanted is not None and wanted.explore, "mcp": wanted is not None and wanted.mcp, "agents": agents,
        "files": [{"path": step.path, "action": step.action} for step in report.steps],
        "conflicts": [step.path for step in unsettled(report.steps)] + list(report.late),
        "foreign": list(report.foreign), "put_aside": dict(report.asides), "notes": list(notes),
    }  # fmt: skip


def code(report: Report) -> int:
    """Returns the exit code: conflicts are left for the user."""
    return CONFLICTS if unsettled(report.steps) or report.late else 0


def lines(report: Report, *, is_removal: bool) -> None:
    """Writes a line for each file that a person should know of."""
    if report.dry_run:
        for step in report.steps:
            if step.touches:
                line(f"would {DOES[step.action]}", step.path, width=14)
    for word, sentence in told(report.steps, asides=report.asides, is_removal=is_removal):
        line(word, sentence)
    for path in report.late:
        line("conflict", f"{path}: it changed while this ran, and was left as it is: run it again")
    if report.foreign:
        named = ", ".join(report.foreign[:10]) + (
            f" and {len(report.foreign) - 10} more" if report.foreign[10:] else ""
        )
        line("not ours", f"{named}: left alone")


def line(word: str, sentence: str, *, width: int = 9) -> None:
    """Writes one line, its subject first."""
    out(f"{word:<{width}} {sentence}")


def counted(report: Report) -> str:
    """Returns how many files were written, taken over and removed."""
    counts = Counter(step.action for step in report.steps)
    parts = [f"{counts[action]} {word}" for action, word in COUNTED.items() if counts[action]]
    return ", ".join(parts) or "nothing to do"


def contents(report: Report) -> None:
    """Writes what is installed: agents with their tiers, skills, what the hooks do."""
    wanted = report.wanted
    if wanted is None:
        return
    line("agents", ", ".join(f"{wanted.names[agent]} {tier}" for agent, (tier, _) in _there(report, wanted)))
    for agent, path in wanted.clashes.items():
        line("renamed", f"{agent} is installed as `{wanted.names[agent]}`: {path} has that name")
    skills = {path.split("/")[-2]: data for path, data in wanted.pages.items() if path.endswith("/SKILL.md")}
    typed = sorted(name for name, data in skills.items() if TYPED.encode() in data)
    if skills:
        line("skills", ", ".join(sorted(skills.keys() - typed)))
        line("commands", ", ".join(f"/outrider:{name}" for name in typed))
    if f"{FOLDERS[1]}/hooks/hooks.json" in wanted.pages:
        line("hooks", "reading and asking `outrider` commands run without a prompt; agents get the tier that stands")


def _there(report: Report, wanted: Wanted) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yields the agents with their tiers, but for those whose file the user deleted."""
    deleted = {step.path for step in report.steps if step.action == "respect"}
    for agent, tier in wanted.tiers.items():
        if f"{FOLDERS[0]}/{agent}.md" not in deleted:
            yield agent, tier


def warn(notes: tuple[str, ...], *, quiet: bool) -> None:
    """Writes what would keep the pack from working, on stderr."""
    for text in () if quiet else notes:
        note(text)


def relative(report: Report) -> str:
    """Returns the folder that the pack is in, as people know it."""
    home = os.path.expanduser("~")
    return f"~{report.root[len(home) :]}" if report.root.startswith(home + os.sep) else report.root
