"""Carries out a question with tools: opens the servers, plays the loop, books every call, closes the servers."""

import asyncio
import os
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from outrider.cli import disclosing, printing, tooling
from outrider.cli.asking import Decided
from outrider.cli.form import Form
from outrider.cli.panel_run import Stopped
from outrider.cli.run_ask import acceptance, notice, remember, run_row, world_for
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.cli.signals import cancelling
from outrider.cli.tooling import Plan
from outrider.cli.tooling_guard import Guard
from outrider.data import Answer, Attempt, Failure, Outcome, Request, Route, Target
from outrider.doors import ledger_tools
from outrider.doors.ledger import Reservation
from outrider.doors.tools import files
from outrider.doors.tools.opening import Opened, Surroundings, closed, opened
from outrider.doors.transport import many_sender
from outrider.engine import Ended, World, run
from outrider.errors import OutriderError
from outrider.jobs.tool_loop import Doors, Step, play
from outrider.records import replace
from outrider.rules.disclosure import Attached
from outrider.rules.tools.bounds import Used
from outrider.rules.tools.calling import Given, Refuse, Use
from outrider.rules.tools.offering import Offer, changed, offer
from outrider.rules.tools.servers import Server


def ask_with_tools(session: Session, decided: Decided, form: Form, number: str, plan: Plan) -> int:
    """Asks, prints, and returns the exit code."""
    printer = printing.Printer(form=replace(form, stream=False), session=session, private=decided.route.private)
    using = Using(session, decided, form, number, plan)
    try:
        ended = asyncio.run(using.played())
    except Stopped as stop:
        lost = Failure(kind="interrupted", message="interrupted", certainty="in_doubt")
        printer.extra = using.shape()
        printer.failed(decided, Ended(answer=None, failure=lost, attempts=tuple(using.attempts)), run=number)
        return stop.code
    printer.extra = using.shape()
    if ended.answer is None:
        return printer.failed(decided, ended, run=number)
    if form.thread is not None:
        remember(session, decided, form.thread, ended.answer)
    return printer.answered(decided, ended, ended.answer, run=number)


class Using:
    """One run with tools: its servers, its way out, and what it has told whom."""

    def __init__(self, session: Session, decided: Decided, form: Form, number: str, plan: Plan) -> None:
        self._session = session
        self._decided = decided
        self._form = form
        self._plan = plan
        self._number = number
        self._row = run_row(session, decided, number)
        self._told = disclosing.disclosure(session, decided)
        self._servers: dict[str, Server] = {server.name: server for server in plan.servers}
        self._open: dict[str, Opened] = {}
        self._offer = Offer()
        self._given: list[Attached] = []
        self._calls: list[dict[str, Any]] = []
        self._rounds = 0
        self.attempts: list[Attempt] = []

    def shape(self) -> dict[str, Any]:
        """Returns what a script reads of the tools of this run."""
        return {"tools": {"offered": len(self._offer.tools), "rounds": self._rounds, "calls": self._calls}}

    async def played(self) -> Ended:
        """Opens the servers, plays the loop to its end, and lets everything go."""
        with cancelling() as signals:
            try:
                return await self._played()
            except asyncio.CancelledError:
                if signals.number is None:
                    raise
                raise Stopped(signals.number) from None

    async def _played(self) -> Ended:
        session, plan = self._session, self._plan
        around = Surroundings(
            environment=session.environment, root=session.places.project, inside_claude=session.inside_claude,
            network=session.registry.values.get("network", {}), lookup=session.keys.lookup,
        )  # fmt: skip
        for text in () if self._form.quiet else plan.notes:
            note(text)
        found = await opened(plan.servers, plan.bounds, around)
        try:
            self._take(found)
            send, close = many_sender(session.registry.values.get("network", {}))
            try:
                return await self._asked(send)
            finally:
                await close()
        finally:
            await closed(found)

    def _take(self, found: tuple[Opened, ...]) -> None:
        """Decides what is offered; raises where a server that was asked for does not run, or nothing is left."""
        for one in found:
            if one.trouble and one.server.name in self._plan.named:
                raise OutriderError(
                    f"the tool server {one.server.name} cannot be used: {one.trouble}",
                    hint=f"run `outrider doctor`, or correct its row in {files.user_file(self._session.places)}",
                )
            if one.trouble and not self._form.quiet:
                note(f"left out: the tool server {one.server.name}: {one.trouble}")
        self._open = {one.server.name: one for one in found if not one.trouble}
        servers = {name: one.server for name, one in self._open.items()}
        listed = tuple(tool for one in self._open.values() for tool in one.tools)
        self._offer = offer(listed, servers, self._plan.bounds)
        if self._plan.named and not self._offer.tools:
            raise tooling.nothing_offered(
                self._offer, tuple(servers.values()), files.user_file(self._session.places)
            )  # fmt: skip
        if not self._form.quiet:
            for line in tooling.told(self._offer, servers):
                note(line)

    async def _asked(self, send: Any) -> Ended:
        session, decided = self._session, self._decided
        base = world_for(session, decided, self._row, self._form, remote=send)
        world = replace(base, sleep=asyncio.sleep, reserve=partial(self._reserve, base))
        guard = Guard(session, decided, self._servers)
        doors = Doors(
            ask=partial(self._ask, world), call=partial(self._call, guard), gone=self._gone, refused=self._refused,
            heard=self._heard, now=time.monotonic, nonce=lambda: os.urandom(6).hex(), secrets=world.secrets,
        )  # fmt: skip
        request = replace(decided.request, stream=self._form.stream is not False)
        ended, used = await play(decided.route, request, self._offer, self._plan.bounds, doors)
        self._end(ended, used)
        return ended

    def _end(self, ended: Ended, used: Used) -> None:
        """Books how the run ended, which its last call may not say: a model that never stops calling gave an answer."""
        self._rounds = used.rounds
        if ended.failure is not None and isinstance(ended.attempts[-1].outcome, Answer):
            self._session.ledger.end_run(self._row, outcome="failure", kind=ended.failure.kind)

    async def _ask(self, world: World, route: Route, request: Request, left: float) -> Ended:
        """Asks one round; its calls are numbered on from those before it."""
        decided = self._decided
        limits = replace(decided.limits, route=min(decided.limits.route, left))
        judge = acceptance(decided)

        def accept(answer: Answer) -> Outcome:
            return answer if answer.tool_calls or judge is None else judge(answer)

        ended = await run(
            route, request, limits, world, accept=accept, notice=partial(notice, quiet=self._form.quiet),
            prompts=self._session.registry.values.get("prompts", {}),
        )  # fmt: skip
        self.attempts += ended.attempts
        return ended

    async def _reserve(self, base: World, target: Target, _: int, check: Any) -> Any:
        """Books a call with all that it discloses: what came with the question, and what tools have given since."""
        told = replace(self._told, attached=(*self._told.attached, *self._given))
        booked = self._session.ledger.reserve(
            self._row, target, number=self._booked + 1, check=check, prompt_digest=told.digest,
            prompt_bytes=told.bytes, disclosure=told,
        )  # fmt: skip
        if isinstance(booked, Reservation):
            self._booked += 1
        return booked

    _booked = 0

    async def _gone(self, names: tuple[str, ...]) -> Mapping[str, str]:
        """Lists the servers of these calls once more: what was changed since it was offered is withdrawn."""
        asked = {one.server for name in names if (one := self._offer.find(name)) is not None}
        listed: list[Any] = []
        lost: dict[str, str] = {}
        for server in sorted(asked):
            connection = self._open[server].connection
            if connection is None:
                continue
            try:
                found = await connection.tools(seconds=self._plan.bounds.start)
            except Exception as fault:  # noqa: BLE001 - whatever a server does, its tools are gone and the run goes on
                lost |= {one.tool.name: f"its server failed: {fault}" for one in self._offer.tools
                         if one.server == server}  # fmt: skip
                continue
            listed += found
            if not found:
                lost |= {one.tool.name: "its server no longer has it" for one in self._offer.tools
                         if one.server == server}  # fmt: skip
        return {**changed(self._offer, listed), **lost}

    async def _call(self, guard: Guard, step: Use, number: int) -> Given:
        """Carries a call out, booked before and after; what the guard forbids is told the model and not done."""
        server = self._servers[step.offered.server]
        reason = guard.why_not(server, step.arguments)
        row = self._booking(server, step.offered.name, step.call.arguments, number)
        if reason is not None:
            self._close(row, "refused", "private", Given(text=""), 0.0)
            return Given(text=f"not done: {reason}", is_error=True)
        connection = self._open[server.name].connection
        began = time.monotonic()
        given: Given | None = None
        try:
            if connection is not None:
                seconds = min(server.timeout or self._plan.bounds.call, self._plan.bounds.total)
                given = await connection.call(step.offered.name, step.arguments, seconds=seconds)
        finally:
            outcome = "interrupted" if given is None else "error" if given.is_error else "result"
            self._close(row, outcome, None, given or Given(text=""), time.monotonic() - began)
        given = given or Given(text="its server has ended", is_error=True)
        text = given.text.encode("utf-8", "replace")
        self._given.append(
            Attached(
                kind="tool", name=f"{server.name}/{step.offered.name}"[:200],
                digest=self._session.keys.digest_bytes(text), path_digest=None, bytes=len(text),
                data_class=disclosing.data_class(self._decided),
            )
        )  # fmt: skip
        return given

    def _booking(self, server: Server, tool: str, arguments: str, number: int) -> int:
        data = arguments.encode("utf-8", "replace")
        return ledger_tools.begin(
            self._session.ledger,
            ledger_tools.ToolRow(
                run=self._number, round=number, server=server.name, tool=tool[:200], place=server.place,
                local=server.is_local, data_class=self._decided.route.data_class,
                arguments_digest=self._session.keys.digest_bytes(data), arguments_bytes=len(data),
            ),
        )  # fmt: skip

    def _close(self, row: int, outcome: str, kind: str | None, given: Given, seconds: float) -> None:
        text = given.text.encode("utf-8", "replace")
        ledger_tools.end(
            self._session.ledger, row, outcome=outcome, kind=kind,
            digest=self._session.keys.digest_bytes(text) if text else None, size=len(text), seconds=seconds,
        )  # fmt: skip

    def _refused(self, step: Refuse, number: int) -> None:
        """Books a call that was not made, where it was one of a tool that is known."""
        if step.offered is not None:
            server = self._servers[step.offered.server]
            row = self._booking(server, step.offered.name, step.call.arguments, number)
            self._close(row, "refused", step.kind, Given(text=""), 0.0)

    def _heard(self, step: Step, given: Given | None) -> None:
        """Remembers what became of a call, and says it on stderr."""
        where = step.offered
        name = f"{where.server}.{where.name}" if where is not None else step.call.name[:64]
        outcome = step.kind if isinstance(step, Refuse) else "error" if given and given.is_error else "result"
        size = given.bytes if given is not None else 0
        self._calls.append(
            {"server": where.server if where else None, "tool": where.name if where else step.call.name[:64],
             "outcome": outcome, "bytes": size}
        )  # fmt: skip
        if not self._form.quiet:
            note(f"tool {name}: {outcome}" + (f", {size:,} bytes" if size else ""))
