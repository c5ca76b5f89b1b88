"""Which cases of a long table every run tries, and which wait for the lane of whole commands."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def first_of(cases: Iterable[Any], kind: Callable[[Any], object]) -> list[ParameterSet]:
    """Keeps the first case of each kind in the fast lane; the others are marked `process`.

    A case is what `parametrize` takes: a value, a tuple of values, or a `pytest.param`.
    """
    seen: set[object] = set()
    found = []
    for case in cases:
        param = as_param(case)
        known = kind(param.values[0] if len(param.values) == 1 else param.values)
        found.append(marked(param) if known in seen else param)
        seen.add(known)
    return found


def thinned(cases: Iterable[Any], step: int) -> list[ParameterSet]:
    """Keeps every so many cases in the fast lane, the first among them; the others are marked `process`."""
    return [as_param(case) if not number % step else marked(case) for number, case in enumerate(cases)]


def only(cases: Iterable[Any], *kept: Any) -> list[ParameterSet]:
    """Keeps these cases in the fast lane; the others are marked `process`."""
    every = list(cases)
    assert set(kept) <= set(every), "a case that is kept is one of the table"
    return [as_param(case) if case in kept else marked(case) for case in every]


def marked(case: Any) -> ParameterSet:
    """Moves a case to the lane of whole commands."""
    param = as_param(case)
    return pytest.param(*param.values, marks=(*param.marks, pytest.mark.process), id=param.id)


def as_param(case: Any) -> ParameterSet:
    """Returns a case as pytest keeps it."""
    if isinstance(case, ParameterSet):
        return case
    return pytest.param(*case) if isinstance(case, tuple) else pytest.param(case)
