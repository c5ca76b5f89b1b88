"""Token counts, believed as far as they make sense."""

from typing import Any

import pytest

from outrider.data import Usage
from outrider.wire.usage import MOST, read_count, read_counts, read_usage


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        (7, 7),
        (7.0, 7),
        (MOST, MOST),
        (MOST + 1, None),
        (10**40, None),
        (-1, None),
        (1.5, None),
        (float("nan"), None),
        (float("inf"), None),
        (True, None),
        ("7", None),
        (None, None),
        ([], None),
    ],
)
def test_a_count_is_a_sane_whole_number(value: Any, count: int | None) -> None:
    """Anything else is no count."""
    assert read_count(value) == count


@pytest.mark.parametrize(
    ("raw", "usage"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 3}, Usage(input=5, output=3, known=True)),
        ({"prompt_tokens": 5}, Usage(input=5)),
        ({"completion_tokens": 3}, Usage(output=3)),
        ({"prompt_tokens": -5, "completion_tokens": 3}, Usage(output=3)),
        ({"prompt_tokens": 5, "completion_tokens": 10**12}, Usage(input=5)),
        ({"prompt_tokens": "5", "completion_tokens": 3}, Usage(output=3)),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 9}},
            Usage(input=5, output=3, cached=5),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": -9}},
            Usage(input=5, output=3),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": None}},
            Usage(input=5, output=3, known=True),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 2}},
            Usage(input=5, output=3, reasoning=2, known=True),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "completion_tokens_details": {"reasoning_tokens": 20}},
            Usage(input=5, output=23, reasoning=20, known=True),
        ),
        (
            {"prompt_tokens": 5, "completion_tokens": 3, "prompt_tokens_details": 7},
            Usage(input=5, output=3, known=True),
        ),
        ({}, Usage()),
        (None, Usage()),
        ([], Usage()),
        ("5", Usage()),
    ],
)
def test_usage_is_clamped_and_marked(raw: Any, usage: Usage) -> None:
    """What is missing, negative or absurd leaves it unknown, never below zero."""
    assert read_usage(read_counts(raw), raw) == usage
