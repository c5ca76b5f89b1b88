"""The geometry of charts: scales, ticks, and the rectangles, lines, dots and words that a chart is drawn with.

Pure. Across, everything is in per cent of the width, so that a chart fills a wide window and a narrow one and its words
keep their size; down, everything is in pixels. What a chart is about is not known here.
"""

from collections.abc import Callable, Sequence
from math import ceil, floor, log10

from outrider.records import record

PLOT = 180
"""How high a chart of columns is, in pixels, without its dates."""
TOP = 18
FOOT = 22
ROW = 40
"""How high a row with a bar is: its words, the bar, air."""
MOST_DATES = 5
"""How many dates fit under a chart that is as narrow as a telephone."""
LEAST_BAR = 0.4
"""A bar of something is seen, in per cent."""


@record
class Rect:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    css: str
    title: str = ""


@record
class Line:
    """A straight line."""

    x1: float
    y1: float
    x2: float
    y2: float
    css: str


@record
class Dot:
    """A small disc."""

    x: float
    y: float
    css: str
    title: str = ""


@record
class Text:
    """Words: `anchor` says which end of them is at `x`."""

    x: float
    y: float
    text: str
    css: str
    anchor: str = "start"


@record
class Chart:
    """What is drawn, from the back to the front. `axis` stands in a strip of its own at the left."""

    height: int
    lines: tuple[Line, ...] = ()
    rects: tuple[Rect, ...] = ()
    dots: tuple[Dot, ...] = ()
    texts: tuple[Text, ...] = ()
    axis: tuple[Text, ...] = ()


@record
class Part:
    """One colour of one column."""

    css: str
    title: str
    value: float


@record
class Bar:
    """A row: its name, its number as it is read, and how long its bar is."""

    name: str
    figure: str
    value: float
    title: str = ""
    css: str = "bar"


@record
class Strip:
    """A row of a distribution: its tenth, its middle, its nine tenths."""

    name: str
    figure: str
    low: float
    half: float
    high: float
    title: str = ""


def ticks(low: float, high: float, *, about: int = 4) -> tuple[float, ...]:
    """Returns round numbers that cover a range; the first and the last are the ends of its axis."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high == low:
        high = low + 1.0
    raw = (high - low) / about
    size = 10.0 ** floor(log10(raw))
    step = next(size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999)
    first, last = floor(low / step + 1e-9), ceil(high / step - 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))


def columns(
    buckets: Sequence[tuple[str, Sequence[Part]]], *, label: Callable[[float, float], str],
    wall: tuple[float, str] | None = None,
) -> Chart:  # fmt: skip
    """Draws stacked columns, one for each bucket; what is below nothing hangs under the line.

    `label` writes a mark of the axis, given how far it is to the next; `wall` is a height to mark, with its words.
    """
    highest = max((sum(part.value for part in parts if part.value > 0) for _, parts in buckets), default=0.0)
    lowest = min((sum(part.value for part in parts if part.value < 0) for _, parts in buckets), default=0.0)
    marks = ticks(lowest, max(highest, wall[0] if wall is not None else 0.0))
    bottom, top = marks[0], marks[-1]

    def down(value: float) -> float:
        return round(TOP + PLOT * (top - value) / (top - bottom), 2)

    band = 100 / max(len(buckets), 1)
    wide = min(band * 0.76, 12.0)
    rects: list[Rect] = []
    for index, (_, parts) in enumerate(buckets):
        left = round(index * band + (band - wide) / 2, 3)
        above = below = 0.0
        for part in parts:
            begin = above if part.value > 0 else below
            end = begin + part.value
            above, below = (end, below) if part.value > 0 else (above, end)
            if part.value:
                y, height = min(down(begin), down(end)), abs(down(begin) - down(end))
                rects.append(Rect(x=left, y=y, width=round(wide, 3), height=round(height, 2), css=part.css,
                                  title=part.title))  # fmt: skip
    lines = [Line(x1=0, y1=down(mark), x2=100, y2=down(mark), css="axis" if mark == 0 else "grid") for mark in marks]
    texts = list(_dates([name for name, _ in buckets], band=band, y=TOP + PLOT + FOOT))
    if wall is not None:
        lines.append(Line(x1=0, y1=down(wall[0]), x2=100, y2=down(wall[0]), css="wall"))
        texts.append(Text(x=100, y=down(wall[0]) - 5, text=wall[1], css="halo", anchor="end"))
    return Chart(
        height=TOP + PLOT + FOOT + 8, lines=tuple(lines), rects=tuple(rects), texts=tuple(texts),
        axis=tuple(Text(x=0, y=down(mark) + 4, text=label(mark, marks[1] - marks[0]), css="tick", anchor="end")
                   for mark in marks),
    )  # fmt: skip


def _dates(names: Sequence[str], *, band: float, y: float) -> list[Text]:
    """Writes as many names under columns as there is room for: the first, the last, and some between."""
    count = len(names)
    shown = range(count) if count <= MOST_DATES else [
        round(index * (count - 1) / (MOST_DATES - 1)) for index in range(MOST_DATES)
    ]  # fmt: skip
    found = []
    for index in shown:
        middle = round((index + 0.5) * band, 3)
        is_crowded = count > MOST_DATES
        anchor = "start" if is_crowded and index == 0 else "end" if is_crowded and index == count - 1 else "middle"
        x = {"start": 0.0, "end": 100.0}.get(anchor, middle)
        found.append(Text(x=x, y=y, text=names[index], css="tick", anchor=anchor))
    return found


def bars(rows: Sequence[Bar]) -> Chart:
    """Draws a bar under the name and the number of each row; what is below nothing goes to the left of the line."""
    most = max((row.value for row in rows), default=0.0)
    least = min((row.value for row in rows), default=0.0)
    most, least = max(most, 0.0), min(least, 0.0)
    span = (most - least) or 1.0
    origin = -least / span * 100
    rects: list[Rect] = []
    texts: list[Text] = []
    for index, row in enumerate(rows):
        y = index * ROW
        width = max(abs(row.value) / span * 100, LEAST_BAR) if row.value else 0.0
        rects.append(Rect(x=0, y=y + 22, width=100, height=8, css="track"))
        rects.append(Rect(x=round(origin if row.value >= 0 else origin - width, 3), y=y + 22, width=round(width, 3),
                          height=8, css=row.css, title=row.title))  # fmt: skip
        texts += _words(row.name, row.figure, y=y + 15)
    return Chart(height=len(rows) * ROW, rects=tuple(rects), texts=tuple(texts))


def strips(rows: Sequence[Strip], *, label: Callable[[float], str]) -> Chart:
    """Draws where most of each row's values lie, on one scale whose steps are tenfold."""
    known = [value for row in rows for value in (row.low, row.high) if value > 0]
    first = floor(log10(min(known))) if known else 0
    last = max(ceil(log10(max(known)) - 1e-9), first + 1) if known else 1

    def across(value: float) -> float:
        part = (log10(value) - first) / (last - first) if value > 0 else 0.0
        return round(2 + 96 * min(max(part, 0.0), 1.0), 3)

    bottom = len(rows) * ROW
    lines: list[Line] = []
    rects: list[Rect] = []
    dots: list[Dot] = []
    texts: list[Text] = []
    for power in range(first, last + 1):
        x = across(10.0**power)
        lines += [Line(x1=x, y1=index * ROW + 20, x2=x, y2=index * ROW + 34, css="grid") for index in range(len(rows))]
        anchor = "start" if power == first else "end" if power == last else "middle"
        texts.append(Text(x=x, y=bottom + 14, text=label(10.0**power), css="tick", anchor=anchor))
    for index, row in enumerate(rows):
        y = index * ROW + 27
        left, right = across(row.low), across(row.high)
        lines.append(Line(x1=2, y1=y, x2=98, y2=y, css="grid"))
        rects.append(Rect(x=left, y=y - 4, width=round(max(right - left, LEAST_BAR), 3), height=8, css="range",
                          title=row.title))  # fmt: skip
        dots.append(Dot(x=across(row.half), y=y, css="half", title=row.title))
        texts += _words(row.name, row.figure, y=index * ROW + 15)
    return Chart(
        height=bottom + 22, lines=tuple(lines), rects=tuple(rects), dots=tuple(dots), texts=tuple(texts)
    )  # fmt: skip


def _words(name: str, figure: str, *, y: float) -> tuple[Text, Text]:
    return (
        Text(x=0, y=y, text=name, css="name"),
        Text(x=100, y=y, text=figure, css="figure", anchor="end"),
    )
