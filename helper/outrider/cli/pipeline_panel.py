"""Asks one item of a cascade or verify stage: a small panel for each, on the stage's own loop, journal and book.

Every call is booked as it ends; the item's answer is kept when the panel has its verdict. An item that is cut off in
between is asked from its first call again.
"""

from copy import copy
from decimal import Decimal
from functools import partial
from typing import Any

from outrider.cli import rungs, seats
from outrider.cli.batch_asking import NOBODY, Asker, Prepared
from outrider.cli.batch_routes import Routes
from outrider.cli.panel_run import checker
from outrider.cli.pipeline_stage import StagePlan
from outrider.data import Attempt, Failure, Route
from outrider.doors import batch_rows
from outrider.doors.batch_journal import Batch
from outrider.doors.ledger_file import Connection
from outrider.engine import run
from outrider.jobs.panel import Doors, play
from outrider.records import replace
from outrider.rules.bulk.nouns import Call, Document, Replied, Result
from outrider.rules.disclosure import Disclosure
from outrider.rules.money import to_nano
from outrider.rules.panels import cascade, verifying
from outrider.rules.panels.nouns import Purpose, Reply, Seat, Turn

FATAL = frozenset({"budget", "storage", "interrupted"})
"""What is no seat's own failure: the item is asked again when it is over."""


class PanelAsker(Asker):
    """Asks items, each with as many calls as its panel takes."""

    def __init__(self, plan: StagePlan, batch: Batch) -> None:
        super().__init__(plan, batch)
        self._stage_plan = plan
        self._seats: dict[str, tuple[StagePlan, Routes]] = {}
        self._rungs: tuple[Seat, ...] = ()
        self._gates: tuple[cascade.Gate, ...] = ()
        self._checks: tuple[tuple[str, ...], ...] = ()
        self._check = checker(plan.session)
        self._sit()

    def _sit(self) -> None:
        """Finds who sits there: once for all items."""
        plan, stage, session = self._stage_plan, self._stage_plan.stage, self._stage_plan.session
        private = plan.wanted.private
        if stage.kind == "cascade":
            names = rungs.names(session, stage.models, stage.task, {}, private=private)
            others = tuple(gate for gate in stage.gates if gate != "schema")
            if others or stage.schema is None:
                self._gates, _ = rungs.gates(
                    session, others, schema=None, second=stage.second, judge=stage.judge, names=names, private=private
                )
            if stage.schema is not None and ("schema" in stage.gates or not stage.gates):
                self._gates = (*self._gates, cascade.Gate(kind="schema", schema=stage.schema))
        else:
            from outrider.cli.cascade import command_of
            from outrider.cli.verify import who_looks

            writer = seats.writer(session, stage.model, {}, private=private)
            names = (writer, who_looks(session, (writer,), stage.verifier, private=private))
            self._checks = tuple(command_of(text) for text in stage.checks)
        self._rungs = tuple(seats.seat(session.registry, name) for name in names)

    def provider(self, document: Document) -> str:
        """Returns whom an item would go to first."""
        targets = self._turn_route(self._rungs[0], Turn(seat=self._rungs[0], messages=self._plan.messages(document)),
                                   document)[1].targets  # fmt: skip
        return targets[0].provider.name if targets else NOBODY

    async def ask(self, document: Document) -> Replied:
        """Plays an item's panel to its verdict; an answer is committed when this returns."""
        heard = _Heard(document)
        failures, calls = heard.failures, heard.calls
        ask = partial(self._turn, heard)
        rule, judged = self._rule(document)
        verdict, _ = await play(rule, Doors(ask=ask, check=self._check, heard=_heard_nothing))
        provider = calls[0].provider if calls else ""
        fatal = next((failure for failure in failures if failure.kind in FATAL), None)
        answer, model, why = judged(verdict)
        if fatal is not None:
            return Replied(failure=fatal, calls=tuple(calls), provider=provider)
        if answer is None:
            last = failures[-1] if failures and not why else Failure(kind="bad_response", message=why)
            return Replied(failure=last, calls=tuple(calls), provider=provider)
        await self._group.write(
            lambda connection: batch_rows.done(
                connection, self._batch.id, document.position, answer=answer, model=model, cost_nano=0
            )
        )
        result = Result(
            position=document.position, id=document.id, ok=True, model=model, cost=heard.cost, answer=answer
        )  # fmt: skip
        return Replied(result=result, calls=tuple(calls), provider=provider)

    def _rule(self, document: Document) -> tuple[Any, Any]:
        """Returns the panel's rule for an item, and what reads its verdict: the answer, who gave it, or why none."""
        stage = self._stage_plan.stage
        messages = self._plan.messages(document)
        mark = f"a{document.digest[:10]}"
        if stage.kind == "cascade":
            climb = cascade.Question(messages=messages, rungs=self._rungs, gates=self._gates, mark=mark)

            def climbed(verdict: cascade.Verdict) -> tuple[str | None, str, str]:
                if verdict.answer is None:
                    return None, "", ""
                if verdict.verified is False:
                    return None, "", verdict.why
                return verdict.answer, self._rungs[verdict.rung or 0].model, ""

            return partial(cascade.next_round, climb), climbed
        question = verifying.Question(
            messages=messages, generator=self._rungs[0], verifier=self._rungs[1], mark=mark, checks=self._checks,
            schema=stage.schema, most=stage.rounds,
        )  # fmt: skip

        def verified(verdict: verifying.Verdict) -> tuple[str | None, str, str]:
            if verdict.kind == "accepted":
                return verdict.answer, self._rungs[0].model, ""
            findings = "; ".join(verdict.drafts[-1].findings) if verdict.drafts else ""
            why = f"{verdict.why}{f': {findings}' if findings else ''}"
            return None, "", why if verdict.kind == "not_accepted" else ""

        return partial(verifying.next_round, question), verified

    def _turn_route(self, seat: Seat, turn: Turn, document: Document) -> tuple[Any, Route]:
        """Returns what is known of a turn and the one way on which its seat is asked."""
        if seat.model not in self._seats:
            plan = copy(self._stage_plan)
            plan.selection = replace(plan.selection, model=seat.model, task=None, fallback=False, preset=None)
            self._seats[seat.model] = (plan, Routes(plan, self._batch.run))
        plan, routes = self._seats[seat.model]
        facts = plan.facts(document, turn.messages)
        route = routes.route(facts)
        return facts, replace(route, targets=route.targets[:1])

    async def _turn(self, heard: "_Heard", turn: Turn, _purpose: Purpose, parts: int) -> Reply:
        """Asks one seat and returns what came of it."""
        document, failures = heard.document, heard.failures
        facts, route = self._turn_route(turn.seat, turn, document)
        plan = self._stage_plan
        text = "\n".join(message.text for message in turn.messages)
        prepared = Prepared(
            document=document, facts=facts, route=route,
            request=replace(plan.request, messages=turn.messages, schema=turn.schema),
            disclosure=Disclosure(
                digest=plan.session.keys.digest(text), bytes=len(text.encode("utf-8", "replace")),
                data_class=route.data_class, attached=plan.attached(document, route.data_class),
                text=plan.kept_text(text),
            ),
        )  # fmt: skip
        if not route.targets:
            failures.append(self._nobody(prepared))
            return Reply(seat=turn.seat, text=None, failure=f"{failures[-1].kind}: {failures[-1].message}")
        ended = await run(
            route, prepared.request, plan.limits, self._doors(prepared, []), prompts=self._prompts,
            parts=parts * plan.at_once,
        )  # fmt: skip
        heard.take(ended.attempts)
        if ended.answer is None:
            failures.append(ended.failure or Failure(kind="interrupted", message="interrupted"))
            return Reply(seat=turn.seat, text=None, failure=f"{failures[-1].kind}: {failures[-1].message[:300]}")
        said = ended.answer.text
        if turn.schema is not None:
            from outrider.cli.schemas import unfenced

            said = unfenced(said)
        return Reply(seat=turn.seat, text=said)

    def _keep(self, connection: Connection, *, document: Document, attempt: Attempt) -> None:
        """Books what a call cost with its item; that it answered is no verdict yet."""
        cost = to_nano(attempt.cost)
        if cost:
            batch_rows.add_cost(connection, self._batch.id, document.position, cost_nano=cost)


class _Heard:
    """What the calls of one item came to."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.failures: list[Failure] = []
        self.calls: list[Call] = []
        self.cost = Decimal(0)

    def take(self, attempts: tuple[Attempt, ...]) -> None:
        """Takes in how one seat was asked."""
        for attempt in attempts:
            failure = attempt.outcome if isinstance(attempt.outcome, Failure) else None
            self.cost += attempt.cost
            call = Call(
                provider=attempt.target.provider.name, kind=failure.kind if failure else None, seconds=attempt.seconds,
                retry_after=failure.retry_after if failure else None,
            )  # fmt: skip
            self.calls.append(call)


def _heard_nothing(_purpose: Purpose, _reply: Reply) -> None:
    """Says nothing: the stage tells how far it is."""
