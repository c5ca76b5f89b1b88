"""What the report shows of judged subagents: those that are alike in one line, with how many and what they cost more.

Pure.
"""

from collections.abc import Iterable
from decimal import Decimal

from outrider.rules.pins import VERDICTS, Judged
from outrider.rules.report_facts import Pin


def alike(judged: Iterable[Judged]) -> tuple[Pin, ...]:
    """Returns subagents by verdict, name, what was asked for and what ran; alarms first, then the most frequent."""
    groups: dict[tuple[str, str, str, str], list[Decimal | None]] = {}
    for one in judged:
        groups.setdefault((one.verdict, one.agent, one.asked or "", ", ".join(one.ran)), []).append(one.extra)
    found = [
        Pin(verdict=verdict, agent=agent, requested=requested, ran=ran, count=len(extras), extra=_sum(extras))
        for (verdict, agent, requested, ran), extras in groups.items()
    ]
    order: dict[str, int] = {verdict: place for place, verdict in enumerate(VERDICTS)}
    return tuple(sorted(found, key=lambda pin: (order[pin.verdict], -pin.count, pin.agent, pin.ran)))


def _sum(extras: list[Decimal | None]) -> Decimal | None:
    known = [extra for extra in extras if extra is not None]
    return sum(known, Decimal(0)) if known else None
