"""From items to prompts, and from answers to items: the same for a run and, with sizes for texts, for an estimate.

What a document or a model says is only ever put into a template, and never read as one.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from outrider.data import Json
from outrider.records import replace
from outrider.rules.bulk.template import filled, names, text_of
from outrider.rules.pipelines.nouns import Item, Stage


def prompt(stage: Stage, item: Item, made: frozenset[str]) -> str:
    """Returns what is asked of one item; `made` are the names of all stages.

    An answer that a merge did not bring is no mistake of the input: it counts as empty.
    """
    return filled(stage.template, with_empty(stage, item, made))


def missing(stage: Stage, items: Iterable[Item], made: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yields each item that lacks a field which the stage names, with that field."""
    text = (stage.item or "") if stage.kind == "reduce" else stage.template
    wanted = [*names(text), *(name for name in (stage.by, stage.group_by) if name is not None)]
    needed = [name for name in dict.fromkeys(wanted) if name.partition(".")[0] not in made]
    for item in items:
        lacking = next((name for name in needed if not _has(item, name)), None)
        if lacking is not None:
            yield item.id, lacking


def _has(item: Item, name: str) -> bool:
    try:
        field(item, name)
    except KeyError:
        return False
    return True


def with_empty(stage: Stage, item: Item, made: frozenset[str]) -> Mapping[str, Json]:
    """Returns an item's fields, with nothing for the answers that it does not bring."""
    text = (stage.item or "") if stage.kind == "reduce" else stage.template
    wanted = {name for name in names(text) if name.partition(".")[0] in made}
    return {**{name: "" for name in wanted if not _has(item, name)}, **item.fields}


def answered(stage: Stage, item: Item, answer: Json) -> Item:
    """Returns the item with an answer under the stage's name: text, or the value of its schema."""
    return replace(item, fields={**item.fields, stage.name: answer})


def field(item: Item, name: str) -> str:
    """Returns one field as text, of an answer's part too; raises KeyError where it is not there."""
    return filled(f"{{{name}}}", item.fields)


def merged(stage: Stage, brought: Sequence[tuple[str, Sequence[Item]]]) -> tuple[Item, ...]:
    """Joins the items of several stages by their ids, in the order in which they come first.

    Under the merge's own name stands what its sources answered: the answer, where one of them did, else each under a
    heading with its stage's name.
    """
    fields: dict[str, dict[str, Json]] = {}
    paths: dict[str, str | None] = {}
    answers: dict[str, list[tuple[str, Json]]] = {}
    for source, items in brought:
        for item in items:
            fields.setdefault(item.id, {}).update(item.fields)
            paths[item.id] = paths.get(item.id) or item.path
            told = answers.setdefault(item.id, [])
            if source in item.fields:
                told.append((source, item.fields[source]))
    return tuple(
        Item(id=name, fields={**own, stage.name: _joined(answers[name])}, path=paths[name])
        for name, own in fields.items()
    )


def _joined(answers: Sequence[tuple[str, Json]]) -> Json:
    if len(answers) == 1:
        return answers[0][1]
    return "\n\n".join(f"## {source}\n\n{text_of(answer)}" for source, answer in answers)
