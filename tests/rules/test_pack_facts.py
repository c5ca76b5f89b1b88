"""What the templates of the pack may say is computed from the registry."""

import subprocess
from typing import Any

import pytest

from outrider.rules.pack_facts import Form, cost, facts, get_helper, shell_word
from tests.rules.small import VALUES, registry

CLASSES: dict[str, Any] = {
    **VALUES,
    "models": {
        **VALUES["models"],
        "native.small": {"provider": "native", "id": "small", "price": {"input": 0.1, "output": 0.5}},
        "native.odd": {"provider": "native", "id": "odd", "price": {"input": 1, "output": 8}},
        "native.opus": {"provider": "native", "id": "opus", "price": {"input": 4, "output": 20}},
        "native.huge": {"provider": "native", "id": "huge", "price": {"input": 6, "output": 30}},
        "cloud.small": {"provider": "cloud", "id": "dear", "price": {"input": 1, "output": 99}},
    },
    "agents": {
        "scout": {"task": "work", "tier": "small/low", "description": "Looks"},
        "private-reader": {"task": "closed", "tier": "opus/high", "description": "Pipes"},
    },
}
SCOUT = {
    "name": "scout", "called": "scout", "task": "work", "description": "Looks", "tier": "small/low", "model": "small",
    "effort": "low", "cost": "1/40 of opus's price",
}  # fmt: skip


def made(form: Form = "loose", **changes: Any) -> Any:
    """Returns the facts of a form."""
    plain: dict[str, Any] = {"names": {}, "tiers": {}, "version": "1.2.3", "launcher": None, "explore": False}
    return facts(registry(CLASSES), form=form, **(plain | changes))


@pytest.mark.parametrize(
    ("alias", "said"),
    [
        ("small", "1/40 of opus's price"),
        ("odd", "1/2.5 of opus's price"),
        ("opus", "opus's price"),
        ("huge", "1.5 times opus's price"),
        ("sonnet", "price unknown"),
        ("dear", "price unknown"),
        ("none", "price unknown"),
    ],
)
def test_a_class_costs_so_much(alias: str, said: str) -> None:
    """A price is told beside opus's; a model that the client does not run itself is no class."""
    assert cost(registry(CLASSES), alias) == said


def test_an_agent_is_what_its_row_says() -> None:
    """Name, tier in its parts, and price."""
    assert made()["agents"]["scout"] == SCOUT


def test_an_installed_name_and_another_tier_are_told() -> None:
    """What clashes is called otherwise; what was switched runs on another tier, with its price."""
    agent = made(names={"scout": "outrider-scout"}, tiers={"scout": "opus/max"})["agents"]["scout"]
    assert agent == SCOUT | {
        "name": "outrider-scout", "called": "outrider-scout", "tier": "opus/max", "model": "opus", "effort": "max",
        "cost": "opus's price",
    }  # fmt: skip


def test_a_plugin_puts_its_name_before() -> None:
    """The page has the bare name, whoever calls has the whole one; what a plugin cannot guard is a command there."""
    agents = made("plugin")["agents"]
    assert {name: (row["name"], row["called"]) for name, row in agents.items()} == {
        "scout": ("scout", "outrider:scout"),
        "private-reader": ("/outrider:private".rpartition(":")[2], "/outrider:private"),
    }


@pytest.mark.parametrize(
    ("form", "explore", "has_it"), [("loose", True, True), ("loose", False, False), ("project", True, False)]
)
def test_the_stand_in_for_explore(form: Form, *, explore: bool, has_it: bool) -> None:
    """Only the user's own folders stand in for a built-in agent, and only when that was wanted."""
    agents = made(form, explore=explore, tiers={"Explore": "small/medium"})["agents"]
    assert ("Explore" in agents) is has_it
    if has_it:
        assert (agents["Explore"]["called"], agents["Explore"]["tier"]) == ("Explore", "small/medium")


def test_the_rest_of_the_facts() -> None:
    """The form, this version, the outriders, where the command may be, and the tables."""
    found = made(launcher="/home/o'hara/outrider")
    assert {key: value for key, value in found.items() if key not in {"agents", "tables"}} == {
        "form": "loose",
        "version": "1.2.3",
        "launcher": "/home/o'hara/outrider",
        "server": [],
        "outriders": ["second-opinion", "bulk", "private-reader"],
        "get_helper": "./install.sh --helper-only",
        "guards": [
            "'/home/o'\\''hara/outrider'",
            '"$HOME/.local/share/outrider/bin/outrider"',
            '"$HOME/.local/bin/outrider"',
        ],
    }
    assert {row["agent"] for row in found["tables"]["tiers"]} == {"scout", "private-reader"}


def test_a_plugin_has_its_own_installer() -> None:
    """The client puts the plugin's folder in."""
    assert get_helper("plugin") == 'bash "${CLAUDE_PLUGIN_ROOT}/install.sh" --helper-only'
    assert get_helper("loose") == get_helper("project") == "./install.sh --helper-only"


@pytest.mark.parametrize("text", ["plain", "two words", "it's", '$HOME `x` "q" \\', ""])
def test_a_shell_reads_back_what_was_quoted(text: str) -> None:
    """No character of a path means anything to the shell."""
    said = subprocess.run(["sh", "-c", f"printf %s {shell_word(text)}"], capture_output=True, text=True, check=True)
    assert said.stdout == text
