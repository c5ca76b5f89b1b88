"""The machine shapes of `ask` and `route`: one JSON object, whatever happens."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from outrider.data import Answer, Attempt, Failure, Passed, Route

if TYPE_CHECKING:
    from outrider.engine import Ended


def nothing_asked(error: Mapping[str, str]) -> dict[str, Any]:
    """Returns the shape of a call that ended before any model was chosen."""
    return {
        "answer": None, "model": None, "served_by": None, "finish": None, "route": None, "attempts": [],
        "usage": {"input": 0, "output": 0, "cached": 0}, "cost_usd": 0.0, "cost_known": True, "truncated": False,
        "warnings": [], "run": None, "error": dict(error),
    }  # fmt: skip


def asked(
    route: Route, ended: "Ended", *, run: str, warnings: tuple[str, ...], error: Mapping[str, str] | None
) -> dict[str, Any]:
    """Returns the shape of a call that was made."""
    answer = ended.answer
    last = ended.attempts[-1] if ended.attempts else None
    usages = [attempt.outcome.usage for attempt in ended.attempts]
    shape: dict[str, Any] = {
        "answer": answer.text if answer else None,
        "model": last.target.model.name if answer and last else None,
        "served_by": _served_by(last) if answer and last else None,
        "finish": answer.finish if answer else None,
        "route": {
            "task": route.task or None, "rule": route.rule, "level": route.level,
            "models": [target.name for target in route.targets], "passed": passed_over(route.passed), **_class(route),
        },
        "attempts": [attempt_shape(attempt) for attempt in ended.attempts],
        "usage": {
            "input": sum(usage.input for usage in usages), "output": sum(usage.output for usage in usages),
            "cached": sum(usage.cached for usage in usages),
        },
        "cost_usd": float(ended.cost), "cost_known": ended.cost_known,
        "truncated": answer.truncated if answer else False, "warnings": list(warnings), "run": run,
    }  # fmt: skip
    if error is not None:
        shape["error"] = dict(error)
    return shape


def _served_by(attempt: Attempt) -> str:
    outcome = attempt.outcome
    reported = outcome.served_by if isinstance(outcome, Answer) else ""
    return f"{attempt.target.provider.name}/{reported or attempt.target.wire_id}"


def attempt_shape(attempt: Attempt) -> dict[str, Any]:
    """Returns one attempt as scripts read it."""
    outcome = attempt.outcome
    failure = outcome if isinstance(outcome, Failure) else None
    return {
        "model": attempt.target.model.name, "provider": attempt.target.provider.name,
        "outcome": "failure" if failure else "answer", "kind": failure.kind if failure else None,
        "status": failure.status if failure else 200, "message": failure.message if failure else None,
        "seconds": round(attempt.seconds, 3), "cost_usd": float(attempt.cost), "certainty": attempt.certainty,
    }  # fmt: skip


def passed_over(passed: tuple[Passed, ...]) -> list[dict[str, str]]:
    """Returns what was not used, and why."""
    return [{"model": entry.model, "why": entry.why} for entry in passed]


def routed(route: Route, *, estimate: float | None) -> dict[str, Any]:
    """Returns the shape of a decision."""
    return {
        "task": route.task or None, "rule": route.rule, "level": route.level, "models": list(route.chain),
        "first": route.chain[0] if route.chain else None, "how": route.how, "agent": route.agent,
        "passed": passed_over(route.passed), "estimate_usd": estimate, **_class(route),
    }  # fmt: skip


def _class(route: Route) -> dict[str, str]:
    """Returns the class of a request and what said so; nothing where nobody said anything."""
    return {"class": route.data_class, "class_from": route.class_from} if route.class_from else {}
