"""The Agent hook: standing choices and a repository's settings reach the wire at once, in both forms."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tests.e2e.client import CURRENT, OLD
from tests.e2e.conftest import Make
from tests.e2e.messages_api import MessagesApi, spawn
from tests.e2e.stage import Stage
from tests.e2e.wire import sent

pytestmark = pytest.mark.e2e


def spawned(stage: Stage, agent: str, **asked: Any) -> tuple[str, str | None]:
    """Spawns one agent and returns what reached the wire."""
    with MessagesApi(main=[[spawn(agent, **asked)]]) as api:
        stage.client.ask("hello", api=api)
    (request,) = api.sub
    return request.model, request.effort


def test_no_choice_keeps_the_tier(pack: Stage):
    """Without a standing choice an agent runs on the tier of its row."""
    assert spawned(pack, pack.called("reviewer")) == sent("sonnet/medium")


def test_switch_moves_the_wire(pack: Stage):
    """A preset re-tiers the next spawn, a model in the call wins over it, and `default` takes it back."""
    pack.outrider("switch", "best")
    assert spawned(pack, pack.called("reviewer")) == sent("opus/high")
    assert spawned(pack, pack.called("reviewer"), model="haiku")[0] == sent("haiku/low")[0]
    assert spawned(pack, pack.called("bulk")) == sent("haiku/low")
    assert spawned(pack, "general-purpose")[0] == sent("sonnet/medium")[0]
    pack.outrider("switch", "default")
    assert spawned(pack, pack.called("reviewer")) == sent("sonnet/medium")


def test_switch_on_the_old_client(make: Make):
    """The old client takes the model from the hook, and leaves the effort to the file."""
    stage = make("loose", OLD)
    stage.outrider("switch", "best")
    assert spawned(stage, "reviewer") == sent("opus/high", OLD)
    stage.outrider("switch", "cheap")
    assert spawned(stage, "reviewer") == sent("haiku/low", OLD)


def test_switch_for_one_project(pack: Stage):
    """A choice for one repository moves its agents alone and leaves no file in it."""
    pack.outrider("switch", "cheap", "--project")
    assert spawned(pack, pack.called("architect")) == sent("haiku/low")
    assert not (pack.project / ".claude").exists()


@pytest.mark.parametrize(
    ("layer", "tier"),
    [
        ({"agents": {"reviewer": {"tier": "haiku/low"}}}, "haiku/low"),
        ({"agents": {"reviewer": {"tier": "opus/high"}}}, "sonnet/medium"),
        ({"agents": {"reviewer": {"tier": "gpt/high"}}}, "sonnet/medium"),
        ({"agents": []}, "sonnet/medium"),
    ],
    ids=["lower", "higher", "unknown", "broken"],
)
def test_project_layer_may_only_lower(pack: Stage, layer: Mapping[str, Any], tier: str):
    """A repository that nobody trusted lowers a tier and never raises one; a broken one changes nothing."""
    pack.project_layer(layer)
    assert spawned(pack, pack.called("reviewer")) == sent(tier)


def test_broken_project_layer_undoes_no_choice(pack: Stage):
    """A repository cannot take back what the user chose by breaking its settings."""
    pack.outrider("switch", "cheap")
    pack.project_layer({"agents": []})
    assert spawned(pack, pack.called("architect")) == sent("haiku/low")


def test_trusted_project_raises(pack: Stage):
    """A trusted repository may raise a tier."""
    pack.project_layer({"agents": {"reviewer": {"tier": "opus/high"}}})
    pack.outrider("trust", "--yes")
    assert spawned(pack, pack.called("reviewer")) == sent("opus/high")


def test_explore(pack: Stage):
    """`switch explore on` keeps the built-in Explore on Haiku, and `off` gives it back."""
    with MessagesApi() as api:
        plain = pack.client.ask("hello", api=api).init["agents"]
    assert spawned(pack, "Explore")[0] == sent("sonnet/medium")[0]
    pack.outrider("switch", "explore", "on")
    assert spawned(pack, "Explore")[0] == sent("haiku/low")[0]
    pack.outrider("switch", "explore", "off")
    assert spawned(pack, "Explore")[0] == sent("sonnet/medium")[0]
    with MessagesApi() as api:
        assert pack.client.ask("hello", api=api).init["agents"] == plain


@pytest.mark.parametrize("break_it", ["helper", "settings", "state"])
def test_broken_helper_blocks_nothing(pack: Stage, break_it: str):
    """With the helper gone or its files broken a spawn goes through, on the tier of the agent's file."""
    breaks: Mapping[str, Callable[[], object]] = {
        "helper": (pack.home / ".local/share/outrider/bin/outrider").unlink,
        "settings": lambda: (pack.claude / "config/models.local.json").write_text("{", encoding="utf-8"),
        "state": lambda: _spoil(pack),
    }
    (pack.claude / "config").mkdir(exist_ok=True)
    breaks[break_it]()
    with MessagesApi(main=[[spawn(pack.called("reviewer"))]]) as api:
        run = pack.client.ask("hello", api=api)
    assert [(it.model, it.effort) for it in api.sub] == [sent("sonnet/medium", CURRENT)]
    assert run.denied == ()


def _spoil(stage: Stage) -> None:
    folder = stage.home / ".config/outrider"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    (folder / "state.json").write_text("[1, {", encoding="utf-8")
