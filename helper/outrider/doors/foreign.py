"""Reads other tools' files: bounded, JSON with the comments and commas that some of them allow, or YAML.

No text of theirs is repeated in an error: it may be a key.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from typing import Any

from outrider.data import Json
from outrider.doors.documents import DEEPEST, load_yaml
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE
from outrider.errors import OutriderError

MOST_FILES = 200
_PIECES = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


def read_document(path: str) -> Json:
    """Returns what one file holds; raises OutriderError where it is missing, too large, or not to be read."""
    data = None if os.path.isdir(path) else read_small(path, limit=SMALL_FILE)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="name the file to import")
    data = data.removeprefix(b"\xef\xbb\xbf")
    if path.endswith((".txt", ".md")):
        return _text(data, path)
    if data.lstrip()[:1] in {b"{", b"["}:
        return _json(_text(data, path), path)
    return load_yaml(data, source=path)


def read_folder(path: str, names: tuple[str, ...], texts: Mapping[str, str]) -> dict[str, Json]:
    """Returns the named files of a folder that are there, and under each name of `texts` its folder's `.md` files."""
    found: dict[str, Json] = {}
    for name in names:
        if os.path.lexists(os.path.join(path, name)):
            found[name] = read_document(os.path.join(path, name))
    for name, folder in texts.items():
        place = os.path.join(path, folder)
        files = sorted(entry for entry in _listed(place) if entry.endswith(".md"))
        if len(files) > MOST_FILES:
            raise OutriderError(f"{place} has more than {MOST_FILES} files", hint="import the settings file alone")
        if files:
            found[name] = {entry.removesuffix(".md"): read_document(os.path.join(place, entry)) for entry in files}
    if not found:
        raise OutriderError(f"{path} has none of {', '.join(names)}", hint="name the file to import")
    return found


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as fault:
        raise OutriderError(f"cannot read {folder}: {fault.strerror}", hint="check its mode and owner") from None


def _text(data: bytes, path: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise OutriderError(f"{path} is not UTF-8 text", hint="save it as UTF-8") from None


def _json(text: str, path: str) -> Json:
    """Reads JSON, and JSON5 as far as comments and trailing commas go; what is left may still be YAML."""
    plain = _PIECES.sub(lambda piece: piece[0] if piece[0].startswith('"') else " ", text)
    try:
        value = json.loads(plain, object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite)
    except _Twice:
        raise OutriderError(f"{path} has a name twice in one place", hint="keep one of the two") from None
    except json.JSONDecodeError:
        value = load_yaml(plain.replace("\t", " ").encode("utf-8", "surrogatepass"), source=path)
    except (RecursionError, ValueError):
        raise OutriderError(f"{path} is nested too deeply, or has no finite number", hint="mend the file") from None
    if _depth(value) > DEEPEST:
        raise OutriderError(f"{path} is nested too deeply", hint="mend the file")
    return value


class _Twice(ValueError):
    pass


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise _Twice
    return result


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text[:20])
    return number


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level and deepest <= DEEPEST:
        deepest += 1
        inner = [item for item in level if isinstance(item, dict | list)]
        level = [part for item in inner for part in (item.values() if isinstance(item, dict) else item)]
    return deepest
