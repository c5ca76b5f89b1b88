"""Asks one document of a batch: the same decision, walls, fence and book as a single question, over a shared way out.

A document's answer commits with the settlement of its call. The decision is made for each document, from a situation
that is read anew every second and after every failure.
"""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

from outrider.cli.asking import Decided
from outrider.cli.batch_plan import WAITED_FOR, Plan
from outrider.cli.batch_routes import Routes
from outrider.cli.form import Form
from outrider.cli.run_ask import run_row, world_for
from outrider.cli.show import note
from outrider.data import Answer, Attempt, Failure, Request, Route, Target
from outrider.doors import batch_rows
from outrider.doors.batch_journal import Batch
from outrider.doors.ledger import Check, Reservation, RunRow
from outrider.doors.ledger_file import Connection
from outrider.doors.ledger_group import Group
from outrider.doors.transport import many_sender
from outrider.engine import Ended, World, run
from outrider.errors import StorageFault
from outrider.records import record, replace
from outrider.rows import Provider
from outrider.rules import quota
from outrider.rules.bulk import lines
from outrider.rules.bulk.nouns import Call, Document, Replied, Result
from outrider.rules.disclosure import Disclosure
from outrider.rules.money import to_nano
from outrider.rules.rates import Wait, rate_from
from outrider.rules.receipts import no_model
from outrider.rules.selection import Facts

NOBODY = ""
PURSE_ROUND = 5.0
"""After so many seconds a repeat that was granted is in the book, or was not made."""


@record
class Prepared:
    """A document as it is asked: its request, what is known of it, its route, and what it discloses."""

    document: Document
    request: Request
    facts: Facts
    route: Route
    disclosure: Disclosure


class Asker:
    """Asks documents over one way out and one book, until it is closed."""

    def __init__(self, plan: Plan, batch: Batch) -> None:
        self._plan = plan
        self._batch = batch
        self._session = plan.session
        self._routes = Routes(plan, batch.run)
        self._prepared: dict[int, Prepared] = {}
        self._group = Group(self._session.ledger)
        remote, self._close = many_sender(self._session.registry.values.get("network", {}))
        self._world: World | None = None
        self._remote = remote
        self._row: RunRow | None = None
        self._granted: Counter[str] = Counter()
        self._counted_since = float("-inf")
        self._prompts = self._session.registry.values.get("prompts", {})

    async def close(self) -> None:
        """Writes what is still to be written, and lets every connection go."""
        await self._group.close()
        await self._close()

    def provider(self, document: Document) -> str:
        """Returns whom a document would go to now."""
        targets = self.prepare(document).route.targets
        return targets[0].provider.name if targets else NOBODY

    def most(self, provider: str) -> int | None:
        """Returns how many calls a provider takes at one time by its settings: more would only wait for a turn."""
        row = self._session.registry.providers.get(provider)
        rate = rate_from(row.row) if row is not None else None
        return rate.concurrency if rate is not None else None

    def prepare(self, document: Document) -> Prepared:
        """Decides for a document; what was prepared before is only decided again."""
        known = self._prepared.get(document.position)
        if known is None:
            known = self._new(document)
            self._prepared[document.position] = known
            return known
        route = self._routes.route(known.facts)
        if route is not known.route:
            known = self._prepared[document.position] = replace(known, route=route)
        return known

    def _new(self, document: Document) -> Prepared:
        plan = self._plan
        messages = plan.messages(document)
        facts = plan.facts(document, messages)
        route = self._routes.route(facts)
        request = replace(plan.request, messages=messages)
        text = document.prompt
        disclosure = Disclosure(
            digest=self._session.keys.digest(text), bytes=len(text.encode("utf-8", "replace")),
            data_class=route.data_class, attached=plan.attached(document, route.data_class), text=plan.kept_text(text),
        )  # fmt: skip
        return Prepared(document=document, request=request, facts=facts, route=route, disclosure=disclosure)

    async def ask(self, document: Document) -> Replied:
        """Asks a document; its answer is committed when this returns."""
        prepared = self.prepare(document)
        del self._prepared[document.position]
        route = prepared.route
        if not route.targets:
            return Replied(failure=self._nobody(prepared))
        provider = route.targets[0].provider.name
        results: list[Result] = []
        ended = await self._ended(prepared, self._doors(prepared, results))
        calls = tuple(_call(attempt) for attempt in ended.attempts)
        if results and ended.answer is not None:
            return Replied(result=results[0], calls=calls, provider=provider)
        return Replied(failure=ended.failure, calls=calls, provider=provider)

    async def _ended(self, prepared: Prepared, world: World) -> Ended:
        """Returns how a document ended, along its route."""
        return await run(
            prepared.route, prepared.request, self._plan.limits, world,
            accept=self._plan.accept, prompts=self._prompts, parts=self._plan.at_once,
        )  # fmt: skip

    def _nobody(self, prepared: Prepared) -> Failure:
        """Says why no model can be asked now; a server that is down may come back."""
        plan, route = self._plan, prepared.route
        situation = self._routes.situation()
        if any(passed.kind in WAITED_FOR for passed in route.passed):
            plan.ask_servers(situation)
            self._routes.forget()
        paid = plan.unwalled(prepared.facts, situation).targets if plan.wanted.max_cost is None else ()
        kind, message, _ = no_model(self._session.registry, route, private=route.private)
        if kind != "budget" and any(passed.kind in WAITED_FOR for passed in route.passed):
            return Failure(kind="network", message=message, certainty="not_sent")
        if paid:
            return Failure(
                kind="budget", message=f"{paid[0].name} costs money, and `--max-cost` says nothing of how much",
                certainty="not_sent",
            )  # fmt: skip
        return Failure(kind=kind, message=message, certainty="not_sent")  # type: ignore[arg-type]

    def give_up(self, document: Document, replied: Replied) -> Result:
        """Commits that a document has no answer, and why."""
        failure = replied.failure
        kind, message = (failure.kind, failure.message) if failure is not None else ("interrupted", "")
        with self._session.ledger.transaction() as connection:
            batch_rows.failed(connection, self._batch.id, document.position, kind=kind, message=message)
        return Result(position=document.position, id=document.id, ok=False, kind=kind, message=message)

    def book_end(self, *, outcome: str, kind: str | None, came_to: Mapping[str, Any]) -> None:
        """Books how the run ended, which none of its calls says; nothing where nobody was asked."""
        if self._row is not None:
            row = replace(self._row, decision={**self._row.decision, "batch": dict(came_to)})
            self._session.ledger.end_run(row, outcome=outcome, kind=kind)

    def _doors(self, prepared: Prepared, results: list[Result]) -> World:
        """Returns the doors of one document: what it books carries its name, and its answer is kept."""
        shared, row = self.shared(prepared)
        document, told = prepared.document, prepared.disclosure

        async def reserve(target: Target, number: int, check: Check) -> Reservation | Failure | Wait:
            return await self._group.reserve(
                row, target, number=number, check=check, prompt_digest=told.digest, prompt_bytes=told.bytes,
                disclosure=told, item=str(document.id),
            )  # fmt: skip

        async def settle(reservation: Reservation, attempt: Attempt) -> None:
            if isinstance(attempt.outcome, Failure):
                self._routes.forget()
            else:
                results.append(_result(document, attempt))
            try:
                await self._group.settle(
                    reservation, attempt, also=partial(self._keep, document=document, attempt=attempt)
                )
            except StorageFault:
                self._rescue(document, attempt)
                raise

        return replace(shared, reserve=reserve, settle=settle)

    def _keep(self, connection: Connection, *, document: Document, attempt: Attempt) -> None:
        """Writes what a call came to into the journal, in the transaction that settles it."""
        cost = to_nano(attempt.cost)
        if isinstance(attempt.outcome, Answer):
            batch_rows.done(
                connection, self._batch.id, document.position, answer=attempt.outcome.text,
                model=attempt.target.model.name, cost_nano=cost,
            )  # fmt: skip
        elif cost:
            batch_rows.add_cost(connection, self._batch.id, document.position, cost_nano=cost)

    def _rescue(self, document: Document, attempt: Attempt) -> None:
        """Prints an answer that is paid for and cannot be written."""
        if isinstance(attempt.outcome, Answer):
            text = lines.line(
                key=document.id, ok=True, answer=attempt.outcome.text, model=attempt.target.model.name, kind=None,
                cost=attempt.cost,
            )  # fmt: skip
            if self._plan.is_hidden:
                note(f"an answer that is paid for could not be kept (document {document.id})")
            else:
                sys.stderr.write(f"outrider: an answer that could not be kept: {text}\n")

    def let_go(self, document: Document) -> None:
        """Forgets what was prepared for a document that is not asked here."""
        self._prepared.pop(document.position, None)

    def shared(self, prepared: Prepared) -> tuple[World, RunRow]:
        """Returns the doors that all documents share, and what the book says of the run."""
        if self._world is None or self._row is None:
            self._world, self._row = self._made(prepared)
        return self._world, self._row

    def _made(self, prepared: Prepared) -> tuple[World, RunRow]:
        plan = self._plan
        decided = Decided(
            prompt=plan.prompt(prepared.document), request=prepared.request, selection=plan.selection,
            facts=prepared.facts, situation=self._routes.situation(),
            limits=plan.limits, route=prepared.route,
        )  # fmt: skip
        row = run_row(self._session, decided, self._batch.run, command=plan.command)
        world = world_for(self._session, decided, row, Form(), remote=self._remote)
        return replace(world, sleep=asyncio.sleep, purse=self._purse), row

    def _purse(self, provider: Provider) -> int:
        """Returns what is left for repeats, less what others here are about to take: they all look before they leap."""
        if time.monotonic() - self._counted_since > PURSE_ROUND:
            self._granted.clear()
            self._counted_since = time.monotonic()
        left = self._session.ledger.purse(provider.name) - self._granted[provider.name] * quota.REPEAT
        self._granted[provider.name] += quota.allows(left)
        return left


def _call(attempt: Attempt) -> Call:
    outcome = attempt.outcome
    failure = outcome if isinstance(outcome, Failure) else None
    return Call(
        provider=attempt.target.provider.name, kind=failure.kind if failure else None, seconds=attempt.seconds,
        retry_after=failure.retry_after if failure else None,
    )  # fmt: skip


def _result(document: Document, attempt: Attempt) -> Result:
    return Result(
        position=document.position, id=document.id, ok=True, model=attempt.target.model.name, cost=attempt.cost,
        answer=attempt.outcome.text if isinstance(attempt.outcome, Answer) else None,
    )  # fmt: skip
