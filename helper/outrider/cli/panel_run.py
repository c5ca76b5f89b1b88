"""Runs a panel to its end: on an event loop of its own, detached where it may take long, and booked however it ends.

An interruption cancels every call, and each settles its row before the command ends.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from outrider.cli.asking_seats import Asking
from outrider.cli.form import Form
from outrider.cli.panel_report import Report, failed, tell
from outrider.cli.seating import Table
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.cli.signals import cancelling, code
from outrider.doors.checks import run_check
from outrider.errors import OutriderError
from outrider.jobs.panel import Doors, play
from outrider.rules.panels.nouns import Check, Checked, Purpose, Reply, Step

Rule = Callable[[tuple[Any, ...]], Any]
Said = list[tuple[Purpose, Reply]]
Heard = Callable[[Purpose, Reply], None]
LONGEST_CHECK = 120.0
"""Seconds that one `check:` may take."""
BASH_LIMIT = 100.0
"""Claude Code moves a command to the background after 120 s; before that we leave with a handle of our own."""


class Stopped(Exception):
    """A signal asked us to stop; every call under way has been booked."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.code = code(number)


def carry_out(
    table: Table, form: Form, rule: Rule, ended: Callable[[Any, tuple[Step, ...]], Report], *, rounds: int,
    heard: Heard | None = None,
) -> int:  # fmt: skip
    """Asks until the rule has a verdict, and tells it; returns the exit code.

    `rounds` is how many waits there may be one after another: inside Claude Code a run that may outlast its Bash tool
    goes on without it.
    """
    session = table.session
    work = partial(_carry_out, table, form, rule, ended, heard)
    if not session.inside_claude or rounds * table.decided.limits.route <= BASH_LIMIT:
        return work()
    from outrider.jobs.detached import FENCED, detach

    session.ledger.close()
    return detach(
        session.places, table.number, work, wait=BASH_LIMIT - 4.0, as_json=form.as_json, made_for=FENCED
    )  # fmt: skip


def _carry_out(
    table: Table, form: Form, rule: Rule, ended: Callable[[Any, tuple[Step, ...]], Report], heard: Heard | None
) -> int:
    said: Said = []
    purposes: list[str] = []
    hear = _hearing(said, heard if heard is not None else teller(form))
    try:
        verdict, steps, seconds = asyncio.run(_played(table, form, rule, hear, purposes))
    except Stopped as stop:
        table.end(outcome="failure", kind="interrupted", panel={"purposes": purposes})
        return failed(table, form, said, kind="interrupted", message="interrupted", code=stop.code)
    except OutriderError as mistake:
        table.end(outcome="failure", kind=mistake.kind, panel={"purposes": purposes})
        return failed(
            table, form, said, kind=mistake.kind, message=mistake.message, hint=mistake.hint, code=mistake.exit_code
        )  # fmt: skip
    report = ended(verdict, steps)
    table.end(
        outcome="failure" if report.code else "answer", kind=report.kind,
        panel={"purposes": purposes, "verdict": report.verdict},
    )  # fmt: skip
    return tell(table, form, report, tuple(said), seconds=0.0 if form.replay else seconds)


def _hearing(said: Said, heard: Heard | None) -> Heard:
    def hear(purpose: Purpose, reply: Reply) -> None:
        said.append((purpose, reply))
        if heard is not None:
            heard(purpose, reply)

    return hear


def teller(form: Form) -> Heard | None:
    """Returns what says on stderr, as each reply arrives, who gave it; None where nobody reads it."""
    if form.quiet or not sys.stderr.isatty():
        return None

    def tell_reply(purpose: Purpose, reply: Reply) -> None:
        ended = f"{reply.output:,} tokens" if reply.text is not None else reply.failure
        note(f"{purpose}: {reply.seat.model} after {reply.seconds:.1f} s: {ended}")

    return tell_reply


async def _played(
    table: Table, form: Form, rule: Rule, heard: Heard, purposes: list[str]
) -> tuple[Any, tuple[Step, ...], float]:
    asking = Asking(table, form, purposes)
    with cancelling() as signals:
        try:
            began = time.monotonic()
            verdict, steps = await play(rule, Doors(ask=asking.ask, check=checker(table.session), heard=heard))
            return verdict, steps, time.monotonic() - began
        except asyncio.CancelledError:
            if signals.number is None:
                raise
            raise Stopped(signals.number) from None
        finally:
            await asking.close()


def checker(session: Session) -> Callable[[Check], Any]:
    """Returns how checks are run: a program in the folder where the command was typed, or a schema."""
    registry = session.registry
    hidden = tuple(name for provider in registry.providers.values() for name in provider.keys)

    async def check(wanted: Check) -> Checked:
        if wanted.schema is None:
            return await run_check(wanted, folder=os.getcwd(), hidden=hidden, longest=LONGEST_CHECK)
        from outrider.cli.schemas import acceptance
        from outrider.data import Answer, Failure, Usage

        outcome = acceptance(wanted.schema)(Answer(text=wanted.text, usage=Usage()))
        why = outcome.message if isinstance(outcome, Failure) else "it fits the schema"
        return Checked(gate=wanted.gate, passed=isinstance(outcome, Answer), why=why)

    return check
