"""`outrider models`: what can be asked, which layer says so, and what servers really have."""

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.model_facts import Facts, layer, rates_now, shape_of
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.errors import OutriderError
from outrider.rows import Model
from outrider.rules.selection import resolve
from outrider.rules.targets import Situation
from outrider.rules.usable import Standing, standing

if TYPE_CHECKING:
    from outrider.discovery import Found

UNKNOWN = "?"
EXAMPLES = """\b
Examples:
  outrider models --usable
  outrider models show gpt-4o
  outrider models --live --json"""


@click.group(cls=Family, epilog=EXAMPLES)
def models() -> None:
    """List models, or show one; the plain name lists them."""


@models.command("list", epilog=EXAMPLES)
@click.option("--usable", "only_usable", is_flag=True, help="Only those that could answer now.")
@click.option("--live", is_flag=True, help="Ask each server what it really has; costs nothing.")
@plain_options
def list_models(*, only_usable: bool, live: bool, as_json: bool, quiet: bool) -> int:
    """List the models of every layer: price, window, abilities, and whether they can be used now.

    Prices are dollars for a million tokens, as they hold now.
    """
    from outrider.cli.sight import look

    session = Session()
    situation, trouble = look(session)
    if not quiet:
        for text in (*session.registry.notes, *trouble):
            note(text)
    if live:
        return _list_live(session, situation, as_json=as_json, quiet=quiet)
    shown = [(model, standing(session.registry, situation, model)) for model in session.registry.models.values()]
    if only_usable:
        shown = [(model, how) for model, how in shown if how.is_usable]
    if as_json:
        dump({"models": [shape_of(session, model, how, at=situation.at) for model, how in shown]})
        return 0
    table(
        [_cells(session, model, how, at=situation.at) for model, how in shown],
        heads=("model", "usable", "$ in", "$ out", "context", "can", "provider", "id", "layer"),
    )
    if not quiet and not any(how.how == "call" for _, how in shown):
        note("none can be asked yet: `outrider keys set NAME`, or start a local server and `outrider models --live`")
    return 0


def _cells(session: Session, model: Model, how: Standing, *, at: float) -> tuple[str, ...]:
    rates = rates_now(model, at)
    return (
        model.name, how.short, _price(rates.input), _price(rates.output),
        f"{model.context:,}" if model.context else UNKNOWN, ",".join(sorted(model.abilities)), model.provider, model.id,
        layer(session, model),
    )  # fmt: skip


def _price(amount: Decimal | None) -> str:
    return UNKNOWN if amount is None else f"{amount.normalize():f}"


def _list_live(session: Session, situation: Situation, *, as_json: bool, quiet: bool) -> int:
    """Asks the servers and prints what they have; 1 where none of them answered."""
    from outrider.cli.live import ask_all, askable, found_shape, rows_for

    found = ask_all(session, askable(session, frozenset(situation.keys)))
    code = 0 if any(entry.failure is None for entry in found) or not found else 1
    if as_json:
        dump({"servers": [found_shape(session.registry, entry) for entry in found]})
        return code
    rows = [
        (entry.provider, wire_id, ", ".join(rows_for(session.registry, entry.provider, wire_id)) or "-")
        for entry in found
        for wire_id in entry.served.ids
    ]
    if rows:
        table(rows, heads=("provider", "id", "known as"))
    for entry in found:
        _say_failure(entry, quiet=quiet)
    if rows and not quiet:
        note("what has no name here is asked as `outrider ask -m PROVIDER/ID`")
    return code


def _say_failure(entry: "Found", *, quiet: bool) -> None:
    if entry.failure is not None:
        out(f"{entry.provider}: {entry.failure.kind}: {entry.failure.message}")
    elif not entry.served.ids and not quiet:
        note(f"{entry.provider} answers, and has no models")


@models.command("show", epilog=EXAMPLES)
@click.argument("name")
@plain_options
def show_model(name: str, *, as_json: bool, quiet: bool) -> None:
    """Show one model: every field, every way to it, its other names, and where each value comes from."""
    from outrider.cli.sight import look

    session = Session()
    registry = session.registry
    kind, found, _ = resolve(registry, name)
    if kind in {"task", "preset"}:
        raise OutriderError(f"`{name}` is a {kind}, no model", hint=f"run `outrider {kind}s {found}`")
    model = registry.models.get(found) or _rowless(found)
    situation, trouble = look(session)
    if not quiet:
        for text in (*registry.notes, *trouble):
            note(text)
    facts = Facts(session, situation, model, asked_as=name)
    if as_json:
        dump(facts.shape())
    else:
        facts.print()


def _rowless(name: str) -> Model:
    provider, _, wire_id = name.partition("/")
    return Model(name=name, provider=provider, id=wire_id)
