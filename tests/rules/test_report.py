"""What the report makes of names, numbers and days."""

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import report, report_words
from outrider.rules.pins import Judged, Verdict
from outrider.rules.report_facts import Burn, Facts, Latency, Pin, Step
from outrider.rules.report_groups import (
    COLOURS,
    NO_DAY,
    Calendar,
    colours,
    largest,
    last_days,
    of_repository,
    summed,
)  # fmt: skip
from outrider.rules.report_pins import alike
from outrider.rules.sums import Entry, whole

DAYS = st.dates(min_value=date(1970, 1, 1), max_value=date(2200, 1, 1)).map(date.isoformat)


def entry(
    model: str | None = "m", *, day: str | None = "2026-11-20", cost: str = "1", source: str = "outrider"
) -> Entry:
    """Returns a sum of the cube."""
    return Entry(source=source, names=(day, model, "t", None, "/r"), calls=1, input=10, output=2, cost=Decimal(cost))


def facts(*entries: Entry, **more: Any) -> Facts:
    """Returns facts with these sums."""
    return Facts(at="2026-11-21T00:00:00Z", since=None, repository=None, version="1", entries=entries, **more)


@pytest.mark.parametrize(
    ("amount", "of", "said"),
    [
        ("0", None, "$0.00"), ("0.123456", None, "$0.1235"), ("0.00001", None, "<$0.0001"), ("1.005", None, "$1.00"),
        ("1234567.891", None, "$1,234,567.89"), ("-2.5", None, "\u2212$2.50"), ("-0.00001", None, "\u2212<$0.0001"),
        ("0.123456", "20", "$0.12"), ("0.001", "20", "<$0.01"), ("0.01", "0.5", "$0.0100"), ("3", "0.5", "$3.0000"),
    ],
)  # fmt: skip
def test_money_is_written_to_the_cent(amount: str, of: str | None, said: str) -> None:
    """Or finer where the whole is less than a dollar; never a zero for something."""
    assert report_words.money(Decimal(amount), of=None if of is None else Decimal(of)) == said
    assert report_words.money(None) == "?"


@pytest.mark.parametrize(
    ("value", "step", "said"),
    [
        (0, 1, "$0"), (5, 5, "$5"), (2.5, 2.5, "$2.50"), (0.0005, 0.0005, "$0.0005"), (-2, 1, "\u2212$2"),
        (2_500, 500, "$2,500"), (25_000, 5_000, "$25k"), (2e6, 1e6, "$2M"), (3e9, 1e9, "$3B"),
        (1e-7, 1e-7, "$0.000000"),
    ],
)  # fmt: skip
def test_a_mark_of_an_axis_is_short(value: float, step: float, said: str) -> None:
    """With as many places as its neighbours need."""
    assert report_words.axis_money(value, step) == said


@pytest.mark.parametrize(
    ("length", "said", "mark"),
    [(0.05, "50 ms", "50 ms"), (0.9999, "1.0 s", "999.9 ms"), (99.9, "99.9 s", "99.9 s"), (99.96, "1.7 min", "99.96 s"),
     (3_600, "1.0 h", "3600 s")],
)  # fmt: skip
def test_spans_of_time_are_read_at_a_glance(length: float, said: str, mark: str) -> None:
    """In the unit that a person would take."""
    assert (report_words.seconds(length), report_words.axis_seconds(length)) == (said, mark)


@pytest.mark.parametrize(
    ("part", "said"), [(0, "0 %"), (0.001, "<1 %"), (0.126, "13 %"), (1, "100 %"), (-0.5, "\u221250 %")]
)
def test_a_little_is_not_nothing(part: float, said: str) -> None:
    """A share that rounds to nothing says so."""
    assert report_words.per_cent(part) == said


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0"), (999, "999"), (1_234, "1.23 k"), (40_800_000, "40.8 M"), (2e9, "2 B"), (3e12, "3 T")]
)
def test_a_label_is_brief(number: float, said: str) -> None:
    """Three digits and a letter."""
    assert report_words.brief(number) == said


@pytest.mark.parametrize(
    ("text", "said", "short"),
    [
        (None, "\u2013", "\u2013"), ("", "\u2013", "\u2013"), ("plain", "plain", "plain"), (" a\n\tb ", "a b", "a b"),
        ("x" * 300, "x" * 99 + "\u2026", "x" * 19 + "\u2026" + "x" * 9 + "\u2026"),
        ("p/" + "n" * 30 + "-v2", "p/" + "n" * 30 + "-v2", "p/" + "n" * 17 + "\u2026" + "n" * 7 + "-v2"),
        ("W" * 20, "W" * 20, "W" * 9 + "\u2026" + "W" * 5), ("e\u0301" * 30, "e\u0301" * 30, "e\u0301" * 30),
        ("宽" * 20, "宽" * 20, "宽" * 9 + "\u2026" + "宽" * 5),
    ],
)  # fmt: skip
def test_a_name_has_its_place(text: str | None, said: str, short: str) -> None:
    """A long one is cut in the middle beside a bar, and at its end in a table; wide letters take two columns."""
    assert (report_words.name(text), report_words.short(text)) == (said, short)


@given(st.text(max_size=400))
def test_no_name_has_a_control(text: str) -> None:
    """Or breaks a line, or is longer than its place."""
    said = report_words.name(text)
    assert said
    assert len(said) <= report_words.LONGEST_NAME
    assert not re.search("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", said)
    assert len(report_words.short(text)) <= report_words.LONGEST_NAME


@given(st.lists(st.tuples(DAYS | st.sampled_from([None, "", "soon", "-4713-11-24"]), st.integers(-5, 50)), max_size=30))
def test_every_day_falls_in_one_span(days: list[tuple[str | None, int]]) -> None:
    """There are few spans, without a gap, and what has no day has a place of its own."""
    calendar = Calendar(day for day, _ in days)
    spans = calendar.spans
    assert len(spans) <= 240
    assert list(spans) == sorted(set(spans))
    for day, _ in days:
        assert calendar.span(day) in {*spans, NO_DAY}
        assert calendar.label(calendar.span(day))


@pytest.mark.parametrize(
    ("days", "grain", "count", "labels"),
    [
        (62, "day", 62, ("2 Jan", "3 Jan")), (63, "week", 10, ("29 Dec", "5 Jan")),
        (400, "week", 58, ("29 Dec", "5 Jan")),
        (500, "month", 17, ("Jan 2026", "Feb 2026")), (4_000, "year", 11, ("2026", "2027")),
    ],
)  # fmt: skip
def test_a_long_history_is_shown_in_longer_spans(days: int, grain: str, count: int, labels: tuple[str, str]) -> None:
    """A chart has no more columns than can be told apart."""
    first = date(2026, 1, 2)
    calendar = Calendar([first.isoformat(), (first + timedelta(days=days - 1)).isoformat()])
    assert (calendar.grain, len(calendar.spans)) == (grain, count)
    assert tuple(map(calendar.label, calendar.spans[:2])) == labels


def test_the_last_days_have_no_gap() -> None:
    """As many as a chart shows, up to the newest."""
    assert last_days(["2026-03-01", "2026-02-27", "soon"]) == ("2026-02-27", "2026-02-28", "2026-03-01")
    assert last_days([]) == ()
    long = last_days(["2020-01-01", "2026-03-01"])
    assert (len(long), long[-1]) == (62, "2026-03-01")


@given(st.lists(st.text(min_size=1, max_size=8), max_size=10, unique=True))
def test_names_have_colours_of_their_own(names: list[str]) -> None:
    """As many as the palette has, in whatever order they come."""
    found = colours(names)
    assert found == colours(reversed(names))
    assert len(set(found.values())) == len(names)


def test_a_name_keeps_its_colour() -> None:
    """The others coming and going changes nothing, unless they want the same; more than there are share."""
    assert colours(["here.one"])["here.one"] == colours(["here.one", "here.two"])["here.one"]
    many = colours(f"m{number}" for number in range(30))
    assert set(many.values()) == {f"c{number}" for number in range(COLOURS)}


def test_what_is_not_named_is_with_the_others() -> None:
    """One alone is named."""
    assert largest((1, 2, 3), 2) == ((1, 2, 3), ())
    assert largest((1, 2, 3, 4), 2) == ((1, 2), (3, 4))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["outrider", "claude_code"]), st.integers(-9, 99))))
def test_sums_lose_nothing(parts: list[tuple[str, str, int]]) -> None:
    """However the cube is cut, the whole is the same."""
    entries = [entry(model, source=source, cost=str(cost)) for model, source, cost in parts]
    for by in ((), ("model",), ("day", "model"), ("task",)):
        assert whole(summed(entries, *by)) == whole(entries)
    assert of_repository(entries, "/r") == tuple(entries)
    assert of_repository(entries, "/other") == ()


def test_an_empty_book_has_a_line_for_each_section() -> None:
    """Not one chart."""
    page = report.page(facts())
    assert all(section.empty and not section.figures for section in page.sections)
    assert [tile.text for tile in page.tiles] == ["$0.00", "0", "0"]


def test_what_was_measured_and_what_was_priced_never_share_a_chart() -> None:
    """Each book has its own columns and its own bars."""
    page = report.page(facts(entry("a"), entry("b", source="claude_code"), priced_as_of="2026-11-20"))
    spend, whom, own = page.sections[:3]
    assert [[key.name for key in figure.keys] for figure in spend.figures] == [["a"], ["b"]]
    assert "20 Nov 2026" in own.lead
    assert [figure.id for figure in (*whom.figures, *own.figures)] == ["task", "agent", "own-model", "own-agent"]


def test_what_has_no_price_is_no_zero() -> None:
    """A question mark, in the legend too."""
    unknown = Entry(source="claude_code", names=("2026-11-20", "nova", None, "main", "/r"), calls=1, unpriced=1)
    spend = report.page(facts(entry("b", source="claude_code"), unknown)).sections[0]
    assert [(key.name, key.figure) for key in spend.figures[0].keys] == [("b", "$1.00"), ("nova", "?")]
    alone = report.page(facts(unknown))
    assert [tile.text for tile in alone.tiles[:2]] == ["$0.00", "?"]


def test_what_costs_nothing_is_counted_in_calls() -> None:
    """Bars of a local model's tasks are as long as they are many."""
    (figure, _) = report.page(facts(entry("a", cost="0"), entry("b", cost="0"))).sections[1].figures
    assert figure.chart is not None
    assert [rect.width for rect in figure.chart.rects if rect.css == "bar"] == [100.0]
    assert [text.text for text in figure.chart.texts] == ["t", "$0.00 \u00b7 2 calls"]


def test_many_models_are_five_colours_and_the_others() -> None:
    """And a day that nobody knows has a column."""
    entries = [
        entry(f"m{number:02}", cost=str(20 - number), day="2026-11-20" if number else None) for number in range(12)
    ]
    (figure,) = report.page(facts(*entries)).sections[0].figures
    assert [(key.name, key.css == "other") for key in figure.keys] == [
        ("m00", False), ("m01", False), ("m02", False), ("m03", False), ("8 others", True),
    ]  # fmt: skip
    assert figure.table is not None
    assert [row[0].text for row in figure.table.rows] == ["20 Nov", NO_DAY]


def test_long_lists_end_with_the_others() -> None:
    """Fallbacks, bars, strips and starts alike."""
    page = report.page(
        facts(
            entry(),
            steps=tuple(Step(kind=f"k{number}", first="a", second="b", count=1) for number in range(60)),
            latencies=tuple(
                Latency(model=f"m{number}", answers=1, low=1, half=2, high=3, most=4) for number in range(60)
            ),
            pins=tuple(Pin(agent=f"a{number}", requested="x", ran="y", verdict="IGNORED") for number in range(60)),
        )
    )
    tables = {figure.id: figure.table for section in page.sections for figure in section.figures if figure.table}
    for id_ in ("fallback", "pin"):
        assert (len(tables[id_].rows), tables[id_].rows[-1][0].text) == (51, "10 others")
        assert tables[id_].left_out == "The 50 largest are listed; 10 others in one row."
    assert len(tables["latency-figure"].rows) == 50
    assert "of 60" in tables["latency-figure"].left_out


def spawned(agent: str, verdict: Verdict, *, asked: str | None, ran: tuple[str, ...], extra: str | None) -> Judged:
    """Returns a judged subagent."""
    return Judged(
        agent=agent, verdict=verdict, why="", asked=asked, source="call", declared=(), ran=ran, calls=1, tokens=1,
        extra=None if extra is None else Decimal(extra), effort_asked="", effort_ran=(), version="2", at=0.0,
        session="s", agent_id="a", folder="/r",
    )  # fmt: skip


def test_pins_show_what_is_wrong_first() -> None:
    """Those that are alike in one line, with what they cost more where that is known."""
    found = alike(
        [
            *[spawned("fine", "OK", asked="opus", ran=("opus-5",), extra="0")] * 3,
            spawned("scout", "IGNORED", asked="haiku", ran=("opus-5", "haiku-5"), extra="0.25"),
            spawned("scout", "IGNORED", asked="haiku", ran=("opus-5", "haiku-5"), extra=None),
            spawned("scout", "IGNORED", asked="haiku", ran=("opus-5", "haiku-5"), extra="-0.75"),
            spawned("odd", "UNKNOWN", asked=None, ran=(), extra=None),
        ]
    )
    (figure,) = report.page(facts(pins=found)).sections[-1].figures
    assert figure.table is not None
    assert [[cell.text for cell in row] for row in figure.table.rows] == [
        ["IGNORED", "scout", "haiku", "opus-5, haiku-5", "3", "\u2212$0.5000"],
        ["UNKNOWN", "odd", "\u2013", "\u2013", "1", ""],
        ["OK", "fine", "opus", "opus-5", "3", "$0.00"],
    ]
    assert figure.description == "7 starts: OK: 3, IGNORED: 3, UNKNOWN: 1."


def test_without_a_budget_there_is_no_line() -> None:
    """The columns stand all the same."""
    burnt = (Burn(day="2026-11-19", spent=Decimal(1)), Burn(day="2026-11-20", spent=Decimal(3)))
    for budget, lines, said in (
        (None, 0, "There is no budget."),
        (Decimal(2), 1, "The line is the budget, $2.00 a day"),
    ):
        section = next(one for one in report.page(facts(burn=burnt, budget=budget, is_budget_set=True)).sections
                       if one.id == "budget")  # fmt: skip
        (figure,) = section.figures
        assert figure.chart is not None
        assert len([line for line in figure.chart.lines if line.css == "wall"]) == lines
        assert said in figure.description
        assert [rect.css for rect in figure.chart.rects] == (["bar", "over"] if budget else ["bar", "bar"])
