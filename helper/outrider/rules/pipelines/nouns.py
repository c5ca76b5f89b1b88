"""What a pipeline is made of: stages, and the items that flow between them.

An item is a document on its way: its id, and fields by name. A stage adds a field under its own name.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from outrider.data import NOTHING, Json
from outrider.records import record

Kind = Literal["map", "reduce", "route", "cascade", "verify", "merge"]
KINDS: tuple[Kind, ...] = ("map", "reduce", "route", "cascade", "verify", "merge")
INPUT = "input"
"""The name that stands for the documents themselves wherever a stage says what it reads."""
ITEMS = "items"
"""The field of a reduce stage's template that holds its items, joined."""
COUNT = "count"
"""The field of a reduce stage's template that says how many items there are."""
OTHER = "other"
"""What a classifier says where none of the labels fits, if the stage says who takes such an item."""

ROUNDS = 3
"""Texts at most that a verify stage has written for one item, where it does not say."""
AT_LEAST = Decimal("0.9")
"""Which share of the items that a reduce stage reads must have an answer, where it does not say."""


@record
class Expected:
    """What an estimate takes for granted of a stage, since nobody has asked yet. Tokens, shares and rounds.

    `output` counts one answer, thinking included; `escalates` is the share of items that leave each rung of a cascade,
    `rounds` how many texts a verify stage takes, `shares` which part of the items each label of a route gets, `groups`
    into how many groups a reduce stage falls whose groups only answers tell.
    """

    output: int | None = None
    escalates: Decimal = Decimal("0.3")
    rounds: Decimal = Decimal(1)
    shares: Mapping[str, Decimal] = NOTHING
    groups: int = 1
    cached_share: Decimal = Decimal(0)


@record
class Stage:
    """One stage as it was written. `sources` are the stages it reads, or `input`."""

    name: str
    kind: Kind
    sources: tuple[str, ...]
    model: str | None = None
    task: str | None = None
    fallback: bool | None = None
    template: str = ""
    system: str | None = None
    schema: Mapping[str, Json] | None = None
    schema_file: str | None = None
    max_output: int | None = None
    params: Mapping[str, Json] = NOTHING
    private: bool | None = None
    group_by: str | None = None
    size: int | None = None
    item: str | None = None
    window: int | None = None
    at_least: Decimal = AT_LEAST
    to: Mapping[str, str] = NOTHING
    otherwise: str | None = None
    by: str | None = None
    models: tuple[str, ...] = ()
    gates: tuple[str, ...] = ()
    second: str | None = None
    judge: str | None = None
    verifier: str | None = None
    checks: tuple[str, ...] = ()
    rounds: int = ROUNDS
    expect: Expected = Expected()

    @property
    def asks(self) -> bool:
        """Whether it calls a model at all: a merge does not, nor a route by a field."""
        return self.kind != "merge" and self.by is None


@record
class Pipeline:
    """A whole pipeline: where its documents are, its stages in the order of the file, and what it is compared with.

    `documents` and `tokens` are what an estimate counts with instead of the input: how many, and how long each.
    """

    name: str
    stages: tuple[Stage, ...]
    description: str = ""
    input: tuple[str, ...] = ()
    private: bool = False
    beside: str | None = None
    documents: int | None = None
    tokens: int | None = None

    def stage(self, name: str) -> Stage:
        """Returns the stage of this name."""
        return next(stage for stage in self.stages if stage.name == name)


@record
class Item:
    """A document on its way, or what a group of them came to: its id, its fields, and the file that it is, if it is."""

    id: str
    fields: Mapping[str, Json]
    path: str | None = None


@record
class Call:
    """One prompt of a stage, and whose it is. `path` is the file that the prompt was made from."""

    id: str
    prompt: str
    path: str | None = None


@record
class Lost:
    """An item that got no answer, in the stage that lost it, with the class of the failure."""

    stage: str
    id: str
    kind: str
    message: str


@record
class Problem:
    """What is wrong with a pipeline: at which key, and in which words."""

    keys: tuple[str | int, ...]
    message: str
    hint: str = ""
