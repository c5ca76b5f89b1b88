"""How the tests of this lane say what they measured."""

from collections.abc import Callable

import pytest

Measured = Callable[[str], None]


@pytest.fixture
def measured(capfd: pytest.CaptureFixture[str]) -> Measured:
    """Prints a figure past pytest, so that the lane shows it."""

    def say(text: str) -> None:
        with capfd.disabled():
            print(f"\nmeasured: {text}", flush=True)

    return say
