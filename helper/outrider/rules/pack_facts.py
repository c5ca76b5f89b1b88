"""What the templates of the pack may say: the agents with their tier and its price, their names, this version.

Everything is computed from the registry, so that a page and the command never say two things. It must not know where
a page goes, nor how it is filled.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from outrider.data import Json
from outrider.rows import Registry
from outrider.rules.pack_tables import tables

Form = Literal["plugin", "loose", "project"]

NATIVE = "native"
"""The dialect of the provider whose models are the client's own classes."""
YARDSTICK = "opus"
"""The class that prices are told against: what most sessions run on."""
OUTRIDERS = ("second-opinion", "bulk", "private-reader")
"""The agents that are thin pipes to the command."""
EXPLORE = "Explore"
"""The built-in agent that we may stand in for."""
EXPLORE_TIER = "haiku/low"
PLUGIN = "outrider"
UNGUARDED = {"private-reader": "/outrider:private"}
"""Agents that a plugin cannot carry, as it cannot guard them, and the command that it has for each."""
SHIPPED_SERVER = ("${CLAUDE_PLUGIN_ROOT}/bin/outrider", "mcp")
"""How the marketplace's second plugin starts the MCP server: by the shim that it brings."""
KNOWN_PLACES = ('"$HOME/.local/share/outrider/bin/outrider"', '"$HOME/.local/bin/outrider"')
"""Where install.sh puts the command, as words of a shell."""


def facts(
    registry: Registry,
    *,
    form: Form,
    names: Mapping[str, str],
    tiers: Mapping[str, str],
    version: str,
    launcher: str | None,
    explore: bool,
    server: tuple[str, ...] = (),
) -> Mapping[str, Json]:
    """Returns what the templates see.

    `names` says what an agent is called by those who spawn it, where that is not its own name; `tiers` says which
    tier it runs on, where that is not its row's. `launcher` is the installed command's absolute path, if it is known;
    `server` is how the MCP server is started, where it is.
    """
    rows = registry.values.get("agents", {})
    running = {name: tiers.get(name, row["tier"]) for name, row in rows.items()}
    called = {name: names.get(name, name) for name in rows}
    if form == "plugin":
        called = {name: UNGUARDED.get(name, f"{PLUGIN}:{name}") for name in rows}
    agents = {name: _agent(registry, row, tier=running[name], called=called[name]) for name, row in rows.items()}
    # Only the form that lies in the user's own folders can stand in for a built-in agent.
    if explore and form == "loose":
        row = {"task": "simple", "description": "Stands in for the built-in Explore"}
        agents[EXPLORE] = _agent(registry, row, tier=tiers.get(EXPLORE, EXPLORE_TIER), called=EXPLORE)
    return {
        "form": form, "version": version, "launcher": launcher, "agents": agents,
        "server": list(SHIPPED_SERVER if form == "plugin" else server), "outriders": list(OUTRIDERS),
        "get_helper": get_helper(form),
        "guards": [*([shell_word(launcher)] if launcher else ()), *KNOWN_PLACES],
        "tables": tables(registry, running, called),
    }  # fmt: skip


def get_helper(form: Form) -> str:
    """Returns the command that gets the helper, as an agent's page says it; the plugin's root is put in on loading."""
    if form == "plugin":
        return 'bash "${CLAUDE_PLUGIN_ROOT}/install.sh" --helper-only'
    return "./install.sh --helper-only"


def shell_word(text: str) -> str:
    """Returns a word that a shell reads as exactly this text."""
    return "'" + text.replace("'", "'\\''") + "'"


def _agent(registry: Registry, row: Mapping[str, Json], *, tier: str, called: str) -> dict[str, Json]:
    model, _, effort = tier.partition("/")
    return {
        # In a plugin the client puts `outrider:` before the name itself.
        "name": called.rpartition(":")[2], "called": called,
        "task": row["task"], "description": row["description"],
        "tier": tier, "model": model, "effort": effort, "cost": cost(registry, model),
    }  # fmt: skip


def cost(registry: Registry, alias: str) -> str:
    """Returns a class's price in words, beside the class that most sessions run on."""
    own, other = _output_price(registry, alias), _output_price(registry, YARDSTICK)
    if not own or not other:
        return "price unknown"
    if own == other:
        return f"{YARDSTICK}'s price"
    if own < other:
        return f"1/{_plain(other / own)} of {YARDSTICK}'s price"
    return f"{_plain(own / other)} times {YARDSTICK}'s price"


def _output_price(registry: Registry, alias: str) -> Decimal | None:
    """Returns the dollars of a million output tokens of a class."""
    for model in registry.models.values():
        provider = registry.providers.get(model.provider)
        if model.id == alias and provider is not None and provider.dialect == NATIVE:
            return model.price.base.output if model.price is not None else None
    return None


def _plain(ratio: Decimal) -> str:
    """Writes a ratio with one decimal, and without it where it is nought."""
    text = f"{ratio:.1f}"
    return text.removesuffix(".0")
