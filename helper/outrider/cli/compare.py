"""`outrider compare`: one question to several models at once, their answers side by side."""

import sys
from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider compare -m gpt -m glm "what does EAGAIN mean?"
  git diff | outrider compare -m gpt -m glm --first 1 "what was missed?"
  outrider compare --panel review --stance for,against,neutral -f plan.md "should we?"

A subagent's model joins by the answer that it has given: --answer MODEL=FILE.
Exit codes: 0 at least one answered, 1 none did, 2 usage, 5 refused by policy, 6 still running."""


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
    """Ask several models at once and show their answers side by side, with cost and time each.

    On a terminal each answer is shown when it arrives, and the table at the end.
    """
    from outrider.cli import panelling, seating, seats
    from outrider.cli.panel_run import carry_out
    from outrider.rules.panels.comparing import STANCES, Question, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = panelling.open_session()
    answers = seats.answers_given(session, flags["answers"])
    names = seats.seat_names(session, models, panel, answers)
    if len(names) < 2:
        raise OutriderError("a comparison needs two seats", hint="name them: `-m MODEL -m MODEL`, or `--panel NAME`")
    sides = tuple(side.strip() for side in (stances or "").split(",") if side.strip())
    wrong = next((side for side in sides if side not in STANCES), None)
    if wrong is not None:
        raise OutriderError(f"no stance is called `{wrong}`", hint=f"give one a seat: {', '.join(STANCES)}")
    panelling.check_places(session, form, private=wish.private)
    merger = seats.one_model(session.registry, synthesize) if synthesize else None
    table = seating.set_table(
        session, wish, command="compare", names=names, answers=answers, stances=sides,
        others=(merger,) if merger else (), replay=form.replay,
    )  # fmt: skip
    panelling.tell_notes(table, quiet=form.quiet)
    question = Question(
        messages=table.messages, seats=table.seats, mark=table.mark, enough=first, given=table.given,
        synthesizer=seats.seat(session.registry, merger) if merger else None,
    )  # fmt: skip
    live = _Live() if _is_live(session, form) else None
    return carry_out(
        table, form, lambda rounds: next_round(question, rounds), lambda *ended: _report(table, *ended, live=live),
        rounds=2 if merger else 1, heard=live.heard if live is not None else None,
    )  # fmt: skip


def _is_live(session: Any, form: Any) -> bool:
    return sys.stdout.isatty() and not (form.as_json or form.out or form.raw or session.inside_claude)


class _Live:
    """Shows each answer when it arrives."""

    def __init__(self) -> None:
        self.heard_any = False

    def heard(self, _purpose: str, reply: Any) -> None:
        """Prints what one seat said."""
        from outrider.cli.panel_shapes import merged, spoken
        from outrider.rules.containment import clean

        self.heard_any = True
        sys.stdout.write(clean(merged(reply) if _purpose == "synthesis" else spoken(reply)) + "\n\n")
        sys.stdout.flush()


def _report(table: Any, verdict: Any, steps: tuple[Any, ...], *, live: _Live | None) -> Any:
    from outrider.cli import panel_shapes
    from outrider.cli.panel_report import Report

    replies = verdict.replies
    is_heard = any(reply.text is not None for reply in replies)
    code = 0 if is_heard else 1
    if not is_heard and all(reply.failure.startswith("budget: ") for reply in replies):
        code = 5
    if live is not None:
        parts = [panel_shapes.spoken(reply) for reply in table.given]
        text = "\n\n".join([*parts, panel_shapes.table(replies)])
    else:
        text = panel_shapes.comparison(verdict, mark=table.mark[-6:] if table.session.inside_claude else "")
    return Report(
        shape=panel_shapes.compared(verdict, steps, run=table.number), text=text, code=code,
        verdict=panel_shapes.compared_headline(verdict), hint="`outrider status` shows what can be asked",
    )  # fmt: skip
