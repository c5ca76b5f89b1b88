"""Which schemas can be enforced everywhere, and how they are asked for."""

from typing import Any

import pytest

from outrider.wire.schema import instruct, is_enforceable, strip_meta
from tests.wire.making import CLOSED

NODE = {**CLOSED, "properties": {"next": {"$ref": "#/$defs/node"}}, "required": ["next"]}


@pytest.mark.parametrize(
    ("schema", "can"),
    [
        (CLOSED, True),
        ({**CLOSED, "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "x", "$comment": "y"}, True),
        ({**CLOSED, "properties": {"ok": {"type": "array", "items": {"enum": [1, 2]}}}}, True),
        ({**CLOSED, "properties": {"ok": {"anyOf": [{"type": "null"}, CLOSED]}}}, True),
        ({**CLOSED, "properties": {"ok": {"$ref": "#/$defs/a"}}, "$defs": {"a": {"type": "string"}}}, True),
        ({**CLOSED, "properties": {"ok": {"$ref": "#/definitions/a"}}, "definitions": {"a": CLOSED}}, True),
        ({"type": "object"}, False),
        ({"type": "array", "items": CLOSED}, False),
        ({**CLOSED, "required": []}, False),
        ({**CLOSED, "required": 3}, False),
        ({**CLOSED, "additionalProperties": True}, False),
        ({**CLOSED, "properties": []}, False),
        ({**CLOSED, "anyOf": 3}, False),
        ({**CLOSED, "properties": {"ok": {"type": "integer", "minimum": 1}}}, False),
        ({**CLOSED, "properties": {"ok": {"type": ["object", "null"]}}}, False),
        ({**CLOSED, "properties": {"ok": True}}, False),
        ({**CLOSED, "properties": {"ok": {"type": "array", "items": {"type": "object"}}}}, False),
        ({**CLOSED, "properties": {"ok": {"$ref": "#/$defs/missing"}}}, False),
        ({**CLOSED, "properties": {"ok": {"$ref": "https://elsewhere.test/a"}}}, False),
        ({**CLOSED, "properties": {"ok": {"$ref": 3}}}, False),
        ({**NODE, "$defs": {"node": NODE}}, False),
    ],
)
def test_the_strict_subset_is_small(schema: dict[str, Any], *, can: bool) -> None:
    """Closed objects with everything required, known keywords, no loops."""
    assert is_enforceable(schema) is can


def test_a_schema_is_sent_without_words_about_itself() -> None:
    """And asked for in one sentence, letters as they are."""
    assert strip_meta({"$schema": "x", "$id": "y", "type": "object"}) == {"type": "object"}
    assert instruct({"title": "é"}).endswith('It must be valid for this JSON Schema: {"title":"é"}')
