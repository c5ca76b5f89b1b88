"""`outrider jobs`: runs that went on without their command, and batches that a provider works on."""

import os
import sys
import time
from collections.abc import Callable

import click

from outrider.cli.session import Session
from outrider.cli.show import dump, out, table
from outrider.errors import Refused
from outrider.jobs import detached
from outrider.jobs.detached import Job
from outrider.rules import containment

LONGEST_COLLECT = 90.0


@click.group()
def jobs() -> None:
    """List, show, collect or cancel long runs and providers' batches."""


def _state(job: Job) -> str:
    if job.code is not None:
        return "done" if job.code == 0 else f"ended with {job.code}"
    return "running" if job.alive else "killed"


def _shape(job: Job) -> dict[str, object]:
    return {"id": job.id, "state": _state(job), "code": job.code, "started": job.started, "pid": job.pid}


@jobs.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def list_jobs(*, as_json: bool) -> None:
    """List every job, the newest first."""
    from outrider.cli import handles

    session = Session()
    found, batches = detached.listed(session.places), handles.every(session)
    if as_json:
        shapes = [_shape(job) for job in found] + handles.shapes(session, batches)
        dump({"jobs": sorted(shapes, key=lambda shape: -float(str(shape["started"])))})
    elif found or batches:
        states = [(job.id, _state(job), job.started) for job in found]
        states += [(one.id, handles.state_in_words(one), one.at) for one in batches]
        states.sort(key=lambda state: -state[2])
        table(
            [(name, state, time.strftime("%Y-%m-%d %H:%M", time.localtime(at))) for name, state, at in states],
            heads=("job", "state", "started"),
        )  # fmt: skip
    else:
        out("no jobs; `outrider ask --background` and `outrider batch --detach` or `--by` start some")


@jobs.command()
@click.argument("name", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def show(name: str, *, as_json: bool) -> None:
    """Show one job's state."""
    from outrider.cli import handles

    session = Session()
    handle = handles.find(session, name)
    if handle is not None:
        handles.show(session, handle, as_json=as_json)
        return
    job = detached.find(session.places, name)
    if as_json:
        dump(_shape(job))
    else:
        out(f"job {job.id}: {_state(job)}, started {time.strftime('%Y-%m-%d %H:%M', time.localtime(job.started))}")


@jobs.command()
@click.argument("name", metavar="ID")
@click.option("--wait", type=click.FloatRange(min=0), default=LONGEST_COLLECT, show_default=True, metavar="S",
              help="Seconds to wait for a job that still runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Say as JSON how a job is that still runs, or a batch.")
def collect(name: str, *, wait: float, as_json: bool) -> int:
    """Print a job's answer, as its command would have; exit 6 while it still runs.

    Of a provider's batch, the answers are lines as `batch` writes them; what it left over goes back to its run.
    """
    from outrider.cli import handles

    session = Session()
    places = session.places
    handle = handles.find(session, name)
    if handle is not None:
        from outrider.cli import jobs_batches

        return jobs_batches.collect(session, handle, wait=wait, as_json=as_json)
    deadline = time.monotonic() + wait
    job = detached.find(places, name)
    while job.code is None and job.alive and time.monotonic() < deadline:
        time.sleep(0.05)
        job = detached.find(places, name)
    if job.code is None and job.alive:
        detached.print_handle(name, as_json=as_json)
        return detached.STILL_RUNNING
    code = detached.relay(job, _made_fit(session, job))
    if job.code is None:
        from outrider.errors import OutriderError

        fault = OutriderError(
            f"job {name} was killed before its answer; its call may have been billed",
            hint=f"`outrider why {name}` shows what was under way",
        )
        fault.exit_code = 1
        raise fault
    return code


def _made_fit(session: Session, job: Job) -> Callable[[str, str], str]:
    """Returns what makes a spool fit for who reads it now, who need not be who started the job."""
    made_for = detached.made_for(job)
    if not session.inside_claude:
        return lambda name, text: containment.clean(text) if getattr(sys, name).isatty() else text
    if made_for == detached.FENCED:
        return lambda name, text: text if name == "stdout" else containment.neutral(text)
    if made_for == detached.PRIVATE:
        raise Refused(
            f"job {job.id} is private, and what is printed here goes to Anthropic",
            hint=f"collect it in a terminal of your own: `outrider jobs collect {job.id}`",
        )
    nonce, label = os.urandom(6).hex(), containment.attribute("job", job.id)
    return lambda name, text: (
        containment.neutral(text)
        if name == "stderr" or not text
        else f"{containment.fenced(text.rstrip(), nonce=nonce, label=label, receipt=f'job {job.id}')}\n"
    )


@jobs.command()
@click.argument("name", metavar="ID")
@click.option("--ask-again", is_flag=True,
              help="Give the documents of a batch in doubt back to their run, which may bill them twice.")  # fmt: skip
def cancel(name: str, *, ask_again: bool) -> None:
    """Stop a running job; what it did may have been billed."""
    from outrider.cli import handles

    session = Session()
    handle = handles.find(session, name)
    if handle is not None:
        from outrider.cli import jobs_batches

        jobs_batches.cancel(session, handle, ask_again=ask_again)
        return
    job = detached.find(session.places, name)
    out(f"job {name} was asked to stop" if detached.cancel(job) else f"job {name} is not running")
