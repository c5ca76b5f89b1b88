"""One request's work: a place, a decision, the calls, the book. What it knows of HTTP is that somebody waits."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from random import random

from outrider.cli import disclosing
from outrider.cli.asking import Decided, new_run
from outrider.cli.run_ask import run_row
from outrider.data import Answer, Failure, Outcome, Target
from outrider.doors.ledger import Reservation, RunRow
from outrider.doors.ledger_page import Check
from outrider.doors.transport import Send
from outrider.engine import Ended, World, run
from outrider.errors import Refused
from outrider.records import record, replace
from outrider.rules import advice, outgoing, receipts
from outrider.rules.rates import Wait
from outrider.rules.redaction import redact
from outrider.rules.routing import stand_in
from outrider.serve.book import Entry
from outrider.serve.deciding import Deciding, Settled
from outrider.serve.gate import Gate
from outrider.serve.kept import Kept, Standing
from outrider.serve.memory import Memory
from outrider.wire.serving.answers import Receipt
from outrider.wire.serving.asked import Asked
from outrider.wire.serving.errors import Told, failed, unanswerable


@record
class Done:
    """What came of one request: how it ended, its receipt, and the error to tell where there is no answer."""

    ended: Ended | None
    receipt: Receipt
    error: Told | None = None


class Work:
    """Carries requests out, each as one run in the book."""

    def __init__(self, kept: Kept, send: Send, gate: Gate, *, is_private: bool) -> None:
        self._deciding = Deciding(kept, send, is_private=is_private)
        self._kept = kept
        self._send = send
        self._gate = gate
        self._memory = Memory()

    async def carry_out(self, asked: Asked, out: "Outlet") -> Done:
        """Waits for a place, decides and asks; text goes to the outlet as it arrives."""
        async with self._gate.place():
            messages = self._memory.completed(asked.request.messages)
            asked = replace(asked, request=replace(asked.request, messages=messages))
            settled = await self._deciding.settle(asked, out.run)
            row = run_row(settled.standing.session, settled.decided, out.run, command="serve")
            error = self._refuse(settled, row)
            if error is not None:
                return Done(ended=None, receipt=out.receipt, error=error)
            return self._done(await self._asked(settled, row, out), out)

    def _refuse(self, settled: Settled, row: RunRow) -> Told | None:
        """Books and raises what may not be asked; returns what to tell where nobody can be asked."""
        standing, decided = settled.standing, settled.decided
        ledger, route = self._kept.book.ledger, decided.route
        if route.private and standing.session.inside_claude:
            ledger.record_run(row, outcome="refused", kind="private")
            raise Refused(
                "a private answer would be read by Claude Code, which is a cloud model itself",
                hint="start `outrider serve` in a terminal of your own",
            )  # fmt: skip
        if route.targets and not route.targets[0].local:
            name = outgoing.leaked(decided.request, standing.secrets)
            if name is not None:
                ledger.record_run(row, outcome="refused", kind="private")
                raise Refused(outgoing.told(name), hint=f"take the value of {name} out of the messages")
        if not route.targets:
            kind, message, hint = receipts.no_model(standing.registry, route, private=route.private)
            ledger.record_run(row, outcome="refused", kind=kind)
            return unanswerable(kind, message, hint)
        return None

    async def _asked(self, settled: Settled, row: RunRow, out: "Outlet") -> Ended:
        standing, decided = settled.standing, settled.decided
        entry = self._kept.book.entry(row, disclosing.disclosure(standing.session, decided))
        return await run(
            decided.route, decided.request, decided.limits, self._world(standing, entry, out),
            show=out.show if out.is_shown else None, accept=_acceptance(decided),
            prompts=standing.registry.values.get("prompts", {}),
        )  # fmt: skip

    def _world(self, standing: Standing, entry: Entry, out: "Outlet") -> World:
        """Returns the doors of one request; what does not change from request to request is not read again."""
        registry, values = standing.registry, tuple(standing.secrets)

        async def reserve(target: Target, number: int, check: Check) -> Reservation | Failure | Wait:
            out.target = target
            return await entry.reserve(target, number, check)

        return World(
            send=self._send, reserve=reserve, settle=entry.settle, key=standing.session.keys.value,
            now=time.monotonic, at=time.time, sleep=asyncio.sleep, chance=random,
            price=lambda target: stand_in(registry, target),
            purse=lambda provider: self._kept.book.ledger.purse(provider.name),
            scrub=lambda text: redact(text, values), secrets=values,
            clear=partial(
                outgoing.clear, secrets=standing.secrets, redact=registry.values.get("privacy", {}).get("redact")
            ),
        )  # fmt: skip

    def _done(self, ended: Ended, out: "Outlet") -> Done:
        receipt = replace(
            out.receipt, cost_usd=float(ended.cost), cost_known=ended.cost_known, attempts=len(ended.attempts)
        )
        if ended.answer is not None:
            target = ended.attempts[-1].target
            said_by = f"{target.provider.name}/{target.wire_id}"
            answer = self._memory.named(ended.answer, run=out.run, said_by=said_by)
            receipt = replace(receipt, served_by=out.served_by(answer))
            return Done(ended=replace(ended, answer=answer), receipt=receipt)
        failure = ended.failure or Failure(kind="interrupted", message="no attempt was made")
        last = ended.attempts[-1].target if ended.attempts else None
        who = last.name if last is not None else ""
        error = failed(failure, who=who, hint=advice.hint(failure, last))
        return Done(ended=ended, receipt=receipt, error=error)


def _acceptance(decided: Decided) -> Callable[[Answer], Outcome] | None:
    if decided.request.schema is None:
        return None
    from outrider.cli.schemas import acceptance

    return acceptance(decided.request.schema)


class Outlet:
    """Where a request's text goes as it arrives, and what is known of who speaks. Wakes whoever sends it on."""

    def __init__(self, *, is_shown: bool) -> None:
        self.run = new_run()
        self.at = int(time.time())
        self.is_shown = is_shown
        self.target: Target | None = None
        self.wake = asyncio.Event()
        self.shown = 0
        self._pieces: list[str] = []

    def show(self, text: str) -> None:
        """Takes some text."""
        self._pieces.append(text)
        self.wake.set()

    def take(self) -> str:
        """Returns the text that came since the last time."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self.shown += len(text)
        return text

    def served_by(self, answer: Answer) -> str:
        """Returns the provider and the model that answered, in its own words."""
        if self.target is None:
            return ""
        return f"{self.target.provider.name}/{answer.served_by or self.target.wire_id}"

    @property
    def receipt(self) -> Receipt:
        """What is known so far."""
        model = self.target.model.name if self.target is not None else ""
        return Receipt(run=self.run, model=model, at=self.at)
