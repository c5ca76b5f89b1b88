"""The time of one call is handed out read by read, and the whole of it holds."""

import pytest

from outrider.data import Timing
from outrider.doors.transport.deadline import Deadline

LONG = Timing(connect=5.0, first_byte=60.0, idle=30.0, total=90.0, max_bytes=1)


def test_the_first_byte_of_the_answer_has_a_limit_of_its_own() -> None:
    """A server may send its headers and then think: the idle limit begins with the answer."""
    deadline = Deadline(LONG)
    waits = [deadline.for_read()]
    deadline.sent, deadline.bytes_read = True, 400
    waits.append(deadline.for_read())
    assert deadline.reason() == "did not answer within 60 s"
    deadline.is_answering = True
    waits.append(deadline.for_read())
    assert waits == [60.0, 60.0, 30.0]
    assert deadline.reason() == "went silent for 30 s"


def test_no_wait_is_longer_than_what_is_left() -> None:
    """When the whole is over, no read is granted anything."""
    deadline = Deadline(Timing(connect=5.0, first_byte=60.0, idle=30.0, total=0.0, max_bytes=1))
    assert (deadline.for_connect(), deadline.for_read()) == (0.0, 0.0)
    assert deadline.left() <= 0
    assert deadline.reason() == "took longer than 0 s in all"


def test_connecting_is_bounded_by_both_limits() -> None:
    """The smaller of its own limit and the whole counts."""
    assert Deadline(LONG).for_connect() == 5.0
    assert Deadline(Timing(connect=5.0, first_byte=1.0, idle=1.0, total=2.0, max_bytes=1)).for_connect() == (
        pytest.approx(2.0, abs=0.1)
    )
    assert Deadline(LONG).reason() == "could not be reached within 5 s"
