"""From items to prompts, and from answers to items: the same for a run and, with sizes for texts, for an estimate.

What a document or a model says is only ever put into a template, and never read as one.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from outrider.data import Json, Message
from outrider.rules.pipelines.nouns import Item, Stage
from outrider.rules.pipelines.templates import filled, names

MOST_PARTS = 200
"""Parts of one answer that later templates can name; an answer with more is still whole under its stage's name."""


def messages(stage: Stage, fields: Mapping[str, str]) -> tuple[Message, ...]:
    """Returns what is asked of one item."""
    system = (Message(role="system", text=filled(stage.system, fields)),) if stage.system else ()
    return (*system, Message(role="user", text=filled(stage.template, fields)))


def missing(stage: Stage, items: Iterable[Item], made: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yields each item that lacks a field which the stage names, with that field; `made` are the stages' own names.

    An answer that a merge did not bring is no mistake of the input: it counts as empty.
    """
    texts = (stage.item or "",) if stage.kind == "reduce" else (stage.template, stage.system or "")
    wanted = [name for text in texts for name in names(text)]
    wanted += [name for name in (stage.by, stage.group_by) if name is not None]
    needed = [name for name in dict.fromkeys(wanted) if name.partition(".")[0] not in made]
    for item in items:
        lacking = next((name for name in needed if name not in item.fields), None)
        if lacking is not None:
            yield item.id, lacking


def with_empty(stage: Stage, item: Item, made: frozenset[str]) -> Mapping[str, str]:
    """Returns an item's fields, with nothing for the answers that it does not bring."""
    texts = (stage.template, stage.system or "", stage.item or "")
    wanted = {name for text in texts for name in names(text) if name.partition(".")[0] in made}
    return {**dict.fromkeys(wanted, ""), **item.fields}


def answered(stage: Stage, item: Item, text: str) -> Item:
    """Returns the item with an answer under the stage's name, and each part of it where it is JSON that was wanted."""
    has_parts = stage.schema is not None
    parts = dict(_parts(text, stage.name)) if has_parts else {}
    return Item(id=item.id, fields={**item.fields, stage.name: text, **parts})


def _parts(text: str, name: str) -> Iterator[tuple[str, str]]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return
    stack: list[tuple[str, Json]] = [(name, value)]
    given = 0
    while stack and given < MOST_PARTS:
        path, part = stack.pop()
        if path != name:
            given += 1
            yield path, part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)
        if isinstance(part, dict):
            stack += [(f"{path}.{key}", inner) for key, inner in part.items() if isinstance(key, str)]


def merged(stage: Stage, brought: Sequence[tuple[str, Sequence[Item]]]) -> tuple[Item, ...]:
    """Joins the items of several stages by their ids, in the order in which they come first.

    Under the merge's own name stands what its sources answered: the answer, where one of them did, else each under a
    heading with its stage's name.
    """
    fields: dict[str, dict[str, str]] = {}
    answers: dict[str, list[tuple[str, str]]] = {}
    for source, items in brought:
        for item in items:
            fields.setdefault(item.id, {}).update(item.fields)
            told = answers.setdefault(item.id, [])
            if source in item.fields:
                told.append((source, item.fields[source]))
    return tuple(Item(id=id, fields={**own, stage.name: _joined(answers[id])}) for id, own in fields.items())


def _joined(answers: Sequence[tuple[str, str]]) -> str:
    if len(answers) == 1:
        return answers[0][1]
    return "\n\n".join(f"## {source}\n\n{text}" for source, text in answers)
