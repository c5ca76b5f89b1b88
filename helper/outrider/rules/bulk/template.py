"""Templates are data: `{field}` is replaced by a field of the document, and everything else stays what it is.

`{{field}}`, `{% if %}` and `{"json": 1}` are no fields and stay literal: nothing in a template runs, and nothing that
a document says becomes a template.
"""

import json
import re
from collections.abc import Collection, Mapping
from functools import lru_cache

from outrider.data import Json

PROMPT = "{prompt}"
"""The template where none is given."""
_CANDIDATE = re.compile(r"\{([^{}\n]{1,100})\}")
_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+)*")


def names(template: str, *, known: Collection[str] = ()) -> tuple[str, ...]:
    """Returns the fields that a template names, each once, in their order.

    A name is letters, digits, `_`, `-` and dots; a known field may have any (a column that is called `Review Text`).
    """
    found = dict.fromkeys(_candidates(template))
    return tuple(name for name in found if name in known or _NAME.fullmatch(name))


@lru_cache(maxsize=16)
def _candidates(template: str) -> tuple[str, ...]:
    return tuple(match[1] for match in _CANDIDATE.finditer(template) if not _is_doubled(match))


def _is_doubled(match: re.Match[str]) -> bool:
    """Whether a name stands in two pairs of braces, which is another language's template."""
    start, end = match.span()
    return match.string[start - 1 : start] == "{" and match.string[end : end + 1] == "}"


def filled(template: str, fields: Mapping[str, Json]) -> str:
    """Puts the fields in, in one pass; raises KeyError with the name of one that is not there."""

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if _is_doubled(match):
            return match[0]
        if name in fields:
            return text_of(fields[name])
        if _NAME.fullmatch(name):
            return text_of(_inner(fields, name))
        return match[0]

    return _CANDIDATE.sub(value, template)


def _inner(fields: Mapping[str, Json], name: str) -> Json:
    """Returns what a dotted name leads to: `{review.text}` is the `text` of the object `review`."""
    value: Json = fields
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise KeyError(name)
        value = value[part]
    return value


def text_of(value: Json) -> str:
    """Returns a field as it stands in a prompt: text as it is, nothing for null, anything else as JSON."""
    match value:
        case str():
            return value
        case None:
            return ""
        case _:
            return json.dumps(value, ensure_ascii=False)
