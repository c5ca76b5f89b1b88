"""Several models cost the time of the slowest, and not of all."""

import pytest

from bench.fanout import SEATS, SHARE, SLACK, panels, serving
from tests.network import opened_loopback
from tests.torture.conftest import Measured

pytestmark = [pytest.mark.torture, pytest.mark.alone]
ROUNDS, TRIES = 5, 10


def test_a_panel_costs_its_slowest_seat(measured: Measured) -> None:
    """Eight seats of 50 to 400 ms: at most 1.15 of the slowest and 30 ms more, the book on disk included.

    Other work on a shared machine only ever adds to a time, so the fastest round is what is judged.
    """
    most = SHARE * max(SEATS) + SLACK
    with opened_loopback(), serving() as url:
        fastest = float("inf")
        for _ in range(TRIES):
            fastest = min(fastest, *panels(url, ROUNDS))
            if fastest <= most:
                break
    measured(f"{len(SEATS)} seats, the slowest {max(SEATS):.3f} s: {fastest:.3f} s; at most {most:.3f} s")
    assert fastest <= most
