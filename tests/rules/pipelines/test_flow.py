"""What flows between stages: routes, merges, private data, and the order in which stages can run."""

import pytest

from outrider.rules.pipelines import drawing, filling, graph, sending
from outrider.rules.pipelines.nouns import Item
from tests.rules.pipelines.making import items, pipeline, stage

ROUTED = pipeline(
    stage("sort", kind="route", to={"bug": "mend", "How To": "answer"}, otherwise="all"),
    stage("mend"), stage("answer"),
    stage("all", kind="merge", **{"from": ["sort", "mend", "answer"]}),
    input="in.jsonl",
)  # fmt: skip


@pytest.mark.parametrize(
    ("said", "label", "target"),
    [
        ('{"choice": "bug"}', "bug", "mend"), ("bug", "bug", "mend"), ("Choice: how to.", "How To", "answer"),
        ('{"choice": "other"}', "other", "all"), ("I would not say bug", None, "all"), ("", None, "all"),
    ],
)  # fmt: skip
def test_an_item_goes_where_its_label_leads(said: str, label: str | None, target: str) -> None:
    """A label counts where it is named plainly; anything else goes where the rest goes."""
    route = ROUTED.stages[0]
    assert (sending.label(route, said), sending.target(route, sending.label(route, said))) == (label, target)


def test_a_route_without_otherwise_sends_what_it_cannot_read_nowhere() -> None:
    """Nobody guesses: such an item is a failure of its own."""
    route = pipeline(stage("sort", kind="route", to={"a": "x", "b": "y"}), stage("x"), stage("y")).stages[0]
    assert sending.choices(route) == ("a", "b")
    assert sending.target(route, sending.label(route, "c")) is None


def test_a_merge_joins_by_id_and_keeps_every_answer() -> None:
    """An item that several stages answered has them under headings; one that one answered has that answer."""
    merge = ROUTED.stages[3]
    one, two = items("first", "second")
    brought = (
        ("sort", ()),
        ("mend", (filling.answered(ROUTED.stages[1], one, "mended"),)),
        (
            "answer",
            (filling.answered(ROUTED.stages[2], one, {"a": 1}), filling.answered(ROUTED.stages[2], two, "told")),
        ),
    )
    assert filling.merged(merge, brought) == (
        Item(id="d1", fields={**one.fields, "mend": "mended", "answer": {"a": 1},
                              "all": '## mend\n\nmended\n\n## answer\n\n{"a": 1}'}),
        Item(id="d2", fields={**two.fields, "answer": "told", "all": "told"}),
    )  # fmt: skip


def test_an_answer_that_a_merge_did_not_bring_is_empty_and_a_field_that_is_not_there_is_a_mistake() -> None:
    """A template may name any stage before the merge; what no document has is named with the document."""
    found = pipeline(
        stage("a", **{"from": "input"}), stage("b", **{"from": "input"}),
        stage("all", kind="merge", **{"from": ["a", "b"]}), stage("c", template="{a}|{b}|{title}"),
    )  # fmt: skip
    made = frozenset(one.name for one in found.stages)
    item = Item(id="d1", fields={"title": "T", "a": "A", "all": "A"})
    last = found.stages[3]
    assert filling.prompt(last, item, made) == "A||T"
    assert tuple(filling.missing(last, (item, Item(id="d2", fields={"a": "A"})), made)) == (("d2", "title"),)


def test_private_flows_on_through_merges_and_reduces() -> None:
    """What a private stage made stays private, whoever reads it; what does not read it is free."""
    found = pipeline(
        stage("open", **{"from": "input"}), stage("closed", private=True, **{"from": "input"}),
        stage("all", kind="merge", **{"from": ["open", "closed"]}), stage("sum", kind="reduce"),
        stage("aside", **{"from": "open"}),
    )  # fmt: skip
    assert graph.private(found) == {"closed", "all", "sum"}
    assert graph.private(pipeline(stage("a"), stage("b"), private=True)) == {"a", "b"}
    by_task = pipeline(stage("a", task="secret"), stage("b"), stage("c", **{"from": "input"}))
    assert graph.private(by_task, frozenset({"secret"})) == {"a", "b"}


def test_stages_that_do_not_wait_for_each_other_are_one_wave() -> None:
    """Order and waves follow who reads whom, not the order of the file."""
    found = pipeline(
        stage("last", kind="merge", **{"from": ["a", "b"]}), stage("a", **{"from": "input"}),
        stage("b", **{"from": "input"}),
    )  # fmt: skip
    assert [one.name for one in graph.order(found)] == ["a", "b", "last"]
    assert [[one.name for one in wave] for wave in graph.waves(found)] == [["a", "b"], ["last"]]
    assert [one.name for one in graph.ends(found)] == ["last"]


def test_the_graph_is_drawn() -> None:
    """Each stage hangs under what it reads, with the labels that lead to it."""
    models = {one.name: drawing.asked(one) for one in ROUTED.stages}
    assert drawing.drawn(ROUTED, models=models, private=frozenset({"answer"})) == (
        "input  in.jsonl",
        "└─ sort               route  the default task",
        "   ├─ bug: mend       map    the default task",
        "   └─ How To: answer  map    the default task; private",
        "      └─ all          merge  of sort, mend, answer",
    )
