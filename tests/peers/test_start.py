"""What a cold start may cost, beside the peers, in one measurement on this machine.

A bar is held by the smaller of two statistics, the ratio of the fastest runs and the median of the ratios round by
round; one that is missed is measured once more before it counts, because the machines that run this are shared.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.peers import contest, processes
from tests.peers.contest import ASK, ASK_TASK, ASK_TLS, BASE, LITELLM, LLM, LLM_HELP, OPENAI_TLS
from tests.peers.environments import CannotInstallError
from tests.peers.processes import Figures

pytestmark = pytest.mark.peers

MEMORY = 35.0
"""The most that a one-shot ask may take at its peak, in MiB."""
START = 0.15
"""What a command that asks nobody may take of `llm --help`."""
CATALOG = 1.5
"""What a query over the facts of all models may take of the plain list."""


class Measured:
    """The contest, run when it is first needed, and once more when a bar was missed."""

    def __init__(self, ready: contest.Contest) -> None:
        self.ready = ready
        self._runs: list[dict[str, Figures]] = []

    def figures(self, attempt: int) -> dict[str, Figures]:
        """Returns the figures of the first or the second measurement, and prints each when it is made."""
        while len(self._runs) <= attempt:
            self._runs.append(self.ready.run())
            print(f"\nmeasurement {len(self._runs)}, {contest.ROUNDS} rounds\n")
            print(processes.table(self._runs[-1], BASE))
        return self._runs[attempt]


class Bar(NamedTuple):
    """Our command may take at most this share of the other's time."""

    own: str
    other: str
    share: float


BARS = (
    Bar(ASK, BASE, 1.35),
    Bar(ASK, LLM, 0.30),
    Bar(ASK, LITELLM, 0.06),
    Bar(ASK_TASK, BASE, 1.35),
    Bar(ASK_TLS, OPENAI_TLS, 0.35),
    Bar("outrider --help", LLM_HELP, START),
    Bar("outrider --version", LLM_HELP, START),
    Bar("outrider models", LLM_HELP, START),
    Bar("outrider route", LLM_HELP, START),
    Bar("outrider catalog sql", "outrider models", CATALOG),
)


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Measured]:
    """Sets everybody up."""
    try:
        with contest.prepared(tmp_path_factory.mktemp("peers")) as ready:
            yield Measured(ready)
    except CannotInstallError as error:
        pytest.skip(f"LOUD: start-up was NOT compared: {error}")


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: f"{bar.own} : {bar.other}")
def test_a_start_is_cheap_beside_a_peers(measured: Measured, bar: Bar, capsys: pytest.CaptureFixture[str]) -> None:
    """The whole process, from its start to its end, takes at most the share that the bar allows."""
    found = []
    for attempt in range(2):
        with capsys.disabled():
            figures = measured.figures(attempt)
        if bar.other not in figures:
            pytest.skip(f"LOUD: {bar.own} was NOT compared with {bar.other}: {measured.ready.missing}")
        found.append(processes.ratio(figures[bar.own], figures[bar.other]))
        if found[-1] <= bar.share:
            return
    pytest.fail(f"{bar.own} takes {found[0]:.3f} and {found[1]:.3f} of {bar.other}; at most {bar.share} is allowed")


@pytest.mark.parametrize("name", [ASK, ASK_TASK])
def test_an_ask_is_small(measured: Measured, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A one-shot ask never holds more memory than the bar allows."""
    with capsys.disabled():
        peak = max(measured.figures(0)[name].memory)
    assert peak <= MEMORY
