"""The figures of the report: which of many become a bar, what its words say, and which numbers stand under it.

Pure. Each figure says in a sentence what it shows, for those who do not see it.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from outrider.rules import charts, report_tables
from outrider.rules.charts import Bar, Part, Strip
from outrider.rules.report_facts import Burn, Cell, Figure, Key, Latency, Table
from outrider.rules.report_groups import OTHER, Calendar, largest, last_days, summed
from outrider.rules.report_words import (
    axis_money,
    axis_seconds,
    brief,
    count,
    day_words,
    exact,
    money,
    name,
    per_cent,
    plural,
    seconds,
    short,
)  # fmt: skip
from outrider.rules.sums import Entry, share, whole

MOST_COLOURS = 4
"""How many models of a chart have a colour of their own, or one more; the palette holds those of two charts."""
MOST_BARS = 10
MOST_STRIPS = 12
MOST_IN_KEY = 40
SHORTER = 23
"""The longest name beside two spans of time."""


def named_models(entries: Sequence[Entry]) -> tuple[str, ...]:
    """Returns the models of one book that have a colour of their own."""
    shown, _ = largest(summed(entries, "model"), MOST_COLOURS)
    return tuple(str(entry.names[0]) for entry in shown if entry.cost)


def over_time(id_: str, title: str, entries: Sequence[Entry], colours: Mapping[str, str]) -> Figure:
    """Returns what one book's models came to, span by span."""
    names, models, total = named_models(entries), summed(entries, "model"), whole(entries)
    rest = [entry for entry in models if str(entry.names[0]) not in names]
    css = [*(colours[one] for one in names), *([OTHER] if rest else [])]
    heads = [*map(name, names), *([_rest_words(rest, is_all=not names)] if rest else [])]
    calendar = Calendar(entry.names[0] for entry in entries)
    worth: dict[str, list[Decimal]] = {span: [Decimal(0)] * len(heads) for span in calendar.spans}
    for entry in summed(entries, "day", "model"):
        place = names.index(str(entry.names[1])) if str(entry.names[1]) in names else len(names)
        worth.setdefault(calendar.span(entry.names[0]), [Decimal(0)] * len(heads))[place] += entry.cost
    spans = [(span, calendar.label(span), values) for span, values in worth.items()]
    buckets = [
        (label, [
            Part(css=css[index], value=float(value), title=f"{label}, {heads[index]}: {money(value)}")
            for index, value in enumerate(values) if value
        ])
        for _, label, values in spans
    ]  # fmt: skip
    sums: list[Decimal | None] = [
        sum((row[index] for row in worth.values()), Decimal(0)) for index in range(len(heads))
    ]
    if rest and whole(rest).known_cost is None:
        sums[-1] = None
    figures = [money(value, of=total.cost) for value in sums]
    keys = tuple(
        Key(css=css[index], name=short(head, room=MOST_IN_KEY), figure=figures[index])
        for index, head in enumerate(heads)
    )
    dearest = max(spans, key=lambda span: sum(span[2], Decimal(0)))
    said = (
        f"Columns for {plural(len(spans), calendar.grain)}, together {money(total.cost)}, most in {dearest[1]}: "
        f"{money(sum(dearest[2], Decimal(0)))}. " + "; ".join(f"{key.name} {key.figure}" for key in keys) + "."
    )
    return Figure(
        id=id_, title=title, description=said, chart=charts.columns(buckets, label=axis_money), keys=keys,
        table=report_tables.of_spans(
            f"{id_}-spans", f"{title}, by {calendar.grain}", calendar.grain.capitalize(), spans, heads
        ),
    )  # fmt: skip


def _rest_words(rest: Sequence[Entry], *, is_all: bool) -> str:
    if len(rest) == 1:
        return name(rest[0].names[0])
    return f"{count(len(rest))} models" if is_all else f"{count(len(rest))} others"


def by_cost(id_: str, title: str, head: str, entries: Sequence[Entry], *, nobody: str) -> Figure:
    """Returns a bar for each sum of one book, the dearest first."""
    total = whole(entries)
    shown, others = largest(entries, MOST_BARS)
    bars = [_bar(short(entry.names[0]) if entry.names[0] else nobody, entry, total) for entry in shown]
    if others:
        bars.append(_bar(f"{count(len(others))} others", whole(others), total))
    first = f" The first: {bars[0].title}." if bars else ""
    return Figure(
        id=id_, title=title, chart=charts.bars(bars),
        description=f"{plural(len(entries), 'bar')}, together {money(total.known_cost)}.{first}",
        table=report_tables.of_entries(f"{id_}-table", title, head, entries, nobody=nobody),
    )  # fmt: skip


def _bar(label: str, entry: Entry, total: Entry) -> Bar:
    part = per_cent(share(entry.cost, total.cost))
    figure = money(entry.known_cost, of=total.cost) + (
        f" \u00b7 {part}" if total.cost else f" \u00b7 {brief(entry.calls)} calls"
    )
    return Bar(
        name=label, figure=figure, value=float(entry.cost) if total.cost else float(entry.calls),
        title=f"{name(entry.names[0]) if entry.names and entry.names[0] else label}: {figure}",
    )  # fmt: skip


def by_count(id_: str, title: str, what: str, counts: Sequence[tuple[str, int]], *, table: Table) -> Figure:
    """Returns a bar for each thing that was counted, the most frequent first."""
    total = sum(number for _, number in counts)
    shown, others = largest(counts, MOST_BARS)
    rows = [*shown, *([(f"{count(len(others))} others", sum(number for _, number in others))] if others else [])]
    bars = [
        Bar(name=short(text), figure=f"{count(number)} \u00b7 {per_cent(share(number, total))}", value=number,
            title=f"{name(text)}: {count(number)}")
        for text, number in rows
    ]  # fmt: skip
    return Figure(
        id=id_, title=title, chart=charts.bars(bars), table=table,
        description=f"{plural(total, what)}: {', '.join(bar.title for bar in bars)}.",
    )  # fmt: skip


def latency(latencies: Sequence[Latency]) -> Figure:
    """Returns how long answers took, the models that answered most first."""
    shown, others = largest(sorted(latencies, key=lambda one: (-one.answers, one.model)), MOST_STRIPS)
    strips = [
        Strip(
            name=short(one.model, room=SHORTER), low=one.low, half=one.half, high=one.high,
            figure=f"{seconds(one.half)} \u00b7 90 %: {seconds(one.high)}",
            title=f"{name(one.model)}: half within {seconds(one.half)}, 90 % within {seconds(one.high)}",
        )
        for one in shown
    ]  # fmt: skip
    listed, _ = largest([*shown, *others], report_tables.MOST_ROWS)
    rows = tuple(
        (
            report_tables.word(one.model), report_tables.number(one.answers),
            *(Cell(text=seconds(value), value=f"{value:.3f}") for value in (one.low, one.half, one.high, one.most)),
        )
        for one in listed
    )  # fmt: skip
    table = Table(
        id="latency-table", caption="Seconds until the answer was whole",
        columns=report_tables.columns("Model", numbers=("Answers", "10 %", "50 %", "90 %", "Longest")), rows=rows,
        left_out=(
            f"The {len(listed)} models with most answers are listed, of {count(len(latencies))}."
            if len(listed) < len(latencies) else ""
        ),
    )  # fmt: skip
    return Figure(
        id="latency-figure", title="Time to a whole answer, by model",
        chart=charts.strips(strips, label=axis_seconds), table=table,
        description="; ".join(strip.title for strip in strips) + ".",
        note="The band holds eight of ten answers, without the fastest and the slowest tenth; the dot is the middle "
        "one. The scale is tenfold from mark to mark.",
    )  # fmt: skip


def burn(days: Sequence[Burn], budget: Decimal | None, *, is_set: bool) -> Figure:
    """Returns what each of the last days took of the day's budget, which is the one in force now."""
    counted = {one.day: one.spent for one in days}
    spent = {day: counted.get(day, Decimal(0)) for day in last_days(counted)}
    limit = "" if budget is None else f"{money(budget)} a day{'' if is_set else ' (default)'}"
    over = [day for day, value in spent.items() if budget is not None and value > budget]
    buckets = [
        (day_words(day), [Part(css="over" if day in over else "bar", value=float(value),
                               title=f"{day_words(day)}: {money(value)}")] if value else [])
        for day, value in spent.items()
    ]  # fmt: skip
    rows = tuple(
        (
            Cell(text=day_words(day, with_year=True), value=day), report_tables.dollars(value),
            Cell(text=per_cent(share(value, budget)), value=exact(value / budget)[:12]) if budget else Cell(text=""),
        )
        for day, value in spent.items()
    )  # fmt: skip
    highest = max(spent, key=lambda day: spent[day])
    most = f"most on {day_words(highest)}: {money(spent[highest])}"
    said = (
        f"The line is the budget, {limit}; {plural(len(over), 'day')} went over it." if limit else "There is no budget."
    )
    return Figure(
        id="budget-figure", title="Counted against the day's budget",
        description=f"Columns for {plural(len(spent), 'day')}, {most}. {said}",
        chart=charts.columns(
            buckets, label=axis_money, wall=None if budget is None else (float(budget), f"budget {limit}")
        ),
        table=Table(
            id="budget-table", caption="By day", rows=rows, is_folded=True,
            columns=report_tables.columns("Day", numbers=("Counted", "Of the budget")),
            total=(Cell(text="total"), report_tables.dollars(sum(spent.values(), Decimal(0))), Cell(text="")),
        ),
    )  # fmt: skip
