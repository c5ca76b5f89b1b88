"""`outrider consensus`: several models answer, their votes are counted by family, dissent is kept."""

from decimal import Decimal
from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider consensus -m gpt -m kimi -m glm --choices yes,no "is this migration safe?" -f migration.sql
  outrider consensus --panel review --answer MODEL=answer.md -f src/lock.py "is there a race?"

Seats of one model family share one vote. A judge groups open answers; a decoy among them shows whether it can be
trusted. Votes are opinions: a check that runs (`outrider cascade --gate check:CMD`) is worth more.
Exit codes: 0 agreed, 4 split or too few, 1 nobody answered, 2 usage, 5 refused by policy, 6 still running."""


class Share(click.ParamType[Decimal]):
    """A share: above 0, at most 1."""

    name = "share"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Reads a share that some vote can reach."""
        try:
            share = Decimal(str(value))
        except ArithmeticError:
            share = Decimal(0)
        if not (share.is_finite() and 0 < share <= 1):
            self.fail(f"`{value}` is not a share above 0 and up to 1", param, ctx)
        return share


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@click.option("-m", "--model", "models", metavar="NAME", multiple=True, help="A seat; once for each model.")
@click.option("--panel", metavar="NAME", help="The seats of a panel of the registry.")
@click.option("--choices", metavar="A,B", help="A closed question: each seat votes for one of these.")
@click.option("--schema", metavar="FILE", help="A closed question: the one field of this schema that has an enum.")
@click.option("--threshold", type=Share(), default="0.66", show_default=True, help="Share of families that agree.")
@click.option("--quorum", type=click.IntRange(min=1), default=2, show_default=True, help="Families that must vote.")
@click.option("--debate", type=click.IntRange(min=0, max=5), default=0, metavar="N", help="Rounds of seeing reasons.")
@click.option("--judge", metavar="MODEL", help="Who groups open answers (default: one whose family has no seat).")
@panel_options
def consensus(prompt: str | None, *, models: tuple[str, ...], panel: str | None, choices: str | None,
              schema: str | None, threshold: Decimal, quorum: int, debate: int, judge: str | None,
              **flags: Any) -> int:  # fmt: skip
    """Ask several models and say what their answers amount to: agreed, split, or too few."""
    from outrider.cli import panelling, polling, seating, seats
    from outrider.cli.panel_run import carry_out
    from outrider.rules.panels.consensus import JUDGE_TRIES, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = panelling.open_session()
    answers = seats.answers_given(session, flags["answers"])
    names = seats.seat_names(session, models, panel, answers)
    if not names:
        raise OutriderError("nobody is seated", hint="name seats: `-m MODEL -m MODEL`, or `--panel NAME`")
    ballot = polling.ballot(choices, schema)
    panelling.check_places(session, form, private=wish.private)
    judged_by = None if ballot is not None else seats.judge(session, names, judge, private=wish.private)
    table = seating.set_table(
        session, wish, command="consensus", names=names, answers=answers, others=(judged_by,) if judged_by else (),
        schema=schema, replay=form.replay,
    )  # fmt: skip
    panelling.tell_notes(table, *polling.doubts(session, names, judged_by), quiet=form.quiet)
    question = polling.question(
        table, ballot=ballot, judged_by=judged_by, threshold=threshold, quorum=quorum, debates=debate
    )
    return carry_out(
        table, form, lambda rounds: next_round(question, rounds), lambda *ended: polling.report(table, *ended),
        rounds=1 + debate + (JUDGE_TRIES if judged_by else 0),
    )  # fmt: skip
