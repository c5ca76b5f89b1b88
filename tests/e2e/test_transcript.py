"""README's first delegation is what the real client does today."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.client import CURRENT
from tests.machines import ROOT

pytestmark = pytest.mark.e2e


def test_the_first_delegation_is_fresh(program: Callable[[str], Path]) -> None:
    """The transcript in README is made by `scripts/delegation.py`, and still comes out the same."""
    program(CURRENT)
    command = [sys.executable, str(ROOT / "scripts" / "delegation.py"), "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
