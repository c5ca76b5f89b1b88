"""All ways out keep one contract, so one set of tests asks each."""

from collections.abc import Iterator

import pytest

from tests.doors.transport.asking import BY_PROXY, MANY, WAY, WAYS


@pytest.fixture(params=WAYS)
def either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets `ask` send by the blocking way and by both for many."""
    token = WAY.set(request.param)
    yield
    WAY.reset(token)


@pytest.fixture(params=BY_PROXY)
def either_way_by_proxy(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets `ask` send by the ways that know a proxy: where one is set, no other is chosen."""
    token = WAY.set(request.param)
    yield
    WAY.reset(token)


@pytest.fixture(params=MANY)
def crowd_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets many be asked at once by either library."""
    token = WAY.set(request.param)
    yield
    WAY.reset(token)
