"""A pipeline's file is read, or everything wrong with it is said: where, what, and what was probably meant."""

from decimal import Decimal
from typing import Any

import pytest

from outrider.rules.pipelines.nouns import Expected, Item, Pipeline, Stage
from outrider.rules.pipelines.reading import read
from tests.rules.pipelines.making import pipeline, problems, stage

ROUTE = stage("sort", kind="route", to={"bug": "mend", "question": "answer"})
ENDS = (stage("mend"), stage("answer"))

WRONG: list[tuple[Any, tuple[str | int, ...], str, str]] = [
    (["stages"], (), "a pipeline is a group of names with `stages`, not a list", ""),
    ({"stages": []}, ("stages",), "is a list of 1 to 100 stages", ""),
    ({"stages": [stage("a")], "imput": "x"}, ("imput",), "a pipeline has no such field", "did you mean `input`?"),
    ({"stages": ["a"]}, ("stages", 0), "a stage is a group of names, not a text", ""),
    ({"stages": [{"template": "x"}]}, ("stages", 0), "the stage has no `name`", ""),
    ({"stages": [stage("a b")]}, ("stages", 0, "name"),
     "is a name: letters, digits, `_` and `-`, beginning with a letter", ""),
    ({"stages": [stage("input")]}, ("stages", 0, "name"), "`input` is kept for what every stage may read",
     "call the stage something else"),
    ({"stages": [stage("a"), stage("a")]}, ("stages", 1, "name"), "two stages are called `a`",
     "give each a name of its own"),
    ({"stages": [stage("a", kind="mapp")]}, ("stages", 0, "kind"),
     "is one of map, reduce, route, cascade, verify, merge", "did you mean `map`?"),
    ({"stages": [stage("a", modle="x")]}, ("stages", 0, "modle"), "a map stage has no such field",
     "did you mean `model`?"),
    ({"stages": [stage("a", rounds=3)]}, ("stages", 0, "rounds"), "a map stage has no such field",
     "it has name, kind, from, private, expect, model, task, fallback, template, system, schema, max_output, params"),
    ({"stages": [{"name": "a"}]}, ("stages", 0), "the map stage has no `template`",
     'say what is asked: `template: "… {text}"`'),
    ({"stages": [stage("a", template=" ")]}, ("stages", 0, "template"), "is a text, not an empty text", ""),
    ({"stages": [stage("a", model="x", task="y")]}, ("stages", 0, "task"),
     "a stage has a `model` or a `task`, not both", "leave one out"),
    ({"stages": [stage("a", max_output=0)]}, ("stages", 0, "max_output"),
     "is a whole number from 1 to 1,000,000,000,000", ""),
    ({"stages": [stage("a", max_output=True)]}, ("stages", 0, "max_output"),
     "is a whole number from 1 to 1,000,000,000,000", ""),
    ({"stages": [stage("a", private="yes")]}, ("stages", 0, "private"), "is true or false, not a text", ""),
    ({"stages": [stage("a")], "input": [1]}, ("input",), "is a text or a list of texts", ""),
    ({"stages": [stage("a", kind="reduce", at_least="all")]}, ("stages", 0, "at_least"), "is a number from 0 to 1", ""),
    ({"stages": [stage("a", schema=7)]}, ("stages", 0, "schema"),
     "is a JSON Schema, or the path of a file that holds one", ""),
    ({"stages": [stage("a", kind="route", to={"x": 7, "y": "a"})]}, ("stages", 0, "to", "x"),
     "names the stage that takes this label's items", ""),
    ({"stages": [stage("a", params=[1])]}, ("stages", 0, "params"), "is a group of names, not a list", ""),
    ({"stages": [stage("a", expect={"outputs": 3})]}, ("stages", 0, "expect", "outputs"),
     "the `expect` of a stage has no such field", "did you mean `output`?"),
    ({"stages": [stage("a", **{"from": "b"})]}, ("stages", 0, "from"), "no stage is called `b`", "did you mean `a`?"),
    ({"stages": [stage("a", kind="reduce", template="all of it")]}, ("stages", 0, "template"),
     "the template of a reduce stage holds its items: `{items}`", ""),
    ({"stages": [stage("a"), stage("b", kind="merge")]}, ("stages", 1), "the merge stage does not say what it merges",
     "`from: [one, another]`"),
    ({"stages": [stage("a"), stage("b", kind="merge", **{"from": ["a"]})]}, ("stages", 1, "from"),
     "a merge reads two stages or more", "read the one stage directly"),
    ({"stages": [stage("a"), stage("b"), stage("c", **{"from": ["a", "b"]})]}, ("stages", 2, "from"),
     "a map stage reads one stage", "put a stage of the kind `merge` between"),
    ({"stages": [stage("a", kind="cascade", models=["x"])]}, ("stages", 0, "models"),
     "a cascade has 2 to 8 models, the cheapest first", ""),
    ({"stages": [stage("a", kind="cascade", models=["x", "y"], gates=["schema"])]}, ("stages", 0, "gates"),
     "the schema gate has no schema", "give the stage a `schema`"),
    ({"stages": [stage("a", kind="route", to={"bug": "a"})]}, ("stages", 0, "to"),
     "a route has two labels, or one and `otherwise`", "`to: {bug: fix, question: answer}`"),
    ({"stages": [stage("a", kind="route", by="kind", template="x", to={"b": "b"}), stage("b")]}, ("stages", 0, "by"),
     "a route by a field asks no model", "leave out `by`, or `model`, `task` and `template`"),
    ({"stages": [ROUTE, stage("mend")]}, ("stages", 0, "to"), "no stage is called `answer`",
     "there are sort, mend"),
    ({"stages": [ROUTE, *ENDS, stage("c", **{"from": "sort"})]}, ("stages", 3, "from"),
     "the route `sort` sends nothing to `c`", "give `sort` a label that leads here, or read what it reads"),
    ({"stages": [ROUTE, stage("mend", **{"from": "input"}), stage("answer")]}, ("stages", 1, "from"),
     "`mend` is sent items by `sort`, and does not read it", "add `sort` to what it reads, or leave out its `from`"),
    ({"stages": [stage("a", **{"from": "b"}), stage("b", **{"from": "c"}), stage("c", **{"from": "a"})]},
     ("stages", 0, "from"), "the stages wait for each other: a <- b <- c <- a", ""),
    ({"stages": [stage("a", **{"from": "a"})]}, ("stages", 0, "from"), "the stages wait for each other: a <- a", ""),
    ({"stages": [stage("a"), stage("b", **{"from": "input"}, template="{a}")]}, ("stages", 1, "template"),
     "`{a}` is the answer of `a`, which is not read here", ""),
    ({"stages": [stage("a"), stage("b", kind="reduce"), stage("c", template="{text}")]}, ("stages", 2, "template"),
     "nothing that this stage reads has a field `{text}`", "there are b, count"),
    ({"stages": [stage("a"), stage("b", template="{a.title}")]}, ("stages", 1, "template"),
     "`a` answers in plain text, which has no part `title`", "give `a` a `schema`, or write `{a}`"),
    ({"stages": [stage("a", schema={"properties": {"title": {}}}), stage("b", template="{a.titel}")]},
     ("stages", 1, "template"), "the schema of `a` has no `titel`", "did you mean `title`?"),
    ({"stages": [stage("a", private=True), stage("b", private=False)]}, ("stages", 1, "private"),
     "cannot be false: it reads what a private stage made", "leave it out"),
    ({"stages": [stage("a", private=False)], "private": True}, ("stages", 0, "private"),
     "cannot be false: the pipeline is private", "leave it out"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "keys", "message", "hint"), WRONG)
def test_what_is_wrong_is_named_with_its_place(
    document: Any, keys: tuple[str | int, ...], message: str, hint: str
) -> None:
    """The first problem says at which key it is, what it is, and where there is one the name that was meant."""
    first = problems(document)[0]
    assert (first.keys, first.message, first.hint) == (keys, message, hint)


def test_everything_wrong_is_said_at_once() -> None:
    """One look at a file finds all of its mistakes."""
    document = {"stages": [stage("a", modle="x", max_output="many"), stage("b", kind="reduce", size=0)]}
    assert [problem.keys for problem in problems(document)] == [
        ("stages", 0, "modle"), ("stages", 0, "max_output"), ("stages", 1, "size"),
    ]  # fmt: skip


def test_a_whole_file_is_read() -> None:
    """What a file says stands in the records, and what it does not say has a default."""
    document = {
        "name": "reports", "input": "in/*.md", "beside": "big", "expect": {"documents": 10, "tokens": 300},
        "stages": [
            {"name": "extract", "model": "small", "template": "{text}", "schema": {"type": "object"}, "max_output": 9,
             "params": {"temperature": 0}, "expect": {"output": 5, "cached_share": 0.5}},
            {"name": "report", "kind": "reduce", "task": "analysis", "template": "{items}", "size": 3},
        ],
    }  # fmt: skip
    assert read(document, name="other").pipeline == Pipeline(
        name="reports", input=("in/*.md",), beside="big", documents=10, tokens=300,
        stages=(
            Stage(
                name="extract", kind="map", sources=("input",), model="small", template="{text}",
                schema={"type": "object"}, max_output=9, params={"temperature": 0}, to={},
                expect=Expected(output=5, cached_share=Decimal("0.5"), shares={}),
            ),
            Stage(
                name="report", kind="reduce", sources=("extract",), task="analysis", template="{items}", size=3,
                item="{extract}", params={}, to={}, expect=Expected(shares={}),
            ),
        ),
    )  # fmt: skip


def test_a_specialist_reads_its_route_without_saying_so() -> None:
    """A route says where items go; the stages that take them need not repeat it."""
    found = pipeline(ROUTE, *ENDS, stage("all", kind="merge", **{"from": ["mend", "answer"]}))
    assert {one.name: one.sources for one in found.stages} == {
        "sort": ("input",), "mend": ("sort",), "answer": ("sort",), "all": ("mend", "answer"),
    }  # fmt: skip


@pytest.mark.parametrize(
    "template", ["{{ text }}", "{{text}}", "{% for x in y %}{% endfor %}", '{"text": 1}', "{ text }"]
)
def test_a_template_of_another_language_stays_what_it_is(template: str) -> None:
    """Templates are data: nothing in them runs, and what is no field is text."""
    from outrider.rules.pipelines.filling import prompt

    (one,) = pipeline(stage("a", template=template)).stages
    assert prompt(one, Item(id="1", fields={"text": "secret"}), frozenset({"a"})) == template


def test_what_a_document_says_is_no_template() -> None:
    """A field that holds a field's name is put in as it is."""
    from outrider.rules.pipelines.filling import prompt

    (one,) = pipeline(stage("a", template="{text} and {other}")).stages
    assert (
        prompt(one, Item(id="1", fields={"text": "{other}", "other": "{text}"}), frozenset({"a"}))
        == "{other} and {text}"
    )
