"""The status line, from plain facts."""

from decimal import Decimal

import pytest

from outrider.rules.glance import line


@pytest.mark.parametrize(
    ("ago", "told"),
    [
        (0.0, " · a -> b (server) just now"),
        (59.9, " · a -> b (server) just now"),
        (60.0, " · a -> b (server) 1 min ago"),
        (3_599.0, " · a -> b (server) 59 min ago"),
        (7_300.0, " · a -> b (server) 2 h ago"),
        (86_400.0, ""),
    ],
)
def test_a_fallback_is_told_for_a_day(ago: float, told: str) -> None:
    """With how long ago it was."""
    found = line(preset="cheap", spent=Decimal("0.125"), budget=Decimal(10), fallback=("a", "b", "server", ago))
    assert found == f"cheap · $0.12 of $10.00 today{told}"


def test_without_preset_budget_or_fallback_it_says_what_is_left() -> None:
    """Money is always told."""
    assert line(preset=None, spent=Decimal(0), budget=None, fallback=None) == "no preset · $0.00 today"
