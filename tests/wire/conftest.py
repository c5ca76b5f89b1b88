"""A pure room touches no home, so none is made: that spares every run thousands of folders."""

import pytest


@pytest.fixture(autouse=True)
def home() -> None:
    """Stands in the place of the home that every other test gets."""
