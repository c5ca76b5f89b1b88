"""Laying an import into settings that are there: nothing of the user's changes."""

from typing import Any

import pytest

from outrider.interop.merging import merged


@pytest.mark.parametrize(
    ("own", "layer", "after", "kept"),
    [
        ({}, {"default": "a", "models": {"m": {"id": "1"}}}, {"default": "a", "models": {"m": {"id": "1"}}}, ()),
        ({"default": "mine"}, {"default": "a"}, {"default": "mine"}, ("$.default",)),
        ({"models": {"m": {"id": "mine"}}}, {"models": {"m": {"id": "1"}, "n": {"id": "2"}}},
         {"models": {"m": {"id": "mine"}, "n": {"id": "2"}}}, ("$.models.m",)),
        ({"models": {"m": {"id": "1"}}}, {"models": {"m": {"id": "1"}}}, {"models": {"m": {"id": "1"}}}, ()),
        ({"aliases": {"m": "echo.echo"}}, {"models": {"m": {"id": "1"}}}, {"aliases": {"m": "echo.echo"}},
         ("$.models.m",)),
        ({"limits": {"total": 9}}, {"limits": {"total": 5, "retries": 1}}, {"limits": {"total": 9, "retries": 1}},
         ("$.limits.total",)),
        ({"rules": [{"name": "x", "task": "t"}]}, {"rules": [{"name": "x", "task": "u"}, {"name": "y", "task": "u"}]},
         {"rules": [{"name": "x", "task": "t"}, {"name": "y", "task": "u"}]}, ("$.rules (x)",)),
        ({"providers": {"p": {"base_url": "a"}}}, {"providers": {"p": {"base_url": "b"}}},
         {"providers": {"p": {"base_url": "a"}}}, ("$.providers.p",)),
    ],
)  # fmt: skip
def test_what_is_there_stays(own: dict[str, Any], layer: dict[str, Any], after: dict[str, Any], kept: Any) -> None:
    """New rows go in, what the user has otherwise is kept and named, and a second time nothing is new."""
    found = merged(own, layer)
    assert (found.values, found.kept) == (after, kept)
    assert merged(found.values, layer).values == found.values
