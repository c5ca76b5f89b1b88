"""The arithmetic of `bench.cascade`, on data so small that it can be done by hand."""

import json
from pathlib import Path

import pytest

from bench.cascade import Case, area, at, case, cost, doubts, family, own_point, plain, read, seconds


def a_case(first: str | None, other: str | None, *, gain: float = 0.0) -> Case:
    """Returns a prompt with the answers of a weak model and of a second one."""
    return Case(answers={"gpt-w": first, "llama-s": other}, right={}, weak="gpt-w", gain=gain, length=0)


def test_a_name_is_one_in_both_places() -> None:
    """The two spellings of the data come to the same."""
    assert (plain("Meta-Llama_3@x"), plain("meta-llama.3")) == ("llama.3", "llama.3")


@pytest.mark.parametrize(
    ("name", "known"), [("gemma-2-9b", "gemini"), ("mixtral-8x7b", "mistral"), ("gpt-4o-mini", "gpt"), ("yi", "yi")]
)
def test_a_family_is_who_trained_it(name: str, known: str) -> None:
    """Two models of one maker are no second opinion."""
    assert family(name) == known


def test_the_second_models_are_of_other_families() -> None:
    """In a fixed order."""
    one = Case(
        answers={"gpt-w": "1", "gpt-x": "1", "llama-s": "1", "claude-c": "1"}, right={}, weak="gpt-w", gain=0, length=0
    )
    assert seconds([one]) == ["claude-c", "llama-s"]


@pytest.mark.parametrize(
    ("first", "other", "is_doubted"),
    [("42", "Answer: 42", False), ("42", "41", True), (None, "42", True), ("42", None, True), (None, None, True)],
)
def test_a_doubt_is_the_gates_own(first: str | None, other: str | None, *, is_doubted: bool) -> None:
    """What came to nothing is a doubt as well."""
    assert doubts(a_case(first, other), "llama-s") is is_doubted


def test_areas_and_points() -> None:
    """Half of four prompts doubted, and all of the gain among them, is a triangle and a rectangle."""
    perfect = {"cell": [(1.0, 1.0), (1.0, 1.0), (0.0, 0.0), (0.0, 0.0)]}
    assert area(perfect) == 0.5 * 0.5 + 0.5
    assert own_point(perfect) == (0.5, 1.0)
    assert [at(perfect, share) for share in (0.0, 0.25, 0.5, 1.0)] == [0.0, 0.5, 1.0, 1.0]
    blind = {"cell": [(0.0, 1.0), (0.0, 0.0)]}
    assert (area(blind), at(blind, 0.5)) == (0.5, 0.5)


def test_a_wide_gap_weighs_more() -> None:
    """A cell where the strong model is much better counts for more than one where it hardly is."""
    both = {"wide": [(1.0, 0.9), (0.0, 0.0)], "narrow": [(0.0, 0.1), (1.0, 0.0)]}
    assert round(area(both), 6) == round(0.9 * 0.75 + 0.1 * 0.25, 6)


def test_cost_is_in_strong_calls() -> None:
    """Two cheap calls at a tenth each, and half of the strong ones."""
    assert cost(0.5, 2, 10) == 0.7


def test_a_row_is_read_as_a_case(tmp_path: Path) -> None:
    """Only cells with enough prompts and a gap count."""
    row = {
        "source": "math", "cheap_answers": {"GPT_w": {"a": "1", "ok": True}, "llama-s": {"a": "2", "ok": False}},
        "pairs": {"p": {"weak": "gpt.w", "w": 0.0, "s": 1.0, "wlen": 3}},
    }  # fmt: skip
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join([json.dumps(row)] * 120), encoding="utf-8")
    cells = read(path)
    found = case({"gpt.w": {"a": "1", "ok": True}, "llama-s": {"a": "2", "ok": False}}, "gpt.w", row["pairs"]["p"])  # type: ignore[index]
    assert (list(cells), len(cells["math, p"]), cells["math, p"][0]) == (["math, p"], 120, found)
    path.write_text("\n".join([json.dumps(row)] * 119), encoding="utf-8")
    assert read(path) == {}
