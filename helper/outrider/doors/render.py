"""The only room that fills templates: from `templates/` to the committed files, the same bytes on every run.

Templates are ours alone: nothing that a user or a project supplies is ever a template. It must not know where the
files go; it returns them by their path in the repository.
"""

import json
import os
from collections.abc import Mapping
from functools import partial

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from outrider.data import Json
from outrider.doors.documents import LARGEST, load_yaml
from outrider.doors.files import read_small
from outrider.errors import OutriderError

WIDTH = 120
MODELS = ".claude/config/models.json"
SCHEMA = ".claude/config/models.schema.json"
ENV = ".claude/config/env.template"
_NOTE = "GENERATED from templates/registry.yaml. Your own settings: ~/.claude/config/models.local.json (or .yaml)"
_CURE = "run it in a checkout of Outrider, or install again"


def render(templates: str) -> Mapping[str, bytes]:
    """Returns every generated file by its path in the repository, rendered from the templates' folder."""
    registry = registry_from(templates)
    schema = _document(templates, "config", "models.schema.yaml")
    head = {"$schema": "./models.schema.json", "$comment": _NOTE}
    return {
        MODELS: _json_bytes({**head, **registry}),
        SCHEMA: _json_bytes({"$comment": "GENERATED from templates/config/models.schema.yaml", **schema}),
        ENV: page(templates, "config/env.template.j2", {"providers": tuple(registry["providers"].items())}),
    }


def registry_from(templates: str) -> dict[str, Json]:
    """Returns the hand-kept registry as JSON."""
    return _document(templates, "registry.yaml")


def page(templates: str, name: str, values: Mapping[str, Json]) -> bytes:
    """Fills one template, sandboxed; a value that is missing is an error, never an empty place."""
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates, encoding="utf-8"), undefined=StrictUndefined, autoescape=False,
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True, newline_sequence="\n",
    )  # fmt: skip
    try:
        return environment.get_template(name).render(values).encode("utf-8")
    except TemplateError as fault:
        raise OutriderError(f"cannot fill the template {name}: {fault}", hint=_CURE) from None


def drift(rendered: Mapping[str, bytes], root: str) -> tuple[str, ...]:
    """Returns the paths whose file under `root` is missing or has other bytes than were rendered."""
    return tuple(name for name, data in rendered.items() if _bytes_at(root, name) != data)


def _bytes_at(root: str, name: str) -> bytes | None:
    try:
        return read_small(os.path.join(root, *name.split("/")), limit=8 * LARGEST)
    except (OutriderError, IsADirectoryError):
        return None


def _document(templates: str, *names: str) -> dict[str, Json]:
    path = os.path.join(templates, *names)
    data = read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no {path}", hint=_CURE)
    document = load_yaml(data, source=path)
    if not isinstance(document, dict):
        raise OutriderError(f"{path} does not hold a group of names", hint=_CURE)
    return document


def _json_bytes(document: Json) -> bytes:
    return (_pretty(document, indent=0) + "\n").encode("ascii")


_compact = partial(json.dumps, ensure_ascii=True, allow_nan=False)


def _pretty(value: Json, *, indent: int, taken: int = 0) -> str:
    """Writes JSON in its own order, one line for what fits in one: rows stay readable and small."""
    line = _compact(value)
    if not isinstance(value, dict | list) or not value or (indent and indent + taken + len(line) <= WIDTH):
        return line
    inner = " " * (indent + 1)
    if isinstance(value, dict):
        parts = []
        for name, item in value.items():
            key = f"{_compact(name)}: "
            parts.append(key + _pretty(item, indent=indent + 1, taken=len(key) + 1))
        opening, closing = "{", "}"
    else:
        parts = [_pretty(item, indent=indent + 1, taken=1) for item in value]
        opening, closing = "[", "]"
    return f"{opening}\n{inner}" + f",\n{inner}".join(parts) + f"\n{' ' * indent}{closing}"
