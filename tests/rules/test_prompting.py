"""What a request becomes for one model."""

from collections.abc import Mapping
from typing import Any

import pytest

from outrider.data import Message, Request
from outrider.rules.prompting import for_model
from tests.rules.making import model

ASKED = Message(role="user", text="hello")
OWN = Message(role="system", text="be brief")
PROMPTS = {"coder": "you write code"}
CODER = Message(role="system", text="you write code")


@pytest.mark.parametrize(
    ("row", "messages", "expected"),
    [
        ({}, (ASKED,), (ASKED,)),
        ({"prompt": "coder"}, (ASKED,), (CODER, ASKED)),
        ({"prompt": "coder"}, (OWN, ASKED), (OWN, ASKED)),
        ({"prompt": "gone"}, (ASKED,), (ASKED,)),
    ],
    ids=["none", "the model's", "the request's", "missing"],
)
def test_the_system_prompt(
    row: Mapping[str, Any], messages: tuple[Message, ...], expected: tuple[Message, ...]
) -> None:
    """A model's own system prompt is for requests that have none."""
    request = for_model(Request(messages=messages), model(row=row), PROMPTS, effort=None)
    assert request == Request(messages=expected)


@pytest.mark.parametrize(
    ("efforts", "params", "effort", "expected"),
    [
        (["low", "high"], {}, "high", {"effort": "high"}),
        (["low", "high"], {"seed": 1}, "low", {"seed": 1, "effort": "low"}),
        (["low", "high"], {"effort": "low"}, "high", {"effort": "low"}),
        (["low"], {}, "high", {}),
        ([], {}, "high", {}),
        (["low"], {}, None, {}),
    ],
    ids=["known", "beside others", "the request's own", "unknown effort", "no efforts", "none wished"],
)
def test_the_effort(
    efforts: list[str], params: Mapping[str, Any], effort: str | None, expected: Mapping[str, Any]
) -> None:
    """A task's effort is a wish: the request's own stands, and a model that does not know it is asked without."""
    request = Request(messages=(ASKED,), params=params)
    asked = for_model(request, model(row={"rules": {"efforts": efforts}}), {}, effort=effort)
    assert asked == Request(messages=(ASKED,), params=expected)
