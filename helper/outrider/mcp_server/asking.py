"""One question by way of a tool: decided, walled, booked and fenced as `outrider ask` inside Claude Code is."""

import asyncio
from collections.abc import Callable
from decimal import Decimal

from outrider.cli import asking
from outrider.cli.asking import Decided, Wish
from outrider.cli.envelope import asked
from outrider.cli.form import Form
from outrider.cli.run_ask import acceptance, continued, refused_run, remember, run_row, world_for
from outrider.cli.servers import asked_and_recorded, stale_servers
from outrider.cli.session import Session
from outrider.data import Answer, Attempt, Failure, Target
from outrider.discovery import Found
from outrider.engine import Ended, run
from outrider.mcp_server.desk import Desk
from outrider.mcp_server.results import Said, answered, mistake
from outrider.records import replace
from outrider.rules import advice
from outrider.rules.receipts import receipt
from outrider.rules.targets import Situation

FORM = Form(stream=True)
Tell = Callable[[str], None]
KEPT = ("model", "served_by", "finish", "usage", "cost_usd", "cost_known", "truncated", "warnings", "run")


async def ask(desk: Desk, wish: Wish, *, tell: Tell, heard: Tell, thread: str | None = None) -> Said:
    """Asks and returns the answer. `tell` gets what is being done, `heard` the answer's text as it arrives."""
    session = desk.session()
    if thread is not None:
        wish = continued(session, wish, thread)
    number = asking.new_run()
    decided = await decided_on(desk, session, wish, number)
    desk.last_run = number
    if not decided.route.targets:
        error = refused_run(session, wish, decided, run=number)
        return mistake(error["message"], error["hint"], kind=error["kind"], run=number)

    def notice(attempt: Attempt, target: Target) -> None:
        if isinstance(attempt.outcome, Failure):
            tell(f"fallback {attempt.target.name} -> {target.name} ({attempt.outcome.kind})")

    tell(f"asking {decided.route.targets[0].name}")
    row = run_row(session, decided, number, command="mcp ask")
    world = replace(world_for(session, decided, row, FORM, remote=desk.way_out(session)), sleep=asyncio.sleep)
    ended = await run(
        decided.route, replace(decided.request, stream=True), decided.limits, world,
        show=heard, accept=acceptance(decided), notice=notice, prompts=session.registry.values.get("prompts", {}),
    )  # fmt: skip
    if ended.answer is None:
        return _failed(decided, ended, number)
    if thread is not None:
        remember(session, decided, thread, ended.answer)
    return _answered(session, decided, ended, ended.answer, number)


async def decided_on(desk: Desk, session: Session, wish: Wish, number: str) -> Decided:
    """Decides; where a server's list could change what is asked first, old ones are asked anew, all at once."""
    decided = asking.decide_on(session, wish, run=number)
    if asking.servers_matter(decided.route):
        found = await ask_servers(desk, session, decided.situation, private=decided.route.private)
        decided = asking.decide_on(session, wish, run=number) if found else decided
    return decided


async def ask_servers(
    desk: Desk, session: Session, situation: Situation, *, private: bool, only: frozenset[str] | None = None
) -> tuple[Found, ...]:
    """Asks the servers whose last word is old what they have, and remembers it; returns what each said."""
    servers = stale_servers(session, situation, private=private)
    send = desk.way_out(session)
    wanted = (server for server in servers if only is None or server.name in only)
    return tuple(await asyncio.gather(*(asked_and_recorded(session, server, send) for server in wanted)))


def _answered(session: Session, decided: Decided, ended: Ended, answer: Answer, number: str) -> Said:
    warnings = advice.warnings(ended.attempts)
    if answer.truncated:
        warnings = (*warnings, "the answer was cut short by its cap (max_output)")
    shape = asked(decided.route, ended, run=number, warnings=warnings, error=None)
    last = ended.attempts[-1]
    line = receipt(
        last, route=decided.route, cost=ended.cost, cost_known=ended.cost_known, run=number, tried=len(ended.attempts)
    )
    told = "\n".join((line, *(f"note: {text}" for text in (*decided.route.notes, *warnings))))
    return answered(
        session, answer.text, told, of=line.split(" ", maxsplit=1)[0], run=number, private=decided.route.private,
        data={name: shape[name] for name in KEPT},
    )  # fmt: skip


def _failed(decided: Decided, ended: Ended, number: str) -> Said:
    failure = ended.failure or Failure(kind="interrupted", message="no attempt was made")
    target = ended.attempts[-1].target if ended.attempts else None
    who = f"{target.name}: " if target else ""
    shape = asked(decided.route, ended, run=number, warnings=advice.warnings(ended.attempts[:-1]), error=None)
    return mistake(
        f"{who}{failure.message[:500]}", advice.hint(failure, target), kind=failure.kind, run=number,
        attempts=[{name: one[name] for name in ("model", "kind", "cost_usd")} for one in shape["attempts"]],
        cost_usd=shape["cost_usd"],
    )  # fmt: skip


def money(amount: float | None) -> Decimal | None:
    """Returns dollars as they are counted."""
    return None if amount is None else Decimal(str(amount))
