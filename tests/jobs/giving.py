"""What a test needs to hand documents to a provider's batch without a command: a run, papers, doors, a clock."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from outrider.data import Answer, Message, Outcome, Request, Target
from outrider.doors.batch_journal import Batch, Journal
from outrider.doors.ledger import Ledger, RunRow
from outrider.doors.provider_batches import Handle, Handles
from outrider.doors.transport import sender
from outrider.jobs.provider_batch_looks import look, wait
from outrider.jobs.provider_batches import Doors, Handed, Paper, Terms, hand_over
from outrider.records import replace
from outrider.rows import Model, Provider
from outrider.rules.bulk.nouns import Document
from outrider.rules.disclosure import Disclosure
from outrider.rules.incoming import scrubbed
from outrider.rules.limits import Limits
from outrider.rules.money import price_from
from outrider.rules.provider_batches import batch_target
from tests.doors.booking import a_run, places_at, rows
from tests.servers.batches import BatchServer

DIALECTS: dict[str, Any] = {"anthropic": "anthropic"}
PRICE = {"input": 1, "output": 10, "variants": {"batch": {"input": 0.5, "output": 5}}}
BUDGET = {"run": Decimal(100)}


class Giving:
    """One run of documents, whose provider is a loopback server, on a clock that only waiting moves."""

    def __init__(self, home: Path, server: BatchServer, *, documents: int = 4, budget: str = "100") -> None:
        self.server = server
        self.home = home / "outrider"
        self.places = places_at(self.home)
        self.now = float(server.created)
        self.slept: list[float] = []
        self.told: list[str] = []
        self.names = iter([f"h{number}" for number in range(1, 1_000)])
        self.limits = Limits(budget={"run": Decimal(budget)}, budgets_set=frozenset({"run"}))
        self.plain = self._target()
        self.ledger = Ledger(self.places)
        self.run: RunRow = a_run()
        self.batch: Batch = Journal(self.ledger, self.places).open("r", run=self.run.id, source="", settings={})
        self.admit(documents)

    def _target(self) -> Target:
        shape = self.server.shape
        provider = Provider(
            name="here", dialect=DIALECTS.get(shape, "openai"), base_url=self.server.base_url, keys=("HERE_API_KEY",),
            quirks="here", row={"batches": {"shape": shape}},
        )  # fmt: skip
        model = Model(name="here.one", provider="here", id="one", max_output=1_000, price=price_from(PRICE))
        return Target(model=model, provider=provider, wire_id="one", key_id="k1")

    @property
    def target(self) -> Target:
        """The target at the price of its batches."""
        found = batch_target(self.plain)
        assert found is not None
        return found

    def admit(self, documents: int) -> None:
        """Enters documents into the run."""
        entered = [
            Document(id=f"d{number}", position=number, prompt=f"text {number}", digest=f"x{number}")
            for number in range(documents)
        ]
        self.batch.admit(entered)
        self.documents = documents

    def papers(self) -> list[Paper]:
        """Returns every document of the run that waits to be asked."""
        waiting = rows(self.home, "SELECT position FROM batch_documents WHERE state = 'pending' ORDER BY position")
        return [
            Paper(
                position=position, item=f"d{position}",
                request=Request(messages=(Message(role="user", text=f"text {position}"),)),
                disclosure=Disclosure(digest=f"p{position}", bytes=6, data_class="public"),
            )
            for (position,) in waiting
        ]  # fmt: skip

    def terms(self, *, fall_back_at: float | None = None, due: float = 86_400.0, most: int = 2_000) -> Terms:
        """Returns the terms, with times counted from the clock's start."""
        return Terms(
            batch=self.batch.id, run=self.run, target=self.target, limits=self.limits, documents=self.documents,
            due=self.now + due, fall_back_at=None if fall_back_at is None else self.now + fall_back_at,
            most=most,
        )  # fmt: skip

    def doors(self, *, accept: Callable[[Answer], Outcome] | None = None) -> Doors:
        """Returns the real doors, but for the clock."""

        async def sleep(seconds: float) -> None:
            self.slept.append(seconds)
            self.now += seconds

        return Doors(
            send=sender({}), key=lambda _: "sk-secret-of-here", at=lambda: self.now, sleep=sleep,
            handles=Handles(self.ledger, at=lambda: self.now), target=lambda _: self.target, accept=lambda _: accept,
            scrub=lambda outcome: scrubbed(
                outcome, scrub=lambda text: text.replace("sk-secret-of-here", "***"), secrets=("sk-secret-of-here",)
            ),
            name=lambda: next(self.names), told=self.told.append,
        )  # fmt: skip

    def give(self, **times: Any) -> Handed:
        """Hands over what waits."""
        return asyncio.run(hand_over(self.papers(), self.terms(**times), self.doors()))

    def look(self, name: str = "h1") -> Handle:
        """Looks after one handle once."""
        handle = Handles(self.ledger).find(name)
        assert handle is not None
        return asyncio.run(look(handle, self.doors()))

    def wait(self) -> tuple[Handle, ...]:
        """Looks after every handle until none can be waited for."""
        return asyncio.run(
            wait(self.doors(), batch=self.batch.id, heard=lambda _: None, is_stopped=lambda: False)
        )  # fmt: skip

    def states(self) -> list[tuple[Any, ...]]:
        """Returns each document's state and answer, or the class of its failure."""
        return rows(
            self.home, "SELECT state, COALESCE(answer, kind) FROM batch_documents ORDER BY position"
        )  # fmt: skip

    def attempts(self) -> list[tuple[Any, ...]]:
        """Returns each attempt of the book: document, outcome, certainty, cost in nano-dollars."""
        return rows(self.home, "SELECT item, outcome, certainty, cost_nano FROM attempts ORDER BY id")

    def spent(self) -> int:
        """Returns what the run is booked with, in nano-dollars."""
        ((nano,),) = rows(self.home, "SELECT cost_nano FROM runs")
        return int(nano)

    def in_another_process(self) -> "Giving":
        """Goes on as a process does that was started later: nothing but the book is known."""
        self.ledger.close()
        self.ledger = Ledger(self.places)
        return self


def orphaned(giving: Giving) -> None:
    """Makes the makers of every handle dead, as a kill does."""
    with giving.ledger.transaction() as connection:
        connection.execute("UPDATE provider_batches SET boot = 'gone', pid = 0")


def with_longest(target: Target, tokens: int) -> Target:
    """Returns a target whose model answers in so many tokens at most."""
    return replace(target, model=replace(target.model, max_output=tokens))
