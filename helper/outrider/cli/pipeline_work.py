"""All stages of a pipeline at work: one run of the ledger, so that its budget is one wall; one journal row a stage."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from outrider.cli import pipeline_file
from outrider.cli.batch_asking import Asker
from outrider.cli.pipeline_file import Loaded
from outrider.cli.pipeline_input import Documents
from outrider.cli.pipeline_stage import StagePlan, StageWork, Walls
from outrider.cli.pipeline_telling import Teller
from outrider.cli.session import Session
from outrider.doors.batch_journal import Batch, Journal
from outrider.jobs import batch as loop
from outrider.jobs.pipeline import Flow, Made, Said
from outrider.records import record
from outrider.rules.bulk.nouns import Document, Replied
from outrider.rules.pipelines import graph
from outrider.rules.pipelines.nouns import Call, Stage


@record
class Ended:
    """How a pipeline ended: what each stage made, why it ended, and the signal that ended it, if one did."""

    made: Mapping[str, Made]
    ending: loop.Ending
    stage: str = ""
    signal: int | None = None


class Work:
    """One sitting over a pipeline."""

    def __init__(
        self, session: Session, loaded: Loaded, documents: Documents, *, journal: Journal, root: Batch, teller: Teller,
        max_cost: Decimal | None, concurrency: int, retry_failed: bool, waits: bool,
    ) -> None:  # fmt: skip
        self.session = session
        self.loaded = loaded
        self.root = root
        self.stages: dict[str, StageWork] = {}
        self._documents = documents
        self._journal = journal
        self._teller = teller
        self._retry_failed = retry_failed
        self._waits = waits
        self._loops: set[loop.Batch] = set()
        self._flying = 0
        self._landing = asyncio.Event()
        self._ending: loop.Ending | None = None
        self._ended_in = ""
        self._made: Mapping[str, Made] = {}
        self._signal: int | None = None
        self._windows: dict[str, int] = {}
        # Branches that run beside each other share what may be under way at one time.
        widest = max(sum(stage.asks for stage in wave) for wave in graph.waves(loaded.pipeline))
        self._most = max(concurrency // max(widest, 1), 1)
        self._walls = Walls(max_cost=max_cost, at_once=concurrency)

    def stop(self) -> None:
        """Takes nothing more; a second call leaves at once."""
        self._end("", loop.Ending(why="stopped"))

    def _end(self, stage: str, ending: loop.Ending) -> None:
        if self._ending is None:
            self._ending, self._ended_in = ending, stage
        for work in tuple(self._loops):
            work.stop()

    async def run(self, items: Sequence[Any]) -> None:
        """Runs every stage; each answer is kept as it comes. What came of it says `ended`."""
        from outrider.cli.signals import Signals

        missing = frozenset(name for name, _ in self._documents.faults)
        flow = Flow(self.loaded.pipeline, items, self.ask, window=self.window, missing=missing)
        ticking = asyncio.create_task(self._ticking())
        try:
            with Signals(self.stop) as signals:
                self._made = await flow.run()
        finally:
            ticking.cancel()
            self._teller.close()
            for work in self.stages.values():
                await work.asker.close()
        self._signal = signals.number

    def ended(self) -> Ended:
        """Returns how it ended."""
        ending = self._ending or loop.Ending(why="done")
        return Ended(made=self._made, ending=ending, stage=self._ended_in, signal=self._signal)

    def window(self, stage: Stage) -> int:
        """Returns how many tokens a call of a stage may have: what the model takes that comes first."""
        if stage.name not in self._windows:
            private = stage.name in self.loaded.private
            self._windows[stage.name] = pipeline_file.cast(self.session, stage, private=private).window
        return self._windows[stage.name]

    async def ask(self, stage: Stage, calls: Sequence[Call]) -> Said:
        """Asks the prompts of a stage that are not answered yet, and returns what all of them came to."""
        if self._ending is not None:
            return Said(answers={}, is_whole=False)
        try:
            return await self._answered(stage, calls)
        except BaseException:
            self._end(stage.name, loop.Ending(why="stopped"))
            raise

    async def _answered(self, stage: Stage, calls: Sequence[Call]) -> Said:
        work = self._opened(stage)
        documents = work.documents(calls)
        pending = work.pending(documents)
        self._teller.begin(stage.name, total=len(documents), kept=len(documents) - len(pending))
        if pending:
            batch = loop.Batch(
                iter(pending),
                loop.Doors(
                    ask=partial(self._asked, work.asker), give_up=work.asker.give_up,
                    provider=work.asker.provider, now=time.monotonic,
                    heard=lambda result: self._teller.heard(stage.name, result), told=self._teller.told,
                ),
                most=self._most, waits=self._waits,
            )  # fmt: skip
            self._loops.add(batch)
            try:
                ending = await batch.work()
            finally:
                self._loops.discard(batch)
            if ending.why != "done":
                self._end(stage.name, ending)
        said = work.said(documents)
        self._teller.end(stage.name, is_whole=said.is_whole)
        return said

    async def _asked(self, asker: Asker, document: Document) -> Replied:
        """Asks one prompt. What the wall refuses waits while calls are in the air: what they reserved may come back.

        One loop knows its own calls only, and the wall is that of all stages.
        """
        while True:
            self._flying += 1
            try:
                replied = await asker.ask(document)
            finally:
                self._flying -= 1
                landing, self._landing = self._landing, asyncio.Event()
                landing.set()
            is_refused = replied.failure is not None and replied.failure.kind == "budget"
            if not is_refused or not self._flying or self._ending is not None:
                return replied
            await self._landing.wait()

    def _opened(self, stage: Stage) -> StageWork:
        """Returns a stage with its journal open."""
        if stage.name not in self.stages:
            from outrider.cli.pipeline_panel import PanelAsker

            plan = StagePlan(self.session, self.loaded, stage, self._documents, limits=self._walls)
            batch = self._journal.open(
                f"{self.root.name}/{stage.name}", run=self.root.run, source=self.loaded.path, settings={}
            )
            batch.run = self.root.run
            is_panel = stage.kind in {"cascade", "verify"}
            asker = PanelAsker(plan, batch) if is_panel else Asker(plan, batch)
            self.stages[stage.name] = StageWork(plan, batch, asker, retry_failed=self._retry_failed)
        return self.stages[stage.name]

    async def _ticking(self) -> None:
        while True:
            await asyncio.sleep(1.0)
            self._teller.tick()

    def close(self, *, is_done: bool) -> None:
        """Lets others work on it; books what has nothing left to ask."""
        for work in self.stages.values():
            if is_done:
                work.end()
            work.batch.close()
