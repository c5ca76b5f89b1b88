"""`--by`: what of a run goes through its provider's own batch first, while time allows; the rest is asked one by one.

A document is with a provider's batch or with us, never both: it is given away in the book before it leaves, and taken
back when the provider has said that it did not answer it.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

from outrider.cli import handles
from outrider.cli import provider_batches as shown
from outrider.cli.batch_asking import Asker, Prepared
from outrider.cli.batch_job import Flags, Job
from outrider.cli.batch_telling import Teller, span
from outrider.cli.show import dump, note
from outrider.data import Failure, Target
from outrider.doors.batch_journal import Batch
from outrider.doors.provider_batches import Handle
from outrider.errors import OutriderError
from outrider.jobs.provider_batch_looks import look, wait
from outrider.jobs.provider_batches import Doors, Handed, Paper, Terms, hand_over
from outrider.records import record
from outrider.rules import deadlines
from outrider.rules.bulk.nouns import Document
from outrider.rules.prompting import for_model
from outrider.rules.provider_batches import batch_target, why_no_batch
from outrider.wire.batches import shape_of

SECONDS_EACH = 6.0
"""What one document asked by itself is taken to need: nobody has measured this run's yet."""
MOST_ROUNDS = 20
STILL_RUNNING = 6


class LeftThere(Exception):
    """Documents are at a provider, and whoever waits for them may not: the same command goes on later."""

    def __init__(self, handles: tuple[Handle, ...]) -> None:
        super().__init__(handles)
        self.handles = handles


@record
class Choice:
    """The target whose batch takes documents now, the same at its price, the first of them, and the plan."""

    target: Target
    priced: Target
    first: Prepared
    plan: deadlines.Plan


def due(flags: Flags, *, now: float) -> float | None:
    """Returns by when answers are wanted, in seconds since 1970; None where nobody said."""
    if flags.by is None:
        return None
    if flags.sample is not None:
        raise OutriderError("`--sample` asks at once, so `--by` says nothing there", hint="leave one of them out")
    return deadlines.parse(flags.by, now=now, offset=lambda at: float(time.localtime(at).tm_gmtoff))


class Ahead:
    """What happens before documents are asked one by one."""

    def __init__(
        self, job: Job, batch: Batch, asker: Asker, teller: Teller, *, waiting: Callable[[], Iterable[Document]]
    ) -> None:
        self._job, self._batch, self._asker, self._teller = job, batch, asker, teller
        self._waiting = waiting
        self._due = due(job.flags, now=time.time())
        self._task: asyncio.Task[None] | None = None
        self._passed: set[str] = set()
        self._choice: Choice | None = None
        self._said: set[str] = set()

    def stop(self) -> None:
        """Leaves everything where it is: what is at a provider stays there."""
        if self._task is not None:
            self._task.cancel()

    async def go(self) -> None:
        """Fetches what providers have done; with `--by`, hands over what waits, and waits for it."""
        send, close = shown.way_out(self._job.session)
        doors = shown.doors(self._job.session, send, told=self._say)
        self._task = asyncio.ensure_future(self._gone(doors))
        try:
            with suppress(asyncio.CancelledError):
                await self._task
        finally:
            await close()

    async def _gone(self, doors: Doors) -> None:
        for handle in doors.handles.listed(batch=self._batch.id, is_open=True):
            self._heard(await look(self._redated(handle, doors), doors))
        if self._due is None:
            return
        for _ in range(MOST_ROUNDS):
            handed = await self._hand_over(doors, due=self._due)
            await self._wait(doors)
            if not (handed.documents and handed.failure is not None and handed.failure.kind == "budget"):
                break
            self._passed.clear()

    def _redated(self, handle: Handle, doors: Doors) -> Handle:
        """Returns a handle of an earlier sitting with what `--by` says now, if it says anything."""
        target = doors.target(handle)
        if self._due is None or target is None:
            return handle
        plan = self._plan(target, private=False, due=self._due)
        return doors.handles.redate(handle, due=self._due, fall_back_at=plan.fall_back_at or time.time())

    async def _hand_over(self, doors: Doors, *, due: float) -> Handed:
        """Hands over what waits, target by target."""
        told = Handed()
        while True:
            papers = self._papers(due=due)
            first = next(papers, None)
            choice = self._choice
            if first is None or choice is None:
                return told
            _, row = self._asker.shared(choice.first)
            counts = self._batch.counts()
            terms = Terms(
                batch=self._batch.id, run=row, target=choice.priced, limits=self._job.plan.limits,
                documents=max(self._job.total() - counts.get("done", 0) - counts.get("submitted", 0), 1),
                due=due, fall_back_at=choice.plan.fall_back_at, schema=self._job.plan.schema,
            )  # fmt: skip
            handed = await hand_over(itertools.chain((first,), papers), terms, doors)
            self._passed.add(choice.target.health_key)
            self._choice = None
            self._tell(handed, choice, doors)
            told = Handed(
                handles=told.handles + handed.handles, documents=told.documents + handed.documents,
                failure=handed.failure or told.failure,
            )  # fmt: skip

    def _papers(self, *, due: float) -> Iterator[Paper]:
        """Yields what one target's batch takes of what waits; the first that one takes chooses it."""
        for document in self._waiting():
            prepared = self._asker.prepare(document)
            self._asker.let_go(document)
            target = prepared.route.targets[0] if prepared.route.targets else None
            if target is None or target.health_key in self._passed:
                continue
            if self._choice is None:
                plan = self._plan(target, private=prepared.route.private, due=due)
                priced = batch_target(target)
                if plan.way == "sync" or priced is None:
                    self._passed.add(target.health_key)
                    self._say(f"{target.name} is asked one by one: {plan.why}")
                    continue
                self._choice = Choice(target=target, priced=priced, first=prepared, plan=plan)
            if target.health_key != self._choice.target.health_key:
                continue
            paper = self._paper(prepared, target)
            if paper is not None:
                yield paper

    def _plan(self, target: Target, *, private: bool, due: float) -> deadlines.Plan:
        left = max(self._job.total() - self._batch.counts().get("done", 0), 1)
        return plan_for(target, private=private, documents=left, at_once=self._job.flags.concurrency, due=due)

    def _paper(self, prepared: Prepared, target: Target) -> Paper | None:
        """Returns a document as it may leave; one that must not, or whose secrets are put back later, stays."""
        world, _ = self._asker.shared(prepared)
        cleared = world.clear(prepared.request, target)
        if isinstance(cleared, Failure) or cleared.table:
            return None
        prompts = self._job.session.registry.values.get("prompts", {})
        return Paper(
            position=prepared.document.position, item=str(prepared.document.id),
            request=for_model(cleared.request, target.model, prompts, effort=prepared.route.effort),
            disclosure=prepared.disclosure,
        )  # fmt: skip

    async def _wait(self, doors: Doors) -> None:
        """Waits for what is at providers; inside Claude Code nobody may wait that long."""
        there = doors.handles.listed(batch=self._batch.id, is_open=True)
        if there and self._job.session.inside_claude and not self._job.flags.detach:
            raise LeftThere(there)
        left = await wait(doors, batch=self._batch.id, heard=self._heard, is_stopped=lambda: False)
        for handle in left:
            self._say(f"{handles.told_of(handle, now=time.time())}; see `outrider jobs show {handle.id}`")

    def _heard(self, handle: Handle) -> None:
        counts = self._batch.counts()
        self._teller.kept, self._teller.failed = counts.get("done", 0), counts.get("failed", 0)
        line = handles.state_in_words(handle) + handle.message
        if line not in self._said:
            self._said.add(line)
            self._teller.told("batch", handles.told_of(handle, now=time.time()))
        self._teller.tick()

    def _say(self, line: str) -> None:
        self._teller.told("batch", line)

    def _tell(self, handed: Handed, choice: Choice, doors: Doors) -> None:
        if handed.failure is not None:
            failure = handed.failure
            later = (
                "; the rest follows when this has come back" if failure.kind == "budget" and handed.documents else ""
            )
            self._say(f"not all was handed over: {failure.kind}: {failure.message}{later}")
        if not handed.documents:
            return
        names = ", ".join(handed.handles[:5]) + (", …" if len(handed.handles) > 5 else "")
        self._say(
            f"handed {handed.documents:,} documents to {choice.target.provider.name} as {names} ({choice.plan.why}); "
            "you may stop here: the same command, or `outrider jobs collect ID`, fetches the answers"
        )


def plan_for(target: Target, *, private: bool, documents: int, at_once: int, due: float) -> deadlines.Plan:
    """Decides for a target between its batch and asking one by one."""
    form = shape_of(target.provider)
    barred = why_no_batch(target, private=private, has_shape=form is not None)
    window = form.BOUNDS.window if form is not None else 0.0
    return deadlines.plan(
        now=time.time(), by=due, seconds=documents * SECONDS_EACH / max(at_once, 1), window=window,
        cancel=form.BOUNDS.cancel if form is not None else 0.0, barred=barred,
    )  # fmt: skip


def leave(job: Job, handles: tuple[Handle, ...]) -> int:
    """Says, first of all, how what is at a provider is fetched."""
    first = handles[-1].id
    if job.flags.as_json or job.flags.events:
        error = {"kind": "running", "message": "at a provider", "hint": f"outrider jobs collect {first}"}
        dump({"name": job.name, "jobs": [handle.id for handle in handles], "error": error})
    else:
        sys.stdout.write(f"job {first} is still running; its answers come with: outrider jobs collect {first}\n")
        if len(handles) > 1:
            sys.stdout.write("and so do: " + ", ".join(handle.id for handle in handles[:-1]) + "\n")
    if not job.flags.quiet:
        note("what the batch leaves over is asked by the same command, typed again")
    return STILL_RUNNING


def in_words(plan: deadlines.Plan, *, due: float) -> str:
    """Returns a plan as people read it."""
    wanted = f"wanted in {span(due - time.time())}"
    if plan.way == "sync":
        return f"{wanted}: one by one, since {plan.why}"
    last = "" if plan.fall_back_at is None else f", one by one from {span(plan.fall_back_at - time.time())} on"
    return f"{wanted}: through the provider's batch ({plan.why}){last}"
