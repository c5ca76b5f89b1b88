"""Every row of the failure table, on every dialect, plain and streamed: with another target, alone, and shown.

The fast lane tries every seventh or eleventh case, which walks through dialects and forms; the others are `process`.
"""

from pathlib import Path

import pytest
from _pytest.mark import ParameterSet

from outrider.data import Failure, Message, Target
from outrider.rules.money import from_nano, likely_tokens
from tests.faults.running import HASTY, KEY, LIKELY, PROMPT, Ran, a_target, ask, told
from tests.faults.table import TABLE, Fault, Mode
from tests.lanes import thinned
from tests.servers import ScriptedServer
from tests.servers.dialects import Dialect

CASES = [
    pytest.param(fault, dialect, mode, id=f"{fault.name}-{dialect}-{mode}")
    for fault in TABLE
    for dialect in fault.dialects
    for mode in fault.modes
]
USAGE = 11 * 1_000 + 7 * 2_000
"""What the scripted usage costs, in nano-dollars, at $1 and $2 a million tokens."""
LONGEST = 2.5
"""How long a case may take at most, with the slack of a busy machine, in seconds."""


def of(mode: Mode) -> list[ParameterSet]:
    """Returns the cases of one mode."""
    return [case for case in CASES if case.values[2] == mode]


def bill(fault: Fault, ran: Ran, number: int) -> tuple[str, int | str]:
    """Returns what must be booked for a failed attempt: certainty and nano-dollars."""
    outcome = ran.ended.attempts[number].outcome
    partial = outcome.partial if isinstance(outcome, Failure) else ""
    if fault.bill == "usage":
        return "exact", USAGE
    if fault.bill == "text or reservation" and partial:
        return "estimate", LIKELY * 1_000 + (len(partial) // 4 + 1) * 2_000
    return ("exact", 0) if fault.bill == "nothing" else ("in_doubt", "reservation")


def first(fault: Fault, dialect: Dialect, server: ScriptedServer) -> Target:
    """Scripts the fault for the first model and returns its target."""
    server.always(fault.make(dialect), model="one")
    return a_target(dialect, server.url, "one", **(HASTY if fault.is_slow else {}))


def check_book(ran: Ran) -> None:
    """Sees that spend is the sum of the rows, and that no key is in the book."""
    assert ran.spent.run == ran.spent.day == from_nano(ran.booked)
    assert ran.ended.cost == ran.spent.run
    assert KEY.encode() not in (ran.home / "ledger.db").read_bytes()


def test_the_prompt_is_estimated_at_what_the_table_says() -> None:
    """The sums below start from this."""
    assert likely_tokens((Message(role="user", text=PROMPT),)) == LIKELY


@pytest.mark.parametrize(("fault", "dialect", "mode"), thinned(CASES, 11))
def test_with_another_target(
    fault: Fault, dialect: Dialect, mode: Mode, server: ScriptedServer, tmp_path: Path
) -> None:
    """One repeat at most and no wait; then the other answers, or what must stop the run stops it."""
    other = a_target(dialect, server.url, "two", window=1_000_000)
    ran = ask(tmp_path, first(fault, dialect, server), other, stream=mode == "streamed")
    failed = [("one", fault.kind, *bill(fault, ran, number)) for number in range(fault.repeats + 1)]
    if fault.stops:
        assert ran.calls == (failed[0],)
        assert (ran.text, told(ran.ended.attempts[-1])[0]) == (None, fault.kind)
    else:
        assert ran.calls == (*failed, ("two", "answer", "exact", USAGE))
        assert ran.text == "hello from two"
    assert [seen.json["model"] for seen in server.asked] == [call[0] for call in ran.calls]
    assert ran.waits == ()
    assert ran.seconds < LONGEST
    check_book(ran)


@pytest.mark.parametrize(("fault", "dialect", "mode"), thinned(of("plain"), 7))
def test_alone(fault: Fault, dialect: Dialect, mode: Mode, server: ScriptedServer, tmp_path: Path) -> None:
    """The last target is waited for as the server asks or as its own backoff says, never longer than the cap."""
    ran = ask(tmp_path, first(fault, dialect, server), stream=mode == "streamed")
    assert ran.calls == tuple(("one", fault.kind, *bill(fault, ran, number)) for number in range(fault.alone + 1))
    assert ran.waits == fault.waits
    assert ran.ended.failure is not None
    assert (ran.text, ran.ended.failure.kind) == (None, fault.kind)
    assert len(server.asked) == fault.alone + 1
    assert ran.seconds < LONGEST
    check_book(ran)


@pytest.mark.parametrize(("fault", "dialect", "mode"), thinned(of("streamed"), 7))
def test_shown(fault: Fault, dialect: Dialect, mode: Mode, server: ScriptedServer, tmp_path: Path) -> None:
    """Once text was shown the run stops there: what a person read is of one model, or there is no answer."""
    other = a_target(dialect, server.url, "two", window=1_000_000)
    ran = ask(tmp_path, first(fault, dialect, server), other, stream=True, show=True)
    if ran.ended.attempts[0].shown:
        assert len(ran.calls) == 1
        assert ran.ended.failure is not None
        assert ran.ended.failure.partial.startswith(ran.shown)
    elif fault.stops:
        assert (ran.shown, ran.text) == ("", None)
    else:
        assert (ran.shown, ran.text) == ("hello from two", "hello from two")
    assert ran.waits == ()
    check_book(ran)
