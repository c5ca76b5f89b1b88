"""The hook that warns of a pin that was not kept: off in the pack, and at once where the user has turned it on."""

import json
from dataclasses import replace

import pytest

from outrider.cli.hook import EPILOG
from tests.e2e.conftest import Make
from tests.e2e.messages_api import MessagesApi, spawn
from tests.e2e.stage import write

pytestmark = pytest.mark.e2e

FORCED = {"CLAUDE_CODE_SUBAGENT_MODEL": "opus", "CLAUDE_CODE_SUBAGENT_MODEL_FORCE": "1"}
TURNED_ON = "{" + EPILOG.splitlines()[-1] + "}"
"""What the command's own help tells the user to write."""
RUNS = 3


@pytest.mark.parametrize(("is_on", "forced", "told"), [(True, True, True), (True, False, False), (False, True, False)])
def test_a_forced_model_is_told_of(make: Make, is_on: bool, forced: bool, told: bool) -> None:  # noqa: FBT001
    """A kept pin says nothing, and without the user's own line there is no hook.

    The client may end before a hook of a subagent that ran in its background, so a warning gets three runs to be seen.
    """
    stage = make("loose")
    write(stage.claude / "settings.json", json.loads(TURNED_ON) if is_on else {})
    client = replace(stage.client, env=FORCED if forced else {})
    shown: list[str] = []
    for _ in range(RUNS):
        with MessagesApi(main=[[spawn("scout")]]) as api:
            client.ask("hello", api=api)
        assert len(api.sub) == 1
        lines = [line for path in stage.claude.rglob("agent-*.jsonl") for line in path.read_text("utf-8").splitlines()]
        shown = [line for line in lines if '"hook_system_message"' in line and "scout was to run on haiku" in line]
        if shown or not told:
            break
    assert bool(shown) is told
