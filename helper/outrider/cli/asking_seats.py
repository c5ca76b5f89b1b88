"""Asks one seat of a panel: the same decision, walls, fence and book as a single question, over a shared way out.

A seat is one model and no other: it never falls back to another seat's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any

from outrider.cli import prompts
from outrider.cli.form import Form
from outrider.cli.run_ask import free, world_for
from outrider.cli.seating import Table
from outrider.data import Answer, Attempt, Certainty, Failure, Passed, Target
from outrider.doors.ledger import Reservation
from outrider.doors.transport import Send, many_sender
from outrider.engine import World, run
from outrider.records import replace
from outrider.rows import Registry
from outrider.rules.limits import for_route
from outrider.rules.panels.nouns import Reply, Turn
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Selection

LEAST_CERTAIN: tuple[Certainty, ...] = ("in_doubt", "estimate", "exact", "not_sent")


class Asking:
    """Asks seats over one way out and one book, until it is closed. `purposes` gets what each booked call is for.

    `send` is a way out that others use, too, and that stays open.
    """

    def __init__(self, table: Table, form: Form, purposes: list[str], *, send: Send | None = None) -> None:
        self._table = table
        self._form = form
        self._purposes = purposes
        self._close: Callable[[], Awaitable[None]] | None = None
        self._row = table.row()
        network = table.session.registry.values.get("network", {})
        if form.replay is not None or send is not None:
            self._world = self._seated(send)
        else:
            # A handful of seats would not win back what the faster library costs to load.
            remote, self._close = many_sender(network, library="httpx2")
            self._world = self._seated(remote)

    async def close(self) -> None:
        """Lets every connection go."""
        if self._close is not None:
            await self._close()

    def _seated(self, remote: Send | None) -> World:
        """Returns the doors for many at once: a wait of one holds up no other."""
        world = world_for(
            self._table.session, self._table.decided, self._row, self._form, remote=remote,
            about={"panel": self._table.digest},
        )  # fmt: skip
        return replace(world, sleep=asyncio.sleep)

    def _noting(self, purpose: str, booked: list[Attempt]) -> World:
        """Returns the doors of one seat, which keep what it is booked with, and remember what each call was for."""
        reserve, settle = self._world.reserve, self._world.settle

        async def reserve_for(target: Target, _: int, check: Any) -> Any:
            # The calls of all seats are numbered through: each is one of the same run.
            reservation = await reserve(target, len(self._purposes) + 1, check)
            if isinstance(reservation, Reservation):
                self._purposes.append(purpose)
            return reservation

        async def settle_and_keep(reservation: Any, attempt: Attempt) -> None:
            booked.append(free(attempt) if self._form.replay else attempt)
            await settle(reservation, attempt)

        return replace(self._world, reserve=reserve_for, settle=settle_and_keep)

    async def ask(self, turn: Turn, purpose: str, parts: int) -> Reply:
        """Asks one seat and returns what came of it; what cannot be asked is a reply that says why."""
        session, decided = self._table.session, self._table.decided
        facts = replace(
            prompts.facts(
                decided.prompt, turn.messages, session.registry, schema=None, max_output=decided.request.max_output
            ),
            data_class=decided.facts.data_class, class_from=decided.facts.class_from,
        )  # fmt: skip
        selection = Selection(
            model=turn.seat.model, private=decided.selection.private, fallback=False,
            preset=None, preset_from="",
        )  # fmt: skip
        route = decide(session.registry, selection, facts, decided.situation)
        if not route.targets:
            why = why_not(session.registry, turn.seat.model, route.passed)
            return Reply(seat=turn.seat, text=None, failure=why, asked=False)
        route = replace(route, targets=route.targets[:1])
        request = replace(decided.request, messages=turn.messages, schema=turn.schema, stream=False)
        limits = for_route(decided.limits, tuple((one.model, one.provider.row) for one in route.targets))
        booked: list[Attempt] = []
        began = self._world.now()
        try:
            ended = await run(
                route, request, limits, self._noting(purpose, booked), parts=parts,
                prompts=session.registry.values.get("prompts", {}),
            )  # fmt: skip
        except asyncio.CancelledError:
            return self._booked(Reply(seat=turn.seat, text=None, late=True), booked, began)
        reply = Reply(
            seat=turn.seat, text=_text(ended.answer, turn), failure=_why(ended.failure),
            served_by=_served_by(ended.answer, ended.attempts),
        )  # fmt: skip
        return self._booked(reply, booked, began)

    def _booked(self, reply: Reply, booked: list[Attempt], began: float) -> Reply:
        """Returns a reply with the money and the time that it took; a replay takes none."""
        usages = [attempt.outcome.usage for attempt in booked]
        costs = {certainty: [one.cost for one in booked if one.certainty == certainty] for certainty in LEAST_CERTAIN}
        return replace(
            reply, cost=sum((attempt.cost for attempt in booked), Decimal(0)),
            cost_known=all(attempt.cost_known for attempt in booked),
            in_doubt=sum(costs["in_doubt"], Decimal(0)),
            certainty=next((certainty for certainty in LEAST_CERTAIN if costs[certainty]), "not_sent"),
            seconds=0.0 if self._form.replay else self._world.now() - began, asked=bool(booked),
            input=sum(usage.input for usage in usages), output=sum(usage.output for usage in usages),
        )  # fmt: skip


def _text(answer: Answer | None, turn: Turn) -> str | None:
    """Returns what was said; JSON that was asked for comes without its fence."""
    if answer is None or turn.schema is None:
        return answer.text if answer is not None else None
    from outrider.cli.schemas import unfenced

    return unfenced(answer.text)


def _why(failure: Failure | None) -> str:
    return f"{failure.kind}: {failure.message[:300]}" if failure is not None else ""


def _served_by(answer: Answer | None, attempts: tuple[Any, ...]) -> str:
    if answer is None or not attempts:
        return ""
    target = attempts[-1].target
    return f"{target.provider.name}/{answer.served_by or target.wire_id}"


def why_not(registry: Registry, name: str, passed: tuple[Passed, ...]) -> str:
    """Says why a seat cannot be asked, and for a Claude seat how its answer is handed in."""
    model = model_called(registry, name)
    if model is not None and registry.providers[model.provider].dialect == "native":
        return f"not_found: it runs inside Claude Code; hand its answer in with `--answer {name}=FILE`"
    return f"not_found: {passed[0].why}" if passed else "not_found: there is no way to it"
