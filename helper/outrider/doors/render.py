"""The only room that fills templates: from `templates/` to the committed files and to pages, the same bytes every time.

Templates are ours alone: nothing that a user or a project supplies is ever a template. It must not know where the
files go; it returns them by their path in the repository.
"""

import json
import os
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from hashlib import sha256
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from outrider import __version__
from outrider.data import Json
from outrider.doors.documents import LARGEST, load_yaml
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.rules import pack_facts
from outrider.rules.rows_from import registry_from as as_registry

WIDTH = 120
MODELS = ".claude/config/models.json"
SCHEMA = ".claude/config/models.schema.json"
ENV = ".claude/config/env.template"
SERVERS = ".claude/mcp-servers.json"
SHIM = "bin/outrider"
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
        **pack(templates, form="plugin", facts=plugin_facts(registry)),
    }


def plugin_facts(registry: Mapping[str, Json]) -> Mapping[str, Json]:
    """Returns what the committed pages say: this version, the tiers as shipped, names as the marketplace gives them."""
    rows = as_registry(registry, origins={}, digest="", notes=())
    return pack_facts.facts(
        rows, form="plugin", names={}, tiers={}, version=__version__, launcher=None, explore=False
    )  # fmt: skip


def pack(templates: str, *, form: pack_facts.Form, facts: Mapping[str, Json]) -> Mapping[str, bytes]:
    """Returns the pack's pages in one of its forms, by path: in the repository, the client's folder, or `.claude`.

    A template that comes to nothing is no page of that form.
    """
    fill = _filler(templates)
    pages = {}
    for name in _templates(templates):
        path = _place(name, form=form)
        agent = _agent_of(name)
        if path is None or (agent is not None and agent not in facts["agents"]):
            continue
        values = facts if agent is None else {**facts, "agent": facts["agents"][agent]}
        data = fill(name, values)
        if data.strip():
            pages[path] = data
        if form == "plugin" and name in _SECOND:
            pages[_SECOND[name]] = data
    return pages


def is_executable(path: str) -> bool:
    """Whether a page of the pack is a program."""
    return path == SHIM or path.endswith("/" + SHIM)


_PLUGIN_ROOT = "skills/outrider/"
_FIXED = {
    "plugin/plugin.json.j2": ".claude-plugin/plugin.json",
    "hooks/hooks.json.j2": "hooks/hooks.json",
    "bin/outrider.j2": SHIM,
}
_MCP = "plugins/outrider-mcp/"
"""The marketplace's second plugin: a server that a plugin declares is always started, so it is one's own choice."""
_REPOSITORY_ONLY = {
    "plugin/marketplace.json.j2": ".claude-plugin/marketplace.json", "mcp/servers.json.j2": SERVERS,
    "mcp/plugin.json.j2": f"{_MCP}.claude-plugin/plugin.json",
}  # fmt: skip
_SECOND = {"bin/outrider.j2": _MCP + SHIM}
SERVER = "mcp/mcp.json.j2"


def _place(name: str, *, form: pack_facts.Form) -> str | None:
    """Returns where a template's page goes in this form, or nothing if it has no place there."""
    kind = name.partition("/")[0]
    if kind == "agents":
        return name.removesuffix(".j2") if form == "plugin" else f"agents/outrider/{name[7:].removesuffix('.j2')}"
    if kind == "config" or form == "project":
        return None
    if name == SERVER:
        return f"{_MCP if form == 'plugin' else _PLUGIN_ROOT}.mcp.json"
    if name in _REPOSITORY_ONLY:
        return _REPOSITORY_ONLY[name] if form == "plugin" else None
    path = name.removesuffix(".j2") if kind == "skills" else _FIXED.get(name)
    return path if path is None or form == "plugin" else _PLUGIN_ROOT + path


def _agent_of(name: str) -> str | None:
    kind, _, rest = name.partition("/")
    return rest.removesuffix(".md.j2") if kind == "agents" else None


def _templates(templates: str) -> tuple[str, ...]:
    """Returns every template by its path below the folder, in an order that no file system decides."""
    found = []
    for parent, folders, files in os.walk(templates):
        folders.sort()
        below = os.path.relpath(parent, templates).replace(os.sep, "/")
        found += [file if below == "." else f"{below}/{file}" for file in files if file.endswith(".j2")]
    return tuple(sorted(found))


def registry_from(templates: str) -> dict[str, Json]:
    """Returns the hand-kept registry as JSON."""
    return _document(templates, "registry.yaml")


def page(templates: str, name: str, values: Mapping[str, Json]) -> bytes:
    """Fills one template, sandboxed; a value that is missing is an error, never an empty place."""
    return _filler(templates)(name, values)


def _filler(templates: str) -> Callable[[str, Mapping[str, Json]], bytes]:
    """Returns what fills templates of one folder: read once, for a whole pack of pages."""
    return partial(_filled, _environment(templates, escapes=False))


def html(templates: str, name: str, values: Mapping[str, Any], *, style: str, script: str) -> bytes:
    """Fills one template of a page: every value is text and none markup, but for a style and a script of ours.

    The template gets both whole, and the script's hash, so that its policy lets this script run and no other.
    """
    environment = _environment(templates, escapes=True)
    own = {label: _filled(environment, file, {}) for label, file in (("style", style), ("script", script))}
    digest = b64encode(sha256(own["script"]).digest()).decode("ascii")
    parts = {label: environment.filters["safe"](data.decode("utf-8")) for label, data in own.items()}
    return _filled(environment, name, {**values, **parts, "script_hash": f"sha256-{digest}"})


@lru_cache(maxsize=8)  # it keeps its parsed templates, and parses one anew when its file has changed
def _environment(templates: str, *, escapes: bool) -> Environment:
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates, encoding="utf-8"), undefined=StrictUndefined, autoescape=escapes,
        keep_trailing_newline=True, trim_blocks=True, lstrip_blocks=True, newline_sequence="\n",
    )  # fmt: skip
    environment.filters["sh"] = pack_facts.shell_word
    return environment


def _filled(environment: Environment, name: str, values: Mapping[str, Any]) -> bytes:
    try:
        return environment.get_template(name).render(values).encode("utf-8")
    except TemplateError as fault:
        raise OutriderError(f"cannot fill the template {name}: {fault}", hint=_CURE) from None


def drift(rendered: Mapping[str, bytes], root: str) -> tuple[str, ...]:
    """Returns the paths whose file under `root` is missing or has other bytes than were rendered."""
    return tuple(name for name, data in rendered.items() if _bytes_at(root, name) != data)


GENERATED = ("agents", "bin", "hooks", "plugins", "skills")
"""The folders of the repository that hold nothing but what was rendered."""


def orphans(rendered: Mapping[str, bytes], root: str) -> tuple[str, ...]:
    """Returns the files in the generated folders that no template makes (any more)."""
    found = []
    for folder in GENERATED:
        for parent, _, files in os.walk(os.path.join(root, folder)):
            found += [os.path.relpath(os.path.join(parent, file), root).replace(os.sep, "/") for file in files]
    return tuple(sorted(set(found) - set(rendered)))


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
