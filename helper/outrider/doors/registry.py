"""Loads the registry: reads every layer, validates what is new, and merges.

A set of layers that was valid once is not validated again: its digest is remembered in our cache.
"""

import json
import math
import os
from collections.abc import Mapping
from typing import Any

from outrider import __version__
from outrider.doors import project_files as project_files_door
from outrider.doors import trust
from outrider.doors.digest import blake2b
from outrider.doors.files import make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError, StorageFault
from outrider.records import record
from outrider.rows import Registry
from outrider.rules import tiers, trusting
from outrider.rules.layers import Layer, LayerName, merge
from outrider.rules.rows_from import contradictions, duplicates, registry_from

DEEPEST = 40
BUNDLED_LIMIT = 8 * SMALL_FILE


@record
class Source:
    """One file of settings as it was read."""

    name: LayerName
    path: str
    data: bytes


def load(places: Places, *, with_models: bool = True) -> Registry:
    """Returns the effective registry, or raises with every problem at once.

    Without models it is checked all the same; the rows of some eighty models and prices are not made.
    """
    sources = read_sources(places)
    trusted = is_trusted(places, sources)
    # What was valid while most of it was ignored has not been judged as a whole.
    whole = _digest(sources, trusted=trusted)
    known = os.path.exists(_mark(places, whole))
    layers = parse_layers(sources, trusted=trusted)
    if not known and len(layers) > 1:
        check_layers(places, layers)
    values, origins, notes = merge(layers)
    if not known and len(layers) > 1:
        check_values(values)
        _remember(places, whole)
    if not with_models:
        values = {**values, "models": {}}
    return registry_from(values, origins=origins, digest=whole[:16], notes=notes)


def files(places: Places) -> tuple[str, ...]:
    """Returns every file, there or not, that the effective registry is made from: where one changes, it may."""
    folder = os.path.join(places.project, ".claude", "config") if places.project is not None else ""
    project = (os.path.join(folder, "models.json"), os.path.join(folder, "models.local.json")) if folder else ()
    bundled = os.path.join(places.bundled, "models.json")
    return (bundled, places.managed, *user_files(places), *project, places.ours(trust.FILE))


def read_sources(places: Places) -> tuple[Source, ...]:
    """Reads every layer's file that exists, in order of precedence, the bundled one first."""
    bundled_path = os.path.join(places.bundled, "models.json")
    bundled = read_small(bundled_path, limit=BUNDLED_LIMIT)
    if bundled is None:
        raise StorageFault(f"the bundled registry is missing: {bundled_path}", hint="install again: `./install.sh`")
    found = [Source(name="bundled", path=bundled_path, data=bundled)]
    wanted: list[tuple[LayerName, str]] = [("managed", places.managed)]
    wanted += [("user", path) for path in user_files(places)]
    if places.project is not None:
        folder = os.path.join(places.project, ".claude", "config")
        wanted += [
            ("project", os.path.join(folder, "models.json")),
            ("project-local", os.path.join(folder, "models.local.json")),
        ]
    for name, path in wanted:
        is_project = name.startswith("project")
        if name == "managed" and not _is_owned_by_root(path):
            continue
        data = project_files_door.read(places, path) if is_project else read_small(path, limit=SMALL_FILE)
        # This repository's own committed render, or a copy of it, says nothing that is not said already.
        if data is not None and not (is_project and data == bundled) and path != bundled_path:
            found.append(Source(name=name, path=path, data=data))
    return tuple(found)


def user_files(places: Places) -> tuple[str, str]:
    """Returns where the user's own layer may be, as JSON and as YAML."""
    folder = os.path.join(places.claude, "config")
    return os.path.join(folder, "models.local.json"), os.path.join(folder, "models.local.yaml")


def project_files(places: Places, sources: tuple[Source, ...]) -> tuple[tuple[str, bytes], ...]:
    """Returns the project's files as trust sees them: its settings, and the tool servers that it names."""
    own = tuple((source.path, source.data) for source in sources if source.name.startswith("project"))
    named = project_files_door.tool_servers(places)
    return own if named is None else (*own, named)


def _is_owned_by_root(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return status.st_uid == 0 and not status.st_mode & 0o022


def is_trusted(places: Places, sources: tuple[Source, ...]) -> bool:
    """Whether the project's files were trusted by the user, or are named as trusted by the managed layer."""
    files = project_files(places, sources)
    if not files or places.project is None:
        return False
    return is_managed(places, sources) or trust.is_trusted(places, places.project, files)


def is_managed(places: Places, sources: tuple[Source, ...]) -> bool:
    """Whether the managed layer names this project as trusted."""
    named = next((parse(source).get("trust") for source in sources if source.name == "managed"), None)
    if places.project is None or not isinstance(named, list):
        return False
    return trusting.is_named(os.path.realpath(places.project), named)


def parse_layers(sources: tuple[Source, ...], *, trusted: bool) -> tuple[Layer, ...]:
    """Parses every file; a file that is not an object of settings is an error that names it."""
    return tuple(
        Layer(
            name=source.name, path=source.path, values=parse(source),
            trusted=trusted or not source.name.startswith("project"),
        )
        for source in sources
    )  # fmt: skip


def parse(source: Source) -> Mapping[str, Any]:
    """Parses one file, JSON or YAML."""
    if source.path.endswith(".yaml"):
        from outrider.doors.documents import load_yaml

        values = load_yaml(source.data, source=source.path)
    else:
        values = _parse_json(source)
    if not isinstance(values, dict):
        raise OutriderError(
            f"{source.path} holds no object of settings", hint="write `{}` for none; see `outrider guide setup`"
        )
    return values


def _parse_json(source: Source) -> Any:
    try:
        if source.name == "bundled":
            return json.loads(source.data)
        values = json.loads(
            source.data, object_pairs_hook=_without_duplicates, parse_constant=_no_number, parse_float=_finite
        )
    except _Twice as fault:
        raise OutriderError(
            f"{source.path} has the name `{fault.name}` twice in one place", hint="keep one of the two"
        ) from None
    except _Endless as fault:
        raise OutriderError(f"{source.path}: {fault}", hint="write a number that ends, or `null`") from None
    except UnicodeDecodeError:
        raise OutriderError(f"{source.path} is not UTF-8 text", hint="save it as UTF-8") from None
    except RecursionError:
        raise OutriderError(f"{source.path} is nested too deeply", hint="see `outrider config path`") from None
    except json.JSONDecodeError as fault:
        what = "is empty" if not source.data.strip() else f"is not JSON: {fault.msg} in line {fault.lineno}"
        raise OutriderError(f"{source.path} {what}", hint="mend it, or move it away; an empty layer is `{}`") from None
    except ValueError:
        raise OutriderError(
            f"{source.path} has a number of thousands of digits", hint="mend it, or move it away"
        ) from None
    if _depth(values) > DEEPEST:
        raise OutriderError(f"{source.path} is nested too deeply", hint="see `outrider config path`")
    if not _is_text(values):
        raise OutriderError(f"{source.path} holds half a letter (a lone `\\ud8..`)", hint="write the letter itself")
    return values


def _is_text(values: Any) -> bool:
    """Whether every name and text in it can be written: JSON may spell what no file, header or terminal takes."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _no_number(name: str) -> float:
    raise _Endless(f"{name[:20]} is no number here")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


class _Endless(ValueError):
    pass


class _Twice(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name[:80]


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        names = [name for name, _ in pairs]
        raise _Twice(next(name for name in names if names.count(name) > 1))
    return result


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= DEEPEST:
        deepest += 1
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [part for item in inner for part in (item.values() if isinstance(item, dict) else item)]
    return deepest


def check_layers(places: Places, layers: tuple[Layer, ...]) -> None:
    """Validates every layer but the bundled one against the schema, and raises every problem at once."""
    from outrider.doors import schemas

    schema_path = os.path.join(places.bundled, "models.schema.json")
    schema = json.loads(read_small(schema_path, limit=BUNDLED_LIMIT) or b"{}")
    found: list[tuple[str, str, str]] = []
    for layer in layers[1:]:
        found += [(problem.path, problem.message, layer.path) for problem in schemas.problems(layer.values, schema)]
        if not found:
            ours = layers[0].values.get("agents", {})
            odd = (*duplicates(layer.values), *tiers.strangers(layer.values, ours))
            found += [(path, text, layer.path) for path, text in odd]
    _raise_problems(tuple(found))


def check_values(values: Mapping[str, Any]) -> None:
    """Raises every contradiction in the merged values at once."""
    _raise_problems(tuple((path, text, "") for path, text in contradictions(values)))


def _raise_problems(found: tuple[tuple[str, str, str], ...]) -> None:
    if not found:
        return
    shown = [f"{file + ': ' if file else ''}{path}: {text}" for path, text, file in found[:20]]
    more = f"\n  and {len(found) - 20} more" if len(found) > 20 else ""
    if len(found) == 1:
        raise OutriderError(shown[0], hint="mend it, then run `outrider config check`")
    raise OutriderError(
        f"the configuration has {len(found)} problems\n  " + "\n  ".join(shown) + more,
        hint="mend them, then run `outrider config check`",
    )


def _digest(sources: tuple[Source, ...], *, trusted: bool) -> str:
    whole = blake2b(f"{__version__}\0{trusted}".encode(), digest_size=32)
    for source in sources:
        whole.update(f"\0{source.name}\0{source.path}\0{len(source.data)}\0".encode("utf-8", "surrogateescape"))
        whole.update(source.data)
    return whole.hexdigest()


def _mark(places: Places, whole: str) -> str:
    return places.ours("cache", "valid", whole)


def _remember(places: Places, whole: str) -> None:
    try:
        make_folder(places.ours("cache", "valid"))
        write_whole(_mark(places, whole), b"")
    except StorageFault:
        # A cache that cannot be written costs time and nothing else.
        return
