"""What a user types behind `/outrider:NAME` reaches the model as text, and no shell."""

from collections.abc import Callable

import pytest

from tests.e2e.client import CURRENT, OLD
from tests.e2e.messages_api import MessagesApi
from tests.e2e.stage import Stage

pytestmark = pytest.mark.e2e

HOSTILE = 'it\'s $HOME; `touch F` $(touch G) $1 "two words" !`touch H`\n```!\ntouch I\n```'
COMMANDS = ("ask", "switch")


@pytest.mark.parametrize("version", [CURRENT, OLD])
def test_typed_words_are_text(make: Callable[..., Stage], version: str):
    """Quotes, `$`, backquotes and the client's own `!` in them start nothing, and arrive once, in their place."""
    stage = make("loose", version)
    before = sorted(path.name for path in stage.project.iterdir())
    for command in COMMANDS:
        with MessagesApi() as api:
            run = stage.client.ask(f"/outrider:{command} {HOSTILE}", api=api)
        said = "\n".join(request.said for request in api.main)
        assert run.result["is_error"] is False
        assert 'it\'s $HOME; `touch F` $(touch G) $1 "two words"' in said.partition("The user typed")[2][:120]
        assert "$ARGUMENTS" not in said
        assert "ARGUMENTS:" not in said
    assert sorted(path.name for path in stage.project.iterdir()) == before
