"""How long a prompt will be, from the sizes of what is put into it."""

from collections.abc import Mapping

from outrider.data import Json, Message
from outrider.records import record
from outrider.rules import money
from outrider.rules.bulk.template import filled, names, text_of
from outrider.rules.pipelines.nouns import Item

BYTES = 4
"""Bytes of a token of plain text."""


@record
class Sized:
    """An item of an estimate: the document it is of, its texts as far as known, and the bytes of each field."""

    values: Mapping[str, str]
    sizes: Mapping[str, int]
    key: str = ""

    def size(self, name: str) -> int:
        """Returns the bytes of a field; of a part that nobody knows, those of the whole."""
        while name not in self.sizes and "." in name:
            name = name.rpartition(".")[0]
        return self.sizes.get(name, 0)

    def with_answer(self, name: str, size: int, schema: Mapping[str, Json] | None) -> "Sized":
        """Returns the item with an answer of this size, whose parts share it evenly."""
        listed = schema.get("properties") if schema is not None else None
        parts = tuple(listed) if isinstance(listed, Mapping) else ()
        inner = {f"{name}.{part}": size // len(parts) for part in parts}
        return Sized(values=self.values, sizes={**self.sizes, name: size, **inner}, key=self.key)


def sized(item: Item) -> Sized:
    """Returns a document's sizes, and its texts, by which groups are made."""
    texts = {name: text_of(value) for name, value in item.fields.items()}
    sizes = {name: len(text.encode("utf-8", "replace")) for name, text in texts.items()}
    return Sized(values=texts, sizes=sizes, key=item.id)


class Weigher:
    """Weighs the prompts of one stage, having looked at its template once."""

    def __init__(self, *, template: str, system: str | None, schema: Mapping[str, Json] | None) -> None:
        self._template = _Text(template)
        self._system = len(system.encode()) if system else None
        self._schema = money.likely_tokens((), schema=schema)

    def bytes(self, item: Sized) -> int:
        """Returns the bytes of the filled template."""
        return self._template.bytes(item)

    def tokens(self, item: Sized) -> int:
        """Returns the likely tokens of everything that is sent for an item."""
        texts = [self._template.bytes(item), *([self._system] if self._system is not None else [])]
        empty = money.likely_tokens((Message(role="user", text=""),))
        return self._schema + sum(text // BYTES + empty for text in texts)


class _Text:
    """A template as bytes that stand in it, and how often each field does."""

    def __init__(self, template: str) -> None:
        blank = dict.fromkeys(names(template), "")
        self._literal = len(filled(template, blank).encode())
        self._times = {name: len(filled(template, {**blank, name: "x"}).encode()) - self._literal for name in blank}

    def bytes(self, item: Sized) -> int:
        return self._literal + sum(item.size(name) * times for name, times in self._times.items())
