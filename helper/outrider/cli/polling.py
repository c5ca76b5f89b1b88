"""A vote of several models, whoever asks for it: what its ballot is, what is doubtful about it, what it came to."""

from decimal import Decimal
from typing import Any

from outrider.errors import OutriderError


def question(
    table: Any, *, ballot: Any, judged_by: str | None, threshold: Decimal, quorum: int = 2, debates: int = 0
) -> Any:
    """Returns what the rule decides from: who sits at the table, what counts as an agreement, who groups answers."""
    from outrider.cli.seats import seat
    from outrider.rules.panels.consensus import Question

    return Question(
        messages=table.messages, seats=table.seats, mark=table.mark, seed=table.seed, ballot=ballot,
        given=table.given, judge=seat(table.session.registry, judged_by) if judged_by else None,
        threshold=threshold, quorum=quorum, debates=debates,
    )  # fmt: skip


def doubts(session: Any, names: tuple[str, ...], judged_by: str | None) -> tuple[str, ...]:
    """Says of a judge that it is of a family that has a seat."""
    from outrider.cli.seats import seat

    registry = session.registry
    own = [name for name in names if judged_by and seat(registry, name).family == seat(registry, judged_by).family]
    return (f"{judged_by} judges, and {own[0]} of its own family has a seat",) if own else ()


def report(table: Any, verdict: Any, steps: tuple[Any, ...]) -> Any:
    """Returns what a vote came to, as it is told and as a script reads it."""
    from outrider.cli import panel_shapes
    from outrider.cli.panel_report import Report

    is_agreed = verdict.kind == "agreed"
    # Everybody failed is no split: nobody said anything at all.
    was_asked = any(vote.failure != "not asked" for vote in verdict.votes)
    said = [step for step in steps if any(reply.text is not None for reply in step.replies)]
    is_silent = was_asked and not said and not table.given
    code = 0 if is_agreed else 1 if is_silent else 4
    if is_silent and all(vote.failure.startswith("budget: ") for vote in verdict.votes):
        code = 5
    return Report(
        shape=panel_shapes.counted(verdict, steps, given=table.given, run=table.number),
        text=panel_shapes.agreement(verdict, steps, given=table.given), code=code,
        kind=None if is_agreed else verdict.kind, verdict=panel_shapes.counted_headline(verdict),
        hint="`outrider status` shows what can be asked",
    )  # fmt: skip


def ballot(choices: str | None, schema: str | None) -> Any:
    """Returns the ballot of a closed question, or None for an open one."""
    from outrider.rules.panels import labels

    if choices is not None and schema is not None:
        raise OutriderError("`--choices` and `--schema` both say what can be chosen", hint="give one of them")
    if choices is not None:
        return labels.ballot(choices)
    if schema is None:
        return None
    from outrider.cli.schemas import read_schema_file

    found = labels.ballot_from(read_schema_file(schema))
    if found is None:
        raise OutriderError(
            f"{schema} has no one field with an enum of texts", hint="a vote is over one such field; or use `--choices`"
        )
    return found
