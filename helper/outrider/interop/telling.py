"""What an import has to say: what it did otherwise, what the user should mend, what was left, which keys it needs.

Nothing that is a key is said: what stood in the file in plain text is remembered here to keep it out of everything.
"""

from collections.abc import Mapping
from typing import Any

from outrider.interop.nouns import Imported, Key, Left, read_key
from outrider.interop.parameters import lefts
from outrider.rules.paths import inside
from outrider.rules.redaction import redact

_LEAST = 6
"""A shorter text is found in too many words to be taken out of them."""


class Telling:
    """Collects sentences."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}
        self._warnings: dict[str, None] = {}
        self._left: dict[tuple[str, str], Left] = {}
        self._secrets: dict[str, None] = {}
        self._literals: set[str] = set()

    def note(self, text: str) -> None:
        """Says what was done otherwise than the file says."""
        self._notes[text] = None

    def warn(self, text: str) -> None:
        """Says what the user should mend."""
        self._warnings[text] = None

    def leave(self, path: str, why: str) -> None:
        """Lists something as not carried over."""
        self._left.setdefault((path, why), Left(path=path, why=why))

    def leave_rest(self, given: Mapping[str, Any], known: set[str], *, path: str) -> None:
        """Lists every name that the importer does not know."""
        for left in lefts(given, known, path=path):
            self.leave(left.path, left.why)

    def mapping(self, value: Any, *, path: str) -> Mapping[str, Any]:
        """Returns an object, or an empty one and a line where something else stands in its place."""
        if value is not None and not isinstance(value, Mapping):
            self.leave(path, "it is no object of settings")
        return value if isinstance(value, Mapping) else {}

    def listed(self, value: Any, *, path: str) -> list[Any]:
        """Returns a list, or an empty one and a line where something else stands in its place."""
        if value is not None and not isinstance(value, list):
            self.leave(path, "it is no list")
        return value if isinstance(value, list) else []

    def needs(self, variable: str) -> None:
        """Says that a variable has to hold a key."""
        self._secrets[variable] = None

    def key(self, value: Any, *, path: str) -> Key:
        """Reads a key field, and warns where the key itself stands there."""
        if value is None:
            return Key()
        key = read_key(value)
        if key.is_literal:
            self.hide(value)
            self.warn(f"{path} holds a key in plain text: it is not taken over, and should not stand there")
        return key

    def hide(self, value: Any) -> None:
        """Remembers a key, to keep it out of everything."""
        text = str(value).strip()
        if len(text) >= _LEAST:
            self._literals.add(text)

    def is_secret(self, text: str) -> bool:
        """Whether a text is, holds or looks like a key."""
        return redact(text, tuple(self._literals)) != text

    def told(self, layer: Mapping[str, Any]) -> Imported:
        """Returns a layer with all that was said; nothing that is or looks like a key is in it."""
        kept = self._without_secrets(layer, "$")
        values = tuple(self._literals)
        return Imported(
            layer=kept, notes=tuple(redact(text, values) for text in self._notes),
            warnings=tuple(redact(text, values) for text in self._warnings),
            not_carried=tuple(
                Left(path=redact(left.path, values), why=redact(left.why, values)) for left in self._left.values()
            ),
            secrets=tuple(self._secrets),
        )  # fmt: skip

    def _without_secrets(self, value: Any, path: str) -> Any:
        match value:
            case Mapping():
                kept = {}
                for key, inner in value.items():
                    if self.is_secret(key) or (isinstance(inner, str) and self.is_secret(inner)):
                        self.leave(inside(path, key), "it holds what looks like a key")
                    else:
                        kept[key] = self._without_secrets(inner, inside(path, key))
                return kept
            case list() | tuple():
                kept_entries = []
                for index, inner in enumerate(value):
                    if isinstance(inner, str) and self.is_secret(inner):
                        self.leave(inside(path, index), "it holds what looks like a key")
                    else:
                        kept_entries.append(self._without_secrets(inner, inside(path, index)))
                return kept_entries
            case _:
                return value
