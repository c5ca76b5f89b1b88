"""The end of a pipeline: its result where it goes, its failures by stage and class, its cost, and the exit code."""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from outrider.cli import signals
from outrider.cli.batch_telling import span
from outrider.cli.pipeline_estimate import Bill
from outrider.cli.pipeline_telling import Teller
from outrider.cli.printing import LONGEST_IN_TRANSCRIPT, folder_for_claude
from outrider.cli.show import complain, dollars, dump, inert, note, one_line
from outrider.doors import batch_output
from outrider.doors.files import make_folder
from outrider.errors import Refused
from outrider.records import as_dict, replace
from outrider.rules import advice, containment
from outrider.rules.bulk import lines
from outrider.rules.bulk.nouns import BAD_INPUT
from outrider.rules.bulk.template import text_of
from outrider.rules.money import from_nano
from outrider.rules.pipelines import graph
from outrider.rules.pipelines.nouns import Lost

if TYPE_CHECKING:
    from outrider.cli.pipeline_run import Job
    from outrider.cli.pipeline_work import Ended, Work

LISTED, TOLD = 100, 10


def output_of(job: "Job") -> str | None:
    """Returns the file that the result goes to, checked before anything is paid for; None for stdout."""
    flags, session = job.flags, job.session
    is_hidden = session.inside_claude and bool(job.loaded.private)
    path = flags.output
    if is_hidden and path is not None:
        raise Refused(
            "`-o` would put private answers where Claude Code reads them",
            hint=f"leave `-o` out: they stay in {session.places.ours('answers')}, for you to read",
        )
    if path is None and (is_hidden or flags.as_json or flags.events):
        make_folder(session.places.ours("answers"))
        return session.places.ours("answers", f"{job.name}.jsonl")
    if path is not None:
        root = os.path.realpath(session.places.project or os.getcwd())
        if session.inside_claude and not (os.path.realpath(path) + os.sep).startswith(root + os.sep):
            raise Refused(f"{path} is outside the project", hint="write inside the project", kind="trust")
        from outrider.doors.batch_journal import Journal

        known = Journal(session.ledger, session.places).find(job.name)
        batch_output.check(path, made=known["output"] if known is not None else None)
    return path


def finish(
    job: "Job", work: "Work", ended: "Ended", teller: Teller, output: str | None, *, bill: Bill | None
) -> int:  # fmt: skip
    """Writes the result where every stage has ended, tells how it went, and returns the exit code."""
    lost = [
        *(Lost(stage="input", id=name, kind=BAD_INPUT, message=why) for name, why in job.documents.faults),
        *(_shown(job, one) for made in ended.made.values() for one in made.lost),
    ]
    refused = {name: made.why for name, made in ended.made.items() if made.is_refused}
    is_whole = all(made.is_whole for made in ended.made.values())
    written = None
    if is_whole:
        written = _write(job, work, ended, output)
    error = _error(ended, refused)
    shape = _shape(job, work, lost, teller, written=written, error=error)
    _book(work, lost, error, shape)
    if bill is not None and job.flags.sample is not None and is_whole:
        shape["whole_usd"], shape["whole_hours"] = _projected(job, teller, bill)
    if job.flags.as_json or job.flags.events:
        dump({"event": "end", **shape} if job.flags.events else shape)
    _tell(job, lost, teller, shape)
    if error is not None and not job.flags.as_json:
        complain(error["message"], error["hint"])
    match ended.ending.why:
        case "stopped":
            return signals.code(ended.signal)
        case "wall":
            return 5
        case "halt" if ended.ending.failure is not None:
            return advice.exit_code(ended.ending.failure)
        case "outage":
            return 1
        case _:
            return 1 if lost or refused else 0


def _book(work: "Work", lost: list[Lost], error: dict[str, str] | None, shape: Mapping[str, Any]) -> None:
    """Books how the run ended, which none of its calls says."""
    kind = error["kind"] if error is not None else lost[0].kind if lost else None
    came_to = {"name": shape["name"], "stages": shape["stages"], "failed": shape["failed"]}
    # All stages are one run of the book; its decision is that of the first one which was asked.
    for stage in reversed(work.stages.values()):
        stage.asker.book_end(outcome="answer" if kind is None else "failure", kind=kind, came_to=came_to)


def _write(job: "Job", work: "Work", ended: "Ended", output: str | None) -> str | None:
    """Puts the result where it goes: one text as it is, else a line of JSON for each item; returns the file."""
    ends = tuple(stage.name for stage in graph.ends(job.loaded.pipeline))
    single = _single(job, ended) if output is None or not output.endswith(".jsonl") else None
    found = iter([single]) if single is not None else _lines(work, ended, ends)
    if output is None and job.session.inside_claude:
        if single is not None and len(single) <= LONGEST_IN_TRANSCRIPT:
            _print_fenced(job, single, run=work.root.run)
            work.root.end(output=work.root.output)
            return None
        output = os.path.join(folder_for_claude(job.session), f"{job.name}.{'txt' if single is not None else 'jsonl'}")
        found = map(containment.neutral, found)
    mark = work.root.output
    if output is None:
        for line in found:
            sys.stdout.write(inert(line) + "\n")
    else:
        if output != job.flags.output:
            # A file of our own folder, of an earlier sitting of this very run.
            with suppress(FileNotFoundError):
                os.unlink(output)
        mark = batch_output.write(output, found, made=work.root.output)
    work.root.end(output=mark)
    return output


def _print_fenced(job: "Job", text: str, *, run: str) -> None:
    label = containment.attribute("pipeline", job.loaded.pipeline.name)
    receipt = f"pipeline {one_line(job.loaded.pipeline.name)} · run {run}"
    fenced = containment.fenced(text, nonce=os.urandom(6).hex(), label=label, receipt=receipt)
    sys.stdout.write(f"{fenced}\n")


def _shown(job: "Job", lost: Lost) -> Lost:
    """Returns a failure as it may be told: what a private stage's models said is not for Claude Code to read."""
    is_hidden = job.session.inside_claude and lost.stage in job.loaded.private
    return replace(lost, message="private: its reason is in your own terminal's `outrider why`") if is_hidden else lost


def _single(job: "Job", ended: "Ended") -> str | None:
    """Returns the one text that a pipeline comes to, where it comes to one."""
    items = [(stage, item) for stage in graph.ends(job.loaded.pipeline) for item in ended.made[stage.name].items]
    if len(items) != 1 or items[0][0].kind != "reduce":
        return None
    stage, item = items[0]
    return text_of(item.fields[stage.name])


def _lines(work: "Work", ended: "Ended", ends: tuple[str, ...]) -> Iterator[str]:
    for name in ends:
        made = ended.made[name]
        costs = work.stages[name].costs() if name in work.stages else {}
        for item in made.items:
            yield lines.line(
                key=item.id, ok=True, answer=item.fields[name], model=made.models.get(item.id), kind=None,
                cost=costs.get(item.id, Decimal(0)), stage=name,
            )  # fmt: skip
    for made in ended.made.values():
        for one in made.lost:
            yield lines.line(
                key=one.id, ok=False, answer=None, model=None, kind=one.kind, cost=Decimal(0), stage=one.stage
            )  # fmt: skip


def _error(ended: "Ended", refused: dict[str, str]) -> dict[str, str] | None:
    """Returns why the run ended before all was asked; None where it did not."""
    again = "type the same command again: what is answered is kept, and never asked again"
    ending = ended.ending
    where = f"stage {ended.stage}: " if ended.stage else ""
    if ending.why == "done":
        if not refused:
            return None
        name, why = next(iter(refused.items()))
        hint = "ask them again with `--retry-failed`, or lower `at_least` of the stage if fewer will do"
        return {"kind": "incomplete", "message": f"stage {name} was not begun: {why}", "hint": hint}
    failure = ending.failure
    if failure is None:
        return {"kind": "interrupted", "message": "stopped before all was asked", "hint": again}
    hint = {
        "wall": "raise `--max-cost` (or `limits.budget_usd`) and " + again,
        "outage": "when it is back, " + again,
    }.get(ending.why, f"{advice.hint(failure, None)}; then {again}")
    return {"kind": failure.kind, "message": f"{where}{failure.message[:500]}", "hint": hint}


def _shape(
    job: "Job", work: "Work", lost: list[Lost], teller: Teller, *, written: str | None, error: dict[str, str] | None,
) -> dict[str, Any]:  # fmt: skip
    rows = job.session.ledger.read("SELECT cost_nano FROM runs WHERE id = ?", (work.root.run,))
    shape: dict[str, Any] = {
        "name": job.name, "run": work.root.run, "documents": len(job.documents.items) + len(job.documents.faults),
        "stages": teller.figures(), "failed": len(lost),
        "failures": [as_dict(one) for one in lost[:LISTED]],
        "asked": teller.asked, "cost_usd": float(from_nano(rows[0]["cost_nano"])) if rows else 0.0,
        "seconds": round(teller.seconds, 3), "output": written,
    }  # fmt: skip
    if error is not None:
        shape["error"] = error
    return shape


def _projected(job: "Job", teller: Teller, bill: Bill) -> tuple[float | None, float | None]:
    """Returns what all documents would cost and take, if they are like the sample: as the estimates of both stand."""
    from outrider.cli import pipeline_estimate, pipeline_input

    if not teller.asked:
        return None, None
    found = pipeline_input.every(job.loaded, job.flags.inputs)
    whole = pipeline_estimate.bill(job.session, job.loaded, found.items, expected=False)
    calls = Decimal(sum(line.calls for line in whole.lines)) / max(sum(line.calls for line in bill.lines), 1)
    share = whole.total / bill.total if whole.total and bill.total else calls
    return float(teller.cost * share), teller.seconds * float(calls) / 3_600


def _tell(job: "Job", lost: list[Lost], teller: Teller, shape: dict[str, Any]) -> None:
    """Says on stderr what the run came to."""
    if job.flags.quiet or job.flags.as_json:
        return
    for one in lost[:TOLD]:
        note(f"{one.stage}: {one.id} failed: {one.kind}: {one.message[:200]}")
    if len(lost) > TOLD:
        kinds = Counter(f"{one.stage}: {one.kind}" for one in lost)
        note(f"and {len(lost) - TOLD:,} more failed: {', '.join(f'{kind} {many:,}' for kind, many in kinds.items())}")
    if any(one.kind == BAD_INPUT for one in lost):
        note("mend what is bad input, and type the same command again")
    if any(one.kind != BAD_INPUT for one in lost):
        note("ask them again with `--retry-failed`")
    if "whole_usd" in shape and shape["whole_usd"] is not None:
        hours = shape["whole_hours"] or 0.0
        note(
            f"sample of {len(job.documents.items):,}: all {job.of:,} documents would cost about "
            f"{dollars(Decimal(str(shape['whole_usd'])))} and take {span(hours * 3_600)} ({hours:.2f} hours)"
        )
    where = f"; written to {shape['output']}" if shape["output"] else ""
    failed = f", {shape['failed']:,} failed" if shape["failed"] else ""
    note(
        f"run {job.name}: {shape['documents']:,} documents, {shape['asked']:,} prompts asked{failed}, "
        f"{dollars(Decimal(str(shape['cost_usd'])))}, {span(teller.seconds)}{where}"
    )
