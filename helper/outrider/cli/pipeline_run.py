"""Carries a pipeline out: reads it and its documents, bounds it, asks, and hands on what it came to."""

import asyncio
import os
from decimal import Decimal
from functools import partial

from outrider.cli import asking, pipeline_check, pipeline_end, pipeline_estimate, pipeline_file, pipeline_input
from outrider.cli.pipeline_estimate import Bill
from outrider.cli.pipeline_file import Loaded
from outrider.cli.pipeline_input import Documents
from outrider.cli.pipeline_telling import Teller
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.doors.batch_journal import Journal
from outrider.records import record, replace
from outrider.rules.bulk import naming, sampling
from outrider.rules.pipelines import graph

LONGEST_NAME = 40


@record
class Flags:
    """The command line."""

    file: str
    inputs: tuple[str, ...] = ()
    output: str | None = None
    private: bool = False
    max_cost: Decimal | None = None
    name: str | None = None
    retry_failed: bool = False
    concurrency: int = 16
    limit: int | None = None
    sample: int | None = None
    dry_run: bool = False
    on_outage: str = "wait"
    detach: bool = False
    watch: bool = False
    events: bool = False
    as_json: bool = False
    quiet: bool = False


@record
class Job:
    """One command: which pipeline, over which documents, as what run. `of` is how many documents there are in all."""

    flags: Flags
    session: Session
    loaded: Loaded
    documents: Documents
    name: str
    of: int


def run_pipeline(flags: Flags) -> int:
    """Runs a pipeline and returns the exit code."""
    session = Session()
    loaded = pipeline_file.load(session, flags.file, private=flags.private)
    whole = pipeline_check.documents(loaded, pipeline_input.every(loaded, flags.inputs))
    job = Job(
        flags=flags, session=session, loaded=loaded, documents=_part(whole, flags), name=_name(session, flags, loaded),
        of=len(whole.items),
    )  # fmt: skip
    if not flags.quiet:
        for text in session.registry.notes:
            note(text)
    pipeline_check.routes(session, loaded, job.documents, quiet=flags.quiet)
    is_machine = flags.as_json or flags.events
    bill = None
    if flags.dry_run or flags.max_cost is None or flags.sample is not None:
        bill = pipeline_estimate.bill(session, loaded, job.documents.items, expected=False)
        if flags.dry_run:
            pipeline_estimate.tell(loaded, bill, as_json=is_machine, quiet=flags.quiet)
            return 0
        pipeline_check.wall(loaded, bill, max_cost=flags.max_cost, as_json=is_machine, quiet=flags.quiet)
    output = pipeline_end.output_of(job)
    work = partial(_work, job, output, bill)
    if flags.detach:
        from outrider.jobs.detached import FENCED, PRIVATE, detach

        session.ledger.close()
        fit = FENCED if session.inside_claude else PRIVATE if loaded.private else ""
        return detach(session.places, asking.new_run(), work, wait=0.0, as_json=flags.as_json, made_for=fit)
    return work()


def _part(found: Documents, flags: Flags) -> Documents:
    """Returns the documents that are wanted: the first ones, or a sample spread over all."""
    items = found.items[: flags.limit]
    if flags.sample is not None:
        items = tuple(items[position] for position in sampling.spread(len(items), flags.sample))
    return replace(found, items=items)


def _name(session: Session, flags: Flags, loaded: Loaded) -> str:
    """Returns what the run is called: the same for the same file, whatever its documents are by now."""
    if flags.name is not None:
        return naming.checked_name(flags.name)
    digest = session.keys.digest(f"pipeline\0{os.path.realpath(loaded.path)}")
    return f"{loaded.pipeline.name[:LONGEST_NAME]}-{digest[:8]}"


def _work(job: Job, output: str | None, bill: Bill | None) -> int:
    """Asks what is left to ask, and writes what it came to."""
    from outrider.cli.pipeline_work import Work

    flags = job.flags
    journal = Journal(job.session.ledger, job.session.places)
    known = journal.find(job.name)
    root = journal.open(job.name, run=asking.new_run(), source=os.path.realpath(flags.file), settings={})
    try:
        if known is not None and known["ended"] is not None:
            # The last time all was done: what has come since has a wall of its own.
            root.renew(asking.new_run())
        stages = [stage.name for stage in graph.order(job.loaded.pipeline) if stage.asks]
        teller = Teller(stages, quiet=flags.quiet, events=flags.events, watch=flags.watch)
        work = Work(
            job.session, job.loaded, job.documents, journal=journal, root=root, teller=teller,
            max_cost=flags.max_cost, concurrency=flags.concurrency, retry_failed=flags.retry_failed,
            waits=flags.on_outage == "wait",
        )  # fmt: skip
        is_done = False
        try:
            asyncio.run(work.run(job.documents.items))
            ended = work.ended()
            is_done = ended.ending.why == "done"
            return pipeline_end.finish(job, work, ended, teller, output, bill=bill)
        finally:
            work.close(is_done=is_done)
    finally:
        root.close()
