"""Whether what a source sent may take the place of what it said before, and how old that is."""

from datetime import date

LEAST_SHARE = 0.5
"""A source that lost more than half of its models is broken, or is another one."""


def too_few(new: int, old: int) -> str:
    """Says why so many models may not replace so many; nothing where they may."""
    if new >= old * LEAST_SHARE:
        return ""
    return f"it lists {new:,} models, fewer than half of the {old:,} before"


def age(taken: str, *, today: date) -> int | None:
    """Returns how many days old something is that was taken at this time; None where that is no date."""
    try:
        return max((today - date.fromisoformat(taken[:10])).days, 0)
    except ValueError:
        return None


def told(days: int | None) -> str:
    """Returns an age as people say it."""
    if days is None:
        return "of unknown age"
    return {0: "of today", 1: "of yesterday"}.get(days, f"{days} days old")
