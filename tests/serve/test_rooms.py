"""The gate, the guard and the memory, each on its own."""

import asyncio

import pytest

from outrider.data import Answer, Message, ToolCall, Usage
from outrider.records import replace
from outrider.serve.gate import MOST_BYTES, Gate
from outrider.serve.guard import Guard
from outrider.serve.memory import MOST_CALLS, Memory
from outrider.wire.serving.errors import Unfit

BEARER = (b"authorization", b"bearer  t0ken ")
CALL = ToolCall(id="own:0", name="look", arguments="{}", extra={"signature": "s"})
ANSWER = Answer(text="", usage=Usage(), tool_calls=(CALL,), reasoning="hm", replay=({"kept": 1},), finish="tool_calls")


def test_one_waits_its_turn_and_who_is_too_many_goes() -> None:
    """With one place and a queue of one, the second waits, and the third is told to come again."""

    async def play() -> list[str]:
        gate, told, opened = Gate(1, 1), [], asyncio.Event()

        async def enter(name: str) -> None:
            try:
                async with gate.place():
                    told.append(f"{name} in")
                    await opened.wait()
            except Unfit as full:
                told.append(f"{name} {full.status}")

        first = asyncio.create_task(enter("first"))
        await asyncio.sleep(0)
        second = asyncio.create_task(enter("second"))
        await asyncio.sleep(0)
        await enter("third")
        opened.set()
        await asyncio.gather(first, second)
        gate.is_closing = True
        await enter("fourth")
        return told

    assert asyncio.run(play()) == ["first in", "third 429", "second in", "fourth 503"]


def test_who_gives_up_in_the_queue_leaves_it() -> None:
    """A client that left while it waited takes nobody's place."""

    async def play() -> int:
        gate = Gate(1, 1)
        async with gate.place():
            waiting = asyncio.create_task(gate.place().__aenter__())
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait([waiting])
        async with gate.place():
            return gate.inside

    assert asyncio.run(play()) == 1


def test_the_bytes_of_all_bodies_are_bounded() -> None:
    """What is under way counts until it is answered."""
    gate = Gate(1, 1)
    with gate.weight() as first:
        first.add(MOST_BYTES)
        with pytest.raises(Unfit) as found, gate.weight() as second:
            second.add(1)
        assert found.value.status == 503
    with gate.weight() as third:
        third.add(MOST_BYTES)


@pytest.mark.parametrize(
    ("host", "is_ours"),
    [
        (b"192.0.2.7:8000", True), (b"[2001:db8::1]:8000", True), (b"box", True), (b"BOX:8000", True),
        (b"localhost", True), (b"box.evil.example", False), (b"", False), (b"evil.example", False),
    ],
)  # fmt: skip
def test_off_loopback_we_go_by_our_name_and_by_addresses(host: bytes, *, is_ours: bool) -> None:
    """A name that somebody else made point here is not ours."""
    guard = Guard("t0ken", hosts=frozenset({"box"}), is_open=True)
    if is_ours:
        guard.check(dict([(b"host", host), BEARER]))
        guard.check(dict([(b"host", host), BEARER]))
    else:
        with pytest.raises(Unfit):
            guard.check(dict([(b"host", host), BEARER]))


def test_calls_come_back_as_their_model_wrote_them() -> None:
    """A client knows an id of ours; its next request gets the model's own, with what was thought and signed."""
    memory = Memory()
    named = memory.named(ANSWER, run="r1", said_by="p/m")
    assert [call.id for call in named.tool_calls] == ["call_r1_0"]
    turn = Message(role="assistant", text="", tool_calls=(ToolCall(id="call_r1_0", name="look", arguments="{}"),))
    result = Message(role="tool", text="seen", call_id="call_r1_0")
    strange = Message(role="tool", text="seen", call_id="x")
    assert memory.completed((turn, result, strange)) == (
        replace(turn, tool_calls=(CALL,), reasoning="hm", replay=({"kept": 1},), said_by="p/m"),
        replace(result, call_id="own:0"),
        strange,
    )
    own = replace(turn, reasoning="mine")
    assert memory.completed((own,))[0].reasoning == "mine"


def test_the_oldest_calls_are_forgotten() -> None:
    """Memory is bounded, and what was forgotten goes out as the client says it."""
    memory = Memory()
    for number in range(MOST_CALLS + 1):
        memory.named(ANSWER, run=f"r{number}", said_by="p/m")
    gone = Message(role="tool", text="x", call_id="call_r0_0")
    assert memory.completed((gone,)) == (gone,)
    long = replace(ANSWER, reasoning="x" * 10_000_000)
    memory.named(long, run="a", said_by="p/m")
    memory.named(long, run="b", said_by="p/m")
    first, second = (Message(role="tool", text="x", call_id=f"call_{run}_0") for run in ("a", "b"))
    assert [turn.call_id for turn in memory.completed((first, second))] == ["call_a_0", "own:0"]


def test_an_answer_without_calls_is_not_kept() -> None:
    """There is nothing to bring back."""
    plain = Answer(text="x", usage=Usage())
    assert Memory().named(plain, run="r", said_by="p/m") is plain
