"""The end of a batch: its answers where they go, its failures by class, its cost, and the exit code."""

import json
import sys
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from outrider.cli import signals
from outrider.cli.batch_job import Job
from outrider.cli.batch_run import Asked
from outrider.cli.batch_telling import Teller, in_words, shown_id, span
from outrider.cli.show import complain, dollars, dump, inert, note
from outrider.data import Json
from outrider.doors import batch_output
from outrider.doors.batch_journal import Batch, Kept
from outrider.jobs.batch import Ending
from outrider.rules import advice
from outrider.rules.bulk import lines, sampling
from outrider.rules.bulk.nouns import BAD_INPUT, Result
from outrider.rules.money import from_nano

LISTED, TOLD = 100, 10


def finish(job: Job, batch: Batch, output: str | None, asked: Asked) -> int:
    """Writes the answers where all is asked, tells how it went, and returns the exit code."""
    ending, teller = asked.ending, asked.teller
    flags = job.flags
    if flags.sample is not None and ending.why == "done":
        return _tell_sample(job, teller, total=asked.count)
    written = None
    elsewhere = batch.counts(below=flags.limit).get("submitted", 0)
    if ending.why == "done" and not elsewhere:
        written = _write(job, batch, output, count=asked.count)
    error = _error(ending) or _elsewhere(elsewhere)
    shape = _shape(job, batch, teller, written=written, error=error)
    if flags.as_json or flags.events:
        dump({"event": "end", **shape} if flags.events else shape)
    _tell(job, batch, teller, shape)
    if error is not None and not flags.as_json:
        complain(error["message"], error["hint"])
    return _code(ending, asked.signal, shape["failed"], elsewhere=elsewhere)


def _elsewhere(documents: int) -> dict[str, str] | None:
    """Says that documents are still with a provider's own batch; None where none are."""
    if not documents:
        return None
    hint = "type the same command again later: it fetches them; see them with `outrider jobs list`"
    return {"kind": "running", "message": f"{documents:,} documents are still at a provider", "hint": hint}


def _code(ending: Ending, signal: int | None, failed: int, *, elsewhere: int) -> int:
    match ending.why:
        case "stopped":
            return signals.code(signal)
        case "wall":
            return 5
        case "halt" if ending.failure is not None:
            return advice.exit_code(ending.failure)
        case "outage":
            return 1
        case _ if elsewhere:
            return 6
        case _:
            return 1 if failed else 0


def _write(job: Job, batch: Batch, output: str | None, *, count: int) -> str | None:
    """Puts the answers where they go and books that the run has ended; returns the file's name."""
    found = (_line(job, kept) for kept in batch.results(completed=not job.flags.ordered, below=count))
    mark = batch.output
    if output is not None:
        mark = batch_output.write(output, found, made=batch.output)
    elif job.flags.ordered:
        for line in found:
            sys.stdout.write(inert(line) + "\n")
    batch.end(output=mark)
    return output


def _line(job: Job, kept: Kept) -> str:
    return lines.line(
        key=kept.id, ok=kept.state == "done", answer=_answer(job, kept.answer), model=kept.model, kind=kept.kind,
        cost=from_nano(kept.cost_nano),
    )  # fmt: skip


def _answer(job: Job, text: str | None) -> Json:
    """Returns an answer as it stands in the output: with a schema the value, not its text."""
    if text is None or job.plan.schema is None:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def printer(job: Job, batch: Batch, teller: Teller) -> Callable[[Result], None]:
    """Returns what prints each answer as it comes, those of earlier runs first."""
    for kept in batch.results(completed=True):
        sys.stdout.write(inert(_line(job, kept)) + "\n")

    def heard(result: Result) -> None:
        line = lines.line(
            key=result.id, ok=result.ok, answer=_answer(job, result.answer), model=result.model, kind=result.kind,
            cost=result.cost,
        )  # fmt: skip
        sys.stdout.write(inert(line) + "\n")
        sys.stdout.flush()
        teller.heard(result)

    return heard


def _shape(
    job: Job, batch: Batch, teller: Teller, *, written: str | None, error: dict[str, str] | None
) -> dict[str, Any]:
    below = job.flags.limit
    counts = batch.counts(below=below)
    done, failed = counts.get("done", 0), counts.get("failed", 0)
    shape: dict[str, Any] = {
        "name": batch.name, "run": batch.run, "documents": max(teller.total, done + failed), "done": done,
        "failed": failed, "left": max(teller.total - done - failed, 0), "failures": batch.failures(below=below),
        "listed": [
            {"id": kept.id, "kind": kept.kind, "message": kept.message}
            for kept in batch.failed(limit=LISTED, below=below)
        ],
        "asked": teller.asked, "cost_usd": float(_cost(job, batch)), "seconds": round(teller.seconds, 3),
        "output": written,
    }  # fmt: skip
    if error is not None:
        shape["error"] = error
    return shape


def _cost(job: Job, batch: Batch) -> Decimal:
    """Returns what the run was booked with in all its sittings."""
    rows = job.session.ledger.read("SELECT cost_nano FROM runs WHERE id = ?", (batch.run,))
    return from_nano(rows[0]["cost_nano"]) if rows else Decimal(0)


def _error(ending: Ending) -> dict[str, str] | None:
    """Returns why the run ended before all was asked; None where it did not."""
    if ending.why == "done":
        return None
    again = "type the same command again: what is answered is kept, and never asked again"
    failure = ending.failure
    if failure is None:
        return {"kind": "interrupted", "message": "stopped before all was asked", "hint": again}
    hint = {
        "wall": "raise `--max-cost` (or `limits.budget_usd`) and " + again,
        "outage": "when it is back, " + again,
    }.get(ending.why, f"{advice.hint(failure, None)}; then {again}")
    who = f"{ending.provider}: {failure.kind}: " if ending.provider and ending.why != "wall" else ""
    return {"kind": failure.kind, "message": f"{who}{failure.message[:500]}", "hint": hint}


def _tell(job: Job, batch: Batch, teller: Teller, shape: dict[str, Any]) -> None:
    """Says on stderr what the run came to."""
    if job.flags.quiet or job.flags.as_json:
        return
    for kept in batch.failed(limit=TOLD, below=job.flags.limit) if shape["failed"] else ():
        note(f"failed: {shown_id(kept.id)}{kept.kind}: {kept.message[:200]}")
    if shape["failed"] > TOLD:
        note(f"and {shape['failed'] - TOLD:,} more failed: {in_words(shape['failures'])}")
    unread = shape["failures"].get(BAD_INPUT, 0)
    if unread:
        note("mend what is bad input, and type the same command again")
    if shape["failed"] > unread:
        note("ask them again with `--retry-failed`")
    left = f", {shape['left']:,} left" if shape["left"] else ""
    failed = f", {shape['failed']:,} failed ({in_words(shape['failures'])})" if shape["failed"] else ""
    where = f"; written to {shape['output']}" if shape["output"] else ""
    note(
        f"run {batch.name}: {shape['done']:,} of {shape['documents']:,} answered{failed}{left}, "
        f"{dollars(Decimal(str(shape['cost_usd'])))}, {span(teller.seconds)}{where}"
    )


def _tell_sample(job: Job, teller: Teller, *, total: int) -> int:
    """Prints what the whole input will cost and take if it is like the sample."""
    asked = teller.asked
    if not asked:
        note("every document of the sample was answered before: nothing new is known of cost and time")
        return 0
    found = sampling.projected(
        total=total, asked=asked, cost=teller.cost, seconds=teller.seconds,
        at_once=min(job.flags.concurrency, total), sample_at_once=min(job.flags.concurrency, asked),
    )  # fmt: skip
    if job.flags.as_json or job.flags.events:
        dump(
            {
                "name": job.name, "documents": total, "sample": asked, "done": teller.done, "failed": teller.failed,
                "cost_usd": float(teller.cost), "whole_usd": float(found.cost), "whole_hours": round(found.hours, 4),
            }
        )  # fmt: skip
    else:
        sys.stdout.write(
            f"sample: {asked:,} documents, {teller.failed:,} failed, {dollars(teller.cost)}; all {total:,} documents: "
            f"about {dollars(found.cost)} and {span(found.hours * 3_600)} ({found.hours:.2f} hours)\n"
        )
    return 1 if teller.failed and not teller.done else 0
