"""A vote of several models by way of a tool: seated, asked, counted and booked as `outrider consensus` is."""

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from outrider.cli import polling, seating, seats
from outrider.cli.asking import Wish
from outrider.cli.asking_seats import Asking
from outrider.cli.panel_report import WORDS, receipt, without_words
from outrider.cli.panel_run import checker
from outrider.cli.seating import Table
from outrider.cli.session import Session
from outrider.errors import OutriderError
from outrider.jobs.panel import Doors, play
from outrider.mcp_server.asking import FORM, Tell, ask_servers
from outrider.mcp_server.desk import Desk
from outrider.mcp_server.results import TRUST, Said, answered, mistake
from outrider.rules import containment
from outrider.rules.panels import labels
from outrider.rules.panels.consensus import next_round
from outrider.rules.panels.nouns import Purpose, Reply
from outrider.rules.routing import model_called

THRESHOLD = Decimal("0.66")
KEPT = ("kind", "share", "threshold", "votes", "dissent", "cost_usd", "cost_known", "run")


async def poll(
    desk: Desk, wish: Wish, *, models: tuple[str, ...], panel: str | None, choices: tuple[str, ...],
    threshold: Decimal | None, tell: Tell,
) -> Said:  # fmt: skip
    """Asks every seat at once and says what their answers amount to."""
    session = desk.session()
    names = seats.seat_names(session, models, panel, {})
    if not names:
        raise OutriderError("nobody is seated", hint="name `models`, or a `panel` of the registry")
    ballot = _ballot(choices)
    judged_by = None if ballot is not None else seats.judge(session, names, None, private=wish.private)
    await _look(desk, session, (*names, *((judged_by,) if judged_by else ())), private=wish.private)
    table = seating.set_table(
        session, wish, command="mcp consensus", names=names, answers={}, others=(judged_by,) if judged_by else ()
    )
    desk.last_run = table.number
    question = polling.question(table, ballot=ballot, judged_by=judged_by, threshold=threshold or THRESHOLD)
    tell(f"asking {', '.join(names)}")
    return await _played(desk, table, question, doubts=polling.doubts(session, names, judged_by), tell=tell)


async def _played(desk: Desk, table: Table, question: Any, *, doubts: tuple[str, ...], tell: Tell) -> Said:
    said: list[tuple[Purpose, Reply]] = []
    purposes: list[str] = []

    def hear(purpose: Purpose, reply: Reply) -> None:
        said.append((purpose, reply))
        tell(f"{purpose}: {reply.seat.model}: {'answered' if reply.text is not None else reply.failure}")

    seated = Asking(table, FORM, purposes, send=desk.way_out(table.session))
    doors = Doors(ask=seated.ask, check=checker(table.session), heard=hear)
    try:
        verdict, steps = await play(partial(next_round, question), doors)
    except BaseException as fault:
        kind = fault.kind if isinstance(fault, OutriderError) else "interrupted"
        table.end(outcome="failure", kind=kind, panel={"purposes": purposes})
        raise
    report = polling.report(table, verdict, steps)
    table.end(
        outcome="failure" if report.code else "answer", kind=report.kind,
        panel={"purposes": purposes, "verdict": report.verdict},
    )  # fmt: skip
    if report.code in {1, 5}:
        return mistake(report.verdict, report.hint, kind=report.kind or "failure", run=table.number)
    lines = (report.verdict, receipt(table, tuple(said)), *(f"note: {text}" for text in (*_notes(table), *doubts)))
    shape = {name: report.shape[name] for name in KEPT}
    return answered(
        table.session, report.text, "\n".join(lines), of="consensus", run=table.number, private=table.is_private,
        data=without_words(shape) if table.is_private else {**_inert(shape), "trust": TRUST}, field="text",
    )  # fmt: skip


def _notes(table: Table) -> tuple[str, ...]:
    return table.decided.route.notes


def _ballot(choices: tuple[str, ...]) -> Any:
    odd = next((choice for choice in choices if "," in choice), None)
    if odd is not None:
        raise OutriderError("a choice has a comma in it", hint="say each choice in a word or two")
    return labels.ballot(",".join(choices)) if choices else None


def _inert(shape: Any) -> Any:
    """Returns a shape in which no words of a model's imitate anybody else's."""
    if isinstance(shape, Mapping):
        return {
            name: containment.neutral(value) if name in WORDS and isinstance(value, str) else _inert(value)
            for name, value in shape.items()
        }
    return [_inert(value) for value in shape] if isinstance(shape, list | tuple) else shape


async def _look(desk: Desk, session: Session, names: tuple[str, ...], *, private: bool) -> None:
    """Asks the servers behind these seats what they have, where their last word is old."""
    rows = (model_called(session.registry, name) for name in names)
    providers = frozenset(row.provider for row in rows if row is not None)
    if any(session.registry.providers[name].serves_listed for name in providers):
        await ask_servers(desk, session, session.situation(session.limits()), private=private, only=providers)
