"""`outrider drill`: what would happen if, with the chain that is really configured. Calls nothing and books nothing."""

from typing import TYPE_CHECKING, Any

import click

from outrider.cli.show import dollars, dump, note, out, table

if TYPE_CHECKING:
    from outrider.data import Route
    from outrider.jobs.drill import Drilled

PROMPT = "A drill: this question is asked of nobody."
HEADS = ("fault at the first", "answered by", "after", "cost", "in doubt", "leaks")
EPILOG = """\b
Examples:
  outrider drill
  outrider drill code-review --json
  outrider drill private-data"""


@click.command(epilog=EPILOG)
@click.argument("task", required=False)
@click.option("-m", "--model", metavar="NAME", help="Drill one model's chain instead of a task's.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def drill(task: str | None, *, model: str | None, as_json: bool) -> int:
    """Inject every fault into the real chain, on a transport that reaches nobody.

    Prints who answers, after how long, at what cost, what stays booked in doubt, and what would leak. Exits 1 where
    a fault would leave you without an answer that another model may give, 5 where a private question would leave the
    machine.
    """
    from outrider.cli.asking import Wish, decide_on
    from outrider.cli.session import Session
    from outrider.cli.stepping import step
    from outrider.jobs.drill import drill as run_drill
    from outrider.rules.drilling import MISHAPS
    from outrider.rules.routing import stand_in

    session = Session()
    decided = decide_on(session, Wish(argument=PROMPT, task=task, model=model, reads_stdin=False))
    route = decided.route
    if not route.targets:
        from outrider.errors import OutriderError
        from outrider.rules.receipts import no_model

        _, message, hint = no_model(session.registry, route, private=route.private)
        raise OutriderError(f"there is nothing to drill: {message}", hint=hint)
    prompts = session.registry.values.get("prompts", {})
    drilled = [
        step(
            run_drill(
                route, decided.request, decided.limits, mishap, at=decided.situation.at,
                spend=decided.situation.spend, prompts=prompts,
                price=lambda target: stand_in(session.registry, target),
            )
        )
        for mishap in MISHAPS
    ]  # fmt: skip
    leaks = [leak for one in drilled for leak in one.leaks(route)]
    silent = [one for one in drilled if one.is_silent]
    eaten = [one for one in drilled if one.is_eaten]
    if as_json:
        shape = {
            "task": route.task or None, "chain": [target.name for target in route.targets], "private": route.private,
            "faults": [_shape(one, route) for one in drilled], "unanswered": len(silent),
            "budget_eaten": len(eaten), "leaks": leaks,
        }  # fmt: skip
        dump(shape)
    else:
        out(f"chain: {', '.join(target.name for target in route.targets)}")
        table([_row(one, route) for one in drilled], heads=HEADS)
        _advise(silent, eaten)
    return 5 if leaks else 1 if silent else 0


def _advise(silent: "list[Drilled]", eaten: "list[Drilled]") -> None:
    alone = [one for one in silent if not one.is_eaten]
    if alone:
        note(f"{_faults(alone)} would leave you without an answer; another key or a local server mends that")
    if eaten:
        note(
            f"{_faults(eaten)} would leave an attempt in doubt, which stays booked at all that it may cost, and no "
            "budget for the next model: raise `limits.budget_usd`, or bound answers with `--max-output`"
        )


def _faults(found: "list[Drilled]") -> str:
    return f"{len(found)} fault{'' if len(found) == 1 else 's'}"


def _who(one: "Drilled") -> str:
    ended = one.ended
    if ended.failure is not None:
        return f"nobody ({ended.failure.kind})"
    return ended.attempts[-1].target.name


def _row(one: "Drilled", route: "Route") -> tuple[str, ...]:
    doubt = dollars(one.in_doubt) + (", eats the budget" if one.is_eaten else "") if one.in_doubt else ""
    return (
        one.mishap.name,
        _who(one),
        f"{one.seconds:.1f} s",
        dollars(one.ended.cost),
        doubt,
        str(len(one.leaks(route))),
    )


def _shape(one: "Drilled", route: "Route") -> dict[str, Any]:
    from outrider.cli.envelope import attempt_shape

    return {
        "fault": one.mishap.name, "class": one.kind, "answered_by": _who(one) if one.ended.answer else None,
        "kind": one.ended.failure.kind if one.ended.failure else None, "seconds": round(one.seconds, 2),
        "cost_usd": float(one.ended.cost), "in_doubt_usd": float(one.in_doubt), "budget_eaten": one.is_eaten,
        "attempts": [attempt_shape(attempt) for attempt in one.ended.attempts], "leaks": list(one.leaks(route)),
    }  # fmt: skip
