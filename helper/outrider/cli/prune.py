"""`outrider prune`: takes away old rows, stored prompts, answers, batches, jobs and conversations."""

import time
from collections.abc import Callable

import click

from outrider.cli.families import plain_options
from outrider.cli.person import only_a_person
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.doors import pruning
from outrider.errors import OutriderError
from outrider.rules.since import since as moment

EXAMPLES = """\b
Examples:
  outrider prune
  outrider prune --before 90d
  outrider prune --prompts
  outrider prune --answers --threads --before 30d"""
KINDS = ("rows", "prompts", "answers", "batches", "jobs", "threads")


@click.command(epilog=EXAMPLES)
@click.option("--before", metavar="T", help="What is older than a span (90d, 24h) or a date in UTC.")
@click.option("--prompts", is_flag=True, help="Stored texts of prompts (`privacy.store_prompts`).")
@click.option("--answers", is_flag=True, help="Answers that were written to files of ours.")
@click.option("--batches", is_flag=True, help="Batches that ended, with their answers and kept input.")
@click.option("--jobs", is_flag=True, help="Jobs that ended, with what they printed.")
@click.option("--threads", is_flag=True, help="Conversations, in every repository.")
@click.option("--dry-run", is_flag=True, help="Say what would go; take nothing away.")
@plain_options
def prune(
    *, before: str | None, prompts: bool, answers: bool, batches: bool, jobs: bool, threads: bool, dry_run: bool,
    as_json: bool, quiet: bool,
) -> None:  # fmt: skip
    """Take away what is old. Without flags it says what there is.

    --before alone takes everything older: the ledger's rows and all below. With a kind only that kind goes, all of it
    unless --before says how old. Sums of money stay, and the ledger keeps a row of every pruning.
    """
    session = Session()
    flags = {"prompts": prompts, "answers": answers, "batches": batches, "jobs": jobs, "threads": threads}
    named = tuple(kind for kind in KINDS if flags.get(kind))
    is_look = dry_run or not (named or before)
    if not is_look:
        only_a_person(session, "prune")
    now = time.time()
    until = now + 1 if before is None else moment(before, now=now)
    if until > now + 1:
        raise OutriderError(f"`--before {before}` is not over yet", hint="name a moment in the past")
    done = {kind: _work(session, kind, until=until, is_look=is_look)() for kind in named or KINDS}
    if as_json:
        dump({"before": None if before is None else until, "removed": not is_look, **done})
        return
    out(f"{'there is' if is_look else 'removed'}: {pruning.in_words(done)}")
    if is_look and not dry_run and not quiet:
        note("remove what is old with `outrider prune --before 90d`, or one kind with its flag")


def _work(session: Session, kind: str, *, until: float, is_look: bool) -> Callable[[], int]:
    """Returns what counts a kind, or takes it away and counts it."""
    from outrider.jobs import detached

    where, ledger = session.places, session.ledger
    if kind == "rows":
        act = pruning.count_rows if is_look else pruning.prune_rows
        return lambda: act(ledger, before=until)
    if kind == "prompts":
        clear = pruning.count_prompts if is_look else pruning.prune_prompts
        return lambda: clear(ledger, before=until)

    if kind == "batches":
        clear = pruning.count_batches if is_look else pruning.prune_batches
        kept = pruning.inputs(where, before=until)
        return lambda: clear(ledger, before=until) + (len(kept) if is_look else pruning.remove(kept))

    def found() -> tuple[str, ...]:
        if kind == "answers":
            return pruning.answers(where, before=until)
        if kind == "threads":
            return pruning.threads(where, before=until)
        running = {job.id for job in detached.listed(where) if job.alive}
        return pruning.jobs(where, before=until, is_alive=running.__contains__)

    return lambda: len(found()) if is_look else pruning.remove(found())
