"""What the commands with several models report: the machine shapes, and the same as lines for people.

Everything that a model said is in a text or in the lines beside it, never in a `headline`, which is ours.
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from outrider.cli.show import dollars
from outrider.rules.panels.cascade import Verdict as Climb
from outrider.rules.panels.comparing import Verdict as Comparison
from outrider.rules.panels.consensus import Verdict as Consensus
from outrider.rules.panels.counting import Vote, family_of
from outrider.rules.panels.nouns import Checked, Purpose, Reply, Step, doubtful, said_in, spent
from outrider.rules.panels.verifying import Verdict as Verification

Said = tuple[tuple[Purpose, Reply], ...]


def attempts(said: Said) -> list[dict[str, Any]]:
    """Returns every call of a run as scripts read it, round by round."""
    return [
        {"model": reply.seat.model, "family": reply.seat.family, "purpose": purpose, **_numbers(reply)}
        for purpose, reply in said
    ]  # fmt: skip


def money(said: Said) -> dict[str, Any]:
    """Returns what a run is booked with, and what of it may never be billed."""
    return {
        "cost_usd": float(spent(said)), "cost_known": all(reply.cost_known for _, reply in said),
        "in_doubt_usd": float(doubtful(said)),
    }  # fmt: skip


def _ended(steps: tuple[Step, ...], run: str) -> dict[str, Any]:
    said = said_in(steps)
    return {"attempts": attempts(said), **money(said), "run": run}


def _numbers(reply: Reply) -> dict[str, Any]:
    kind, _, message = reply.failure.partition(": ")
    return {
        "outcome": "answer" if reply.text is not None else "cut_off" if reply.late else "failure",
        "kind": None if reply.text is not None else "interrupted" if reply.late else kind,
        "message": None if reply.text is not None else message or reply.failure,
        "served_by": reply.served_by or None, "given": reply.given,
        "seconds": round(reply.seconds, 3), "input": reply.input, "output": reply.output,
        "cost_usd": float(reply.cost), "cost_known": reply.cost_known, "certainty": reply.certainty,
    }  # fmt: skip


def cost_of(reply: Reply) -> str:
    """Returns what a reply is booked with, as people read it."""
    return dollars(reply.cost, known=reply.cost_known and not reply.in_doubt)


def compared(verdict: Comparison, steps: tuple[Step, ...], *, run: str) -> dict[str, Any]:
    """Returns a comparison as scripts read it."""
    return {
        "answers": [
            {"model": reply.seat.model, "family": reply.seat.family, "stance": reply.seat.stance or None,
             "answer": reply.text, **_numbers(reply)}
            for reply in verdict.replies
        ],
        "answer": verdict.synthesis.text if verdict.synthesis is not None else None, **_ended(steps, run),
    }  # fmt: skip


def spoken(reply: Reply, *, mark: str = "") -> str:
    """Returns what one seat said, under its name. `mark` is known to us alone, where a forged name would do harm."""
    side = f" ({reply.seat.stance})" if reply.seat.stance else ""
    said = reply.text if reply.text is not None else f"no answer: {reply.failure}"
    return f"-- {mark and mark + ' '}{reply.seat.model}{side}\n{said.rstrip()}"


def comparison(verdict: Comparison, *, mark: str = "") -> str:
    """Returns a comparison for people: a table of what each seat took, then what each said."""
    parts = [table(verdict.replies), *(spoken(reply, mark=mark) for reply in verdict.replies)]
    if verdict.synthesis is not None:
        parts.append(merged(verdict.synthesis, mark=mark))
    return "\n\n".join(parts)


def merged(reply: Reply, *, mark: str = "") -> str:
    """Returns the answer that was put together from the others."""
    said = reply.text if reply.text is not None else f"no answer: {reply.failure}"
    return f"-- {mark and mark + ' '}put together by {reply.seat.model}\n{said.rstrip()}"


def compared_headline(verdict: Comparison) -> str:
    """Says in one line how a comparison ended."""
    heard = sum(reply.text is not None for reply in verdict.replies)
    return f"{heard} of {len(verdict.replies)} seats answered"


def table(said: Iterable[Reply]) -> str:
    """Returns what each seat took: seconds, tokens, dollars."""
    rows = [("model", "seconds", "tokens in", "out", "cost", "")]
    for reply in said:
        if reply.given:
            rows.append((reply.seat.model, "-", "-", "-", "-", "handed in"))
            continue
        state = "" if reply.text is not None else reply.failure.partition(":")[0]
        doubt = "in doubt" if reply.in_doubt else ""
        state = ", ".join(part for part in (state, doubt) if part)
        cost = cost_of(reply)
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
        "given": [reply.seat.model for reply in given], **_ended(steps, run),
    }  # fmt: skip


def _vote(vote: Vote) -> dict[str, Any]:
    return {
        "model": vote.seat.model, "family": vote.seat.family, "choice": vote.choice, "reason": vote.reason or None,
        "failure": vote.failure or None,
    }  # fmt: skip


def counted_headline(verdict: Consensus) -> str:
    """Says in one line what the votes came to."""
    families = len({family_of(vote.seat) for vote in verdict.votes if vote.choice is not None})
    share, wanted = f"{float(verdict.share):.0%}", f"wanted {float(verdict.threshold):.0%}"
    return {
        "agreed": f"agreed: {share} of {families} families, {wanted}",
        "split": f"split: the leading choice has {share} of {families} families, {wanted}",
        "too_few": f"too few: {families} families voted",
    }[verdict.kind]


def agreement(verdict: Consensus, steps: tuple[Step, ...], *, given: tuple[Reply, ...]) -> str:
    """Returns a consensus for people: the verdict, each vote with what it cost, the dissent, and what it was worth."""
    lines = [f"{counted_headline(verdict)}; {verdict.why}"]
    seats = [reply for purpose, reply in said_in(steps) if purpose in {"answer", "debate"}]
    judges = [reply for purpose, reply in said_in(steps) if purpose == "judge"]
    handed = {reply.seat.model for reply in given}
    width = max(len(vote.seat.model) for vote in verdict.votes)
    for vote in verdict.votes:
        said = vote.choice if vote.choice is not None else f"no vote ({vote.failure or 'named none'})"
        cost = "handed in" if vote.seat.model in handed else _cost(seats, vote.seat.model)
        lines.append(f"  {vote.seat.model:<{width}}  {cost:>9}  {said}")
    names = dict.fromkeys(reply.seat.model for reply in judges)
    lines += [f"  {name:<{width}}  {_cost(judges, name):>9}  (judge)" for name in names]
    lines += [f"dissent: {vote.seat.model}: {vote.choice}: {vote.reason or 'no reason'}" for vote in verdict.dissent]
    if verdict.changed is not None:
        first = verdict.votes[0].seat.model
        lines.append(
            f"the panel {'did not follow' if verdict.changed else 'came to the same as'} {first}, its first seat"
        )
    if verdict.answer is not None:
        lines += ["", verdict.answer.rstrip()]
    return "\n".join(lines)


def _cost(replies: Iterable[Reply], name: str) -> str:
    own = [reply for reply in replies if reply.seat.model == name]
    known = all(reply.cost_known and not reply.in_doubt for reply in own)
    return dollars(sum((reply.cost for reply in own), Decimal(0)), known=known)


def climbed(verdict: Climb, steps: tuple[Step, ...], *, alone: Decimal | None, run: str) -> dict[str, Any]:
    """Returns a cascade as scripts read it."""
    return {
        "answer": verdict.answer, "model": _kept_by(verdict), "why": verdict.why, "verified": verdict.verified,
        "rungs": [
            {"model": one.reply.seat.model, "given": one.reply.given, "gates": [_checked(gate) for gate in one.checked],
             "left": one.left}
            for one in verdict.passages
        ],
        "escalations": max(len(verdict.passages) - 1, 0),
        "strongest_alone_usd": float(alone) if alone is not None else None, "strongest_alone_is": "estimate",
        **_ended(steps, run),
    }  # fmt: skip


def _kept_by(verdict: Climb) -> str | None:
    return verdict.passages[verdict.rung].reply.seat.model if verdict.rung is not None else None


def _checked(gate: Checked) -> dict[str, Any]:
    return {"gate": gate.gate, "passed": gate.passed, "why": gate.why}


def climb(verdict: Climb) -> tuple[str, ...]:
    """Returns what each rung of a cascade was left for, or that it was kept."""
    return tuple(
        f"{one.reply.seat.model}: {'left: ' + one.left if one.left else 'kept: ' + verdict.why}"
        for one in verdict.passages
    )  # fmt: skip


def climbed_headline(verdict: Climb, steps: tuple[Step, ...], *, alone: Decimal | None) -> str:
    """Says in one line where a cascade stopped, and what its strongest model alone would have cost."""
    if verdict.rung is None:
        return "every rung failed"
    last = verdict.passages[verdict.rung]
    passed = ", ".join(gate.gate for gate in last.checked if gate.passed)
    if verdict.verified is False:
        how = "not verified: " + ", ".join(gate.gate for gate in last.checked if not gate.passed)
    else:
        how = f"passed {passed}" if passed else verdict.why
    cost = dollars(spent(said_in(steps)))
    strong = f"; the strongest alone would have cost about {dollars(alone)} (an estimate)" if alone is not None else ""
    return f"stopped at {last.reply.seat.model}: {how}; cost {cost}{strong}"


def verified(verdict: Verification, steps: tuple[Step, ...], *, run: str) -> dict[str, Any]:
    """Returns a verification as scripts read it."""
    return {
        "kind": verdict.kind, "answer": verdict.answer, "why": verdict.why,
        "rounds": [
            {"checks": [_checked(one) for one in draft.checked], "findings": list(draft.findings),
             "accepted": draft.accepted, "dropped": draft.dropped}
            for draft in verdict.drafts
        ],
        **_ended(steps, run),
    }  # fmt: skip


def verification(verdict: Verification) -> tuple[str, ...]:
    """Returns what was found in each round."""
    lines: list[str] = []
    for number, draft in enumerate(verdict.drafts, start=1):
        state = "accepted" if draft.accepted else "dropped" if draft.dropped else "not accepted"
        lines.append(f"round {number}: {state}")
        lines += [f"  {one.gate}: {'passed' if one.passed else one.why}" for one in draft.checked]
        lines += [f"  found: {finding}" for finding in draft.findings]
    return tuple(lines)


def verified_headline(verdict: Verification, steps: tuple[Step, ...]) -> str:
    """Says in one line how a verification ended."""
    return f"{verdict.kind.replace('_', ' ')}: {verdict.why}; cost {dollars(spent(said_in(steps)))}"
