"""Carries a batch out: reads what is asked, decides, asks, and writes the answers. Each step is one function."""

import asyncio
import itertools
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from outrider.cli import asking
from outrider.cli.batch_job import Flags, Job
from outrider.cli.batch_telling import Manner, Teller
from outrider.cli.printing import folder_for_claude
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.doors import batch_output
from outrider.doors.batch_journal import Batch
from outrider.doors.files import make_folder
from outrider.errors import OutriderError, Refused
from outrider.jobs import batch as loop
from outrider.jobs.batch import Ending
from outrider.records import record
from outrider.rules.bulk import naming, sampling
from outrider.rules.bulk.nouns import Document, Result

if TYPE_CHECKING:
    from outrider.cli.batch_asking import Asker

CHUNK = 64


@record
class Asked:
    """How the loop ended, by which signal if by one, what was counted, and how many documents the input has."""

    ending: Ending
    signal: int | None
    teller: Teller
    count: int


def run_batch(flags: Flags, session: Session | None = None) -> int:
    """Asks, writes the answers, and returns the exit code."""
    from outrider.cli import batch_estimate

    job = Job(flags, Session() if session is None else session)
    if flags.engine == "ray" or flags.ray_address is not None:
        from outrider.cli import batch_ray

        batch_ray.check(job)
    kept = job.journal.find(job.name)
    output = _output(job)
    if output is not None:
        batch_output.check(output, made=kept["output"] if kept is not None else None)
    first = job.first()
    if not flags.quiet:
        for text in job.session.registry.notes:
            note(text)
    # One that has ended needs nobody: it only writes its answers again.
    has_ended = kept is not None and kept["ended"] is not None and not flags.retry_failed
    if not has_ended or flags.dry_run:
        batch_estimate.check_route(job, first, is_new=kept is None)
    if flags.dry_run:
        return batch_estimate.tell(job)
    if not has_ended:
        batch_estimate.check_wall(job, first)
    work = partial(_work, job, output)
    if flags.detach:
        from outrider.jobs.detached import FENCED, PRIVATE, detach

        job.session.ledger.close()
        fit = FENCED if job.session.inside_claude else PRIVATE if job.plan.is_private else ""
        return detach(
            job.session.places, asking.new_run(), work, wait=0.0, as_json=flags.as_json, made_for=fit
        )  # fmt: skip
    return work()


def _output(job: Job) -> str | None:
    """Returns the file that the answers go to; None where they go to stdout."""
    flags, session = job.flags, job.session
    if job.plan.is_hidden and flags.output is not None:
        raise Refused(
            "`-o` would put private answers where Claude Code reads them",
            hint=f"leave `-o` out: they stay in {session.places.ours('answers')}, for you to read",
        )
    if flags.output is not None:
        root = os.path.realpath(session.places.project or os.getcwd())
        if session.inside_claude and not (os.path.realpath(flags.output) + os.sep).startswith(root + os.sep):
            raise Refused(f"{flags.output} is outside the project", hint="write inside the project", kind="trust")
        return flags.output
    if not (flags.as_json or flags.events or session.inside_claude):
        return None
    # What Claude Code may read goes where it can; the rest stays in our home.
    is_shown = session.inside_claude and not job.plan.is_hidden
    folder = folder_for_claude(session) if is_shown else session.places.ours("answers")
    make_folder(folder)
    return os.path.join(folder, f"{job.name}.jsonl")


def _work(job: Job, output: str | None) -> int:
    """Asks what is left to ask, and writes the answers."""
    from outrider.cli import batch_by, batch_end

    batch = job.journal.open(
        job.name, run=asking.new_run(), source=os.path.realpath(job.input.path), settings=job.plan.settings
    )
    try:
        _check_settings(job, batch)
        return batch_end.finish(job, batch, output, _asked(job, batch, output))
    except batch_by.LeftThere as left:
        return batch_by.leave(job, left.handles)
    finally:
        batch.close()


def _check_settings(job: Job, batch: Batch) -> None:
    """Refuses to go on with a run whose documents would be asked otherwise than those that are answered."""
    differing = naming.changed(batch.settings, job.plan.settings)
    if not differing:
        return
    if not batch.counts().get("done"):
        batch.settle_on(job.plan.settings)
        return
    named = ", ".join(f"`{name}`" for name in differing)
    if job.flags.retry_failed and naming.WHOM.issuperset(differing):
        # What failed may go to somebody else; every line says who answered it.
        job.plan.key_as(batch.settings)
        if not job.flags.quiet:
            note(f"what failed is asked otherwise than the rest: {named} differs")
        return
    raise OutriderError(
        f"run {batch.name} has answers that were asked for otherwise: {named} differs",
        hint=f"type it as before, or give this one a name of its own: `--run {batch.name}-2`",
    )


def _asked(job: Job, batch: Batch, output: str | None) -> Asked:
    """Runs the loop."""
    flags = job.flags
    total = job.total()
    sample = sampling.spread(total, flags.sample) if flags.sample is not None else None
    teller = Teller(Manner(quiet=flags.quiet, events=flags.events), total=len(sample) if sample is not None else total)
    reading = Reading(job, batch, teller, sample=None if sample is None else frozenset(sample))
    ending, signal = asyncio.run(_looped(job, batch, reading, teller, prints=output is None and not flags.ordered))
    if ending.why == "done" and sample is None:
        teller.total = reading.count
        if flags.limit is None:
            batch.seal(reading.count)
    return Asked(ending=ending, signal=signal, teller=teller, count=total if sample is not None else reading.count)


class Reading:
    """Reads the documents, enters them in the journal, and hands on what is to be asked."""

    def __init__(self, job: Job, batch: Batch, teller: Teller, *, sample: frozenset[int] | None) -> None:
        self._job = job
        self._batch = batch
        self._teller = teller
        self._sample = sample
        self.count = 0

    def __iter__(self) -> Iterator[Document]:
        found = self._job.documents()
        if self._sample is not None:
            wanted = self._sample
            found = (document for document in found if document.position in wanted)
        while chunk := list(itertools.islice(found, CHUNK)):
            for admitted in self._batch.admit(chunk):
                self.count = admitted.document.position + 1
                if admitted.state == "pending" or (
                    admitted.state == "failed" and self._job.flags.retry_failed and not admitted.document.fault
                ):
                    yield admitted.document
                elif admitted.state == "failed":
                    self._teller.failed += 1
                else:
                    self._teller.kept += 1


async def _looped(
    job: Job, batch: Batch, reading: Reading, teller: Teller, *, prints: bool
) -> tuple[Ending, int | None]:
    from outrider.cli.batch_asking import Asker
    from outrider.cli.batch_by import Ahead
    from outrider.cli.signals import Signals

    asker = Asker(job.plan, batch) if job.flags.engine == "process" else _on_ray(job, batch)
    ahead = None
    if job.flags.by is not None or batch.counts().get("submitted"):
        quiet = Teller(Manner(quiet=True), total=teller.total)
        ahead = Ahead(job, batch, asker, teller, waiting=partial(Reading, job, batch, quiet, sample=None))
    heard: Callable[[Result], None] = teller.heard
    if prints:
        from outrider.cli.batch_end import printer

        heard = printer(job, batch, teller)
    work = loop.Batch(
        iter(reading),
        loop.Doors(ask=asker.ask, give_up=asker.give_up, provider=asker.provider, most=asker.most,
                   now=time.monotonic, heard=heard, told=teller.told),
        most=job.flags.concurrency, waits=job.flags.on_outage == "wait",
    )  # fmt: skip
    ticking = asyncio.create_task(_ticking(teller))

    def stop() -> None:
        if ahead is not None:
            ahead.stop()
        work.stop()

    try:
        with Signals(stop) as signals:
            if ahead is not None:
                await ahead.go()
                teller.kept = teller.failed = 0  # counted again where the input is read
            ending = await work.work() if signals.number is None else Ending(why="stopped")
    finally:
        ticking.cancel()
        teller.close()
        await asker.close()
    kind = _kind(ending, teller)
    asker.book_end(
        outcome="answer" if kind is None else "failure", kind=kind,
        came_to={"name": batch.name, "documents": teller.total, "done": teller.done + teller.kept,
                 "failed": teller.failed},
    )  # fmt: skip
    return ending, signals.number


def _on_ray(job: Job, batch: Batch) -> "Asker":
    from outrider.cli.batch_ray import RayAsker

    return RayAsker(job, batch)


def _kind(ending: Ending, teller: Teller) -> str | None:
    """Returns the class of failure that a run ended in; None where every document is answered."""
    if ending.failure is not None:
        return ending.failure.kind
    if ending.why == "stopped":
        return "interrupted"
    return "incomplete" if teller.failed else None


async def _ticking(teller: Teller) -> None:
    while True:
        await asyncio.sleep(1.0)
        teller.tick()
