"""A process is alive while it runs, not while its number is taken."""

import os
import subprocess
import sys

import pytest

from outrider.doors.alive import is_alive


def test_a_running_process_is_alive() -> None:
    """Our own, and one of another user."""
    assert is_alive(os.getpid())
    assert is_alive(1)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="LOUD: only Linux says so; not tested here")
def test_a_process_that_nobody_buried_is_dead() -> None:
    """It has ended, and its number is kept for whoever asks how."""
    process = subprocess.Popen(["true"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not is_alive(process.pid)
    process.wait()
    assert not is_alive(process.pid)


def test_a_number_that_no_process_can_have_is_dead() -> None:
    """Whatever a file said."""
    assert not is_alive(1 << 40)
