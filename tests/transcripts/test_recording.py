"""The real client, asked again, writes a history that comes to the same."""

from pathlib import Path

import pytest

from outrider.cli.session import Session
from tests.transcripts import record, record_pins, sessions
from tests.transcripts.pin_cases import CASES, Case
from tests.transcripts.test_golden import BY_HAND, summed
from tests.transcripts.test_pins import judge

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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_new_spawn_is_judged_the_same(case: Case, home: Path, loopback: None, tmp_path: Path) -> None:
    """Of both versions of the client, asked again in the same way."""
    try:
        record.client(case.version)
    except record.NoClientError as error:
        pytest.skip(f"LOUD: no spawn was made: {error}")
    record_pins.record(case, tmp_path / "client")
    record_pins.keep(tmp_path / "client", tmp_path / "pins" / case.name)
    found = judge(case, home, tmp_path / "project", pins=tmp_path / "pins")
    assert (found.verdict, found.asked, "".join(found.ran), found.extra) == (
        case.verdict, case.asked, case.ran, case.extra
    )  # fmt: skip
