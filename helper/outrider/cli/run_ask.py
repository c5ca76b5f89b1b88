"""Carries an `ask` out: decides, asks, and hands the result to the printer. Each step is one function."""

import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from random import random
from typing import TYPE_CHECKING

from outrider.cli import asking, disclosing, printing
from outrider.cli.asking import Decided, Wish
from outrider.cli.form import Form
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note
from outrider.cli.stepping import sleep, step
from outrider.data import Answer, Attempt, Failure, Target
from outrider.doors.ledger import Check, Reservation, RunRow
from outrider.doors.transport import Send, sender
from outrider.engine import Ended, World, run
from outrider.errors import OutriderError, StorageFault
from outrider.records import replace
from outrider.rules import receipts
from outrider.rules.outgoing import clear
from outrider.rules.rates import Wait
from outrider.rules.redaction import redact
from outrider.rules.routing import estimate, stand_in
from outrider.rules.selection import resolve

if TYPE_CHECKING:
    from outrider.cli.tooling import Plan

BASH_LIMIT = 100.0
"""Claude Code moves a command to the background after 120 s; before that we leave with a handle of our own."""


def run_ask(wish: Wish, form: Form, session: Session | None = None) -> int:
    """Asks, prints, and returns the exit code."""
    session = Session() if session is None else session
    printing.check_out(form.out, session)
    if form.thread is not None:
        wish = continued(session, wish, form.thread)
    if form.answer is not None:
        wish = _with_answer(session, wish, form.answer)
    if form.replay is not None:
        wish = replace(wish, keyless=True)
    number = asking.new_run()
    decided = asking.decide_on(session, wish, run=number, may_ask_servers=not form.dry_run)
    if not form.quiet:
        for text in (*session.registry.notes, *decided.route.notes):
            note(text)
    printing.check_private(form, session, private=decided.route.private)
    if not decided.route.targets:
        return _refuse(session, wish, decided, form, run=number)
    plan = None
    if has_tools(session, wish, decided, quiet=form.quiet):
        from outrider.cli.tooling import planned

        _refuse_recordings(form)
        plan = planned(session, decided, wish.tools, timeout=wish.timeout)
    if form.dry_run:
        return _dry_run(session, decided, form, plan)
    work = partial(_ask, session, decided, form, number)
    is_long = session.inside_claude and decided.limits.route > BASH_LIMIT
    if plan is not None:
        work = partial(_ask_with_tools, session, decided, form, number, plan)
        is_long = session.inside_claude
    if form.background or is_long:
        from outrider.jobs.detached import FENCED, PRIVATE, detach

        session.ledger.close()
        return detach(
            session.places, number, work, wait=0.0 if form.background else BASH_LIMIT - 4.0, as_json=form.as_json,
            made_for=FENCED if session.inside_claude else PRIVATE if decided.route.private else "",
        )  # fmt: skip
    return work()


def _ask(session: Session, decided: Decided, form: Form, number: str) -> int:
    printer = printing.Printer(form=form, session=session, private=decided.route.private)
    row = run_row(session, decided, number)
    request = replace(decided.request, stream=form.stream is not False)
    try:
        ended = step(
            run(
                decided.route, request, decided.limits, world_for(session, decided, row, form),
                show=printer.show, accept=acceptance(decided), notice=partial(notice, quiet=form.quiet),
                prompts=session.registry.values.get("prompts", {}),
            )
        )  # fmt: skip
    except KeyboardInterrupt:
        lost = Failure(kind="interrupted", message="interrupted", certainty="in_doubt")
        printer.failed(decided, Ended(answer=None, failure=lost, attempts=()), run=number)
        raise
    if ended.answer is None:
        return printer.failed(decided, ended, run=number)
    if form.thread is not None:
        remember(session, decided, form.thread, ended.answer)
    return printer.answered(decided, ended, ended.answer, run=number)


def has_tools(session: Session, wish: Wish, decided: Decided, *, quiet: bool) -> bool:
    """Whether a question may use tools: by its flags, or by the row of the model that is asked first.

    Inside Claude Code a plain `ask` runs without a question: there no row brings tools along, which would do for an
    agent what it may not do itself. `--tools` is asked about.
    """
    if wish.tools:
        return True
    row: tuple[str, ...] = tuple(name for one in decided.route.targets[:1] for name in one.model.row.get("tools", ()))
    if row and session.inside_claude and not quiet:
        note(f"the tools of {', '.join(row)} are not used inside Claude Code without `--tools`")
    return bool(row) and not session.inside_claude


def _ask_with_tools(session: Session, decided: Decided, form: Form, number: str, plan: "Plan") -> int:
    # The library behind it takes half a second, which is spent where it is used.
    try:
        from outrider.cli.tooling_run import ask_with_tools
    except ModuleNotFoundError as missing:
        raise OutriderError(
            f"tools need the library `{(missing.name or 'mcp').partition('.')[0]}`, which is not installed",
            hint="run `./install.sh --mcp` in the checkout",
        ) from None

    return ask_with_tools(session, decided, form, number, plan)


def _refuse_recordings(form: Form) -> None:
    """Refuses to record or to replay a run with tools: what a program does is on no recording."""
    if form.record is not None or form.replay is not None:
        flag = "--record" if form.record is not None else "--replay"
        raise OutriderError(f"`{flag}` knows nothing of tools", hint=f"leave out `--tools`, or `{flag}`")


def notice(attempt: Attempt, target: Target, *, quiet: bool) -> None:
    """Tells of a step to another model."""
    if not quiet and isinstance(attempt.outcome, Failure):
        note(f"fallback {attempt.target.name} -> {target.name} ({attempt.outcome.kind})")


def world_for(
    session: Session, decided: Decided, row: RunRow, form: Form, *, remote: Send | None = None,
    about: Mapping[str, str] | None = None,
) -> World:  # fmt: skip
    """Returns the real doors; `remote` is the way out, where it is not that for single questions.

    `about` is written beside a recording.
    """
    ledger, keys = session.ledger, session.keys
    told = disclosing.disclosure(session, decided)
    values = keys.known_values(session.registry)

    async def reserve(target: Target, number: int, check: Check) -> Reservation | Failure | Wait:
        return ledger.reserve(
            row, target, number=number, check=check, prompt_digest=told.digest, prompt_bytes=told.bytes,
            disclosure=told,
        )  # fmt: skip

    async def settle(reservation: Reservation, attempt: Attempt) -> None:
        try:
            ledger.settle(reservation, free(attempt) if form.replay else attempt)
        except StorageFault as fault:
            # The answer is paid for: it is printed all the same, and the row stays booked at its worst case.
            sys.stderr.write(f"outrider: could not settle attempt {reservation.row}: {fault.message}\n")

    return World(
        send=way_out(session, form, remote, about),
        reserve=reserve,
        settle=settle,
        key=keys.value,
        now=time.monotonic,
        at=time.time,
        sleep=sleep,
        chance=random,
        price=lambda target: stand_in(session.registry, target),
        purse=lambda provider: ledger.purse(provider.name),
        scrub=lambda text: redact(text, values),
        secrets=values,
        clear=partial(
            clear,
            secrets=keys.named_values(session.registry),
            redact=session.registry.values.get("privacy", {}).get("redact"),
        ),
    )


def way_out(session: Session, form: Form, remote: Send | None = None, about: Mapping[str, str] | None = None) -> Send:
    """Returns the way out: the network, the network with a recorder beside it, or a recording."""
    if form.replay is not None:
        from outrider.doors.transport.recorded import replaying

        return replaying(form.replay)
    network = remote if remote is not None else sender(session.registry.values.get("network", {}))
    if form.record is None:
        return network
    from outrider.doors.transport.recorded import recording

    return recording(network, form.record, secrets=session.keys.known_values(session.registry), about=about)


def free(attempt: Attempt) -> Attempt:
    """Returns an attempt as it is booked for a replay: nothing was sent, nothing is owed."""
    return replace(attempt, cost=Decimal(0), certainty="not_sent")


def run_row(session: Session, decided: Decided, number: str, *, command: str = "ask") -> RunRow:
    """Returns what the book says of a run before its first call."""
    decision = decided.route
    return RunRow(
        id=number, command=command, task=decision.task, rule=decision.rule, level=decision.level,
        preset=decided.selection.preset, private=decision.private,
        decision=receipts.decision(
            session.registry, decided.selection, decided.facts, decided.situation, decision
        ),
        session=session.environment.get("CLAUDE_CODE_SESSION_ID"), repository=session.places.project,
        agent=disclosing.agent(session),
    )  # fmt: skip


def acceptance(decided: Decided) -> "printing.Acceptance | None":
    """Returns what judges an answer by the schema it was asked to fit; None without one."""
    if decided.request.schema is None:
        return None
    from outrider.cli import schemas

    return schemas.acceptance(decided.request.schema)


def _refuse(session: Session, wish: Wish, decided: Decided, form: Form, *, run: str) -> int:
    error = refused_run(session, wish, decided, run=run)
    code = 5 if error["kind"] in {"private", "budget"} else 2
    printer = printing.Printer(form=form, session=session, private=decided.route.private)
    nothing = Ended(answer=None, failure=None, attempts=())
    return printer.refused(decided, nothing, run=run, error=error, code=code)


def refused_run(session: Session, wish: Wish, decided: Decided, *, run: str) -> dict[str, str]:
    """Books a run for which nothing could be asked, so that `why` can explain it; returns what is said of it."""
    private = asking.is_private(session, wish) or decided.route.private
    kind, message, hint = receipts.no_model(session.registry, decided.route, private=private)
    session.ledger.record_run(run_row(session, decided, run), outcome="refused", kind=kind)
    return {"kind": kind, "message": message, "hint": hint}


def _dry_run(session: Session, decided: Decided, form: Form, plan: "Plan | None") -> int:
    likely = estimate(session.registry, decided.route, decided.facts, at=decided.situation.at)
    first = decided.route.targets[0]
    if form.as_json:
        from outrider.cli.envelope import routed

        dump(routed(decided.route, estimate=None if likely is None else float(likely)))
    else:
        sys.stdout.write(
            f"would ask {first.name} ({first.provider.name}/{first.wire_id}): about {dollars(likely)} "
            f"for {decided.facts.tokens:,} tokens in\n"
        )
        if plan is not None:
            names = ", ".join(server.name for server in plan.servers) or "none that may be told this"
            sys.stdout.write(f"with the tools of {names}; their schemas and results are not in the estimate\n")
    return 0


def continued(session: Session, wish: Wish, name: str) -> Wish:
    """Puts what was said in a conversation before a question, with its class and what it brought along."""
    from outrider.doors import threads

    thread = threads.load(session.places, name)
    if thread is None:
        return wish
    return replace(
        wish, history=thread.messages, carried=thread.attached, private=wish.private or thread.private,
        data_class=thread.data_class, class_from=f"thread {name}",
    )  # fmt: skip


def remember(session: Session, decided: Decided, name: str, answer: Answer) -> None:
    """Keeps a question and its answer in a conversation."""
    from outrider.data import Message
    from outrider.doors import threads

    turn = (Message(role="user", text=decided.prompt.text), Message(role="assistant", text=answer.text))
    threads.append(
        session.places, name, messages=turn, data_class=decided.route.data_class, model=answer.served_by,
        attached=disclosing.attached(session, decided),
    )  # fmt: skip


def _with_answer(session: Session, wish: Wish, given: str) -> Wish:
    """Puts another model's answer beside the prompt, named and delimited."""
    name, equals, path = given.partition("=")
    if not equals or not name or not path:
        raise OutriderError(f"`--answer {given}` names no file", hint="write it as `--answer MODEL=FILE`")
    resolve(session.registry, name)
    return replace(wish, files=(*wish.files, path))
