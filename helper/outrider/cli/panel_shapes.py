"""What the commands with several models report: the machine shapes, and the same as lines for people."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from outrider.cli.show import dollars
from outrider.rules.panels.cascade import Verdict as Climb
from outrider.rules.panels.comparing import Verdict as Comparison
from outrider.rules.panels.consensus import Verdict as Consensus
from outrider.rules.panels.counting import Vote
from outrider.rules.panels.nouns import Checked, Reply, Round, Step, spent
from outrider.rules.panels.verifying import Verdict as Verification


def replies(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Returns every call of a run as scripts read it, round by round."""
    return [
        {"model": reply.seat.model, "family": reply.seat.family, "purpose": step.purpose, **_numbers(reply)}
        for step in steps if isinstance(step, Round) for reply in step.replies
    ]  # fmt: skip


def _numbers(reply: Reply) -> dict[str, Any]:
    return {
        "outcome": "answer" if reply.text is not None else "cut_off" if reply.late else "failure",
        "message": reply.failure or None, "served_by": reply.served_by or None, "given": reply.given,
        "seconds": round(reply.seconds, 3), "input": reply.input, "output": reply.output,
        "cost_usd": float(reply.cost), "cost_known": reply.cost_known,
    }  # fmt: skip


def compared(verdict: Comparison, steps: tuple[Step, ...], *, run: str) -> dict[str, Any]:
    """Returns a comparison as scripts read it."""
    return {
        "answers": [
            {"model": reply.seat.model, "family": reply.seat.family, "stance": reply.seat.stance or None,
             "answer": reply.text, **_numbers(reply)}
            for reply in verdict.replies
        ],
        "answer": verdict.synthesis.text if verdict.synthesis is not None else None,
        "attempts": replies(steps), "cost_usd": float(spent(steps)), "run": run,
    }  # fmt: skip


def comparison(verdict: Comparison) -> str:
    """Returns a comparison for people: a table of what each seat took, then what each said."""
    heads = [table(verdict.replies)]
    for reply in verdict.replies:
        side = f" ({reply.seat.stance})" if reply.seat.stance else ""
        said = reply.text if reply.text is not None else f"no answer: {reply.failure}"
        heads.append(f"-- {reply.seat.model}{side}\n{said.rstrip()}")
    if verdict.synthesis is not None:
        said = verdict.synthesis.text or f"no answer: {verdict.synthesis.failure}"
        heads.append(f"-- put together by {verdict.synthesis.seat.model}\n{said.rstrip()}")
    return "\n\n".join(heads)


def table(said: Iterable[Reply]) -> str:
    """Returns what each seat took: seconds, tokens, dollars."""
    rows = [("model", "seconds", "tokens in", "out", "cost", "")]
    for reply in said:
        if reply.given:
            rows.append((reply.seat.model, "-", "-", "-", "-", "handed in"))
            continue
        state = "" if reply.text is not None else "cut off" if reply.late else reply.failure.partition(":")[0]
        cost = dollars(reply.cost, known=reply.cost_known)
        rows.append((reply.seat.model, f"{reply.seconds:.1f}", f"{reply.input:,}", f"{reply.output:,}", cost, state))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "\n".join(
        "  ".join(
            cell.ljust(widths[column]) if column in {0, 5} else cell.rjust(widths[column])
            for column, cell in enumerate(row[:5])
        ).rstrip() + (f"  {row[5]}" if row[5] else "")
        for row in rows
    )  # fmt: skip


def counted(verdict: Consensus, steps: tuple[Step, ...], *, given: tuple[Reply, ...], run: str) -> dict[str, Any]:
    """Returns a consensus as scripts read it."""
    return {
        "kind": verdict.kind, "answer": verdict.answer, "share": round(float(verdict.share), 4),
        "threshold": float(verdict.threshold), "votes": [_vote(vote) for vote in verdict.votes],
        "dissent": [_vote(vote) for vote in verdict.dissent], "judged": verdict.why, "changed_first": verdict.changed,
        "attempts": replies(steps), "given": [reply.seat.model for reply in given],
        "cost_usd": float(spent(steps)), "run": run,
    }  # fmt: skip


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "model": vote.seat.model, "family": vote.seat.family, "choice": vote.choice, "reason": vote.reason or None,
        "failure": vote.failure or None,
    }  # fmt: skip


def agreement(verdict: Consensus, steps: tuple[Step, ...], *, given: tuple[Reply, ...]) -> str:
    """Returns a consensus for people: the verdict, each vote with what it cost, the dissent, and what it was worth."""
    share = f"{float(verdict.share):.0%}"
    families = len({vote.seat.family for vote in verdict.votes if vote.choice is not None})
    head = {
        "agreed": f"agreed: {share} of {families} families",
        "split": f"split: the leading choice has {share} of {families} families",
        "too_few": f"too few: {families} families voted",
    }[verdict.kind]
    lines = [f"{head}, wanted {float(verdict.threshold):.0%}; {verdict.why}"]
    costs: dict[str, Any] = {}
    for step in steps:
        for reply in step.replies if isinstance(step, Round) and step.purpose != "judge" else ():
            costs[reply.seat.model] = costs.get(reply.seat.model, 0) + reply.cost
    width = max(len(vote.seat.model) for vote in verdict.votes)
    handed = {reply.seat.model for reply in given}
    for vote in verdict.votes:
        said = vote.choice if vote.choice is not None else f"no vote ({vote.failure or 'named none'})"
        cost = "handed in" if vote.seat.model in handed else dollars(costs.get(vote.seat.model, 0))
        lines.append(f"  {vote.seat.model:<{width}}  {cost:>9}  {said}")
    lines += [f"dissent: {vote.seat.model}: {vote.choice}: {vote.reason or 'no reason'}" for vote in verdict.dissent]
    if verdict.changed is not None:
        first = verdict.votes[0].seat.model
        lines.append(
            f"the panel {'did not follow' if verdict.changed else 'came to the same as'} {first}, its first seat"
        )
    if verdict.answer is not None:
        lines += ["", verdict.answer.rstrip()]
    return "\n".join(lines)


def climbed(verdict: Climb, steps: tuple[Step, ...], *, alone: Decimal | None, run: str) -> dict[str, Any]:
    """Returns a cascade as scripts read it."""
    return {
        "answer": verdict.answer, "model": _kept_by(verdict), "why": verdict.why, "verified": verdict.verified,
        "rungs": [
            {"model": one.reply.seat.model, "given": one.reply.given, "gates": [_checked(gate) for gate in one.checked],
             "left": one.left}
            for one in verdict.passages
        ],
        "escalations": max(len(verdict.passages) - 1, 0), "attempts": replies(steps), "cost_usd": float(spent(steps)),
        "strongest_alone_usd": float(alone) if alone is not None else None, "strongest_alone_is": "estimate",
        "run": run,
    }  # fmt: skip


def _kept_by(verdict: Climb) -> str | None:
    return verdict.passages[verdict.rung].reply.seat.model if verdict.rung is not None else None


def _checked(gate: Checked) -> dict[str, Any]:
    return {"gate": gate.gate, "passed": gate.passed, "why": gate.why}


def climb(verdict: Climb, steps: tuple[Step, ...], *, alone: Decimal | None) -> str:
    """Returns a cascade for people: the answer, where it stopped and why, what each rung was left for, the money."""
    lines = [(verdict.answer or "no answer").rstrip(), ""]
    lines += [f"  {one.reply.seat.model}: {'left: ' + one.left if one.left else 'kept'}" for one in verdict.passages]
    lines.append(f"stopped at {_kept_by(verdict) or 'none'}: {verdict.why}")
    cost = spent(steps)
    if alone is not None:
        lines.append(f"cost {dollars(cost)}; the strongest alone would have cost about {dollars(alone)} (an estimate)")
    return "\n".join(lines)


def verified(verdict: Verification, steps: tuple[Step, ...], *, run: str) -> dict[str, Any]:
    """Returns a verification as scripts read it."""
    return {
        "kind": verdict.kind, "answer": verdict.answer, "why": verdict.why,
        "rounds": [
            {"checks": [_checked(one) for one in draft.checked], "findings": list(draft.findings),
             "accepted": draft.accepted, "dropped": draft.dropped}
            for draft in verdict.drafts
        ],
        "attempts": replies(steps), "cost_usd": float(spent(steps)), "run": run,
    }  # fmt: skip


def verification(verdict: Verification, steps: tuple[Step, ...]) -> str:
    """Returns a verification for people: the text, then what was found in each round."""
    lines = [(verdict.answer or "no text").rstrip(), ""]
    for number, draft in enumerate(verdict.drafts, start=1):
        state = "accepted" if draft.accepted else "dropped" if draft.dropped else "not accepted"
        lines.append(f"  round {number}: {state}")
        lines += [f"    {one.gate}: {'passed' if one.passed else one.why}" for one in draft.checked]
        lines += [f"    found: {finding}" for finding in draft.findings]
    lines.append(f"{verdict.kind.replace('_', ' ')}: {verdict.why}; cost {dollars(spent(steps))}")
    return "\n".join(lines)
