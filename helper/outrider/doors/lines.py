"""Where a value of a settings file stands: the file and the line, looked up only when somebody wants to read it.

The hot path remembers which layer set a value and nothing more; the file is read again here. It must not know what
the values mean.
"""

from collections.abc import Mapping

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE
from outrider.errors import OutriderError
from outrider.rules.lines import json_lines
from outrider.rules.paths import inside

LARGEST = 8 * SMALL_FILE


def located(path: str, origin: str) -> str:
    """Returns an origin (`user /home/me/models.local.json`) with the line of a value, where it is still there."""
    file = origin.partition(" ")[2]
    line = line_of(path, lines_of(file)) if file else None
    return origin if line is None else f"{origin}:{line}"


def line_of(path: str, lines: Mapping[str, int]) -> int | None:
    """Returns the line of a value, or of the nearest value around it."""
    while path:
        if path in lines:
            return lines[path]
        path = _around(path)
    return None


def lines_of(file: str) -> Mapping[str, int]:
    """Returns the line of every value in a settings file by its written path; empty where it cannot be read."""
    try:
        data = read_small(file, limit=LARGEST)
    except OutriderError:
        data = None
    return lines_in(data, file=file) if data else {}


def lines_in(data: bytes, *, file: str) -> Mapping[str, int]:
    """Returns the same for bytes that were read already."""
    if not file.endswith((".yaml", ".yml")):
        return json_lines(data.decode("utf-8-sig", "replace"))
    from outrider.doors.documents import yaml_lines

    try:
        found = yaml_lines(data)
    except OutriderError:
        return {}
    return {_written(keys): line for keys, line in found.items()}


def _written(keys: tuple[str | int, ...]) -> str:
    path = "$"
    for key in keys:
        path = inside(path, key)
    return path


def _around(path: str) -> str:
    """Returns the path of what holds a value; empty for the whole."""
    if path.endswith('"]'):
        return path[: path.rindex('["')]
    if path.endswith("]"):
        return path[: path.rindex("[")]
    return path.rpartition(".")[0]
