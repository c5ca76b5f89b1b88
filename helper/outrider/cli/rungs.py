"""Reads what a cascade is made of: its rungs, its gates, and what its strongest model alone would have cost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli import seats
from outrider.cli.session import Session
from outrider.data import Usage
from outrider.errors import OutriderError
from outrider.rules import money
from outrider.rules.panels.cascade import TRUST, Gate, Verdict
from outrider.rules.panels.nouns import Seat
from outrider.rules.routing import model_called
from outrider.rules.selection import unknown

MOST_RUNGS = 4


def names(
    session: Session, models: tuple[str, ...], task: str | None, answers: Mapping[str, str], *, private: bool
) -> tuple[str, ...]:
    """Returns the rungs: those named, in their order, or what a task's chain has a key for, cheapest first."""
    if models and task:
        raise OutriderError("`-m` and `-t` both name the rungs", hint="give one of them")
    if len(answers) > 1:
        raise OutriderError("a cascade has one first answer", hint="give `--answer` once")
    if models:
        named = seats.seat_names(session, models, None, {})
        return tuple(dict.fromkeys((*answers, *named)))
    wanted = task or str(session.registry.values.get("default", "analysis"))
    if wanted not in session.registry.tasks:
        raise unknown("task", wanted, session.registry.tasks, command="tasks")
    found = seats.asked_by_default(session, wanted, private=private)
    rungs = sorted(found, key=lambda name: found[name])
    if len(rungs) > MOST_RUNGS:
        # The cheapest, the dearest, and what lies evenly between.
        places = [round(step * (len(rungs) - 1) / (MOST_RUNGS - 1)) for step in range(MOST_RUNGS)]
        rungs = [rungs[place] for place in places]
    if len(rungs) < 2 and not answers:
        raise OutriderError(
            f"the task `{wanted}` has {len(rungs)} models that can be asked, and a cascade needs two",
            hint="name them: `-m CHEAP -m STRONG`, or set one more key",
        )
    return tuple(dict.fromkeys((*answers, *rungs)))


def gates(
    session: Session, texts: tuple[str, ...], *, schema: str | None, second: str | None, judge: str | None,
    names: tuple[str, ...], private: bool,
) -> tuple[tuple[Gate, ...], tuple[str, ...]]:  # fmt: skip
    """Reads the gates, with what has to be said of them.

    Without any, a schema is one, else `agree` where a second model can be asked, else `self`.
    """
    from outrider.cli.asking import read_schema
    from outrider.cli.cascade import command_of

    wanted = texts
    notes: tuple[str, ...] = ()
    if not texts:
        has_second = second is not None or seats.second(session, names, None, private=private) is not None
        wanted = ("schema",) if schema is not None else ("agree",) if has_second else ("self",)
        if wanted == ("self",):
            notes = ("no second model can be asked: each model's own confidence decides, which is worth little",)
    found: list[Gate] = []
    for text in wanted:
        kind, colon, rest = text.partition(":")
        if kind not in TRUST or (colon and kind != "check"):
            raise OutriderError(
                f"no gate is called `{text[:60]}`", hint=f"the gates: check:CMD, {', '.join(TRUST[1:])}"
            )
        match kind:
            case "check":
                found.append(Gate(kind="check", command=command_of(rest)))
            case "schema":
                if schema is None:
                    raise OutriderError("the schema gate has no schema", hint="name its file with `--schema`")
                found.append(Gate(kind="schema", schema=read_schema(schema)))
            case "agree":
                other = seats.second(session, names, second, private=private)
                found.append(Gate(kind="agree", seat=_seat(session, other, "--with")))
            case "judge":
                found.append(Gate(kind="judge", seat=_seat(session, _judge(session, names, judge, private), "--judge")))
            case _:
                found.append(Gate(kind="self"))
    doubled = next((gate.name for gate in found if sum(other.name == gate.name for other in found) > 1), None)
    if doubled is not None:
        raise OutriderError(f"the gate `{doubled}` is there twice", hint="name each gate once")
    return tuple(found), notes


def _judge(session: Session, rungs: tuple[str, ...], wanted: str | None, private: bool) -> str | None:  # noqa: FBT001
    """Returns who judges: the model named, else one that is no rung, of another family where there is one."""
    if wanted is not None:
        return seats.one_model(session.registry, wanted)
    return next(iter(seats.others(session, rungs, private=private)), None)


def _seat(session: Session, name: str | None, flag: str) -> Seat:
    if name is None:
        raise OutriderError("no other model can be asked for this gate", hint=f"name one with `{flag}`")
    return seats.seat(session.registry, name)


def strongest_alone(session: Session, table: Any, verdict: Verdict) -> Decimal | None:
    """Returns what the last rung alone would likely have cost: the same prompt, and as long an answer as was kept."""
    model = model_called(session.registry, table.seats[-1].model)
    if model is None or model.price is None or verdict.answer is None:
        return None
    output = next(
        (one.reply.output for one in verdict.passages if one.reply.text == verdict.answer and one.reply.output), 0
    )
    usage = Usage(
        input=money.likely_tokens(table.messages, schema=None), output=output or len(verdict.answer.encode()) // 4 + 1
    )
    return money.cost(model.price, usage, at=table.decided.situation.at)
