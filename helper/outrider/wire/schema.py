"""What a JSON schema needs on its way to a model: whether it can be enforced, and how it is asked for in words.

It validates nothing: the answer is checked by the caller, whatever was promised here.
"""

import json
from collections.abc import Mapping

from outrider.data import Json
from outrider.records import memo

ENFORCED = frozenset(
    {
        "$defs",
        "$ref",
        "additionalProperties",
        "anyOf",
        "const",
        "definitions",
        "description",
        "enum",
        "items",
        "properties",
        "required",
        "title",
        "type",
    },
)
"""The keywords that every endpoint enforcing a schema takes (vendors' structured-output pages, 2026-11-20)."""


def is_enforceable(schema: Mapping[str, Json]) -> bool:
    """Tells whether a schema keeps to the subset that strict endpoints take: closed objects, all required, no loops."""
    return schema.get("type") == "object" and _is_strict(strip_meta(schema), schema, ())


def strip_meta(schema: Mapping[str, Json]) -> dict[str, Json]:
    """Returns a schema without the words about itself at its top, which strict endpoints refuse."""
    return {name: value for name, value in schema.items() if name not in ("$schema", "$id", "$comment")}


@memo
def instruct(schema: Mapping[str, Json]) -> str:
    """Returns the sentence that asks for JSON of a schema."""
    written = json.dumps(dict(schema), ensure_ascii=False, separators=(",", ":"))
    return (
        "Answer with one JSON value and nothing else: no words around it, no code fence. "
        f"It must be valid for this JSON Schema: {written}"
    )


def _is_strict(part: Json, root: Mapping[str, Json], refs: tuple[str, ...]) -> bool:
    """Walks one subschema; `refs` are the references that led here."""
    if not isinstance(part, Mapping) or len(refs) > 8 or not set(part) <= ENFORCED:
        return False
    inner = part.get("$ref")
    if inner is not None:
        if not isinstance(inner, str) or inner in refs:
            return False
        _, _, path = inner.partition("#/")
        group, _, name = path.partition("/")
        known = root.get(group) if group in ("$defs", "definitions") else None
        return isinstance(known, Mapping) and _is_strict(known.get(name), root, (*refs, inner))
    properties = part.get("properties", {})
    choices = part.get("anyOf", [])
    if not isinstance(properties, Mapping) or not isinstance(choices, list):
        return False
    kind = part.get("type")
    if properties or kind == "object" or (isinstance(kind, list) and "object" in kind):
        required = part.get("required")
        if part.get("additionalProperties") is not False or not isinstance(required, list):
            return False
        if set(properties) != {name for name in required if isinstance(name, str)}:
            return False
    below = [*properties.values(), *choices, *([part["items"]] if "items" in part else [])]
    return all(_is_strict(one, root, refs) for one in below)
