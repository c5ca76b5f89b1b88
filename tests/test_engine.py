"""The one loop: books, asks, reads and settles along a route, over doors that the test scripts."""

import json
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.data import Answer, Attempt, Failure, Fault, HttpCall, Message, Outcome, Reading, Request, Target, Usage
from outrider.engine import Ended, World, run
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rules.limits import Booking, Limits, Spend
from outrider.rules.quota import FULL, LEAST
from outrider.rules.rates import Wait
from tests.rules.making import limits, price, route, target

Result = TypeVar("Result")
REQUEST = Request(messages=(Message(role="user", text="hello"),), max_output=1_000, stream=False)
A = target("a.one", price=price(1, 10), max_output=4_000)
B = target("b.two", price=price(2, 20), max_output=4_000)
WORST_A, WORST_B = Decimal("0.010012"), Decimal("0.020024")


@record
class Reply:
    """What a scripted server does: a status, headers, pieces of a body, what cut it short, and how long it takes."""

    status: int = 200
    body: tuple[bytes, ...] = ()
    headers: Mapping[str, str] = {}
    fault: Fault | None = None
    seconds: float = 0.5


@record
class Reserved:
    """A row of the scripted book."""

    number: int
    booking: Booking


@record
class Doors:
    """A world and everything that went through its doors, in order."""

    world: World
    calls: list[HttpCall]
    settled: list[tuple[int, Attempt]]
    slept: list[float]
    spent: list[Decimal]
    booked: list[Booking]


def doors(
    *script: Reply | BaseException, spent: Decimal = Decimal(0), waits: tuple[Wait, ...] = (), **more: Any
) -> Doors:
    """Returns a world whose server answers by the script, the last line for ever, and whose book adds up.

    The first bookings are told to wait.
    """
    calls: list[HttpCall] = []
    settled: list[tuple[int, Attempt]] = []
    slept: list[float] = []
    booked: list[Booking] = []
    book, clock = [spent], [1_000.0]

    async def send(call: HttpCall, reading: Reading) -> Fault | None:
        calls.append(call)
        line = script[min(len(calls), len(script)) - 1]
        if isinstance(line, BaseException):
            raise line
        clock[0] += line.seconds
        if line.status:
            reading.open(line.status, line.headers)
        for piece in line.body:
            reading.feed(piece)
        return line.fault

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += seconds

    async def reserve(_: Target, number: int, check: Callable[[Spend], Booking | Failure]) -> Reserved | Failure | Wait:
        verdict = check(Spend(run=book[0], day=book[0]))
        if isinstance(verdict, Failure):
            return verdict
        booked.append(verdict)
        if len(booked) <= len(waits):
            return waits[len(booked) - 1]
        book[0] += verdict.worst
        return Reserved(number=number, booking=verdict)

    async def settle(row: Reserved, attempt: Attempt) -> None:
        book[0] += attempt.cost - row.booking.worst
        settled.append((row.number, attempt))

    known: dict[str, Any] = {
        "key": lambda provider: f"{provider.name}-secret", "now": lambda: clock[0], "at": lambda: 1_790_000_000.0,
        "chance": lambda: 1.0, "price": lambda _: None, "purse": lambda _: FULL,
        "scrub": lambda text: text.replace("a-secret", "[redacted]"),
    }  # fmt: skip
    world = World(send=send, reserve=reserve, settle=settle, sleep=sleep, **(known | more))
    return Doors(world=world, calls=calls, settled=settled, slept=slept, spent=book, booked=booked)


def stepped(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Steps a coroutine that waits for nothing to its end."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: Result = end.value
        return result
    message = "the loop waited for something that no door gave"
    raise AssertionError(message)


def asked(way: Doors, *targets: Target, request: Request = REQUEST, walls: Limits | None = None, **more: Any) -> Ended:
    """Runs a request over these targets."""
    named = {name: more.pop(name) for name in ("effort", "content_filter_falls_over") if name in more}
    return stepped(run(route(*targets, **named), request, walls or limits(), way.world, **more))


def said(text: str = "hi", *, tokens: tuple[int, int] | None = (10, 5), finish: str = "stop") -> Reply:
    """Returns a whole answer of the openai dialect."""
    body: dict[str, Any] = {"choices": [{"message": {"content": text}, "finish_reason": finish}], "model": "served-1"}
    if tokens is not None:
        body["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
    return Reply(body=(json.dumps(body).encode(),), headers={"x-request-id": "r-1"})


def refused(status: int, message: str = "no", headers: Mapping[str, str] | None = None) -> Reply:
    """Returns a refusal."""
    return Reply(status=status, body=(json.dumps({"error": {"message": message}}).encode(),), headers=headers or {})


def broken(kind: Any, certainty: Any, *body: bytes) -> Reply:
    """Returns a reply that the transport could not finish."""
    return Reply(status=200 if body else 0, body=body, fault=Fault(kind=kind, message="it broke", certainty=certainty))


def piece(text: str) -> bytes:
    """Returns an event of a stream with some text."""
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}).encode() + b"\n\n"


KNOWN = Usage(input=10, output=5, known=True)
HI = Answer(text="hi", usage=KNOWN, served_by="served-1", request_id="r-1")


def test_an_answer() -> None:
    """One call, booked before it leaves and settled with what it cost."""
    way = doors(said())
    ended = asked(way, A, B)
    attempt = Attempt(target=A, outcome=HI, seconds=0.5, cost=Decimal("0.00006"), may_grow=True)
    assert ended == Ended(answer=HI, failure=None, attempts=(attempt,))
    assert (ended.cost, ended.cost_known) == (Decimal("0.00006"), True)
    assert way.settled == [(1, attempt)]
    assert way.spent == [Decimal("0.00006")]
    call = way.calls[0]
    assert (call.url, dict(call.headers)["authorization"]) == (
        "https://a.example/v1/chat/completions",
        "Bearer a-secret",
    )
    assert json.loads(call.body)["max_tokens"] == 1_000


def test_a_fallback() -> None:
    """A fault is repeated once, then the next target is asked; each attempt is booked and the step is told."""
    way = doors(refused(500, "a-secret is broken"), refused(500), said())
    told: list[tuple[str, str]] = []
    ended = asked(way, A, B, notice=lambda attempt, to: told.append((attempt.target.name, to.name)))
    first = Failure(kind="server", message="[redacted] is broken", status=500)
    assert ended == Ended(
        answer=HI, failure=None,
        attempts=(
            Attempt(target=A, outcome=first, seconds=0.5, may_grow=True),
            Attempt(target=A, outcome=replace(first, message="no"), seconds=0.5, may_grow=True),
            Attempt(target=B, outcome=HI, seconds=0.5, cost=Decimal("0.00012"), may_grow=True),
        ),
    )  # fmt: skip
    assert [number for number, _ in way.settled] == [1, 2, 3]
    assert tuple(attempt for _, attempt in way.settled) == ended.attempts
    assert (told, way.slept) == ([("a.one", "b.two")], [])


def test_the_last_target_is_waited_for() -> None:
    """The wait that a server asks for is kept before it is asked again, and is part of the attempt."""
    way = doors(refused(429, headers={"retry-after": "3"}), said())
    told: list[Attempt] = []
    ended = asked(way, A, notice=lambda attempt, _: told.append(attempt))
    assert (way.slept, told) == ([3.0], [])
    assert [attempt.waited for attempt in ended.attempts] == [0.0, 3.0]
    assert ended.answer == HI


def test_what_is_booked() -> None:
    """A booking says whether it repeats, and leaves half of the run's money to the target behind it."""
    way = doors(refused(500), refused(500), said())
    chain = (target("a.one", price=price(1, 10), max_output=32_000), target("b.two", price=price(2, 20)))
    asked(way, *chain, request=replace(REQUEST, max_output=None), walls=limits({"run": "0.3", "day": "1"}))
    first = Booking(cap=14_998, worst=Decimal("0.149992"), known=True, input_tokens=12, patience=20.0)
    last = Booking(cap=14_998, worst=Decimal("0.299984"), known=True, input_tokens=12, patience=20.0)
    assert way.booked == [first, replace(first, is_repeat=True), last]


def test_an_empty_purse_pays_for_no_repeat() -> None:
    """A provider that failed too often is not asked again; going on to the next one costs nothing."""
    way = doors(refused(500), said(), purse=lambda _: LEAST)
    ended = asked(way, A, B)
    assert ([attempt.target for attempt in ended.attempts], ended.answer) == ([A, B], HI)
    alone = asked(doors(refused(500), said(), purse=lambda _: LEAST), A)
    assert (len(alone.attempts), alone.failure) == (1, Failure(kind="server", message="no", status=500))


def test_a_turn_is_waited_for() -> None:
    """A call whose provider is busy waits for the turn that it was given, and has that much less patience then."""
    way = doors(said(), waits=(Wait(seconds=3.0, limit="one at a time", turn=7.0),))
    ended = asked(way, A)
    first = Booking(cap=1_000, worst=WORST_A, known=True, may_grow=True, input_tokens=12, patience=20.0)
    assert way.booked == [first, replace(first, patience=17.0, turn=7.0)]
    assert (way.slept, [attempt.waited for attempt in ended.attempts]) == ([3.0], [3.0])
    assert [call.timing.total for call in way.calls] == [90.0]


def test_what_may_not_go_to_a_target_is_not_sent() -> None:
    """A request that is not cleared leaves no trace but its attempt."""
    barred = Failure(kind="private", message="not local", certainty="not_sent")
    way = doors(said(), clear=lambda _, __: barred)
    attempt = Attempt(target=A, outcome=barred, certainty="not_sent")
    assert asked(way, A, B) == Ended(answer=None, failure=barred, attempts=(attempt,))
    assert (way.calls, way.booked) == ([], [])


def test_nothing_to_ask() -> None:
    """A route without targets ends at once, and nothing is booked."""
    way = doors(said())
    failure = Failure(kind="not_found", message="no usable model (the chain is empty)")
    assert asked(way) == Ended(answer=None, failure=failure, attempts=())
    assert (way.calls, way.settled) == ([], [])


def test_what_a_budget_refuses_is_not_sent() -> None:
    """A call that the budget cannot hold leaves no trace but its attempt, and the next target is asked."""
    dear = target("dear.one", price=price(1_000, 1_000), max_output=4_000)
    way = doors(said())
    ended = asked(way, dear, A, walls=limits({"run": "0.05"}))
    failure = Failure(
        kind="budget", message="the run budget has $0.0500 left, less than this call can cost", certainty="not_sent"
    )
    assert ended.attempts[0] == Attempt(target=dear, outcome=failure, certainty="not_sent")
    assert ended.answer == HI
    assert [number for number, _ in way.settled] == [2]
    assert len(way.calls) == 1
    assert asked(doors(said()), dear, walls=limits({"run": "0.05"})).failure == failure


ESTIMATE = Usage(input=10, output=2)


@pytest.mark.parametrize(
    ("reply", "usage", "cost", "certainty"),
    [
        (said(), KNOWN, "0.00006", "exact"),
        (said("x" * 7, tokens=None), ESTIMATE, "0.00003", "estimate"),
        (refused(401), Usage(), "0", "exact"),
        (broken("network", "not_sent"), Usage(), "0", "not_sent"),
        (broken("timeout", "in_doubt"), Usage(), str(WORST_A), "in_doubt"),
        (broken("incomplete", "in_doubt", piece("half"), piece("way")), ESTIMATE, "0.00003", "estimate"),
        (Reply(body=(b"<html>",)), Usage(), str(WORST_A), "in_doubt"),
        (said("", tokens=(10, 5)), KNOWN, "0.00006", "exact"),
    ],
    ids=[
        "counted",
        "not counted",
        "refused",
        "not sent",
        "no answer in time",
        "broken off",
        "a web page",
        "empty but billed",
    ],
)
def test_what_an_attempt_is_booked_with(reply: Reply, usage: Usage, cost: str, certainty: str) -> None:
    """What was counted is exact, text without a count is estimated, a call in doubt keeps its whole reservation."""
    way = doors(reply)
    attempt = asked(way, A, walls=limits(retries=0)).attempts[0]
    assert (attempt.outcome.usage, attempt.cost, attempt.certainty) == (usage, Decimal(cost), certainty)
    assert attempt.cost_known
    assert way.spent == [Decimal(cost)]


UNPRICED = target("a.new", max_output=4_000)


@pytest.mark.parametrize(
    ("stand_in", "cost"), [(price(2, 20), "0.00012"), (None, "0")], ids=["dearest of the provider", "nothing known"]
)
def test_an_unknown_price(stand_in: Any, cost: str) -> None:
    """What has no price is booked at its stand-in, and said not to be known."""
    ended = asked(doors(said(), price=lambda _: stand_in), UNPRICED)
    assert (ended.cost, ended.cost_known) == (Decimal(cost), False)


def test_an_unknown_price_in_doubt() -> None:
    """A reservation without a known price is not known either."""
    attempt = asked(doors(broken("timeout", "in_doubt"), price=lambda _: price(2, 20)), UNPRICED).attempts[0]
    assert (attempt.cost, attempt.cost_known) == (WORST_B, False)


@pytest.mark.parametrize("fault", [KeyboardInterrupt(), RuntimeError("a bug")], ids=["ctrl-c", "bug"])
def test_an_interrupt_closes_the_row(fault: BaseException) -> None:
    """What is in flight when we are stopped may be billed, and its row says so."""
    way = doors(fault)
    with pytest.raises(type(fault)):
        asked(way, A, B)
    lost = Failure(kind="interrupted", message="interrupted", certainty="in_doubt")
    assert way.settled == [(1, Attempt(target=A, outcome=lost, cost=WORST_A, certainty="in_doubt"))]


def test_what_cannot_be_written_down_is_not_sent() -> None:
    """A key that no header can carry closes the row at nothing, and is the user's to mend."""
    way = doors(said(), key=lambda _: "two\nlines")
    with pytest.raises(OutriderError, match="a character that no key has"):
        asked(way, A, B)
    lost = Failure(kind="interrupted", message="interrupted", certainty="not_sent")
    assert (way.calls, way.spent) == ([], [Decimal(0)])
    assert way.settled == [(1, Attempt(target=A, outcome=lost, certainty="not_sent"))]


def test_text_is_shown_as_it_arrives() -> None:
    """Each piece goes on at once; what was shown is never followed by another model's text."""
    shown: list[str] = []
    stream = (piece("one "), piece("two"))
    way = doors(broken("incomplete", "in_doubt", *stream), said())
    ended = asked(way, A, B, request=replace(REQUEST, stream=True), show=shown.append)
    assert shown == ["one ", "two"]
    assert (ended.answer, len(way.calls), ended.attempts[0].shown) == (None, 1, True)
    assert ended.failure is not None
    assert (ended.failure.kind, ended.failure.partial) == ("incomplete", "one two")


def test_a_stream_that_is_not_shown_may_fall_over() -> None:
    """Text that nobody has read yet is dropped, and the next attempt answers."""
    way = doors(broken("incomplete", "in_doubt", piece("half")), said())
    ended = asked(way, A, B, request=replace(REQUEST, stream=True))
    assert (ended.answer, [attempt.shown for attempt in ended.attempts]) == (HI, [False, False])


def test_an_answer_that_is_not_accepted() -> None:
    """A judge may turn an answer into a failure: it is billed all the same, and the loop goes on."""

    def judge(answer: Answer) -> Outcome:
        return answer if answer.text == "good" else Failure(kind="bad_response", message="unfit", usage=answer.usage)

    ended = asked(doors(said("bad"), said("bad"), said("good")), A, B, accept=judge)
    assert [attempt.cost for attempt in ended.attempts] == [Decimal("0.00006"), Decimal("0.00006"), Decimal("0.00012")]
    assert ended.answer == replace(HI, text="good")
    assert ended.cost == Decimal("0.00024")


SCHEMA = {"type": "object"}
CUT = said('{"a":', finish="length")


@pytest.mark.parametrize(
    ("request_", "caps"),
    [
        (replace(REQUEST, max_output=50, schema=SCHEMA), [50, 4_000, 50, 4_000]),
        (replace(REQUEST, max_output=4_000, schema=SCHEMA), [4_000, 4_000]),
        (replace(REQUEST, max_output=None, schema=SCHEMA), [4_000, 4_000]),
    ],
    ids=["a small cap grows once", "the largest cap does not", "no cap does not"],
)
def test_json_that_its_cap_cut(request_: Request, caps: list[int]) -> None:
    """Cut JSON is asked for once more with a larger limit, where there is one, then of the next target."""
    way = doors(CUT)
    ended = asked(way, A, B, request=request_)
    assert [json.loads(call.body)["max_tokens"] for call in way.calls] == caps
    assert ended.failure is not None
    assert ended.failure.kind == "truncated"


def test_text_that_its_cap_cut_is_an_answer() -> None:
    """Without a schema a cut answer is one, marked."""
    ended = asked(doors(said(finish="length")), A, B)
    assert ended.answer == replace(HI, finish="length", truncated=True)


def test_a_prompt_too_long_says_its_size() -> None:
    """When no window is larger, the failure names the size that one would need."""
    ended = asked(
        doors(refused(413, "too long")),
        A,
        B,
        request=replace(REQUEST, messages=(Message(role="user", text="x" * 40_000),)),
    )
    assert ended.failure == Failure(kind="context", message="too long (the prompt is about 10,009 tokens)", status=413)
    assert len(ended.attempts) == 1


def test_what_a_model_s_row_adds() -> None:
    """A row's own prompt and the task's effort go into the call, and what a model refuses is warned of."""
    own = target("a.one", price=price(1, 10), row={"prompt": "coder", "rules": {"efforts": ["low"], "sampling": False}})
    way = doors(said())
    request = replace(REQUEST, params={"temperature": 0.5})
    ended = asked(way, own, request=request, prompts={"coder": "you write code"}, effort="low")
    body = json.loads(way.calls[0].body)
    assert [message["content"] for message in body["messages"]] == ["you write code", "hello"]
    assert body["reasoning_effort"] == "low"
    assert "temperature" not in body
    assert ended.attempts[0].warnings == ("temperature was left out for a.one: the model takes no sampling parameters",)


def test_an_attempt_ends_with_its_route() -> None:
    """Each attempt has at most the seconds that the route has left."""
    way = doors(replace(refused(500), seconds=60.0), said())
    asked(way, A, B)
    assert [call.timing.total for call in way.calls] == [90.0, 40.0]


def test_a_route_out_of_time_ends() -> None:
    """After the route's seconds the last failure is reported, though others are left."""
    way = doors(replace(refused(500), seconds=100.0))
    ended = asked(way, A, B)
    assert ended.failure == Failure(kind="server", message="no", status=500)
    assert len(way.calls) == 1


REPLIES = st.sampled_from(
    (
        said(),
        said("x" * 900, tokens=None),
        said("", tokens=(12, 900)),
        CUT,
        refused(500),
        refused(401),
        refused(413),
        refused(429),
        refused(429, headers={"retry-after": "5"}),
        refused(404),
        Reply(body=(b"{}",)),
        Reply(body=(b"\xff",)),
        broken("timeout", "in_doubt"),
        broken("network", "not_sent"),
        broken("network", "in_doubt"),
        broken("incomplete", "in_doubt", piece("half")),
    )
)
CHAINS = st.lists(
    st.sampled_from((A, B, target("c.free", price=price(0, 0)), target("d.dear", price=price(50, 400)), UNPRICED)),
    max_size=4,
)


@given(st.lists(REPLIES, min_size=1, max_size=8), CHAINS, st.decimals("0", "0.2", places=3), st.booleans())
def test_the_book_is_right_whatever_happens(
    script: list[Reply],
    chain: list[Target],
    budget: Decimal,
    has_schema: bool,  # noqa: FBT001 - hypothesis hands values by place
) -> None:
    """Every call has a row and every row an end, costs sum up, and the budget holds at every moment."""
    way = doors(*script)
    request = replace(REQUEST, schema=SCHEMA if has_schema else None)
    ended = asked(way, *chain, request=request, walls=limits({"run": str(budget), "day": "0.15"}))
    sent = [
        attempt for attempt in ended.attempts if isinstance(attempt.outcome, Answer) or attempt.outcome.kind != "budget"
    ]
    assert [attempt for _, attempt in way.settled] == sent
    assert len(way.calls) == len(sent)
    assert len({number for number, _ in way.settled}) == len(sent)
    assert ended.cost == way.spent[0] == sum((attempt.cost for attempt in ended.attempts), Decimal(0))
    assert way.spent[0] <= min(budget, Decimal("0.15"))
    assert (ended.answer is None) is (ended.failure is not None)
    assert ended.answer is None or ended.attempts[-1].outcome == ended.answer


def test_a_seat_takes_its_part_of_the_runs_budget() -> None:
    """What others may need beside it is left: of the same money, one of four parts is booked at most."""
    alone, seated = doors(said()), doors(said())
    request = replace(REQUEST, max_output=None)
    dear = target("a.one", price=price(1, 1_000), max_output=100_000)
    walls = limits(budget={"run": Decimal(40)})
    asked(alone, dear, request=request, walls=walls)
    asked(seated, dear, request=request, walls=walls, parts=4)
    assert seated.booked[0].worst <= Decimal(10) < alone.booked[0].worst <= Decimal(40)
