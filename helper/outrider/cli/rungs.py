"""Reads what a cascade is made of: its rungs, its gates, and what its strongest model alone would have cost."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli import seating
from outrider.cli.session import Session
from outrider.data import Usage
from outrider.errors import OutriderError
from outrider.rules import money
from outrider.rules.panels.cascade import TRUST, Gate, Verdict
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection

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
        return seating.seat_names(session, (*answers, *(name for name in models if name not in answers)), None, {})
    registry = session.registry
    wanted = task or str(registry.values.get("default", "analysis"))
    decided = decide(
        registry, Selection(task=wanted, private=private, fallback=True), Facts(),
        session.situation(session.limits()),
    )  # fmt: skip
    found: dict[str, Decimal] = {}
    for target in decided.targets:
        blend = money.blended(target.model.price, at=0.0) if target.model.price is not None else None
        found.setdefault(target.model.name, Decimal(0) if target.local else blend or Decimal(1_000_000))
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
) -> tuple[Gate, ...]:  # fmt: skip
    """Reads the gates; without any, a schema is one, and else there is `agree` where a second model can be asked."""
    from outrider.cli.asking import read_schema
    from outrider.cli.cascade import command_of

    wanted = texts or (("schema",) if schema is not None else ("agree",))
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
                found.append(Gate(kind="agree", seat=_other(session, names, second, "--with", private=private)))
            case "judge":
                found.append(Gate(kind="judge", seat=_other(session, names, judge, "--judge", private=private)))
            case _:
                found.append(Gate(kind="self"))
    return tuple(found)


def _other(session: Session, rungs: tuple[str, ...], wanted: str | None, flag: str, *, private: bool) -> Any:
    """Returns the seat that a gate asks: another model than the one it looks at, of another family where it can be."""
    name = seating.judge_for(session, rungs[:1] if flag == "--with" else rungs, wanted, private=private)
    if name is None or name == rungs[0]:
        raise OutriderError("no other model can be asked for this gate", hint=f"name one with `{flag}`")
    return seating.seat(session.registry, name)


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
