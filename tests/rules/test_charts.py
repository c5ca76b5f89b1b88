"""The geometry of charts: nothing leaves its frame, marks are round, and a bar is as long as what it stands for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import charts
from outrider.rules.charts import Bar, Chart, Part, Strip

AMOUNTS = st.floats(min_value=-1e9, max_value=1e9, allow_nan=False).map(lambda value: round(value, 6))
TIMES = st.floats(min_value=0, max_value=1e7, allow_nan=False)


def label(value: float, _step: float = 0.0) -> str:
    """Writes a mark as it is."""
    return f"{value:g}"


def is_framed(chart: Chart) -> bool:
    """Whether everything is inside the chart, with a hair for rounding."""
    across = [value for rect in chart.rects for value in (rect.x, rect.x + rect.width)]
    across += [value for line in chart.lines for value in (line.x1, line.x2)] + [dot.x for dot in chart.dots]
    down = [value for rect in chart.rects for value in (rect.y, rect.y + rect.height)]
    down += [value for line in chart.lines for value in (line.y1, line.y2)] + [text.y for text in chart.texts]
    sizes = [size for rect in chart.rects for size in (rect.width, rect.height)]
    return (
        all(-0.5 <= value <= 100.5 for value in across)
        and all(-0.5 <= value <= chart.height + 0.5 for value in down)
        and all(size >= 0 for size in sizes)
    )


@pytest.mark.parametrize(
    ("low", "high", "marks"),
    [
        (0, 0, (0.0, 0.25, 0.5, 0.75, 1.0)),
        (0, 1.1, (0.0, 0.5, 1.0, 1.5)),
        (0, 10, (0.0, 2.5, 5.0, 7.5, 10.0)),
        (0, 0.0003, (0.0, 0.0001, 0.0002, 0.0003)),
        (-3, 7, (-5.0, -2.5, 0.0, 2.5, 5.0, 7.5)),
        (-3, -1, (-3.0, -2.0, -1.0, 0.0)),
        (5, 9_000, (0.0, 2_500.0, 5_000.0, 7_500.0, 10_000.0)),
    ],
)
def test_marks_are_round(low: float, high: float, marks: tuple[float, ...]) -> None:
    """They begin or end at nothing, and cover what is drawn."""
    assert charts.ticks(low, high) == marks


@given(AMOUNTS, AMOUNTS)
def test_marks_cover_what_is_drawn(one: float, other: float) -> None:
    """To a millionth of the axis, which nobody sees; and are few."""
    marks = charts.ticks(min(one, other), max(one, other))
    hair = (marks[-1] - marks[0]) * 1e-6
    assert marks[0] <= min(one, other, 0) + hair
    assert marks[-1] >= max(one, other, 0) - hair
    assert 2 <= len(marks) <= 8
    assert 0.0 in marks


@given(st.lists(st.lists(AMOUNTS, max_size=6), max_size=70), st.none() | AMOUNTS.filter(lambda value: value >= 0))
def test_columns_stay_in_their_frame(values: list[list[float]], wall: float | None) -> None:
    """Whatever is stacked, below nothing too."""
    buckets = [
        (f"d{index}", [Part(css="c0", title="", value=value) for value in parts]) for index, parts in enumerate(values)
    ]
    drawn = charts.columns(buckets, label=label, wall=None if wall is None else (wall, "wall"))
    assert is_framed(drawn)
    assert len(drawn.rects) == sum(value != 0 for parts in values for value in parts)
    assert len([text for text in drawn.texts if text.css == "tick"]) <= charts.MOST_DATES


def test_a_column_is_stacked_without_a_gap() -> None:
    """Each part begins where the one under it ends; what is below nothing hangs from the line."""
    parts = [Part(css=f"c{index}", title="", value=value) for index, value in enumerate((1.0, 2.0, -1.0))]
    drawn = charts.columns([("today", parts)], label=label)
    first, second, below = drawn.rects
    (line,) = [line for line in drawn.lines if line.css == "axis"]
    assert (first.y + first.height, second.y + second.height, below.y) == pytest.approx((line.y1, first.y, line.y1))
    assert second.height == pytest.approx(2 * first.height, abs=0.02)
    assert below.height == pytest.approx(first.height, abs=0.02)


@pytest.mark.parametrize(
    ("count", "said"), [(1, ["0"]), (5, ["0", "1", "2", "3", "4"]), (30, ["0", "7", "14", "22", "29"])]
)
def test_dates_are_few(count: int, said: list[str]) -> None:
    """As many as a telephone has room for, the first and the last among them."""
    drawn = charts.columns([(str(index), []) for index in range(count)], label=label)
    assert [text.text for text in drawn.texts] == said


@given(st.lists(AMOUNTS, max_size=20))
def test_bars_are_as_long_as_their_values(values: list[float]) -> None:
    """And never longer than the chart; what is nothing has no bar, a little has one that is seen."""
    drawn = charts.bars([Bar(name="n", figure="f", value=value) for value in values])
    assert is_framed(drawn)
    found = [rect.width for rect in drawn.rects if rect.css == "bar"]
    span = (max([*values, 0]) - min([*values, 0])) or 1
    assert found == pytest.approx(
        [max(abs(value) / span * 100, charts.LEAST_BAR) if value else 0 for value in values], abs=0.01
    )


@given(st.lists(st.tuples(TIMES, TIMES, TIMES).map(sorted), max_size=15))
def test_strips_stay_in_their_frame(values: list[list[float]]) -> None:
    """Their dot is within their band."""
    rows = [Strip(name="n", figure="f", low=low, half=half, high=high) for low, half, high in values]
    drawn = charts.strips(rows, label=label)
    assert is_framed(drawn)
    for rect, dot in zip(drawn.rects, drawn.dots, strict=True):
        assert rect.x - 0.01 <= dot.x <= rect.x + rect.width + 0.01


def test_a_strip_has_a_tenfold_scale() -> None:
    """From one mark to the next it is ten times as long."""
    drawn = charts.strips([Strip(name="n", figure="f", low=1.0, half=10.0, high=100.0)], label=label)
    assert [text.text for text in drawn.texts if text.css == "tick"] == ["1", "10", "100"]
    assert [(rect.x, rect.width) for rect in drawn.rects] == [(2.0, 96.0)]
    assert [dot.x for dot in drawn.dots] == [50.0]
