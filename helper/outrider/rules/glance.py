"""One line on how things stand: preset, today's money, the last fallback. Pure: the moment is handed in."""

from decimal import Decimal

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0


def line(
    *, preset: str | None, spent: Decimal, budget: Decimal | None, fallback: tuple[str, str, str, float] | None
) -> str:
    """Returns the line; `fallback` is from, to, why, and the seconds since then, and is told for a day."""
    money = f"${spent:.2f}" + (f" of ${budget:.2f}" if budget is not None else "") + " today"
    parts = [preset or "no preset", money]
    if fallback is not None and fallback[3] < DAY:
        first, second, kind, ago = fallback
        parts.append(f"{first} -> {second} ({kind}) {_ago(ago)}")
    return " · ".join(parts)


def _ago(seconds: float) -> str:
    if seconds < MINUTE:
        return "just now"
    if seconds < HOUR:
        return f"{int(seconds // MINUTE)} min ago"
    return f"{int(seconds // HOUR)} h ago"
