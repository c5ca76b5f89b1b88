"""One request's work: a place, a decision, the calls, the book. What it knows of HTTP is that somebody waits."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

from outrider.cli.asking import Decided, new_run
from outrider.cli.form import Form
from outrider.cli.run_ask import run_row, world_for
from outrider.data import Answer, Failure, Outcome, Target
from outrider.doors.transport import Send
from outrider.engine import Ended, run
from outrider.errors import Refused
from outrider.records import record, replace
from outrider.rules import advice, receipts
from outrider.serve.deciding import Deciding, Settled, refuse_known_keys
from outrider.serve.gate import Gate
from outrider.serve.kept import Kept
from outrider.serve.memory import Memory
from outrider.wire.serving.answers import Receipt
from outrider.wire.serving.asked import Asked
from outrider.wire.serving.errors import Told, failed

FORM = Form(quiet=True)


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
        self._send = send
        self._gate = gate
        self._memory = Memory()

    async def carry_out(self, asked: Asked, out: "Outlet") -> Done:
        """Waits for a place, decides and asks; text goes to the outlet as it arrives."""
        async with self._gate.place():
            messages = self._memory.completed(asked.request.messages)
            asked = replace(asked, request=replace(asked.request, messages=messages))
            settled = await self._deciding.settle(asked, out.run)
            self._refuse(settled, out.run)
            ended = await self._asked(settled, out)
        return self._done(settled.decided, ended, out)

    def _refuse(self, settled: Settled, number: str) -> None:
        """Books and raises what may not be asked, or cannot."""
        session, decided = settled.standing.session, settled.decided
        row = run_row(session, decided, number, command="serve")
        if decided.route.private and session.inside_claude:
            session.ledger.record_run(row, outcome="refused", kind="private")
            raise Refused(
                "a private answer would be read by Claude Code, which is a cloud model itself",
                hint="start `outrider serve` in a terminal of your own",
            )  # fmt: skip
        try:
            refuse_known_keys(settled)
        except Refused as refusal:
            session.ledger.record_run(row, outcome="refused", kind=refusal.kind)
            raise
        if not decided.route.targets:
            kind, _, _ = receipts.no_model(settled.standing.registry, decided.route, private=decided.route.private)
            session.ledger.record_run(row, outcome="refused", kind=kind)

    async def _asked(self, settled: Settled, out: "Outlet") -> Ended | Told:
        session, decided = settled.standing.session, settled.decided
        if not decided.route.targets:
            kind, message, hint = receipts.no_model(
                settled.standing.registry, decided.route, private=decided.route.private
            )
            return failed(Failure(kind=kind, message=message), hint=hint)  # type: ignore[arg-type]
        row = run_row(session, decided, out.run, command="serve")
        world = world_for(session, decided, row, FORM, remote=self._send)
        reserve = world.reserve

        def reserve_for(target: Target, number: int, check: Any) -> Any:
            out.target = target
            return reserve(target, number, check)

        return await run(
            decided.route, decided.request, decided.limits,
            replace(world, sleep=asyncio.sleep, reserve=reserve_for), show=out.show if out.is_shown else None,
            accept=_acceptance(decided), prompts=settled.standing.registry.values.get("prompts", {}),
        )  # fmt: skip

    def _done(self, decided: Decided, ended: Ended | Told, out: "Outlet") -> Done:
        if isinstance(ended, Told):
            return Done(ended=None, receipt=out.receipt, error=ended)
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
        self.shown = ""
        self._pieces: list[str] = []

    def show(self, text: str) -> None:
        """Takes some text."""
        self._pieces.append(text)
        self.wake.set()

    def take(self) -> str:
        """Returns the text that came since the last time."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self.shown += text
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
