"""Which line a value stands on."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.lines import json_lines
from outrider.rules.paths import inside

TEXT = """{
  "default": "simple",
  "models": {"my.fast": {"id": "x\\"y,",
             "price":
                {"input": 1}}},
  "rules": [
    {"task": "a"},
    {"task": "b"}
  ], "empty": {}, "none": []
}
"""


def test_each_value_has_its_line() -> None:
    """Names, items and what is in them; the quotes and commas inside a text mislead nobody."""
    assert dict(json_lines(TEXT)) == {
        "$": 1,
        "$.default": 2,
        "$.models": 3,
        '$.models["my.fast"]': 3,
        '$.models["my.fast"].id': 3,
        '$.models["my.fast"].price': 4,
        '$.models["my.fast"].price.input': 5,
        "$.rules": 6,
        "$.rules[0]": 7,
        "$.rules[0].task": 7,
        "$.rules[1]": 8,
        "$.rules[1].task": 8,
        "$.empty": 9,
        "$.none": 9,
    }


@given(st.text())
def test_no_text_is_too_strange(text: str) -> None:
    """What is not JSON gives lines for what could be read, and no fault."""
    assert all(1 <= line <= text.count("\n") + 1 for line in json_lines(text).values())


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


def paths(value: Any, path: str) -> set[str]:
    """Writes down the path of everything in a value."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {path}.union(*(paths(member, inside(path, key)) for key, member in members))


@given(VALUES)
def test_every_value_is_found(value: Any) -> None:
    """Whatever was parsed has a line, and nothing else has."""
    assert set(json_lines(json.dumps(value, indent=1))) == paths(value, "$")
