"""The tables of the report: the same figures as `usage --json`, each with the exact value behind what is read.

Pure. A long table lists the largest and sums the others, so that every column still adds up.
"""

from collections.abc import Sequence
from decimal import Decimal

from outrider.records import replace
from outrider.rules.report_facts import Cell, Column, Pin, Step, Table
from outrider.rules.report_groups import largest
from outrider.rules.report_words import NOBODY, count, exact, money, name, per_cent, plural
from outrider.rules.spending import SOURCE
from outrider.rules.sums import OURS, Entry, share, whole

MOST_ROWS = 50
MOST_OPEN = 15
"""A longer table is folded until somebody opens it."""
NUMBERS = ("Dollars", "Share", "Calls", "Failed", "Tokens in", "Tokens out", "Cache read", "Cache written")
BOOKS = {OURS: "your keys, measured", SOURCE: "Claude Code, API list value"}


def word(text: str | None) -> Cell:
    """Returns a cell with a name."""
    return Cell(text=name(text), value="" if text is None else name(text))


def number(value: int) -> Cell:
    """Returns a cell with a whole number."""
    return Cell(text=count(value), value=str(value))


def dollars(amount: Decimal | None, *, of: Decimal | None = None) -> Cell:
    """Returns a cell with money, as fine as the whole that it is a part of needs it."""
    return Cell(text=money(amount, of=of), value=exact(amount))


def columns(*names: str, numbers: Sequence[str]) -> tuple[Column, ...]:
    """Returns columns for names, then for numbers."""
    return (*(Column(name=one) for one in names), *(Column(name=one, is_number=True) for one in numbers))


def totals(entries: Sequence[Entry]) -> Table:
    """Returns what each book comes to, and both."""
    both = whole(entries)
    rows = tuple((word(BOOKS[entry.source]), *_numbers(entry, both), *_doubts(entry, both)) for entry in entries)
    is_sum = len(entries) > 1
    return Table(
        id="totals", caption="Totals by book",
        columns=columns("Book", numbers=(
            *NUMBERS, "In doubt", "No price",
        )),
        rows=rows,
        total=(word("both"), *_numbers(both, both), *_doubts(both, both)) if is_sum else (),
    )  # fmt: skip


def _doubts(entry: Entry, total: Entry) -> tuple[Cell, Cell]:
    return dollars(entry.in_doubt, of=total.cost), number(entry.unpriced)


def _numbers(entry: Entry, total: Entry) -> tuple[Cell, ...]:
    part = share(entry.cost, total.cost)
    return (
        dollars(entry.known_cost, of=total.cost),
        Cell(text=per_cent(part) if total.cost else "", value=f"{part:.6f}" if total.cost else ""),
        number(entry.calls), number(entry.failures), number(entry.input), number(entry.output), number(entry.cached),
        number(entry.written),
    )  # fmt: skip


def of_entries(id_: str, caption: str, head: str, entries: Sequence[Entry], *, nobody: str = NOBODY) -> Table:
    """Returns a row for each sum of one book, the largest first, and the whole; shares are of this book."""
    total = whole(entries)
    shown, others = largest(entries, MOST_ROWS)
    rows = [(_named(entry.names[0], nobody), *_numbers(entry, total)) for entry in shown]
    if others:
        rows.append((_others(len(others)), *_numbers(whole(others), total)))
    return Table(
        id=id_, caption=caption,
        columns=columns(head, numbers=NUMBERS),
        rows=tuple(rows), total=(Cell(text="total"), *_numbers(total, total)),
        left_out=_left_out(len(others)), is_folded=len(rows) > MOST_OPEN,
    )  # fmt: skip


def _named(text: str | None, nobody: str) -> Cell:
    return word(text) if text else Cell(text=nobody, css="nobody")


def _others(number_of: int) -> Cell:
    return Cell(text=f"{count(number_of)} others", value="\U0010ffff", css="nobody")


def _left_out(others: int) -> str:
    return f"The {MOST_ROWS} largest are listed; {plural(others, 'other')} in one row." if others else ""


def of_spans(
    id_: str, caption: str, head: str, spans: Sequence[tuple[str, str, Sequence[Decimal]]], names: Sequence[str]
) -> Table:
    """Returns a row for each span of days, with what each name of a chart came to; all of it, in a table that folds."""
    sums = [sum((values[index] for _, _, values in spans), Decimal(0)) for index in range(len(names))]
    whole_sum = sum(sums, Decimal(0))

    def cells(values: Sequence[Decimal]) -> tuple[Cell, ...]:
        return tuple(dollars(value, of=whole_sum) for value in (*values, sum(values, Decimal(0))))

    rows = tuple((Cell(text=label, value=span), *cells(values)) for span, label, values in spans)
    return Table(
        id=id_, caption=caption, columns=columns(head, numbers=(*(name(one) for one in names), "Total")), rows=rows,
        total=(Cell(text="total"), *cells(sums)), is_folded=True,
    )  # fmt: skip


def of_steps(steps: Sequence[Step]) -> Table:
    """Returns each way that questions went on, the most frequent first."""
    shown, others = largest(steps, MOST_ROWS)
    rows = [(word(step.kind), word(step.first), word(step.second), number(step.count)) for step in shown]
    if others:
        rows.append((_others(len(others)), Cell(text=""), Cell(text=""), number(sum(step.count for step in others))))
    return Table(
        id="fallback-table", caption="Fallbacks", columns=columns("Reason", "From", "To", numbers=("Times",)),
        rows=tuple(rows), left_out=_left_out(len(others)), is_folded=len(rows) > MOST_OPEN,
        total=(Cell(text="total"), Cell(text=""), Cell(text=""), number(sum(step.count for step in steps))),
    )  # fmt: skip


def of_pins(pins: Sequence[Pin]) -> Table:
    """Returns each kind of start, those with something wrong first."""
    shown, others = largest(pins, MOST_ROWS)
    rows = [
        (
            replace(word(pin.verdict), css=f"verdict {pin.verdict.lower() if pin.verdict.isalpha() else ''}".strip()),
            word(pin.agent), word(pin.requested), word(pin.ran), number(pin.count),
            dollars(pin.extra) if pin.extra is not None else Cell(text=""),
        )
        for pin in shown
    ]  # fmt: skip
    if others:
        blank = Cell(text="")
        rows.append((_others(len(others)), blank, blank, blank, number(sum(pin.count for pin in others)), blank))
    return Table(
        id="pin-table", caption="Models that subagents were started with",
        columns=columns("Verdict", "Agent", "Asked for", "Ran", numbers=("Starts", "Cost more")),
        rows=tuple(rows), left_out=_left_out(len(others)), is_folded=len(rows) > MOST_OPEN,
    )  # fmt: skip
