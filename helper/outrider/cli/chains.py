"""How a chain is shown: its models in order, with a mark on each that could answer now."""

from typing import Any

from outrider.cli.session import Session
from outrider.cli.show import out
from outrider.rows import Task
from outrider.rules.routing import FLOOR_CHAIN_LENGTH, by_floors
from outrider.rules.targets import Situation, Wanted
from outrider.rules.usable import Standing, chain_standing

MARK = "*"
LEGEND = f"{MARK} can be used now; `outrider models` says why the others cannot"

Chain = tuple[tuple[str, Standing], ...]


def chain_of(session: Session, situation: Situation, task: Task) -> Chain:
    """Returns a task's chain, computed from its floors where it names no models, with how each model stands."""
    names = task.chain
    if not names and task.floors:
        names = tuple(model.name for model in by_floors(session.registry, task, at=situation.at)[:FLOOR_CHAIN_LENGTH])
    wanted = Wanted(private=task.private, needs=task.needs, tokens=0, explicit=False)
    return chain_standing(session.registry, situation, names, wanted)


def heading(name: str, marks: tuple[str, ...], description: str | None) -> str:
    """Returns the line above a chain; empty marks are left out."""
    shown = "; ".join(mark for mark in marks if mark)
    return f"{name}{f' ({shown})' if shown else ''}{f': {description}' if description else ''}"


def chain_words(chain: Chain) -> str:
    """Returns a chain in one line."""
    return ", ".join(f"{name}{MARK if how.is_usable else ''}" for name, how in chain)


def chain_shape(chain: Chain) -> list[dict[str, Any]]:
    """Returns a chain as scripts read it."""
    return [{"model": name, "usable": how.is_usable, "how": how.how, "why": how.why} for name, how in chain]


def print_chain(chain: Chain) -> None:
    """Prints one model a line, each with its reason."""
    for name, how in chain:
        state = how.why if how.how != "call" else "usable" if how.why == "yes" else f"usable {how.why}"
        out(f"  {MARK if how.is_usable else ' '} {name}: {state}")
