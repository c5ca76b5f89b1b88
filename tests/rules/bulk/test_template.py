"""Templates put fields in and do nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules.bulk.template import filled, names, text_of

FIELDS: dict[str, Any] = {
    "a": "one", "b": {"c": {"d": 2}}, "Review Text": "fine", "n": None, "list": [1, "x"], "x.y": "flat", "größe": "L",
}  # fmt: skip


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{a}", "one"),
        ("{a}{a} {a}", "oneone one"),
        ("say {b.c.d}", "say 2"),
        ("{b}", '{"c": {"d": 2}}'),
        ("{list} {n}.", '[1, "x"] .'),
        ("{Review Text}", "fine"),
        ("{x.y}", "flat"),
        ("{größe}", "L"),
        ("{{a}} {% if a %} {# a #}", "{{a}} {% if a %} {# a #}"),
        ('{"json": 1}', '{"json": 1}'),
        ("{a!r} {a:>9} {0} {} { a }", "{a!r} {a:>9} {0} {} { a }"),
        ("{'a'.__class__}", "{'a'.__class__}"),
        ("a { b", "a { b"),
        ("{not there at all}", "{not there at all}"),
    ],
)
def test_fields_are_put_in_and_all_else_stays(template: str, expected: str) -> None:
    """A field by its name or its path; what is no name is text."""
    assert filled(template, FIELDS) == expected


@pytest.mark.parametrize(
    ("template", "missing"), [("{z}", "z"), ("{a} {b.z}", "b.z"), ("{a.b}", "a.b"), ("{__class__}", "__class__")]
)
def test_a_missing_field_is_named(template: str, missing: str) -> None:
    """Nothing is put in for a field that is not there."""
    with pytest.raises(KeyError) as caught:
        filled(template, FIELDS)
    assert caught.value.args == (missing,)


@pytest.mark.parametrize(
    ("template", "known", "expected"),
    [
        ("{a} {b.c} {a}", (), ("a", "b.c")),
        ("{Review Text} {other words}", ("Review Text",), ("Review Text",)),
        ('{{a}} {"b": {c}}', (), ("c",)),
        ("none", (), ()),
    ],
)
def test_the_fields_of_a_template_are_listed(template: str, known: tuple[str, ...], expected: tuple[str, ...]) -> None:
    """Each once, in their order."""
    assert names(template, known=known) == expected


@given(st.text(), st.text())
def test_what_a_document_says_becomes_no_template(text: str, other: str) -> None:
    """A field that holds a field's name is put in as it is."""
    assert filled("<{a}>{b}", {"a": text, "b": other}) == f"<{text}>{other}"


def test_text_of_keeps_letters_as_they_are() -> None:
    """JSON within a prompt is not escaped."""
    assert text_of({"ä": True}) == '{"ä": true}'
