"""Both ways out keep one contract, so one set of tests asks both."""

from collections.abc import Iterator

import pytest

from tests.doors.transport.asking import WAY, WAYS


@pytest.fixture(params=WAYS)
def either_way(request: pytest.FixtureRequest) -> Iterator[None]:
    """Lets `ask` send by the blocking way and by the crowd's."""
    token = WAY.set(request.param)
    yield
    WAY.reset(token)
