"""Records keep the promises of a frozen, slotted, keyword-only dataclass."""

import pickle
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider import data, engine, rows
from outrider.records import MEMORY, as_dict, memo, record, replace


@record
class Point:
    """A place on a plane."""

    x: int
    y: int = 0
    labels: tuple[str, ...] = ()

    @property
    def length(self) -> int:
        """How far it is along the streets."""
        return abs(self.x) + abs(self.y)

    def moved(self, *, by: int) -> "Point":
        """Returns the point to its right."""
        return replace(self, x=self.x + by)


@record
class Pair:
    """Has the fields of a point, and is none."""

    x: int
    y: int = 0
    labels: tuple[str, ...] = ()


def test_fields_and_defaults() -> None:
    """Fields come by keyword, what is left out has its default."""
    point = Point(x=1, labels=("a",))
    assert (point.x, point.y, point.labels, point.length) == (1, 0, ("a",), 1)
    assert point.moved(by=2) == Point(x=3, labels=("a",))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (Point, "Point needs `x`"),
        (lambda: Point(y=1), "Point needs `x`"),  # type: ignore[call-arg]
        (lambda: Point(x=1, z=2), "Point has no `z`"),  # type: ignore[call-arg]
        (lambda: Point(1), "positional"),  # type: ignore[call-arg]
        (lambda: replace(Point(x=1), z=2), "Point has no `z`"),
    ],
    ids=["nothing", "without the first", "unknown", "by place", "replaced by unknown"],
)
def test_wrong_fields_are_refused(make: Callable[[], object], message: str) -> None:
    """A missing, unknown or unnamed field is a mistake at once."""
    with pytest.raises(TypeError, match=message):
        make()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda point: setattr(point, "x", 2), r"Point\.x cannot be changed"),
        (lambda point: setattr(point, "z", 2), r"Point\.z cannot be changed"),
        (lambda point: delattr(point, "x"), r"Point\.x cannot be changed"),
    ],
    ids=["changed", "added", "deleted"],
)
def test_nothing_changes_a_record(change: Callable[[Point], None], message: str) -> None:
    """A record stays what it was made as."""
    point = Point(x=1)
    with pytest.raises(AttributeError, match=message):
        change(point)
    assert point == Point(x=1)
    assert not hasattr(point, "__dict__")


def test_equality_and_hash() -> None:
    """Equal are records of one type with equal fields; they are one key then."""
    assert Point(x=1) == Point(x=1, y=0)
    assert Point(x=1) != Point(x=2)
    others: tuple[object, ...] = (Pair(x=1), (1, 0, ()), None)
    assert Point(x=1) not in others
    assert len({Point(x=1), Point(x=1, y=0), Point(x=2), Pair(x=1)}) == 3
    with pytest.raises(TypeError, match="unhashable"):
        hash(Point(x=1, labels=[]))  # type: ignore[arg-type]


def test_what_a_record_looks_like() -> None:
    """Its text shows every field, its class keeps name, module and docstring."""
    assert repr(Point(x=1, labels=("a",))) == "Point(x=1, y=0, labels=('a',))"
    assert (Point.__name__, Point.__module__, Point.__doc__) == ("Point", __name__, "A place on a plane.")


def test_replace_and_as_dict() -> None:
    """A copy differs in the named fields only, and fields come out in order, as they are."""
    point = Point(x=1, y=2, labels=("a",))
    assert replace(point) == point
    assert replace(point, y=3) == Point(x=1, y=3, labels=("a",))
    assert list(as_dict(point).items()) == [("x", 1), ("y", 2), ("labels", ("a",))]
    assert as_dict(point)["labels"] is point.labels


@given(st.integers(), st.integers(), st.lists(st.text()).map(tuple))
def test_a_record_is_its_fields(x: int, y: int, labels: tuple[str, ...]) -> None:
    """Taken apart and put together it is the same."""
    point = Point(x=x, y=y, labels=labels)
    assert Point(**as_dict(point)) == point
    assert (Point(x=x, y=y) == point) is (labels == ())


SHARED = [
    made
    for module in (data, rows, engine)
    for made in vars(module).values()
    if isinstance(made, type) and made.__module__ == module.__name__ and hasattr(made, "_defaults")
]


@pytest.mark.parametrize("made", SHARED, ids=lambda made: made.__name__)
def test_the_records_of_the_house_share_nothing_that_changes(made: Any) -> None:
    """Defaults are shared by all records of a type, so none may be changed through one of them."""
    assert made.__doc__
    for value in made._defaults.values():
        assert not isinstance(value, Mapping) or isinstance(value, MappingProxyType)
        assert not isinstance(value, list | set | dict)


def test_what_a_function_made_of_the_same_thing_is_kept() -> None:
    """It is known by identity, texts by value; another that is equal is made anew, and no more than a few are kept."""
    made: list[tuple[Point, str]] = []

    @memo
    def describe(point: Point, word: str) -> str:
        made.append((point, word))
        return f"{word} {point.x}"

    one, equal = Point(x=1), Point(x=1)
    said = [describe(one, "at"), describe(one, "AT".lower()), describe(equal, "at"), describe(one, "to")]
    assert said == ["at 1", "at 1", "at 1", "to 1"]
    assert made == [(one, "at"), (equal, "at"), (one, "to")]
    for number in range(3 * MEMORY):
        describe(Point(x=number), "at")
    assert describe(one, "at") == "at 1"
    assert len(made) == 3 + 3 * MEMORY + 1


def test_a_record_can_be_carried_to_another_process() -> None:
    """What a pickle makes of it is equal, and as little changed."""
    again = pickle.loads(pickle.dumps(Point(x=1, labels=("a",))))
    assert again == Point(x=1, labels=("a",))
    with pytest.raises(AttributeError):
        again.x = 2
