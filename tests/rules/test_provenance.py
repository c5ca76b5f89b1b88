"""Which layer says what."""

import pytest

from outrider.rules.provenance import flat, is_under, layers_of, leaves, origins_under, path_of
from tests.rules.small import VALUES, registry

PATH = '$.models["cloud.big"]'
ROW = VALUES["models"]["cloud.big"]


@pytest.mark.parametrize(
    ("origins", "layers"),
    [
        ({}, "bundled"),
        ({f"{PATH}.id": "user /u.json"}, "bundled + user"),
        ({f"{PATH}.id": "user /u.json", f"{PATH}.provider": "project /p.json"}, "bundled + user + project"),
        (dict.fromkeys(leaves(ROW, PATH), "user /u.json"), "user"),
        ({'$.models["cloud.bigger"].id': "user /u.json"}, "bundled"),
    ],
)
def test_a_row_names_its_layers(origins, layers) -> None:
    """A row that a layer wrote whole is that layer's; one that it changed has two."""
    assert layers_of(registry(origins=origins), PATH, ROW) == layers


def test_what_is_under_a_path() -> None:
    """Members and items are under a path, a longer name is not."""
    origins = {f"{PATH}.price.input": "user /u", f"{PATH}.tiers[0]": "user /u", '$.models["cloud.big2"].id': "user /u"}
    assert list(origins_under(registry(origins=origins), PATH)) == [f"{PATH}.price.input", f"{PATH}.tiers[0]"]
    assert is_under("$.a", "$.a")
    assert not is_under("$.ab", "$.a")
    assert path_of("models", "cloud.big") == PATH


def test_a_row_is_told_value_by_value() -> None:
    """Each value comes with its dotted name and its path; an empty group is a value."""
    row = {"id": "x", "price": {"input": 1}, "also": {"a-b": "y"}, "params": {}}
    assert list(flat(row, "$.m")) == [
        ("id", "$.m.id", "x"),
        ("price.input", "$.m.price.input", 1),
        ("also.a-b", '$.m.also["a-b"]', "y"),
        ("params", "$.m.params", {}),
    ]
