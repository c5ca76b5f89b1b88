"""How a place in the settings is written."""

import pytest

from outrider.rules.paths import inside


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("models", "$.models"),
        ("_x9", "$._x9"),
        (0, "$[0]"),
        (12, "$[12]"),
        ("openai.gpt", '$["openai.gpt"]'),
        ("code-review", '$["code-review"]'),
        ("9x", '$["9x"]'),
        ("", '$[""]'),
        ("é", '$["é"]'),
        ("x" * 100, "$." + "x" * 100),
        ("-" * 100, '$["' + "-" * 80 + '"]'),
    ],
)
def test_inside(key: str | int, path: str) -> None:
    """Plain words follow a dot, numbers and all other names stand in brackets, long ones cut."""
    assert inside("$", key) == path
