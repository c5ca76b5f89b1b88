"""Reads single values of a pipeline document: each says what it takes, and collects what it is not.

A problem is collected and a default returned, so that one look at a file names everything that is wrong with it.
"""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal

from outrider.data import Json
from outrider.rules.nearest import nearest
from outrider.rules.pipelines.nouns import Problem

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
SHOWN_NAMES = 14
LONGEST_LIST = 1_000


class Row:
    """One group of names in the document: its values by name, its place, and where problems are collected."""

    def __init__(self, values: Mapping[str, Json], keys: tuple[str | int, ...], problems: list[Problem]) -> None:
        self.values = values
        self.keys = keys
        self.problems = problems

    def wrong(self, name: str | None, message: str, hint: str = "") -> None:
        """Collects a problem of this row, or of one of its values."""
        keys = self.keys if name is None else (*self.keys, name)
        self.problems.append(Problem(keys=keys, message=message, hint=hint))

    def only(self, known: Iterable[str], *, what: str) -> None:
        """Collects every name that is not known here, with the nearest that is."""
        names = tuple(known)
        for name in self.values:
            if name not in names:
                close = nearest(str(name), names)
                more = ", …" if len(names) > SHOWN_NAMES else ""
                listed = f"it has {', '.join(names[:SHOWN_NAMES])}{more}"
                self.wrong(str(name), f"{what} has no such field", f"did you mean `{close}`?" if close else listed)

    def text(self, name: str, default: str | None = None) -> str | None:
        """Returns a text that is not empty."""
        value = self.values.get(name)
        if value is None:
            return default
        if not isinstance(value, str) or not value.strip():
            self.wrong(name, f"is a text, not {kind_of(value)}")
            return default
        return value

    def name(self, name: str) -> str | None:
        """Returns a text that can stand in a template and in a file's name."""
        value = self.text(name)
        if value is not None and NAME.fullmatch(value) is None:
            self.wrong(name, "is a name: letters, digits, `_` and `-`, beginning with a letter")
            return None
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Returns a list of texts; one text stands for a list of one."""
        value = self.values.get(name)
        if value is None:
            return ()
        listed = [value] if isinstance(value, str) else value
        is_list = isinstance(listed, list) and 0 < len(listed) <= LONGEST_LIST
        if not is_list or not all(isinstance(one, str) and one.strip() for one in listed):
            self.wrong(name, "is a text or a list of texts")
            return ()
        return tuple(listed)

    def whole(self, name: str, *, least: int = 1, most: int = 10**12) -> int | None:
        """Returns a whole number within bounds."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            self.wrong(name, f"is a whole number from {least:,} to {most:,}")
            return None
        return value

    def number(self, name: str, default: Decimal, *, least: int = 0, most: int = 1) -> Decimal:
        """Returns a number within bounds."""
        value = self.values.get(name)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            self.wrong(name, f"is a number from {least} to {most}")
            return default
        return Decimal(str(value))

    def switch(self, name: str) -> bool | None:
        """Returns true or false, None where nothing is said."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, bool):
            self.wrong(name, f"is true or false, not {kind_of(value)}")
            return None
        return value

    def group(self, name: str) -> "Row":
        """Returns a group of names; an empty one where nothing is said."""
        value = self.values.get(name)
        if value is not None and not isinstance(value, Mapping):
            self.wrong(name, f"is a group of names, not {kind_of(value)}")
            value = None
        return Row(value or {}, (*self.keys, name), self.problems)


def kind_of(value: Json) -> str:
    """Returns what a value is, in plain words."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text" if value.strip() else "an empty text"
        case list():
            return "a list"
        case _:
            return "a group of names"
