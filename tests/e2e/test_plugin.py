"""The repository as a plugin, judged by the client's own tools, and what the pack costs while it is silent."""

import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.e2e.client import CURRENT, Client
from tests.e2e.conftest import Make
from tests.e2e.messages_api import MessagesApi
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e

MOST = 1500
"""The most that the pack may add to every session, in tokens."""
CHARACTERS = 3.5
"""Characters of a token, on the careful side: English prose has more than four."""


@pytest.mark.parametrize(
    ("target", "profile"),
    [("", ["--profile", "directory"]), (".claude-plugin/plugin.json", []), (".claude-plugin/marketplace.json", [])],
    ids=["directory", "plugin", "marketplace"],
)
def test_the_client_validates_it(
    tmp_path: Path, program: Callable[[str], Path], repository: Path, target: str, profile: Sequence[str]
):
    """`claude plugin validate --strict` has nothing to say, for the plugin directory's rules and the marketplace."""
    client = Client(program=program(CURRENT), home=tmp_path / "home", project=tmp_path)
    client.command("plugin", "validate", "--strict", *profile, str(repository / target))


def test_what_it_costs_by_the_clients_own_count(make: Make):
    """`claude plugin details` finds every part, and counts fewer tokens than we allow ourselves."""
    stage = make("plugin")
    said = stage.client.command("plugin", "details", "outrider")
    found = re.search(r"Always-on:\s+~?([\d,.]+)(k?) tok", said)
    assert found, said
    assert float(found[1].replace(",", "")) * (1000 if found[2] else 1) < MOST
    assert "multi-model" in said
    assert "second-opinion" in said


def test_what_it_costs_on_the_wire(pack: Stage):
    """The lines that the pack adds to a session's first request, agents and skills together, stay below the same."""
    listing = listed(pack)
    assert len(listing) >= 10
    assert math.ceil(sum(map(len, listing)) / CHARACTERS) < MOST


def listed(stage: Stage) -> list[str]:
    """Returns the lines of the first request that are there because of the pack: those that a bare client lacks."""
    with MessagesApi() as api:
        stage.client.ask("hello", api=api)
    ours = set(api.main[0].said.splitlines())
    empty = stage.home.parent / "empty"
    bare = Client(program=stage.client.program, home=empty, project=stage.project)
    with MessagesApi() as api:
        bare.ask("hello", api=api)
    return sorted(ours - set(api.main[0].said.splitlines()))
