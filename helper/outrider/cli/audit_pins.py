"""`outrider audit pins`: the model that each subagent was to run on, the one that ran, and what the difference cost."""

from collections import Counter
from decimal import Decimal
from typing import Any

from outrider.cli import spending
from outrider.cli.pinning import judged
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, one_line, out, table
from outrider.doors.ledger_read import stamp
from outrider.records import as_dict
from outrider.rules import skipping
from outrider.rules.pins import ALARMS, VERDICTS, Group, Judged, groups

__all__ = ["audit", "judged"]
HEADS = ("verdict", "agent", "asked", "by", "ran", "calls", "extra", "client", "at", "why")
GROUP_HEADS = ("agent", "spawns", "ok", "ignored", "mismatch", "unknown", "asked", "ran", "extra")
NOT_OK = 4
BLIND = (
    "the calls, what the client noted, and agents' files and settings as they are now; agents given with `--agents` on "
    "a command line and variables of that time are not to be seen"
)


def audit(
    session: Session, *, since: float, by: str | None, strict: bool, everything: bool, as_json: bool, quiet: bool
) -> int:
    """Prints the verdicts, and returns the exit code."""
    history = spending.history(session, since=0.0)
    found = judged(session, since=since, found=history)
    skipped = skipping.lines(history.skipped)
    counts = Counter(one.verdict for one in found)
    if as_json:
        dump({
            "spawns": [_shape(one) for one in found], "agents": [_group_shape(group) for group in groups(found)],
            "counts": {verdict: counts[verdict] for verdict in VERDICTS}, "extra_usd": _extra(found),
            "basis": "priced", "judged_from": BLIND, "skipped": list(skipped),
        })  # fmt: skip
    elif not found:
        out("no subagent is in the transcripts" + (f" since {stamp(since)}" if since else ""))
    else:
        _print(found, by=by, everything=everything)
    if not quiet:
        for line in skipped:
            note(line)
    return NOT_OK if strict and any(one.verdict in ALARMS for one in found) else 0


def _print(found: tuple[Judged, ...], *, by: str | None, everything: bool) -> None:
    counts = Counter(one.verdict for one in found)
    if by is not None:
        table([_group_cells(group) for group in groups(found)], heads=GROUP_HEADS)
    else:
        shown = [one for one in found if everything or one.verdict != "OK"]
        if shown:
            table([_cells(one) for one in sorted(shown, key=_order)], heads=HEADS)
    words = ", ".join(f"{counts[verdict]:,} {verdict}" for verdict in reversed(VERDICTS) if counts[verdict])
    extra = _extra(found)
    cost = f"; {dollars(abs(extra))} {'more' if extra >= 0 else 'less'} than as asked (priced)" if extra else ""
    out(f"{len(found):,} {'subagent' if len(found) == 1 else 'subagents'}: {words}{cost}")
    out(f"judged from: {BLIND}")
    unpriced = sum(one.extra is None for one in found)
    if unpriced:
        note(f"{unpriced:,} have no difference in dollars: a price, or what an alias then meant, is not known")
    for path in sorted({hint for one in found if one.verdict in ALARMS for hint in one.hints}):
        note(f"see {path}")


def _order(one: Judged) -> tuple[int, float]:
    return VERDICTS.index(one.verdict), -one.at


def _extra(found: tuple[Judged, ...]) -> Decimal:
    return sum((one.extra or Decimal(0) for one in found), Decimal(0))


def _cells(one: Judged) -> tuple[str, ...]:
    return (
        one.verdict, one.agent, one.asked or "-", one.source, ", ".join(one.ran) or "-", f"{one.calls:,}",
        _signed(one.extra), one.version or "-", stamp(one.at), one_line(one.why),
    )  # fmt: skip


def _group_cells(group: Group) -> tuple[str, ...]:
    counts = group.verdicts
    extra = None if group.unpriced == sum(counts.values()) else group.extra
    return (
        group.agent, f"{sum(counts.values()):,}",
        *(f"{counts[verdict]:,}" for verdict in ("OK", "IGNORED", "MISMATCH", "UNKNOWN")),
        ", ".join(group.asked) or "-", ", ".join(group.ran) or "-", _signed(extra),
    )  # fmt: skip


def _signed(amount: Decimal | None) -> str:
    if amount is None:
        return "?"
    return f"{'-' if amount < 0 else '+'}{dollars(abs(amount))}" if amount else ""


def _shape(one: Judged) -> dict[str, Any]:
    shape = as_dict(one)
    shape["at"], shape["extra_usd"] = stamp(one.at), shape.pop("extra")
    return shape


def _group_shape(group: Group) -> dict[str, Any]:
    shape = as_dict(group)
    shape["extra_usd"] = shape.pop("extra")
    return shape
