"""What one set of settings says that another does not: every changed value, with what it was."""

from collections.abc import Iterator, Mapping
from typing import Any

from outrider.records import record
from outrider.rules.paths import inside


@record
class Difference:
    """One value that changed: where, from what, to what. `None` stands for nothing there."""

    keys: tuple[str, ...]
    path: str
    before: Any
    after: Any


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Returns every value that differs, in the order of the new settings, what is gone at the end of its group."""
    return tuple(_walk(before, after, "$", ()))


def _walk(before: Any, after: Any, path: str, keys: tuple[str, ...]) -> Iterator[Difference]:
    if isinstance(after, Mapping) and after and (isinstance(before, Mapping) or before is None):
        below = before or {}
        for key in (*after, *(key for key in below if key not in after)):
            yield from _walk(below.get(key), after.get(key), inside(path, key), (*keys, key))
    elif before != after:
        yield Difference(keys=keys, path=path, before=before, after=after)


def in_words(value: Any, *, longest: int = 160) -> str:
    """Returns a value as people read it, cut with its full length said."""
    match value:
        case None:
            return "nothing"
        case list() | tuple():
            text = ", ".join(str(entry) for entry in value) or "an empty list"
        case bool():
            text = "yes" if value else "no"
        case _:
            text = str(value)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"
