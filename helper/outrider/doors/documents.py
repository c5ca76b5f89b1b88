"""The only room that reads YAML: bounded, without anchors, aliases and tags, and never by running anything.

It reads the parser's events itself, so nothing is built before it was allowed: depth, duplicate names and aliases
are refused as they come, and `yes`, `01:00` and `2026-12-01` stay the text that they are. What comes out is JSON, and
each value's line is known. It must not know what the values mean.
"""

import math
import re
from collections.abc import Iterator, Mapping

import yaml

from outrider.data import Json
from outrider.errors import OutriderError

LARGEST = 1_048_576
"""Bytes. Our own registry has a tenth of that."""
DEEPEST = 40
MOST_VALUES = 100_000

Path = tuple[str | int, ...]

_HINT = "mend the line, or write the file as JSON; then run `outrider config check`"
# The numbers, booleans and nulls of YAML 1.2, which are nearly those of JSON: 1.1 reads `no` and `10:30` as values too.
_WHOLE = re.compile(r"[-+]?[0-9]+")
_FRACTION = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS: Mapping[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_LONGEST_NUMBER = 400


def load_yaml(data: bytes, *, source: str) -> Json:
    """Reads one YAML document as JSON, None where it is empty; raises OutriderError naming the source and the line."""
    return _read(data, source)[0]


def yaml_lines(data: bytes) -> Mapping[Path, int]:
    """Returns the line of every value of a document, counted from 1, by its path; raises as `load_yaml` does."""
    return _read(data, "the YAML document")[1]


def _read(data: bytes, source: str) -> tuple[Json, dict[Path, int]]:
    if len(data) > LARGEST:
        raise OutriderError(
            f"{source} has {len(data):,} bytes, more than {LARGEST:,}", hint="make it smaller, or move it away"
        )
    builder = _Builder(source)
    try:
        for event in _events(data):
            builder.take(event)
    except yaml.YAMLError as fault:
        raise OutriderError(f"{source}{_where(fault)} is not YAML: {_words(fault)}", hint=_HINT) from None
    except (RecursionError, MemoryError, ValueError, OverflowError) as fault:
        # `ValueError` covers what the C reader cannot decode.
        raise OutriderError(f"{source} cannot be read as YAML ({type(fault).__name__})", hint=_HINT) from None
    return builder.value, builder.lines


def _events(data: bytes) -> Iterator[yaml.Event]:
    # The C reader is ten times as fast; the wheels of PyYAML carry it, a distribution's build may not.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    events: Iterator[yaml.Event] = yaml.parse(data, Loader=loader)
    return events


def _where(fault: yaml.YAMLError) -> str:
    mark = getattr(fault, "problem_mark", None)
    return f", line {mark.line + 1}," if mark is not None else ""


def _words(fault: yaml.YAMLError) -> str:
    """Returns the parser's reason without any of the text: a settings file may hold what should not be printed."""
    reason = getattr(fault, "problem", None) or getattr(fault, "reason", None) or "it breaks off"
    return "".join(letter for letter in str(reason) if letter.isprintable())[:120]


class _Builder:
    """Builds the value from events, one level of the document at a time, without recursion."""

    def __init__(self, source: str) -> None:
        self.value: Json = None
        self.lines: dict[Path, int] = {}
        self._source = source
        self._open: list[dict[str, Json] | list[Json]] = []
        self._path: list[str | int] = []
        self._awaits_value: list[bool] = []
        self._documents = 0
        self._values = 0

    def take(self, event: yaml.Event) -> None:
        """Takes the parser's next event."""
        line = event.start_mark.line + 1 if event.start_mark is not None else 0
        match event:
            case yaml.AliasEvent():
                raise self._refuse(line, "an alias (`*name`) is not read: write the value out")
            case yaml.DocumentStartEvent():
                self._documents += 1
                if self._documents > 1:
                    raise self._refuse(line, "a second document (`---`) is not read")
            case yaml.ScalarEvent():
                self._plain(event, line)
                self._scalar(event, line)
            case yaml.MappingStartEvent():
                self._plain(event, line)
                self._begin({}, line)
            case yaml.SequenceStartEvent():
                self._plain(event, line)
                self._begin([], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._open.pop()
                self._awaits_value.pop()
                self._after_value()
            case _:
                pass

    def _refuse(self, line: int, why: str) -> OutriderError:
        return OutriderError(f"{self._source}, line {line}: {why}", hint=_HINT)

    def _plain(self, event: "yaml.ScalarEvent | yaml.CollectionStartEvent", line: int) -> None:
        if event.anchor is not None:
            raise self._refuse(line, "an anchor (`&name`) is not read: write the value out")
        if event.tag is not None:
            raise self._refuse(line, "a tag (`!name`) is not read")
        self._values += 1
        if self._values > MOST_VALUES:
            raise self._refuse(line, f"more than {MOST_VALUES:,} values")

    def _begin(self, collection: "dict[str, Json] | list[Json]", line: int) -> None:
        if len(self._open) >= DEEPEST:
            raise self._refuse(line, f"more than {DEEPEST} levels, one inside the other")
        if self._open and isinstance(self._open[-1], dict) and not self._awaits_value[-1]:
            raise self._refuse(line, "a name must be text")
        self._place(collection, line)
        self._open.append(collection)
        self._awaits_value.append(False)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        parent = self._open[-1] if self._open else None
        if isinstance(parent, dict) and not self._awaits_value[-1]:
            name = str(event.value)
            if name in parent:
                shown = name if name.isprintable() and len(name) <= 60 else "a name"
                first = self.lines[(*self._path, name)]
                raise self._refuse(line, f"`{shown}` is there twice (first in line {first})")
            self._path.append(name)
            self._awaits_value[-1] = True
            self.lines[tuple(self._path)] = line
            return
        # The first of `implicit` says that the text stood there without quotes.
        text = str(event.value)
        self._place(self._resolved(text, line) if event.implicit[0] else text, line)
        self._after_value()

    def _resolved(self, text: str, line: int) -> Json:
        if text in _WORDS:
            return _WORDS[text]
        if len(text) > _LONGEST_NUMBER:
            return text
        if _WHOLE.fullmatch(text):
            return int(text)
        if _FRACTION.fullmatch(text):
            number = float(text)
            if math.isfinite(number):
                return number
        elif not _NOT_FINITE.fullmatch(text):
            return text
        raise self._refuse(line, "a number that is not finite")

    def _place(self, value: Json, line: int) -> None:
        """Puts a value where it belongs; the path then points at it."""
        if not self._open:
            self.value = value
        else:
            parent = self._open[-1]
            if isinstance(parent, dict):
                parent[str(self._path[-1])] = value
                return  # the line of a named value is its name's
            self._path.append(len(parent))
            parent.append(value)
        self.lines[tuple(self._path)] = line

    def _after_value(self) -> None:
        if self._open:
            self._path.pop()
            self._awaits_value[-1] = False
