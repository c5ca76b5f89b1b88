"""How the tests of this lane say what they measured."""

from collections.abc import Callable
from typing import Any

import pytest

Measured = Callable[[str], None]


@pytest.fixture
def measured(record_property: Callable[[str, object], None]) -> Measured:
    """Keeps a figure with the test's report, which reaches the end of the run from whichever process."""
    return lambda text: record_property("measured", text)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Shows every figure behind the last test."""
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, text in report.user_properties if report.when == "call" else ():
                if name == "measured":
                    terminalreporter.write_line(f"measured: {text}")
