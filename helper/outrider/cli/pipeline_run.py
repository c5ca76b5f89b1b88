"""Carries a pipeline out: reads it and its documents, bounds it, asks, and hands on what it came to."""

import asyncio
import os
from decimal import Decimal
from functools import partial

from outrider.cli import asking, pipeline_end, pipeline_estimate, pipeline_file, pipeline_input
from outrider.cli.pipeline_estimate import Bill
from outrider.cli.pipeline_file import Loaded
from outrider.cli.pipeline_input import Documents
from outrider.cli.pipeline_telling import Teller
from outrider.cli.session import Session
from outrider.cli.show import dollars, note
from outrider.doors.batch_journal import Journal
from outrider.errors import OutriderError, Refused
from outrider.records import record, replace
from outrider.rules.bulk import naming, sampling
from outrider.rules.pipelines import filling, graph

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
    whole = _checked(loaded, pipeline_input.documents(loaded, flags.inputs))
    job = Job(
        flags=flags, session=session, loaded=loaded, documents=_part(whole, flags), name=_name(session, flags, loaded),
        of=len(whole.items),
    )  # fmt: skip
    if not flags.quiet:
        for text in session.registry.notes:
            note(text)
    bill = pipeline_estimate.bill(session, loaded, job.documents.items, expected=False)
    if flags.dry_run:
        pipeline_estimate.tell(loaded, bill, as_json=flags.as_json or flags.events, quiet=flags.quiet)
        return 0
    _check_wall(job, bill)
    output = pipeline_end.output_of(job)
    work = partial(_work, job, output, bill)
    if flags.detach:
        from outrider.jobs.detached import FENCED, PRIVATE, detach

        session.ledger.close()
        fit = FENCED if session.inside_claude else PRIVATE if loaded.private else ""
        return detach(session.places, asking.new_run(), work, wait=0.0, as_json=flags.as_json, made_for=fit)
    return work()


def _checked(loaded: Loaded, found: Documents) -> Documents:
    """Takes out the documents that lack a field which a stage names; raises where none has it."""
    pipeline = loaded.pipeline
    made = frozenset(stage.name for stage in pipeline.stages)
    has_fields = {name for name, (_, has) in graph.readable(pipeline).items() if has}
    lacking: dict[str, str] = {}
    for stage in pipeline.stages:
        if stage.name not in has_fields:
            continue
        lost = dict(filling.missing(stage, found.items, made))
        if lost and len(lost) == len(found.items):
            field = next(iter(lost.values()))
            there = ", ".join(list(found.items[0].fields)[:12])
            raise OutriderError(
                f"{loaded.path}: the stage `{stage.name}` names `{{{field}}}`, which no document of {found.source} has",
                hint=f"they have {there}",
            )
        lacking |= {name: f"lacks `{field}`, which the stage `{stage.name}` names" for name, field in lost.items()}
    if not found.items:
        why = f": {found.faults[0][0]} {found.faults[0][1]}" if found.faults else ""
        raise OutriderError(f"{found.source} has no document that can be asked{why}", hint="look at its first lines")
    return replace(
        found, items=tuple(item for item in found.items if item.id not in lacking),
        faults=(*found.faults, *lacking.items()),
    )  # fmt: skip


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


def _check_wall(job: Job, bill: Bill) -> None:
    """Refuses paid models where nothing says how much the run may cost, and says what it would."""
    if job.flags.max_cost is not None or bill.total == 0:
        return
    if not job.flags.as_json:
        pipeline_estimate.show(job.loaded, bill, quiet=job.flags.quiet)
    wall = "5" if bill.total is None else str(max((bill.total * 2).quantize(Decimal("0.01")), Decimal("0.01")))
    raise Refused(
        f"this asks paid models, about {dollars(bill.total)}, and nothing says how much it may cost",
        hint=f"bound it with `--max-cost {wall}`, or ask a part first: `--sample 5 --max-cost 1`", kind="budget",
    )  # fmt: skip


def _work(job: Job, output: str | None, bill: Bill) -> int:
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
            ended = asyncio.run(work.run(job.documents.items))
            is_done = ended.ending.why == "done"
            return pipeline_end.finish(job, work, ended, teller, output, bill=bill)
        finally:
            work.close(is_done=is_done)
    finally:
        root.close()
