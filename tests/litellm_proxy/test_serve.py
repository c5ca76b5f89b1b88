"""The endpoint beside a real LiteLLM proxy: fifty connections over one server, in one run."""

from collections.abc import Iterator

import pytest

from bench.fanout import serving
from bench.serve import BARS, CALLS, Found, Way, crowds, endpoint, litellm, lone
from tests.litellm_proxy.proxy import CannotInstallError, install
from tests.network import opened_loopback

pytestmark = pytest.mark.litellm

ROUNDS = 3


@pytest.fixture(scope="module")
def upstream() -> Iterator[str]:
    """Runs the server that answers both."""
    with opened_loopback(), serving() as url:
        yield url


@pytest.fixture(scope="module")
def ours(upstream: str) -> Iterator[Way]:
    """Runs the endpoint."""
    with endpoint(upstream) as way:
        yield way


def test_a_lone_call_takes_hardly_longer(upstream: str, ours: Way) -> None:
    """The smaller of two statistics counts, what is added to the middle call and to the fastest, as for cold starts."""
    middle, fastest = lone(Way("direct", upstream, "none", (), "0"), ours)
    print(f"added to a lone call: {middle:.2f} ms to the middle one, {fastest:.2f} ms to the fastest")
    assert min(middle, fastest) <= BARS["a lone call, ms"]


def test_fifty_connections_get_three_times_as_much(upstream: str, ours: Way) -> None:
    """Rounds of both in turn: the calls a second and the memory of all its processes."""
    try:
        install()
    except CannotInstallError as error:
        pytest.skip(f"LOUD: the endpoint was NOT timed beside LiteLLM: its packages cannot be installed: {error}")
    with litellm(upstream) as theirs:
        found: dict[str, Found] = crowds([ours, theirs], calls=CALLS // 4, rounds=ROUNDS)
    print(found)
    mine, other = found[ours.name], found[theirs.name]
    assert mine.rate >= BARS["times the requests"] * other.rate
    assert mine.memory <= BARS["times the memory"] * other.memory
