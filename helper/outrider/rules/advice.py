"""What to do about a failure: the hint beside it, the warnings an answer carries, and the exit code."""

import json
from decimal import Decimal

from outrider.data import Attempt, Failure, FailureKind, Target
from outrider.rows import Price
from outrider.rules.limits import UNPRICED

EXIT_CODES: dict[FailureKind, int] = {"budget": 5, "private": 5, "content_filter": 7, "interrupted": 130}
LOUD: frozenset[FailureKind] = frozenset({"auth", "quota", "not_found", "tls", "redirect", "private"})
"""Failures that a fallback must not hide: they stay until somebody mends them."""


AGAIN = "try again, or add a model of another provider to the chain: `outrider status`"
HINTS: dict[FailureKind, str] = {
    "auth": "check {keys}: `outrider keys list`, then `outrider keys set {provider}`",
    "quota": "add credit at {provider}, or name another model with `-m`",
    "rate_limit": "ask again later, or let it fall back: `-t` instead of `-m`, or `--fallback`",
    "not_found": "see what is there: `outrider models --live`, `outrider models show {model}`",
    "context": "send less, or name a model with a larger window: `outrider models`",
    "content_filter": "reword the prompt; `content_filter: next` on a task lets it fall over",
    "bad_request": "see the message above; `outrider why` shows what was sent to whom",
    "budget": "raise `limits.budget_usd` or `--max-cost`; `outrider usage` shows what was spent",
    "private": "start a local server, then `outrider models --live`",
    "timeout": AGAIN,
    "network": AGAIN,
    "server": AGAIN,
    "incomplete": AGAIN,
    "tls": "check the system's certificates, or set `network.ca_file` in your models.local.json",
    "redirect": "set {provider}'s `base_url` to the address it redirects to, if you trust it",
    "bad_response": "try again, or another model; `outrider why` lists every attempt",
    "empty": "try again, or another model; `outrider why` lists every attempt",
    "too_large": "try again, or another model; `outrider why` lists every attempt",
    "truncated": "allow a longer answer: `--max-output N`",
    "storage": "check the free space, then `outrider doctor`",
    "interrupted": "`outrider why` shows what was under way",
}
"""The next command to type, by failure."""
START = "start {provider} at {address}, then `outrider models --live`"


def exit_code(failure: Failure) -> int:
    """Returns the exit code for a run that ended in this failure."""
    return EXIT_CODES.get(failure.kind, 1)


def hint(failure: Failure, target: Target | None) -> str:
    """Returns the next command to type after a failure."""
    if failure.kind == "budget":
        return _budget_hint(failure, target)
    template = HINTS[failure.kind]
    if target is None:
        return template.format(keys="its key", provider="the provider", model="NAME")
    if template is AGAIN and target.provider.local:
        template = START
    return template.format(
        keys=" or ".join(target.provider.keys) or "its key", provider=target.provider.name,
        model=target.model.name, address=target.provider.base_url,
    )  # fmt: skip


def _budget_hint(failure: Failure, target: Target | None) -> str:
    if target is not None and failure.message.endswith(UNPRICED):
        return price_hint(target.model.name, None)
    return "raise `limits.budget_usd` or `--max-cost`; `outrider usage` shows what was spent"


def price_hint(name: str, price: Price | None, *, provider: str | None = None, wire_id: str | None = None) -> str:
    """Returns the line for models.local.json that gives a model its price."""
    # Not known at all: a line that is not taken as it stands, or whoever pastes it makes the model free.
    base = price.base if price is not None else None
    rates = {"input": _number(base.input if base else None), "output": _number(base.output if base else None)}
    new = {"provider": provider, "id": wire_id} if provider is not None else {}
    line = json.dumps({"models": {name: {**new, "price": rates}}})
    return f"add its price to your models.local.json, in dollars for a million tokens (these are a guess): {line}"


def _number(rate: Decimal | None) -> float | str:
    if rate is None:
        return "?"
    return int(rate) if rate == int(rate) else float(rate)


def warnings(attempts: tuple[Attempt, ...]) -> tuple[str, ...]:
    """Returns what a reader must hear although there may be an answer, each once."""
    found: list[str] = []
    for attempt in attempts:
        found.extend(attempt.warnings)
        outcome = attempt.outcome
        if isinstance(outcome, Failure) and outcome.kind in LOUD:
            found.append(
                f"{attempt.target.name}: {outcome.kind}: {outcome.message[:300]} ({hint(outcome, attempt.target)})"
            )
    return tuple(dict.fromkeys(found))
