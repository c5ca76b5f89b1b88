"""The loop over stages: what it asks, in which order, and what becomes of what has no answer. Nobody is asked."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from outrider.errors import OutriderError
from outrider.jobs.pipeline import Flow, Made, Said
from outrider.records import replace
from outrider.rules.pipelines.nouns import Call, Lost, Pipeline, Stage
from tests.rules.pipelines.making import items, pipeline, stage


class Answers:
    """Answers each prompt with its own words in capitals; `failing` ids get none. Remembers who was asked what."""

    def __init__(self, *failing: str, stops_in: str = "") -> None:
        self.asked: list[tuple[str, str, str]] = []
        self._failing = failing
        self._stops_in = stops_in

    async def ask(self, own: Stage, calls: Sequence[Call]) -> Said:
        """Answers the prompts of a stage."""
        self.asked += [(own.name, call.id, call.prompt) for call in calls]
        lost = [call.id for call in calls if call.id in self._failing]
        return Said(
            answers={call.id: call.prompt.upper() for call in calls if call.id not in lost},
            models={call.id: "m" for call in calls},
            lost=tuple(Lost(stage=own.name, id=name, kind="server", message="down") for name in lost),
            is_whole=own.name != self._stops_in,
        )  # fmt: skip


def flown(found: Pipeline, answers: Answers, *texts: str, window: int = 10_000) -> Mapping[str, Made]:
    """Runs a pipeline over documents with these texts."""
    return asyncio.run(Flow(found, items(*texts), answers.ask, window=lambda _: window).run())


def test_a_failed_item_goes_no_further_and_is_counted() -> None:
    """What has no answer is not asked of the next stage, and a reduce that can do without it goes on."""
    found = pipeline(
        stage("a", template="{text}"), stage("b", template="{a}"),
        stage("all", kind="reduce", at_least=0.5, template="{count}: {items}"),
    )  # fmt: skip
    answers = Answers("d2")
    made = flown(found, answers, "x", "y", "z")
    assert [(name, item) for name, item, _ in answers.asked] == [
        ("a", "d1"), ("a", "d2"), ("a", "d3"), ("b", "d1"), ("b", "d3"), ("all", "all"),
    ]  # fmt: skip
    assert answers.asked[-1][2] == "2: --- d1 ---\nX\n--- end of d1 ---\n\n--- d3 ---\nZ\n--- end of d3 ---"
    assert made["b"].missing == {"d2"}
    assert made["all"].items[0].fields["count"] == 2


def test_a_reduce_that_lacks_too_much_is_not_begun() -> None:
    """A report about a third of the documents is none."""
    found = pipeline(stage("a", template="{text}"), stage("all", kind="reduce"))
    answers = Answers("d1", "d2")
    made = flown(found, answers, "x", "y", "z")["all"]
    assert (made.is_whole, made.is_refused, made.why) == (
        False, True, "2 of 3 items have no answer, and `at_least` wants that 90% have one",
    )  # fmt: skip
    assert not [name for name, _, _ in answers.asked if name == "all"]


def test_what_another_branch_answered_is_not_missing() -> None:
    """A merge has every item that one of its stages answered."""
    found = pipeline(
        stage("a", **{"from": "input"}), stage("b", **{"from": "input"}),
        stage("both", kind="merge", **{"from": ["a", "b"]}), stage("all", kind="reduce"),
    )  # fmt: skip

    class Half(Answers):
        async def ask(self, own: Stage, calls: Sequence[Call]) -> Said:
            self._failing = ("d1",) if own.name == "a" else ()
            return await super().ask(own, calls)

    made = flown(found, Half(), "x", "y")
    assert (made["both"].missing, made["all"].is_whole) == (frozenset(), True)


def test_a_tree_asks_parts_and_then_their_answers() -> None:
    """Items that do not fit one call are parted; the last call is named as the group, and counts every item."""

    class Short(Answers):
        async def ask(self, own: Stage, calls: Sequence[Call]) -> Said:
            said = await super().ask(own, calls)
            return replace(said, answers={call.id: f"part {call.id}" for call in calls})

    found = pipeline(stage("all", kind="reduce", item="{text}", max_output=100, template="{count}: {items}"))
    answers = Short()
    made = flown(found, answers, *["x" * 100] * 8, window=520)["all"]
    assert [(name, prompt.partition(":")[0]) for _, name, prompt in answers.asked] == [
        ("all/0.1", "6"), ("all/0.2", "2"), ("all", "8"),
    ]  # fmt: skip
    assert "part all/0.1" in answers.asked[-1][2]
    assert (made.items[0].fields["all"], dict(made.models)) == ("part all", {"all": "m"})


def test_answers_that_fit_no_call_together_fail_their_group() -> None:
    """Another level would bring nothing, and a result without a part of its items would be none."""
    found = pipeline(stage("all", kind="reduce", item="{text}", max_output=100, template="{count}: {items}"))
    made = flown(found, Answers(), *["x" * 100] * 8, window=520)["all"]
    why = "its 2 answers do not fit two by two; lower `max_output`, or raise `window`"
    assert (made.items, made.lost) == ((), (Lost(stage="all", id="all", kind="context", message=why),))
    assert made.missing == {"all"}


def test_an_item_larger_than_the_window_is_named() -> None:
    """It is a failure of its own; the others are reduced without it."""
    found = pipeline(stage("all", kind="reduce", item="{text}", max_output=100))
    made = flown(found, Answers(), "x" * 9_000, "short", window=1_000)["all"]
    assert [(lost.id, lost.kind) for lost in made.lost] == [("d1", "context")]
    assert made.items[0].fields["count"] == 1


def test_what_was_stopped_is_not_read() -> None:
    """Where a stage has not ended, none that reads it begins; another branch does."""
    found = pipeline(
        stage("a", **{"from": "input"}), stage("b", template="{a}"), stage("c", **{"from": "input"}),
    )  # fmt: skip
    answers = Answers(stops_in="a")
    made = flown(found, answers, "x")
    assert [name for name, _, _ in answers.asked] == ["a", "c"]
    assert {name: one.is_whole for name, one in made.items()} == {"a": False, "b": False, "c": True}


def test_documents_that_cannot_be_read_count_as_without_an_answer() -> None:
    """A report does not pass over them in silence."""
    found = pipeline(stage("a", template="{text}"), stage("all", kind="reduce"))
    flow = Flow(found, items("x"), Answers().ask, window=lambda _: 10_000, missing=frozenset({"line 2"}))
    made = asyncio.run(flow.run())["all"]
    assert made.why == "1 of 2 items have no answer, and `at_least` wants that 90% have one"


def test_a_stage_that_raises_lets_the_others_end() -> None:
    """What another branch has under way is not cut off; then the mistake is raised."""
    found = pipeline(stage("a", **{"from": "input"}), stage("b", template="{a}"), stage("c", **{"from": "input"}))
    ended: list[str] = []

    async def ask(own: Stage, calls: Sequence[Call]) -> Said:
        if own.name == "a":
            raise OutriderError("no", hint="never")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        ended.append(own.name)
        return Said(answers={call.id: "x" for call in calls})

    with pytest.raises(OutriderError):
        asyncio.run(Flow(found, items("x"), ask, window=lambda _: 10_000).run())
    assert ended == ["c"]
