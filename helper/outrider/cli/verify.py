"""`outrider verify`: one model writes, checks run, another of a different family looks for faults, until accepted."""

from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider verify -m openai --verifier gemini -f spec.md "write the migration"
  outrider verify -m deepseek --check "python -m json.tool" --schema answer.json "list the moons of Jupiter as JSON"
  outrider verify --answer claude.sonnet=draft.md --verifier gemini -f spec.md "does it do what the spec asks?"

Exit codes: 0 accepted, 4 never accepted (the best text is printed), 1 no text, 2 usage, 5 refused by policy."""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@click.option("-m", "--model", "model", metavar="NAME", help="The model that writes.")
@click.option("--verifier", metavar="MODEL", help="The model that checks (default: one of another family).")
@click.option("--check", "checks", metavar="CMD", multiple=True, help="A program that must end with 0; no shell.")
@click.option("--schema", metavar="FILE", help="The text must be JSON that fits this JSON Schema.")
@click.option("--rounds", type=click.IntRange(min=1, max=10), default=3, show_default=True, help="Texts at most.")
@panel_options
def verify(prompt: str | None, *, model: str | None, verifier: str | None, checks: tuple[str, ...],
           schema: str | None, rounds: int, **flags: Any) -> int:  # fmt: skip
    """Have one model write and another look for faults, and the first mend them, at most so many rounds."""
    from outrider.cli import panelling, seating
    from outrider.cli.asking import read_schema
    from outrider.cli.cascade import command_of
    from outrider.cli.panel_shapes import verification, verified
    from outrider.cli.session import Session
    from outrider.rules.panels.verifying import Question, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = Session()
    answers = seating.answers_given(session, flags["answers"])
    if len(answers) > 1:
        raise OutriderError("there is one draft to verify", hint="give `--answer` once")
    commands = tuple(command_of(text) for text in checks)
    writer = seating.writer(session, model, answers, private=wish.private)
    looker = seating.judge_for(session, (writer,), verifier, private=wish.private)
    if looker is None or looker == writer:
        raise OutriderError("no other model can verify", hint="name one with `--verifier`, of another family")
    panelling.check_places(session, form, private=wish.private)
    table = seating.set_table(
        session, wish, command="verify", names=(writer,), answers=answers, others=(looker,)
    )  # fmt: skip
    seating.tell_notes(table, quiet=form.quiet)
    question = Question(
        messages=table.messages, generator=seating.reviser(session, writer, model),
        verifier=seating.seat(session.registry, looker), mark=table.mark, checks=commands,
        schema=read_schema(schema), most=rounds, given=table.given[0] if table.given else None,
    )  # fmt: skip
    if question.generator.family == question.verifier.family and not form.quiet:
        panelling.warn(f"{looker} is of the same family as {writer}: what trained together errs together")
    verdict, steps = panelling.played(
        table, form, lambda steps: next_round(question, steps), heard=panelling.teller(form)
    )
    code = {"accepted": 0, "not_accepted": 4, "failed": 1}[verdict.kind]
    table.end(outcome="failure" if code else "answer", kind=None if not code else verdict.kind)
    panelling.tell(
        session, form, text=verification(verdict, steps), shape=verified(verdict, steps, run=table.number),
        label="verify", private=table.is_private, receipt=panelling.receipt(table, steps), run=table.number,
    )  # fmt: skip
    return code
