"""What the commands that ask several models share: their flags, the running of a panel, and where its report goes."""

import asyncio
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from outrider.cli.selecting import Dollars, Function

Verdict = TypeVar("Verdict")
LONGEST_CHECK = 120.0
"""Seconds that one `check:` may take."""


def panel_options(command: Function) -> Function:
    """Adds the flags that every command with seats has."""
    options = (
        click.option("--answer", "answers", metavar="MODEL=FILE", multiple=True, help="A seat that has spoken."),
        click.option("-f", "--file", "files", metavar="FILE", multiple=True, help="Attach a text file."),
        click.option("--image", "images", metavar="FILE", multiple=True, help="Attach a picture."),
        click.option("-s", "--system", metavar="TEXT", help="A system prompt for every seat."),
        click.option("--prompt", "prompt_name", metavar="NAME", help="A named system prompt of the registry."),
        click.option("--private", is_flag=True, help="Seat models on your own machines only."),
        click.option("--max-output", type=click.IntRange(min=1), metavar="N", help="Most tokens of each answer."),
        click.option("--max-cost", type=Dollars(), metavar="USD", help="Most that the whole run may cost."),
        click.option("--timeout", type=click.FloatRange(min=0.1), metavar="S", help="Seconds for each answer."),
        click.option("--record", metavar="FILE", help="Write every reply to a file; keys are never in it."),
        click.option("--replay", metavar="FILE", help="Answer from a recording alone: no network, no cost."),
        click.option("--out", metavar="FILE", help="Write the report to a file."),
        click.option("--raw", is_flag=True, help="The bare text, without fence or receipt."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, whatever happens."),
        click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wish_and_form(prompt: str | None, flags: Mapping[str, Any]) -> "tuple[Any, Any]":
    """Sorts the shared flags into what is asked and how the result is wanted."""
    from outrider.cli.asking import Wish
    from outrider.cli.form import Form

    asked = ("files", "images", "system", "prompt_name", "private", "max_output", "max_cost", "timeout")
    wanted = ("as_json", "raw", "out", "quiet", "record", "replay")
    wish = Wish(argument=prompt, keyless=flags["replay"] is not None, **{name: flags[name] for name in asked})
    return wish, Form(**{name: flags[name] for name in wanted}, stream=False)


def played(
    table: Any, form: Any, rule: Callable[[tuple[Any, ...]], Any], *, heard: Callable[[str, Any], None] | None = None
) -> tuple[Any, tuple[Any, ...]]:
    """Runs a panel to its verdict on an event loop of its own; an interruption leaves every call booked."""
    return asyncio.run(_played(table, form, rule, heard or (lambda _purpose, _reply: None)))


async def _played(
    table: Any, form: Any, rule: Callable[[tuple[Any, ...]], Any], heard: Callable[[str, Any], None]
) -> tuple[Any, tuple[Any, ...]]:
    from outrider.cli.seating import Asking
    from outrider.jobs.panel import Doors, play

    asking = Asking(table, form)
    try:
        return await play(rule, Doors(ask=asking.ask, check=checker(table.session), heard=heard))
    finally:
        await asking.close()


def checker(session: Any) -> Callable[[Any], Any]:
    """Returns how checks are run: a program in the project's folder, or a schema."""
    from outrider.doors.checks import run_check
    from outrider.rules.panels.nouns import Check, Checked

    hidden = tuple(name for provider in session.registry.providers.values() for name in provider.keys)

    async def check(wanted: Check) -> Checked:
        if wanted.schema is None:
            return await run_check(
                wanted, folder=session.places.project or os.getcwd(), hidden=hidden, longest=LONGEST_CHECK
            )
        from outrider.cli.schemas import acceptance
        from outrider.data import Answer, Failure, Usage

        outcome = acceptance(wanted.schema)(Answer(text=wanted.text, usage=Usage()))
        why = outcome.message if isinstance(outcome, Failure) else "it fits the schema"
        return Checked(gate=wanted.gate, passed=isinstance(outcome, Answer), why=why)

    return check


def check_places(session: Any, form: Any, *, private: bool) -> None:
    """Refuses an output path before anything is paid for."""
    from outrider.cli.printing import check_out, check_private

    check_out(form.out, session)
    check_private(form, session, private=private)


def warn(text: str) -> None:
    """Says something on stderr that a person should weigh."""
    from outrider.cli.show import note

    note(text)


def teller(form: Any) -> Callable[[str, Any], None] | None:
    """Returns what says on stderr, as each reply arrives, who gave it; None where nobody reads it."""
    if form.quiet or not sys.stderr.isatty():
        return None
    from outrider.cli.show import note

    def tell(purpose: str, reply: Any) -> None:
        ended = f"{reply.output:,} tokens" if reply.text is not None else reply.failure
        note(f"{purpose}: {reply.seat.model} after {reply.seconds:.1f} s: {ended}")

    return tell


def receipt(table: Any, steps: tuple[Any, ...]) -> str:
    """Returns the line under a report: how many calls, tokens, cents, and the run."""
    from outrider.rules.panels.nouns import Round, spent

    said = [reply for step in steps if isinstance(step, Round) for reply in step.replies]
    cents = f"{spent(steps) * 100:.4f}".rstrip("0").rstrip(".")
    about = "" if all(reply.cost_known and not reply.late for reply in said) else "about "
    tokens = f"{sum(reply.input for reply in said):,} in, {sum(reply.output for reply in said):,} out"
    return f"{len(said)} asked · {tokens} · {about}{cents} cents · {table.command} · run {table.number}"


def tell(
    session: Any, form: Any, *, text: str, shape: Mapping[str, Any], label: str, receipt: str, private: bool, run: str
) -> None:
    """Puts a report where it goes: JSON, a file, a terminal, a fence inside Claude Code; a private one to our home."""
    from outrider.cli.printing import check_private
    from outrider.cli.show import dump, note, one_line
    from outrider.doors.files import make_folder, write_whole
    from outrider.rules import containment

    check_private(form, session, private=private)
    path = form.out
    if private and session.inside_claude:
        folder = session.places.ours("answers")
        make_folder(folder)
        path = os.path.join(folder, f"{run}.txt")
    if path is not None:
        write_whole(os.path.abspath(path), (text + "\n").encode("utf-8", "replace"))
    is_hidden = private and session.inside_claude
    if form.as_json:
        shown = without_words(shape) if is_hidden else shape
        dump({**shown, "answer_file": path} if path is not None else shown)
    elif path is not None:
        sys.stdout.write(f"written to {one_line(path)}\n{one_line(receipt)}\n")
    elif session.inside_claude and form.raw:
        sys.stdout.write(containment.neutral(text) + "\n")
    elif session.inside_claude:
        marked = f'{containment.attribute("model", label)} run="{run}"'
        sys.stdout.write(
            containment.fenced(text, nonce=os.urandom(6).hex(), label=marked, receipt=one_line(receipt)) + "\n"
        )
    else:
        sys.stdout.write((containment.clean(text) if sys.stdout.isatty() else text) + "\n")
        if not form.quiet and not form.raw:
            note(one_line(receipt))


WORDS = frozenset({"answer", "text", "reason", "why", "gist", "findings", "choice"})
"""The fields of a shape that hold what a model said."""


def without_words(shape: Any) -> Any:
    """Returns a shape without what models said, for a private run inside Claude Code, a cloud model itself."""
    if isinstance(shape, Mapping):
        return {name: None if name in WORDS else without_words(value) for name, value in shape.items()}
    return [without_words(value) for value in shape] if isinstance(shape, list | tuple) else shape
