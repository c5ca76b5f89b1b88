"""Writes the user's own layer: one change at a time, all else in it kept; valid afterwards, or as it was before."""

import json
import os
import stat
from collections.abc import Callable, Mapping
from typing import Any

from outrider.doors import registry
from outrider.doors.files import locked, make_folder, read_small, write_whole
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError
from outrider.rows import Registry
from outrider.rules.layers import Layer, merge
from outrider.rules.rows_from import registry_from

Change = Callable[[dict[str, Any]], None]


def change(places: Places, edit: Change) -> tuple[str, Registry]:
    """Applies an edit to the user's layer and returns its path and the registry that follows.

    Raises with every problem where the registry would not be valid, and leaves the file as it was.
    """
    make_folder(places.home)
    with locked(places.ours("lock")):
        return _changed(places, edit)


def _changed(places: Places, edit: Change) -> tuple[str, Registry]:
    path = os.path.realpath(registry.user_files(places)[0])
    before = read_small(path, limit=SMALL_FILE)
    values = read(places)
    edit(values)
    text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
    mode = 0o600 if before is None else stat.S_IMODE(os.stat(path).st_mode)
    make_folder(os.path.dirname(path))
    write_whole(path, text.encode("utf-8", "surrogatepass"), mode=mode)
    try:
        return path, registry.load(places)
    except BaseException:
        if before is None:
            os.unlink(path)
        else:
            write_whole(path, before, mode=mode)
        raise


def tried(places: Places, values: Mapping[str, Any]) -> Registry:
    """Returns the registry that would follow from these settings of the user's, without any project's.

    Raises with every problem where it would not be valid; writes nothing.
    """
    sources = [source for source in registry.read_sources(places) if source.name in {"bundled", "managed"}]
    path = registry.user_files(places)[0]
    layers = (*registry.parse_layers(tuple(sources), trusted=True), Layer(name="user", path=path, values=values))
    registry.check_layers(places, layers)
    merged, origins, notes = merge(layers)
    registry.check_values(merged)
    return registry_from(merged, origins=origins, digest="", notes=notes)


def read(places: Places) -> dict[str, Any]:
    """Returns what the user's layer says, empty where there is none; raises InYaml where it is not ours to write."""
    json_path, yaml_path = registry.user_files(places)
    data = read_small(json_path, limit=SMALL_FILE)
    if data is not None:
        return dict(registry.parse(registry.Source(name="user", path=json_path, data=data)))
    if os.path.lexists(yaml_path):
        raise InYaml(yaml_path)
    return {}


class InYaml(OutriderError):
    """The user's layer is a YAML file, whose comments and order a program would not keep."""

    def __init__(self, path: str) -> None:
        super().__init__(f"your settings are in {path}, which is yours to edit", hint="add the rows there by hand")
        self.path = path
