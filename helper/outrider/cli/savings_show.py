"""How savings are shown: the three columns with the basis of each figure, their assumptions, the snapshot of prices."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli import show
from outrider.cli.session import Session
from outrider.cli.show import dollars, note, out, table
from outrider.doors.ledger_read import stamp
from outrider.records import as_dict
from outrider.rules.savings import COLUMNS, FEWEST, Line, Reckoning, best_model
from outrider.rules.sums import share
from outrider.rules.what_if import WhatIf

WORDS = {
    "sessions": "sessions themselves", "subagents": "subagents", "outrider": "through outrider",
    "prompts": "  delegation prompts", "context": "  context sent again", "handback": "  hand-backs",
    "rejected": "  rejected answers, gates, judges", "failed": "  failed attempts",
}  # fmt: skip
ASSUMPTIONS = (
    "another model would have used the same tokens",
    "a session's model is the one that it ran on most itself; the sessions' own calls keep theirs",
    "what a subagent was first sent, its caller had already: without routing it would not have been sent again",
    "a delegation prompt has a token for each four bytes, and a hand-back the tokens of the subagent's last reply",
    "of several answers in one run the last was used; the others are gates, judges, votes and rejected answers",
    "a call without a price in one column saves nothing in any",
)
TIERS_ASSUMED = (
    "the registry's tier for an agent would have done its work, with the same tokens",
    "Explore is like scout, general-purpose like builder, Plan like architect; an agent of no tier is left as it ran",
)
PLAN_ASSUMED = "a plan counts all tokens alike, cached or not: how it weighs them is not published"
SAVED = "modelled"


def assumptions(session: Session, *, plan: tuple[str, str]) -> tuple[str, ...]:
    """Returns everything that the figures rest on, in one line each."""
    best = best_model(session.registry)
    scores: Mapping[str, Any] = (best.row.get("scores") or {}) if best is not None else {}
    chosen = (
        f"the best single model is {best.name}: {scores.get('intelligence')} on {scores.get('index')} "
        f"{scores.get('version')} of {scores.get('date')}, the highest score among Claude Code's own; "
        "models of other vendors cannot run a session"
    ) if best is not None else "no model of Claude Code's own has a score, so the best column is as run"  # fmt: skip
    paid = f"paid by {'the token' if plan[0] == 'api' else 'a plan'}: {plan[1]} (`--plan` overrides)"
    return (chosen, *ASSUMPTIONS, *((PLAN_ASSUMED,) if plan[0] != "api" else ()), paid)


def prices(session: Session, as_of: str) -> str:
    """Names the snapshot of prices."""
    return f"list prices as of {as_of or 'no day'}, registry {session.registry.digest[:12]}"


def print_(
    session: Session, reckoning: Reckoning, *, since: float, plan: tuple[str, str], seconds: Mapping[str, Any]
) -> None:
    """Prints the reckoning, or why nothing is claimed."""
    back = f" since {stamp(since)}" if since else ""
    out(
        f"{_many(reckoning.delegations, 'delegation')}{back}: {_many(reckoning.subagents, 'subagent')}, "
        f"{_many(reckoning.asked, 'answer')} through outrider"
    )
    if not reckoning.is_enough:
        out(f"too few for a claim: {FEWEST} are needed")
        note("`outrider savings --what-if` needs none")
        return
    (_print_dollars if plan[0] == "api" else _print_plan)(reckoning, seconds)
    if reckoning.in_doubt:
        out(f"in doubt, and in no figure: {dollars(reckoning.in_doubt)} (measured)")
    if reckoning.unpriced_calls:
        out(f"in no dollars: {reckoning.unpriced_calls:,} calls of {', '.join(reckoning.unpriced_models)}")
    out("assumed:")
    for line in assumptions(session, plan=plan):
        out(f"  {line}")
    out(f"prices: {prices(session, reckoning.as_of)}")


def _print_dollars(reckoning: Reckoning, seconds: Mapping[str, Any]) -> None:
    heads = ("", "all on the session's model", f"all on {reckoning.best or 'the best'}", "as run", "as run is")
    rows = [_cells(line) for line in reckoning.parts]
    rows.append(_sums("total", {name: reckoning.total(name) for name in COLUMNS}, "priced"))
    overhead = {name: reckoning.overhead(name) for name in COLUMNS}
    rows.append(_sums("of it only for routing", overhead, "modelled"))
    rows += [_cells(line) for line in reckoning.routing]
    without = {name: reckoning.total(name) - overhead[name] for name in COLUMNS}
    rows.append((*_sums("without routing", without, "")[:3], "", ""))
    saved = {name: reckoning.saved(name) for name in COLUMNS}
    rows.append(("saved", *(_signed(saved[name], without[name]) for name in ("session", "best")), "", SAVED))
    table(rows, heads=heads)
    if seconds["of"]:
        out(f"time: {seconds['of']:,} subagents worked {_time(seconds['seconds'])} (measured)")


def _cells(line: Line) -> tuple[str, ...]:
    return _sums(WORDS[line.name], {name: getattr(line, name) for name in COLUMNS}, line.basis)


def _sums(name: str, values: Mapping[str, Decimal], basis: str) -> tuple[str, ...]:
    return (
        name,
        *(dollars(values[column]) if values[column] >= 0 else _minus(values[column]) for column in COLUMNS),
        basis,
    )


def _minus(value: Decimal) -> str:
    return f"-{dollars(-value)}"


def _signed(value: Decimal, whole: Decimal) -> str:
    return f"{_minus(value) if value < 0 else dollars(value)} ({share(value, whole):.0%})"


def _print_plan(reckoning: Reckoning, seconds: Mapping[str, Any]) -> None:
    plan = reckoning.plan_tokens
    heads = (
        "share of the plan's tokens",
        "all on the session's model",
        f"all on {reckoning.best or 'the best'}",
        "as run",
    )
    table(
        [(one.name, *(f"{share(getattr(one, name), plan):.1%}" for name in COLUMNS)) for one in reckoning.shares],
        heads=heads,
    )
    out(f"as run: {plan:,} tokens (measured)")
    out(f"on a smaller class than their session's: {share(reckoning.smaller_tokens, plan):.1%} (measured)")
    out(f"only for routing: {share(reckoning.routing_tokens, plan):.1%} (modelled)")
    if reckoning.outside_tokens:
        cost = next(line.run for line in reckoning.parts if line.name == "outrider")
        out(
            f"answered outside of the plan: {reckoning.outside_tokens:,} tokens, as many as "
            f"{share(reckoning.outside_tokens, plan):.1%} of it, in {_time(reckoning.outside_seconds)}, for "
            f"{dollars(cost)} (measured)"
        )
    if seconds["of"]:
        out(f"time: {seconds['of']:,} subagents worked {_time(seconds['seconds'])} (measured)")


def dump(
    session: Session, reckoning: Reckoning, *, since: float, plan: tuple[str, str], skipped: tuple[str, ...],
    seconds: Mapping[str, Any],
) -> None:  # fmt: skip
    """Writes the reckoning as one object; what is not claimed is null."""
    is_api, enough = plan[0] == "api", reckoning.is_enough
    show.dump({
        "since": stamp(since) if since else None,
        "delegations": {"all": reckoning.delegations, "subagents": reckoning.subagents, "answers": reckoning.asked},
        "enough": enough, "plan": plan[0], "plan_because": plan[1], "unit": "usd" if is_api else "plan_tokens",
        "best": reckoning.best or None,
        "rows": [as_dict(line) for line in reckoning.parts] if is_api else None,
        "routing": [as_dict(line) for line in reckoning.routing] if is_api else None,
        "totals": {name: reckoning.total(name) for name in COLUMNS} if is_api else None,
        "overhead": {name: reckoning.overhead(name) for name in COLUMNS} if is_api else None,
        "saved": {name: reckoning.saved(name) for name in ("session", "best")} if is_api and enough else None,
        "saved_basis": SAVED,
        "plan_tokens": {
            "as_run": reckoning.plan_tokens, "classes": [as_dict(one) for one in reckoning.shares],
            "on_a_smaller_class": reckoning.smaller_tokens if enough else None, "for_routing": reckoning.routing_tokens,
        },
        "outside": {
            "tokens": reckoning.outside_tokens, "seconds": round(reckoning.outside_seconds, 3),
            "cost_usd": next(line.run for line in reckoning.parts if line.name == "outrider"),
            "in_doubt_usd": reckoning.in_doubt, "basis": "measured",
        },
        "subagent_time": {**seconds, "basis": "measured"},
        "unpriced": {"calls": reckoning.unpriced_calls, "models": list(reckoning.unpriced_models)},
        "assumptions": list(assumptions(session, plan=plan)),
        "prices": {"as_of": reckoning.as_of or None, "registry": session.registry.digest}, "skipped": list(skipped),
    })  # fmt: skip


def what_if(found: WhatIf, *, plan: str) -> None:
    """Prints which agents ran on which model, and what a smaller class would have taken."""
    if not found.tokens:
        out("no history: Claude Code has written no transcript of that time here")
        return
    is_api = plan == "api"
    rows = [
        (
            row.agent, row.model, f"{row.calls:,}", f"{row.tokens:,}", f"{share(row.tokens, found.tokens):.1%}",
            row.tier or "-", "smaller would do" if row.is_larger else "",
            *((dollars(row.dollars), dollars(row.smaller) if row.is_larger else "") if is_api else ()),
        )
        for row in found.rows
    ]  # fmt: skip
    table(
        rows,
        heads=(
            "agent",
            "ran on",
            "calls",
            "tokens",
            "share",
            "tier",
            "",
            *(("priced", "on its tier") if is_api else ()),
        ),
    )
    out(f"a smaller class would have taken {found.share:.1%} of {found.tokens:,} tokens (modelled)")
    if is_api and found.smaller_tokens:
        out(f"at list prices of {found.as_of}: {dollars(found.saved)} of {dollars(found.dollars)} (modelled)")
    for line in TIERS_ASSUMED:
        out(f"assumed: {line}")


def brief(found: WhatIf, *, plan: str) -> None:
    """Prints three lines, or nothing where there is no history."""
    if not found.tokens:
        return
    own = share(found.tokens - found.subagent_tokens, found.tokens)
    out(
        f"your last 30 days: {_many(found.sessions, 'session')} and {_many(found.subagents, 'subagent')} used "
        f"{_short(found.tokens)} "
        f"tokens, {own:.0%} of them the sessions' own (measured)"
    )
    cost = f", {dollars(found.saved)} at list prices" if plan == "api" and found.saved else ""
    out(f"subagents on a smaller class would have taken {found.share:.0%} of them{cost} (modelled)")
    out("nothing was sent anywhere; `outrider savings --what-if` shows which agents, and what is assumed")


def dump_what_if(
    session: Session, found: WhatIf, *, since: float, plan: tuple[str, str], skipped: tuple[str, ...]
) -> None:
    """Writes it as one object."""
    is_api = plan[0] == "api"
    rows = [as_dict(row) for row in found.rows]
    for row in rows:
        dollars_, smaller = row.pop("dollars"), row.pop("smaller")
        row.update({"cost_usd": dollars_, "smaller_usd": smaller} if is_api else {})
        row["token_share"] = round(share(row["tokens"], found.tokens), 6)
    show.dump({
        "since": stamp(since) if since else None, "rows": rows, "tokens": found.tokens,
        "subagent_tokens": found.subagent_tokens, "smaller_tokens": found.smaller_tokens,
        "smaller_share": round(found.share, 6), "sessions": found.sessions, "subagents": found.subagents,
        "basis": "modelled", "plan": plan[0], "plan_because": plan[1],
        "saved_usd": found.saved if is_api else None, "unpriced": found.unpriced, "assumptions": list(TIERS_ASSUMED),
        "prices": {"as_of": found.as_of or None, "registry": session.registry.digest}, "skipped": list(skipped),
    })  # fmt: skip


def _short(number: int) -> str:
    for size, word in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.1f}{word}"
    return str(number)


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}" if number == 1 else f"{number:,} {word}s"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"
