"""An estimate counts the calls of a run, and their price is what a person with a pencil gets."""

from decimal import Decimal

from outrider.data import Message
from outrider.rows import Price, Rates
from outrider.rules import money
from outrider.rules.facts.planning import Priced, lines, total
from outrider.rules.pipelines.estimating import Asked, Cast, Estimate, estimate, expected_items, planned
from outrider.rules.pipelines.nouns import Pipeline
from tests.rules.pipelines.making import items, pipeline, stage

CHEAP = Cast(answer=("cheap",), window=100_000)


def priced(input_price: str, output_price: str) -> Priced:
    """Returns a price in dollars for a million tokens."""
    return Priced(price=Price(base=Rates(input=Decimal(input_price), output=Decimal(output_price))))


def asked(found: Pipeline, casts: dict[str, Cast], *texts: str, documents: int | None = None) -> Estimate:
    """Estimates over documents with these texts."""
    return estimate(found, expected_items(found, items(*texts), documents=documents), casts)


def test_three_stages_cost_what_a_pencil_says() -> None:
    """A thousand documents, ten analyses of a hundred, one report: every figure can be checked by hand."""
    found = pipeline(
        stage("extract", template="{text}", expect={"output": 300}),
        stage("analyse", kind="reduce", size=100, max_output=1_000, item="{extract}", expect={"output": 1_000}),
        stage("report", kind="reduce", max_output=2_000, expect={"output": 2_000}),
        expect={"documents": 1_000, "tokens": 3_000},
    )  # fmt: skip
    walked = asked(found, {"extract": CHEAP, "analyse": CHEAP, "report": CHEAP}, "x" * 12_000)
    # A document has 3,000 tokens, nearly one of them its `id`; 9 stand for the message. An answer has 1,200 bytes and a
    # frame of 60: 100 of them are 31,500 tokens. Ten analyses of 4,060 bytes are 10,150.
    assert walked.asked[1:] == (
        Asked(stage="analyse", model="cheap", calls=1, tokens_in=31_509, output=1_000),
    ) * 10 + (Asked(stage="report", model="cheap", calls=1, tokens_in=10_159, output=2_000),)
    assert (walked.asked[0].calls, walked.asked[0].tokens_in) == (1_000, 3_008 * 1_000)
    stages = {one.name: one for one in found.stages}
    plan = [planned(one, stages[one.stage]) for one in walked.asked]
    bill = lines(plan, {"cheap": priced("0.5", "2")}, midnight=0.0)
    by_hand = (
        (3_008_000 * Decimal("0.5") + 300_000 * 2) + (315_090 * Decimal("0.5") + 10_000 * 2)
        + (10_159 * Decimal("0.5") + 2_000 * 2)
    ) / 1_000_000  # fmt: skip
    assert total(bill) == by_hand == Decimal("2.2906245")


def test_an_estimate_weighs_what_a_run_sends() -> None:
    """The tokens of an estimate are those of the messages themselves."""
    found = pipeline(stage("a", template="Say {text} twice: {text}", system="Be brief."))
    walked = asked(found, {"a": CHEAP}, "hello", "a longer text than that")
    texts = [f"Say {text} twice: {text}" for text in ("hello", "a longer text than that")]
    wanted = sum(
        money.likely_tokens((Message(role="system", text="Be brief."), Message(role="user", text=text)))
        for text in texts
    )
    assert walked.asked == (Asked(stage="a", model="cheap", calls=2, tokens_in=wanted, output=800),)


def test_a_small_window_makes_a_tree() -> None:
    """Sixteen texts of which four fit are four calls, and one over what those said."""
    found = pipeline(stage("sum", kind="reduce", max_output=100, item="{text}", expect={"output": 50}))
    cast = {"sum": Cast(answer=("cheap",), window=2_300)}
    walked = asked(found, cast, *["x" * 1_000] * 16)
    assert [(one.calls, one.tokens_in) for one in walked.asked] == [
        (4, 4 * (9 + 4 * 1_060 // 4)),
        (1, 9 + 4 * 260 // 4),
    ]


def test_routes_part_by_their_shares_and_merges_bring_together() -> None:
    """Ten items part as the file expects, evenly spread, and all of them are in the merge."""
    found = pipeline(
        stage("sort", kind="route", to={"a": "one", "b": "two"}, expect={"shares": {"a": 0.7, "b": 0.3}}),
        stage("one"), stage("two"), stage("all", kind="merge", **{"from": ["one", "two"]}),
        stage("end", template="{all}"),
    )  # fmt: skip
    walked = asked(found, dict.fromkeys(("sort", "one", "two", "end"), CHEAP), "x", documents=10)
    assert dict(walked.reached) == {"sort": 10, "one": 7, "two": 3, "all": 10, "end": 10}


def test_a_cascade_costs_its_first_rung_and_a_share_of_the_next() -> None:
    """Nine of ten stay; one model for everything would have asked the first rung's calls only."""
    found = pipeline(
        stage("a", kind="cascade", models=["cheap", "dear"], gates=["judge"], expect={"escalates": 0.1, "output": 100})
    )
    walked = asked(found, {"a": Cast(answer=("cheap", "dear"), judge="wise")}, "xxxx", documents=10)
    assert [(one.model, one.calls, one.output, one.is_alone) for one in walked.asked] == [
        ("cheap", 10, 100, True), ("wise", 10, 100, False), ("dear", 1, 100, False),
    ]  # fmt: skip


def test_a_verified_answer_costs_its_rounds_twice() -> None:
    """One and a half rounds are ten texts and five again, each looked at."""
    found = pipeline(stage("a", kind="verify", expect={"rounds": 1.5, "output": 100}))
    walked = asked(found, {"a": Cast(answer=("writer",), verifier="looker")}, "xxxx", documents=10)
    assert [(one.model, one.calls) for one in walked.asked] == [
        ("writer", 10), ("looker", 10), ("writer", 5), ("looker", 5),
    ]  # fmt: skip


def test_an_item_that_fits_no_window_is_said() -> None:
    """An estimate does not promise what a run could not do."""
    found = pipeline(stage("sum", kind="reduce", max_output=100, item="{text}"))
    walked = asked(found, {"sum": Cast(answer=("cheap",), window=1_000)}, "x" * 9_000, "short")
    assert (walked.notes, [one.calls for one in walked.asked]) == (
        ("sum: an item is larger than the window of 1,000",), [1]
    )  # fmt: skip


def test_documents_that_are_not_there_yet_are_counted_as_the_file_expects() -> None:
    """Who plans needs no input: so many documents of so many tokens, all of it in the field that is read."""
    found = pipeline(stage("a", template="Read {body}"), expect={"documents": 7, "tokens": 100})
    walked = estimate(found, expected_items(found, ()), {"a": CHEAP})
    assert [(one.calls, one.tokens_in) for one in walked.asked] == [(7, 7 * (9 + 405 // 4))]


def test_a_route_by_a_field_and_a_doubting_rung_are_counted() -> None:
    """A route by a field asks nobody; a rung that says how sure it is, is asked twice."""
    found = pipeline(
        stage("sort", kind="route", by="id", to={"d1": "one"}, otherwise="two"), stage("one"),
        stage("two", kind="cascade", models=["cheap", "dear"], gates=["self"], expect={"escalates": 0}),
    )  # fmt: skip
    walked = asked(found, {"one": CHEAP, "two": Cast(answer=("cheap", "dear"))}, "x", "y", "z")
    assert [(one.stage, one.model, one.calls) for one in walked.asked] == [
        ("one", "cheap", 1), ("two", "cheap", 2), ("two", "cheap", 2),
    ]  # fmt: skip
