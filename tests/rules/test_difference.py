"""What changed between two sets of settings."""

from outrider.rules.difference import Difference, differences, in_words


def test_every_changed_value_is_named() -> None:
    """New, changed and gone values come with their paths; what is equal does not."""
    before = {"a": 1, "b": {"x.y": [1], "gone": True}, "c": {"same": 1}}
    after = {"a": 2, "b": {"x.y": [2]}, "c": {"same": 1}, "d": {"new": {"deep": "v"}}, "e": {}}
    assert differences(before, after) == (
        Difference(keys=("a",), path="$.a", before=1, after=2),
        Difference(keys=("b", "x.y"), path='$.b["x.y"]', before=[1], after=[2]),
        Difference(keys=("b", "gone"), path="$.b.gone", before=True, after=None),
        Difference(keys=("d", "new", "deep"), path="$.d.new.deep", before=None, after="v"),
        Difference(keys=("e",), path="$.e", before=None, after={}),
    )
    assert differences(before, before) == ()


def test_a_group_in_place_of_a_value_is_one_change() -> None:
    """A value that becomes a group, or the other way round, is told whole."""
    assert [change.after for change in differences({"a": 1}, {"a": {"b": 2}})] == [{"b": 2}]
    assert [change.after for change in differences({"a": {"b": 2}}, {"a": 1})] == [1]


def test_values_are_told_to_people() -> None:
    """Lists without brackets, long texts with their length."""
    assert [in_words(value) for value in (None, ["a", "b"], [], True, False, 3, "x" * 200)] == [
        "nothing", "a, b", "an empty list", "yes", "no", "3", "x" * 160 + "… (200 characters)",
    ]  # fmt: skip
