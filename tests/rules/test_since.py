"""Since when."""

import pytest

from outrider.errors import OutriderError
from outrider.rules.since import since

NOW = 1_790_000_000.0


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("7d", NOW - 604_800),
        ("24h", NOW - 86_400),
        ("30m", NOW - 1_800),
        (" 2W ", NOW - 1_209_600),
        ("999999999w", 0.0),
        ("2026-11-01", 1_793_491_200.0),
        ("2026-11-01T12:00:00+01:00", 1_793_530_800.0),
    ],
)
def test_a_time_is_read(text, moment) -> None:
    """Spans count back from now, dates are UTC unless they say otherwise."""
    assert since(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["", "7y", "-7d", "1.5d", "yesterday", "2026-13-01", "\u0661d", "9" * 500 + "d"])
def test_what_is_no_time_is_said(text) -> None:
    """Anything else is a mistake with a hint, cut short."""
    with pytest.raises(OutriderError) as told:
        since(text, now=NOW)
    assert told.value.message.endswith("` is no time") or "…` is no time" in told.value.message
    assert len(told.value.message) < 80
