"""`outrider tasks`: the named kinds of work and their chains."""

from typing import Any

import click

from outrider.cli.chains import LEGEND, Chain, chain_of, chain_shape, chain_words, heading, print_chain
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.rows import Task
from outrider.rules.provenance import layers_of, origins_under, path_of
from outrider.rules.selection import unknown


@click.command(epilog="\b\nExamples:\n  outrider tasks\n  outrider tasks code-review\n  outrider tasks --json")
@click.argument("name", required=False)
@plain_options
def tasks(name: str | None, *, as_json: bool, quiet: bool) -> None:
    """List tasks and their chains, or show one with the reason for each model.

    A task is used with `outrider ask -t NAME`; `-t auto` chooses between simple, analysis and complex. Panels come
    last: named seats for `outrider consensus --panel NAME`, and for `compare`.
    """
    from outrider.cli.sight import look

    session = Session()
    registry = session.registry
    if name is not None and name not in registry.tasks:
        raise unknown("task", name, registry.tasks, command="tasks")
    situation, trouble = look(session)
    if not quiet:
        for text in (*registry.notes, *trouble):
            note(text)
    wanted = [registry.tasks[name]] if name is not None else list(registry.tasks.values())
    chains = [(task, chain_of(session, situation, task)) for task in wanted]
    if as_json:
        shapes = [_shape(session, task, chain) for task, chain in chains]
        dump({"tasks": shapes, "panels": _panels(session)} if name is None else shapes[0])
        return
    for task, chain in chains:
        _print(session, task, chain, whole=name is not None)
    for panel in _panels(session) if name is None else ():
        out(f"panel {panel['name']}: {', '.join(panel['seats'])}")
    if name is None and not quiet:
        note(LEGEND)


def _shape(session: Session, task: Task, chain: Chain) -> dict[str, Any]:
    return {
        "name": task.name, "description": task.row.get("description"), "chain": chain_shape(chain), "tail": task.tail,
        "floors": dict(task.floors), "order": task.order if task.floors else None, "needs": sorted(task.needs),
        "private": task.private, "reason": task.row.get("reason"), "agent": task.row.get("agent"),
        "effort": task.row.get("effort"), "default": session.registry.values.get("default") == task.name,
        "layer": _layer(session, task),
    }  # fmt: skip


def _panels(session: Session) -> list[dict[str, Any]]:
    """Returns the named panels, whose seats `compare` and `consensus` ask at once."""
    panels = session.registry.values.get("panels", {})
    return [
        {"name": name, "seats": list(seats), "layer": layers_of(session.registry, path_of("panels", name), seats)}
        for name, seats in panels.items()
    ]


def _layer(session: Session, task: Task) -> str:
    return layers_of(session.registry, path_of("tasks", task.name), task.row)


def _print(session: Session, task: Task, chain: Chain, *, whole: bool) -> None:
    marks = (
        "default" if session.registry.values.get("default") == task.name else "",
        "local only" if task.private else "",
        "" if _layer(session, task) == "bundled" else f"layer {_layer(session, task)}",
    )
    out(heading(task.name, marks, task.row.get("description")))
    if not whole:
        out(f"  {chain_words(chain)}{_tail_words(task, after=bool(chain))}")
        return
    for label, text in (
        ("why", task.row.get("reason")),
        ("needs", ", ".join(sorted(task.needs))),
        ("floors", ", ".join(f"{axis} at least {share:g} of the best" for axis, share in task.floors.items())),
        ("order", task.order if task.floors else None),
        ("effort", task.row.get("effort")),
        ("subagent", task.row.get("agent")),
    ):
        if text:
            out(f"  {label}: {text}")
    print_chain(chain)
    if task.tail:
        out(f"    {_tail_words(task, after=False)}")
    _print_origins(session, path_of("tasks", task.name))


def _tail_words(task: Task, *, after: bool) -> str:
    if not task.tail:
        return ""
    kind = "any other local model" if task.private else "any other model with a key"
    return f", then {kind}" if after else f"{kind}, the cheapest first"


def _print_origins(session: Session, path: str) -> None:
    origins = origins_under(session.registry, path)
    if origins:
        from outrider.doors.lines import located

        for place, origin in origins.items():
            out(f"  {place} from {located(place, origin)}")
