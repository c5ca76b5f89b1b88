"""The nouns of the report: what the books say that goes into a page, and the plain shapes that a page is made of.

Pure data. A page's texts are not yet safe for markup: whoever fills the template escapes every one of them.
"""

from decimal import Decimal

from outrider.records import record
from outrider.rules.charts import Chart
from outrider.rules.sums import Entry

CUBE = ("day", "model", "task", "agent", "repository")
"""The dimensions by which the entries of a report are summed: every other sum of it is made of these."""


@record
class Step:
    """How often a question went on from one model to another, and why."""

    kind: str
    first: str
    second: str
    count: int


@record
class Latency:
    """How long the answers of a model took, in seconds: a tenth took no longer than `low`, half `half`, nine `high`."""

    model: str
    answers: int
    low: float
    half: float
    high: float
    most: float


@record
class Climb:
    """Runs of `cascade` that asked so many models and ended with this one; None where none answered."""

    asked: int
    last: str | None
    runs: int
    cost: Decimal


@record
class Burn:
    """What counted against the budget on a day, in dollars: what was billed, what may have been, what is under way."""

    day: str
    spent: Decimal


@record
class Pin:
    """A subagent that was started: which model was asked for, which ran, what is to be said of that."""

    agent: str
    requested: str
    ran: str
    verdict: str
    count: int = 1
    extra: Decimal | None = None


@record
class Facts:
    """All that a report is made from. `since` and `at` are stamps in UTC."""

    at: str
    since: str | None
    repository: str | None
    version: str
    entries: tuple[Entry, ...]
    notes: tuple[str, ...] = ()
    priced_as_of: str | None = None
    steps: tuple[Step, ...] = ()
    latencies: tuple[Latency, ...] = ()
    climbs: tuple[Climb, ...] = ()
    burn: tuple[Burn, ...] = ()
    budget: Decimal | None = None
    is_budget_set: bool = False
    pins: tuple[Pin, ...] = ()


@record
class Cell:
    """One place of a table: what is read, and the exact value that is sorted by and that a program may read."""

    text: str
    value: str = ""
    css: str = ""


@record
class Column:
    """A column of a table: numbers stand at the right, and are sorted as numbers."""

    name: str
    is_number: bool = False


@record
class Table:
    """Rows under columns. `total` stands still when rows are sorted; `left_out` says what is not listed."""

    id: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] = ()
    left_out: str = ""
    is_folded: bool = False


@record
class Key:
    """What a colour of a chart stands for, and what that came to."""

    css: str
    name: str
    figure: str


@record
class Figure:
    """A chart with what it shows in words, its colours and its numbers."""

    id: str
    title: str
    description: str
    chart: Chart | None
    keys: tuple[Key, ...] = ()
    table: Table | None = None
    note: str = ""


@record
class Section:
    """A part of the page: figures, or one line that says why there is none."""

    id: str
    title: str
    lead: str
    figures: tuple[Figure, ...] = ()
    tables: tuple[Table, ...] = ()
    empty: str = ""


@record
class Tile:
    """A number that stands alone, what it is, and how it is known. `value` is exact."""

    name: str
    text: str
    value: str
    note: str


@record
class Page:
    """The whole report."""

    title: str
    span: str
    made: str
    tiles: tuple[Tile, ...]
    totals: Table
    notes: tuple[str, ...]
    sections: tuple[Section, ...]
