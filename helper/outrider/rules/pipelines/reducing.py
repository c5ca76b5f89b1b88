"""Reduce: which items go into one call, and what to do where a group is more than a window holds.

A group that does not fit is reduced as a tree: calls over neighbours, then calls over what those said, until one text
is left. Every item is in exactly one call of the lowest level, and no call is larger than the window.
"""

from collections.abc import Mapping, Sequence

from outrider.data import Json, Message
from outrider.records import record
from outrider.rules import limits, money
from outrider.rules.bulk.template import filled
from outrider.rules.pipelines.filling import field
from outrider.rules.pipelines.nouns import COUNT, ITEMS, Item, Stage

ALL = "all"
"""The id of the one group that a reduce without `group_by` and `size` makes."""
FRAME = 60
"""Bytes that an estimate counts for the lines around an item, and between two."""


@record
class Group:
    """Items that are reduced to one, and what they have in common, by name."""

    id: str
    fields: Mapping[str, Json]
    members: tuple[Item, ...]


@record
class Packed:
    """Neighbours that share a call, as positions, and those that no call can hold."""

    calls: tuple[tuple[int, ...], ...]
    too_large: tuple[int, ...] = ()


def groups(stage: Stage, items: Sequence[Item]) -> tuple[Group, ...]:
    """Returns the groups in the order in which their first items come."""
    by_value: dict[str, list[Item]] = {}
    for item in items:
        by_value.setdefault(field(item, stage.group_by) if stage.group_by else ALL, []).append(item)
    found: list[Group] = []
    for value, members in by_value.items():
        fields = {stage.group_by: value} if stage.group_by else {}
        size = stage.size or len(members)
        chunks = [members[start : start + size] for start in range(0, len(members), size)]
        found += [
            Group(id=group_id(stage, value, number), fields=fields, members=tuple(chunk))
            for number, chunk in enumerate(chunks, start=1)
        ]
    return tuple(found)


def group_id(stage: Stage, value: str, number: int) -> str:
    """Returns what a group is called: by what its items have in common, numbered where it is one of several parts."""
    named = value or "(empty)"
    return named if stage.size is None else f"{named}-{number}"


def framed(name: str, text: str) -> str:
    """Returns a text between two lines that name it."""
    return f"--- {name} ---\n{text.rstrip()}\n--- end of {name} ---"


def part(stage: Stage, item: Item, fields: Mapping[str, Json]) -> str:
    """Returns an item as it stands in a call; `fields` are all that its template may name."""
    return framed(item.id, filled(stage.item or "", fields))


def messages(stage: Stage, fields: Mapping[str, Json], parts: Sequence[str]) -> tuple[Message, ...]:
    """Returns what is asked of one call: the template with its parts where the items belong."""
    system = (Message(role="system", text=stage.system),) if stage.system else ()
    return (*system, Message(role="user", text=prompt(stage, fields, parts, count=len(parts))))


def prompt(stage: Stage, fields: Mapping[str, Json], parts: Sequence[str], *, count: int) -> str:
    """Returns the prompt of one call; `count` is how many items its parts stand for."""
    return filled(stage.template, {**fields, ITEMS: "\n\n".join(parts), COUNT: str(count)})


def room(stage: Stage, fields: Mapping[str, Json], *, window: int) -> int:
    """Returns how many tokens the parts of one call may have beside the template, the schema and the answer.

    Counted with the most that a text can have, as the walls do, so that a call that is planned is one that fits.
    """
    bare = money.most_tokens(messages(stage, {**fields}, ()), schema=stage.schema)
    return window - answer_room(stage) - bare


def answer_room(stage: Stage) -> int:
    """Returns how many tokens of the window are kept free for the answer."""
    return stage.max_output or limits.LEAST_OUTPUT


def weight(text: str) -> int:
    """Returns the tokens that a part may take in a call, with what joins it to the next."""
    return len(text.encode("utf-8", "replace")) // 2 + 2


def packed(weights: Sequence[int], *, room: int) -> Packed:
    """Puts neighbours together as long as they fit; a part that fits nowhere is named, and left out."""
    calls: list[list[int]] = []
    too_large: list[int] = []
    used = room + 1
    for number, weight_of_one in enumerate(weights):
        if weight_of_one > room:
            too_large.append(number)
            continue
        if used + weight_of_one > room:
            calls.append([])
            used = 0
        calls[-1].append(number)
        used += weight_of_one
    return Packed(calls=tuple(map(tuple, calls)), too_large=tuple(too_large))


def is_stuck(before: int, after: Packed) -> bool:
    """Whether another level brings nothing closer: as many calls as there were parts, and more than one."""
    return len(after.calls) >= before > 1
