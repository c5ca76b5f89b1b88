"""`outrider verify`: one model writes, checks run, another of a different family looks for faults, until accepted."""

from typing import Any

import click

from outrider.cli.panelling import panel_options
from outrider.errors import OutriderError

EPILOG = """\b
Examples:
  outrider verify -m gpt --verifier kimi -f spec.md "write the migration"
  outrider verify -m glm --check "python3 -m json.tool" --schema answer.json "list the moons of Jupiter as JSON"
  outrider verify --answer MODEL=draft.md --verifier kimi -f spec.md "does it do what the spec asks?"

Exit codes: 0 accepted, 4 not accepted (the best stands), 1 no text, 2 usage, 5 refused by policy, 6 still running."""


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
    from outrider.cli import panelling, seating, seats
    from outrider.cli.asking import read_schema
    from outrider.cli.cascade import command_of
    from outrider.cli.panel_run import carry_out
    from outrider.rules.panels.verifying import Question, next_round

    wish, form = panelling.wish_and_form(prompt, flags)
    session = panelling.open_session()
    answers = seats.answers_given(session, flags["answers"])
    if len(answers) > 1:
        raise OutriderError("there is one draft to verify", hint="give `--answer` once")
    commands = tuple(command_of(text) for text in checks)
    writer = seats.writer(session, model, answers, private=wish.private)
    mender = seats.one_model(session.registry, model) if model is not None else writer
    looker = who_looks(session, (writer, mender), verifier, private=wish.private)
    panelling.check_places(session, form, private=wish.private)
    table = seating.set_table(
        session, wish, command="verify", names=(writer,), answers=answers,
        others=tuple(dict.fromkeys((looker, *((mender,) if mender != writer else ())))), schema=schema,
        replay=form.replay,
    )  # fmt: skip
    question = Question(
        messages=table.messages, generator=seats.seat(session.registry, mender),
        verifier=seats.seat(session.registry, looker), mark=table.mark, checks=commands,
        schema=read_schema(schema), most=rounds, given=table.given[0] if table.given else None,
    )  # fmt: skip
    is_family = question.generator.family == question.verifier.family
    doubt = f"{looker} is of the same family as {mender}: what trained together errs together"
    panelling.tell_notes(table, *((doubt,) if is_family else ()), quiet=form.quiet)
    return carry_out(
        table, form, lambda steps: next_round(question, steps), lambda *ended: _report(table, *ended),
        rounds=rounds * (2 + len(commands)),
    )  # fmt: skip


def who_looks(session: Any, writers: tuple[str, ...], wanted: str | None, *, private: bool) -> str:
    """Returns who looks for faults: another model than those who write, of another family where there is one."""
    from outrider.cli import seats

    if wanted is not None:
        found: str | None = seats.one_model(session.registry, wanted)
    else:
        found = next(iter(seats.others(session, writers, private=private)), None)
    if found is None or found in writers:
        raise OutriderError("no other model can verify", hint="name one with `--verifier`, of another family")
    return found


def _report(table: Any, verdict: Any, steps: tuple[Any, ...]) -> Any:
    from outrider.cli import panel_shapes
    from outrider.cli.panel_report import Report

    code = {"accepted": 0, "not_accepted": 4, "failed": 1}[verdict.kind]
    if code == 1 and ": budget: " in verdict.why:
        code = 5
    return Report(
        shape=panel_shapes.verified(verdict, steps, run=table.number), text=verdict.answer or "",
        beside=panel_shapes.verification(verdict), verdict=panel_shapes.verified_headline(verdict, steps),
        code=code, kind=None if not code else verdict.kind, hint="`outrider status` shows what can be asked",
    )  # fmt: skip
