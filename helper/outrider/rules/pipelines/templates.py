"""Templates are data: `{name}` is replaced by a field, and everything else stays the text that it is.

A name is letters, digits, `_`, `-` and dots. `{{name}}`, `{% if %}` and `{"json": 1}` are no fields and stay literal:
nothing in a template runs, and nothing that a document says becomes a template.
"""

import re
from collections.abc import Mapping

_FIELD = re.compile(r"(?<!\{)\{([A-Za-z_][\w-]*(?:\.[\w-]+)*)\}(?!\})")


def names(template: str) -> tuple[str, ...]:
    """Returns the fields that a template names, each once, in their order."""
    return tuple(dict.fromkeys(_FIELD.findall(template)))


def filled(template: str, fields: Mapping[str, str]) -> str:
    """Puts the fields in, in one pass; raises KeyError for one that is not there."""
    return _FIELD.sub(lambda match: fields[match[1]], template)


def literal_bytes(template: str) -> int:
    """Returns how many bytes a template has besides its fields."""
    return len(_FIELD.sub("", template).encode())
