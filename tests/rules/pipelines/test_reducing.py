"""A reduce puts every item into exactly one call, and no call is larger than its window."""

from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import money
from outrider.rules.pipelines import reducing
from outrider.rules.pipelines.nouns import Item, Stage
from outrider.rules.pipelines.reducing import Group, Packed
from tests.rules.pipelines.making import items, pipeline, stage

WINDOW = 1_000
TEXTS = st.lists(st.text(min_size=0, max_size=900), max_size=60)


def reducer(**values: object) -> Stage:
    """Returns a reduce stage over documents."""
    (one,) = pipeline(stage("all", kind="reduce", max_output=100, item="{text}", **values)).stages
    return one


@given(TEXTS)
def test_every_item_is_in_exactly_one_call(texts: list[str]) -> None:
    """No item is lost, none is asked about twice, and neighbours stay in their order."""
    own = reducer()
    weights = [reducing.weight(reducing.part(own, item, item.fields)) for item in items(*texts)]
    fit = reducing.packed(weights, room=reducing.room(own, {}, window=WINDOW))
    assert sorted([*(number for call in fit.calls for number in call), *fit.too_large]) == list(range(len(texts)))
    assert [number for call in fit.calls for number in call] == sorted(number for call in fit.calls for number in call)
    assert all(fit.calls)


@given(TEXTS)
def test_every_call_fits_its_window(texts: list[str]) -> None:
    """The prompt of each call, counted at its most, leaves room for the answer."""
    own = reducer()
    parts = [reducing.part(own, item, item.fields) for item in items(*texts)]
    fit = reducing.packed(
        [reducing.weight(part) for part in parts], room=reducing.room(own, {}, window=WINDOW)
    )  # fmt: skip
    for call in fit.calls:
        messages = reducing.messages(own, {}, [parts[number] for number in call])
        assert money.most_tokens(messages) + reducing.answer_room(own) <= WINDOW
    # What is left out would not have fitted alone either, but for what a byte here and there is rounded to.
    for number in fit.too_large:
        messages = reducing.messages(own, {}, [parts[number]])
        assert money.most_tokens(messages) + reducing.answer_room(own) >= WINDOW - 8


@given(st.lists(st.integers(min_value=1, max_value=100), max_size=80), st.integers(min_value=50, max_value=200))
def test_a_tree_ends_or_says_that_it_is_stuck(weights: list[int], room: int) -> None:
    """Level by level fewer calls are left, until there is one; a level that helps nothing is named."""
    answers = room // 2
    levels = 0
    fit = reducing.packed([weight for weight in weights if weight <= room], room=room)
    while len(fit.calls) > 1:
        before = len(fit.calls)
        fit = reducing.packed([answers] * before, room=room)
        assert not reducing.is_stuck(before, fit)
        assert len(fit.calls) <= before // 2 + 1
        levels += 1
    assert levels <= 8


def test_two_answers_that_do_not_fit_together_are_no_endless_loop() -> None:
    """Where each answer fills a call of its own, another level would bring nothing."""
    fit = reducing.packed([80, 80, 80], room=100)
    assert (fit, reducing.is_stuck(3, fit)) == (Packed(calls=((0,), (1,), (2,))), True)
    assert not reducing.is_stuck(1, reducing.packed([80], room=100))


def test_groups_are_made_by_a_field_then_by_size() -> None:
    """Each value has its groups, of at most so many items, in the order in which they come."""
    own = Stage(name="r", kind="reduce", sources=("input",), group_by="answer.kind", size=2)
    given_items = tuple(Item(id=str(number), fields={"answer": {"kind": kind}}) for number, kind in enumerate("abaab"))
    assert reducing.groups(own, given_items) == (
        Group(id="a-1", fields={"answer.kind": "a"}, members=(given_items[0], given_items[2])),
        Group(id="a-2", fields={"answer.kind": "a"}, members=(given_items[3],)),
        Group(id="b-1", fields={"answer.kind": "b"}, members=(given_items[1], given_items[4])),
    )


def test_without_group_or_size_there_is_one() -> None:
    """A reduce that says nothing makes one of everything."""
    own = Stage(name="r", kind="reduce", sources=("input",))
    every = items("x", "y")
    assert reducing.groups(own, every) == (Group(id="all", fields={}, members=every),)
    assert reducing.groups(own, ()) == ()
