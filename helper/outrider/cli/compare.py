"""`outrider compare`: one question to several models at once, their answers side by side."""

from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider compare -m gemini -m deepseek "what does EAGAIN mean?"
  git diff | outrider compare -m openai -m gemini --first 1 "what was missed?"
  outrider compare --panel review --stance for,against,neutral -f plan.md "should we?"

A Claude seat joins by the answer it has given: --answer claude.sonnet=FILE.
Exit codes: 0 at least one answered, 1 none did, 2 usage, 5 refused by policy."""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@click.option("-m", "--model", "models", metavar="NAME", multiple=True, help="A seat; once for each model.")
@click.option("--panel", metavar="NAME", help="The seats of a panel of the registry.")
@click.option("--first", type=click.IntRange(min=1), metavar="N", help="End when so many have answered.")
@click.option("--stance", "stances", metavar="SIDES", help="A side for each seat: for, against, neutral.")
@click.option("--synthesize", metavar="MODEL", help="A model that puts the answers together.")
@panel_options
def compare(prompt: str | None, *, models: tuple[str, ...], panel: str | None, first: int | None,
            stances: str | None, synthesize: str | None, **flags: Any) -> int:  # fmt: skip
    """Ask several models at once and show their answers side by side, with cost and time each."""
    from outrider.cli import panelling, seating
    from outrider.cli.panel_shapes import compared, comparison
    from outrider.cli.session import Session
    from outrider.rules.panels.comparing import STANCES, Question, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = Session()
    answers = seating.answers_given(session, flags["answers"])
    names = seating.seat_names(session, models, panel, answers)
    if len(names) < 2:
        raise OutriderError("a comparison needs two seats", hint="name them: `-m MODEL -m MODEL`, or `--panel NAME`")
    sides = tuple(side.strip() for side in (stances or "").split(",") if side.strip())
    wrong = next((side for side in sides if side not in STANCES), None)
    if wrong is not None:
        raise OutriderError(f"no stance is called `{wrong}`", hint=f"give one a seat: {', '.join(STANCES)}")
    panelling.check_places(session, form, private=wish.private)
    merger = seating.one_model(session.registry, synthesize) if synthesize else None
    table = seating.set_table(
        session, wish, command="compare", names=names, answers=answers, stances=sides,
        others=(merger,) if merger else (),
    )  # fmt: skip
    seating.tell_notes(table, quiet=form.quiet)
    question = Question(
        messages=table.messages, seats=table.seats, mark=table.mark, enough=first, given=table.given,
        synthesizer=seating.seat(session.registry, merger) if merger else None,
    )  # fmt: skip
    verdict, steps = panelling.played(
        table, form, lambda rounds: next_round(question, rounds), heard=panelling.teller(form)
    )
    shape = compared(verdict, steps, run=table.number)
    is_heard = any(reply.text is not None for reply in verdict.replies)
    table.end(outcome="answer" if is_heard else "failure")
    panelling.tell(
        session, form, text=comparison(verdict), shape=shape, label="compare", private=table.is_private,
        receipt=panelling.receipt(table, steps), run=table.number,
    )  # fmt: skip
    return 0 if is_heard else 1
