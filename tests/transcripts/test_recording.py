"""The real client, asked again, writes a history that comes to the same."""

from pathlib import Path

import pytest

from outrider.cli.session import Session
from tests.transcripts import record, sessions
from tests.transcripts.test_golden import BY_HAND, summed

pytestmark = pytest.mark.e2e


def test_a_new_history_comes_to_the_same(home: Path, loopback: None, tmp_path: Path) -> None:
    """What the client writes today is read as what it wrote when the golden history was made."""
    try:
        record.client()
    except record.NoClientError as error:
        pytest.skip(f"LOUD: no history was made: {error}")
    record.record(sessions.TURNS, tmp_path / "client")
    record.scrub(tmp_path / "client", home / ".claude")
    assert {tally.names[0]: tally.dollars for tally in summed(Session(), "model").tallies} == BY_HAND
