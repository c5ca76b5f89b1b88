"""`outrider cascade`: the cheapest model first, a stronger one on doubt, and what doubted."""

import shlex
import shutil
from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider cascade -m glm -m gpt --gate agree --with kimi "how many leap years from 1900 to 2000?"
  outrider cascade -m glm -m gpt --gate "check:python3 -m json.tool" "write a JSON object of the planets"
  outrider cascade -t simple --gate schema --schema answer.json -f letter.txt

Gates, the surest first: check:CMD (its exit code; the answer is its standard input; no shell), schema, agree (a second
cheap model of another family), self (the model's own confidence), judge. On the last rung only check and schema count.
Exit codes: 0 answered, 4 not verified, 1 every rung failed, 2 usage, 5 refused by policy, 6 still running."""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@click.option("-m", "--model", "models", metavar="NAME", multiple=True, help="A rung, the cheapest first.")
@click.option("-t", "--task", metavar="TASK", help="The rungs: what a task's chain has a key for, cheapest first.")
@click.option("--gate", "gates", metavar="GATE", multiple=True, help="check:CMD, schema, agree, self or judge.")
@click.option("--schema", metavar="FILE", help="The JSON Schema of the schema gate.")
@click.option("--with", "second", metavar="MODEL", help="The second model of the agree gate.")
@click.option("--judge", metavar="MODEL", help="Who judges (default: one whose family has no rung).")
@panel_options
def cascade(prompt: str | None, *, models: tuple[str, ...], task: str | None, gates: tuple[str, ...],
            schema: str | None, second: str | None, judge: str | None, **flags: Any) -> int:  # fmt: skip
    """Ask the cheapest model, and a stronger one only where a gate doubts the answer.

    Says why it stopped where it did, and what the strongest model alone would have cost, as an estimate.
    """
    from outrider.cli import panelling, rungs, seating, seats
    from outrider.cli.panel_run import carry_out
    from outrider.rules.panels.cascade import Question, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = panelling.open_session()
    answers = seats.answers_given(session, flags["answers"])
    names = rungs.names(session, models, task, answers, private=wish.private)
    wanted, notes = rungs.gates(
        session, gates, schema=schema, second=second, judge=judge, names=names, private=wish.private
    )
    panelling.check_places(session, form, private=wish.private)
    others = tuple(gate.seat.model for gate in wanted if gate.seat is not None)
    table = seating.set_table(
        session,
        wish,
        command="cascade",
        names=names,
        answers=answers,
        others=others,
        schema=schema,
        replay=form.replay,
    )
    panelling.tell_notes(table, *notes, quiet=form.quiet)
    question = Question(
        messages=table.messages, rungs=table.seats, gates=wanted, mark=table.mark,
        given=table.given[0] if table.given else None,
    )  # fmt: skip
    return carry_out(
        table, form, lambda rounds: next_round(question, rounds), lambda *ended: _report(table, *ended),
        rounds=len(names) * (1 + len(wanted)),
    )  # fmt: skip


def _report(table: Any, verdict: Any, steps: tuple[Any, ...]) -> Any:
    from outrider.cli import panel_shapes, rungs
    from outrider.cli.panel_report import Report

    alone = rungs.strongest_alone(table.session, table, verdict)
    code = 1 if verdict.answer is None else 4 if verdict.verified is False else 0
    if code == 1 and all(one.reply.failure.startswith("budget: ") for one in verdict.passages):
        code = 5
    return Report(
        shape=panel_shapes.climbed(verdict, steps, alone=alone, run=table.number), text=verdict.answer or "",
        beside=panel_shapes.climb(verdict), verdict=panel_shapes.climbed_headline(verdict, steps, alone=alone),
        code=code, kind="not_verified" if code == 4 else None, hint="`outrider status` shows what can be asked",
    )  # fmt: skip


def command_of(text: str) -> tuple[str, ...]:
    """Reads a check's command into words; refuses one that is empty, unclosed, or not there."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as fault:
        raise OutriderError(f"`check:{text}` is no command: {fault}", hint="close its quotes") from None
    if not words:
        raise OutriderError("`check:` names no command", hint='write it as `--gate "check:python -m json.tool"`')
    if shutil.which(words[0]) is None:
        raise OutriderError(f"there is no program `{words[0]}`", hint="check its name; a check runs without a shell")
    return words
