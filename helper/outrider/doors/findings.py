"""Checks every layer and gathers everything that is wrong, each with its file, line and path; stops at nothing."""

import os
from collections.abc import Mapping
from typing import Any

from outrider.doors import registry
from outrider.doors.files import read_small
from outrider.doors.lines import line_of, lines_in
from outrider.doors.registry import Source
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules import tiers
from outrider.rules.layers import Layer, merge
from outrider.rules.provenance import is_under
from outrider.rules.rows_from import contradictions, duplicates


@record
class Finding:
    """One thing that is wrong. `file` and `line` say where, if anywhere; `path` is the place in the settings."""

    message: str
    path: str = ""
    file: str = ""
    line: int | None = None

    @property
    def sentence(self) -> str:
        """The finding in one line, as an editor can follow it."""
        where = f"{self.file}{f':{self.line}' if self.line else ''}: " if self.file else ""
        return f"{where}{self.path + ': ' if self.path else ''}{self.message}"


def problems(places: Places, sources: tuple[Source, ...], *, trusted: bool) -> tuple[Finding, ...]:
    """Returns everything that makes these layers invalid: unreadable files, wrong shapes, contradictions."""
    found: list[Finding] = []
    layers: list[Layer] = []
    for source in sources:
        try:
            (layer,) = registry.parse_layers((source,), trusted=trusted)
        except OutriderError as fault:
            found.append(Finding(message=fault.message.removeprefix(source.path).lstrip(": "), file=source.path))
        else:
            layers.append(layer)
    agents: Mapping[str, Any] = next(
        (layer.values.get("agents", {}) for layer in layers if layer.name == "bundled"), {}
    )
    wrong = [
        finding for layer, source in _own(layers, sources) for finding in _wrong(places, layer, source, agents=agents)
    ]
    if not found and not wrong:
        values, origins, _ = merge(tuple(layers))
        wrong = [_placed(path, text, origins, sources) for path, text in contradictions(values)]
    return (*found, *wrong)


def _own(layers: list[Layer], sources: tuple[Source, ...]) -> list[tuple[Layer, Source]]:
    by_path = {source.path: source for source in sources}
    return [(layer, by_path[layer.path]) for layer in layers if layer.name != "bundled"]


def _wrong(places: Places, layer: Layer, source: Source, *, agents: Mapping[str, Any]) -> list[Finding]:
    import json

    from outrider.doors import schemas

    path = os.path.join(places.bundled, "models.schema.json")
    schema = json.loads(read_small(path, limit=registry.BUNDLED_LIMIT) or b"{}")
    told = [(problem.path, problem.sentence.removeprefix(f"{problem.path}: ")) for problem in
            schemas.problems(layer.values, schema)]  # fmt: skip
    lines = lines_in(source.data, file=source.path)
    return [
        Finding(message=text, path=place, file=source.path, line=line_of(place, lines))
        for place, text in told or (*duplicates(layer.values), *tiers.strangers(layer.values, agents))
    ]


def _placed(path: str, text: str, origins: dict[str, str], sources: tuple[Source, ...]) -> Finding:
    """Finds the layer that a contradiction comes from: the one that set the value, or something in or around it."""
    origin = next((origin for place, origin in origins.items() if is_under(place, path) or is_under(path, place)), "")
    file = origin.partition(" ")[2]
    data = next((source.data for source in sources if source.path == file), None)
    if data is None:
        return Finding(message=text, path=path)
    return Finding(message=text, path=path, file=file, line=line_of(path, lines_in(data, file=file)))
