"""The shipped registry holds together: names lead somewhere, facts have a source, and any key gets an answer."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from outrider.doors.schemas import problems

CONFIG = Path(__file__).parents[1] / ".claude" / "config"
REGISTRY: dict[str, Any] = json.loads((CONFIG / "models.json").read_bytes())
PROVIDERS, MODELS, ALIASES = REGISTRY["providers"], REGISTRY["models"], REGISTRY["aliases"]
TASKS, PRESETS, AGENTS = REGISTRY["tasks"], REGISTRY["presets"], REGISTRY["agents"]
ROWS = [*PROVIDERS.items(), *MODELS.items()]
LEVELS = ("simple", "analysis", "complex")
KEYED = [name for name, row in PROVIDERS.items() if "key" in row and not row.get("local")]
SERVERS = [name for name, row in PROVIDERS.items() if row.get("local") and row["dialect"] != "echo"]


def chains() -> Iterator[tuple[str, list[str]]]:
    """Yields every list of models in the registry with the name of its owner."""
    for group in ("tasks", "presets"):
        for name, row in REGISTRY[group].items():
            yield f"{group}.{name}", row.get("chain", [])
    for name, panel in REGISTRY["panels"].items():
        yield f"panels.{name}", panel


def prices(row: dict[str, Any]) -> Iterator[float]:
    """Yields every figure of a price, in whatever condition."""
    for name, value in row.items():
        if name in {"input", "output", "cached", "cache_write"}:
            yield value
        elif name == "variants":
            for variant in value.values():
                yield from prices(variant)
        elif isinstance(value, list):
            for condition in value:
                yield from prices(condition) if isinstance(condition, dict) else ()


def reaches(provider: str, name: str) -> bool:
    """Whether a plain ask can reach a model with this provider's key alone; a native row's paid twin does not count."""
    row = MODELS[name]
    if PROVIDERS[row["provider"]]["dialect"] in {"native", "echo"}:
        return False
    return row["provider"] == provider or provider in row.get("also", {})


def test_the_registry_fits_its_schema() -> None:
    """What we ship passes the check that a user's layer has to pass."""
    schema = json.loads((CONFIG / "models.schema.json").read_bytes())
    assert [problem.sentence for problem in problems(REGISTRY, schema)] == []


def test_every_provider_of_the_promise_is_there() -> None:
    """The sixteen providers that the README names."""
    assert list(PROVIDERS) == [
        "claude", "anthropic", "openai", "gemini", "deepseek", "moonshot", "groq", "openrouter", "xai", "mistral",
        "together", "litellm", "ollama", "localai", "vllm", "echo",
    ]  # fmt: skip


def test_every_row_says_when_and_where_from() -> None:
    """A fact without a day and a source is no fact."""
    for name, row in ROWS:
        assert re.fullmatch(r"2026-\d\d-\d\d", row["as_of"]), name
        assert row["source"], name
        assert 10 <= len(row["description"]) <= 160, name


def test_every_model_leads_to_a_provider() -> None:
    """A row's own provider and every other way are providers of this registry, and can be called."""
    for name in MODELS:
        row = MODELS[name]
        assert row["provider"] in PROVIDERS, name
        assert row["id"], name
        assert row["family"], name
        for other, wire_id in row.get("also", {}).items():
            assert other != row["provider"], name
            assert PROVIDERS[other]["dialect"] not in {"native", "echo"}, name
            assert ("/" in wire_id) or other not in {"openrouter", "together"}, name


def test_local_rows_stay_local() -> None:
    """A model of a local server has no other way: nothing that stays here is sent elsewhere by a row."""
    assert [name for name, row in MODELS.items() if PROVIDERS[row["provider"]].get("local") and "also" in row] == []
    assert [name for row in MODELS.values() for name in row.get("also", {}) if PROVIDERS[name].get("local")] == []


def test_prices_are_figures() -> None:
    """A price has both sides, nothing is negative, local and echo rows cost nothing, and only they do."""
    for name in MODELS:
        row = MODELS[name]
        price = row.get("price")
        if price is None:
            assert name == "litellm.any", name
            continue
        assert {"input", "output"} <= set(price), name
        assert all(figure >= 0 for figure in prices(price)), name
        free = bool(PROVIDERS[row["provider"]].get("local"))
        assert all((figure == 0) == free for figure in prices(price)), name


def test_every_shape_of_price_is_in_use() -> None:
    """Length tiers, times of day, dated changes, variants, and both kinds of cache price."""
    found = {key for row in MODELS.values() for key in row.get("price", {})}
    assert found == {"input", "output", "cached", "cache_write", "tiers", "windows", "changes", "variants"}


def test_known_changes_of_price() -> None:
    """The introductory prices end on the days that their vendor named."""
    assert {
        name: [change["since"] for change in row["price"]["changes"]]
        for name, row in MODELS.items()
        if "changes" in row.get("price", {})
    } == {
        "gemini.4_argon": ["2026-12-01"],
        "gemini.3_8_flash": ["2027-01-01"],
        "gemini.3_7_flash": ["2027-01-01"],
        "gemini.3_6_flash": ["2027-01-01"],
    }


def test_a_score_is_an_attributed_fact() -> None:
    """A score names its index, version and date, and never exceeds what its index can say."""
    for name in (name for name, row in MODELS.items() if "scores" in row):
        scores = MODELS[name]["scores"]
        assert {"intelligence", "index", "version", "date"} <= set(scores), name
        assert 0 < scores["intelligence"] <= 100, name
        assert scores["index"].startswith("Artificial Analysis"), name
        assert ("coding" in scores) == ("coding: " in scores["index"]), name


def test_the_newest_index_version_reaches_every_role() -> None:
    """For each role some model of the newest version reaches the floors."""
    newest = max(row["scores"]["version"] for row in MODELS.values() if "scores" in row)
    current = [row["scores"] for row in MODELS.values() if row.get("scores", {}).get("version") == newest]
    best = {axis: max(scores.get(axis, 0) for scores in current) for axis in ("intelligence", "coding")}
    fit = {
        name: sum(
            all(scores.get(axis, 0) >= share * best[axis] for axis, share in row["floors"].items())
            for scores in current
        )
        for name, row in TASKS.items()
        if "floors" in row
    }
    assert set(fit) == {"orchestrator", "reasoning-worker", "tool-worker", "extraction-worker", "formatting-worker"}
    assert all(count >= 3 for count in fit.values())
    assert TASKS["orchestrator"]["floors"] == {"intelligence": 0.87, "coding": 0.71}


def test_ids_are_told_apart() -> None:
    """A wire id stands once at its provider, but for the one that is there with thinking on and off."""
    seen = Counter((row["provider"], row["id"]) for row in MODELS.values())
    assert [pair for pair, count in seen.items() if count > 1] == [("deepseek", "deepseek-flash")]


def test_a_retiring_model_says_when_and_by_what() -> None:
    """What ends has its day and its successor, which does not end itself."""
    for name, row in MODELS.items():
        if row.get("status", "active") != "active":
            assert row["shutdown"] > row["as_of"], name
            assert MODELS[row["replacement"]].get("status", "active") == "active", name


def test_an_alias_leads_to_a_living_model() -> None:
    """An alias ends at a row, hides no model, task or preset, and leads to nothing that retires."""
    for name in ALIASES:
        target = ALIASES[name]["model"]
        assert target in MODELS, name
        assert MODELS[target].get("status", "active") == "active", name
        assert name not in {*MODELS, *TASKS, *PRESETS}, name


@pytest.mark.parametrize(
    "name",
    [
        "moonshot.kimi_k2", "moonshot.kimi_k2_thinking", "openai.gpt4", "openai.gpt4o", "openai.gpt4_turbo",
        "deepseek.chat", "deepseek.reasoner", "local.llama3", "gpt-4", "gpt-4-turbo", "gpt-4o", "claude-3-5-haiku",
        "claude-haiku-3-5", "claude-sonnet-4-5", "kimi-k2-instruct", "kimi-k2-thinking", "moonshotai/kimi-k2",
        "deepseek-chat", "deepseek-reasoner", "llama-3.3-70b-versatile", "codellama",
        "mistralai/Mixtral-8x7B-Instruct-v0.1",
    ],
)  # fmt: skip
def test_a_name_that_died_says_why(name: str) -> None:
    """Who uses a name of the past is told what happened to it."""
    assert len(ALIASES[name]["why"]) > 20


@pytest.mark.parametrize(
    "name",
    [
        "claude.opus",
        "claude.sonnet",
        "claude.haiku",
        "claude.fable",
        "local.ollama",
        "local.localai",
        "local.vllm",
        "local.llama3_1",
        "echo",
    ],
)
def test_a_name_that_lives_is_there(name: str) -> None:
    """The names by which people know the living models resolve."""
    assert name in MODELS or name in ALIASES


def test_echo_is_a_model() -> None:
    """`-m echo` is answered offline and for nothing."""
    row = MODELS[ALIASES["echo"]["model"]]
    assert (row["provider"], PROVIDERS["echo"]["dialect"], "base_url" in PROVIDERS["echo"]) == ("echo", "echo", False)


def test_no_name_has_two_meanings() -> None:
    """Models, aliases, tasks and presets share one space of names."""
    names = Counter([*MODELS, *ALIASES, *TASKS, *PRESETS])
    assert [name for name, count in names.items() if count > 1] == []


def test_every_chain_names_models() -> None:
    """A chain holds rows, each once; it needs no alias."""
    for owner, chain in chains():
        assert [name for name in chain if name not in MODELS] == [], owner
        assert len(set(chain)) == len(chain), owner


def test_every_reference_leads_somewhere() -> None:
    """Tasks, agents and prompts that rows name exist."""
    assert REGISTRY["default"] in TASKS
    for name, task in TASKS.items():
        assert task.get("agent", "scout") in AGENTS, name
        assert task.get("prompt", "default") in REGISTRY["prompts"], name
        assert ("chain" in task) != ("floors" in task), name
        assert task["description"]
        assert task["reason"]
    assert {agent["task"] for agent in AGENTS.values()} <= set(TASKS)


def test_the_selection_matrix_and_the_levels_are_tasks() -> None:
    """The tasks by which people choose are all there, each ending in a computed tail."""
    assert {
        *LEVELS, "orchestration", "agentic", "reasoning", "code-review", "coding", "documentation", "vision",
        "private-data", "high-volume", "offline",
    } <= set(TASKS)  # fmt: skip
    assert [name for name, task in TASKS.items() if task.get("tail") is not True] == []


def test_private_tasks_name_local_models_only() -> None:
    """What is private begins and ends on this machine."""
    private = {name for name, task in TASKS.items() if task.get("private")}
    assert private == {"private-data", "offline"}
    for chain in (TASKS["private-data"]["chain"], TASKS["offline"]["chain"], PRESETS["local"]["chain"]):
        assert all(PROVIDERS[MODELS[name]["provider"]].get("local") for name in chain)
    assert PRESETS["local"]["local"] is True


def test_the_vision_chain_sees() -> None:
    """Every model of the vision chain sees pictures, but for what a local server has, which is looked up."""
    known = [name for name in TASKS["vision"]["chain"] if "abilities" in MODELS[name]]
    assert [name for name in known if "vision" not in MODELS[name]["abilities"]] == []


def test_presets() -> None:
    """The five presets, of which those with subagents name a tier."""
    assert list(PRESETS) == ["best", "fast", "cheap", "think", "local"]
    assert [PRESETS[name].get("agents") for name in PRESETS] == [
        "opus/high",
        "haiku/low",
        "haiku/low",
        "opus/high",
        None,
    ]


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("provider", KEYED)
def test_one_key_is_enough(provider: str, level: str) -> None:
    """With any single key a level's chain has a model of a fitting size, before the tail is needed."""
    assert any(reaches(provider, name) for name in TASKS[level]["chain"])


def test_one_key_or_server_reaches_every_task() -> None:
    """With any single key or local server every task that may go there has a candidate in its chain or tail."""
    for provider, task in product([*KEYED, *SERVERS], TASKS):
        if TASKS[task].get("private") and provider not in SERVERS:
            continue
        needs = set(TASKS[task].get("needs", ()))
        candidates = [name for name in MODELS if reaches(provider, name)]
        known = [name for name in candidates if "abilities" in MODELS[name]]
        assert candidates, (provider, task)
        assert len(known) < len(candidates) or any(needs <= set(MODELS[name]["abilities"]) for name in known), (
            provider,
            task,
        )


@pytest.mark.parametrize("gateway", ["openrouter", "litellm"])
def test_a_gateway_serves_every_chain_of_remote_models(gateway: str) -> None:
    """One gateway key reaches every model that stands in a chain and is not local."""
    named = {name for _, chain in chains() for name in chain if not PROVIDERS[MODELS[name]["provider"]].get("local")}
    assert [name for name in sorted(named) if gateway not in MODELS[name].get("also", {})] == []


def test_no_key_of_claude_code_is_read() -> None:
    """The variables that Claude Code hands to its shells are no key of ours."""
    variables = {name for row in PROVIDERS.values() for name in [row.get("key"), *row.get("keys", [])] if name}
    assert variables.isdisjoint({"ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"})
    assert PROVIDERS["anthropic"]["key"] == "OUTRIDER_ANTHROPIC_API_KEY"


def test_addresses_are_safe() -> None:
    """Remote providers are reached by https; plain http goes to this machine only."""
    for name, row in PROVIDERS.items():
        address = row.get("base_url", "https://")
        assert address.startswith(("https://", "http://localhost:")), name
        assert not address.endswith("/") or address == "https://"


def test_long_thinking_has_long_limits() -> None:
    """Local servers may load for minutes, and so may models that always think at a high effort."""
    for name, row in MODELS.items():
        if row["provider"] in SERVERS:
            assert row["limits"] == {"first_byte": 300, "total": 900}, name
    for name in ("openai.gpt_6_1_sol", "anthropic.opus_5_5", "moonshot.kimi_k3_1_pro", "deepseek.v4_pro"):
        assert MODELS[name]["limits"] == {"first_byte": 300, "total": 900}


def test_shipped_limits() -> None:
    """The defaults that the documents promise."""
    assert REGISTRY["limits"] == {
        "connect": 5, "first_byte": 60, "idle": 30, "total": 90, "route": 100, "retries": 2, "max_wait": 20,
        "max_bytes": 33_554_432, "budget_usd": {"run": 1, "day": 10, "month": None, "per_repo": None},
    }  # fmt: skip
    assert (REGISTRY["privacy"], REGISTRY["rules"]) == (
        {
            "private": False,
            "deny": [],
            "classes": {
                "public": {},
                "internal": {"upstream": "deny"},
                "secret": {"upstream": "deny"},
                "local-only": {},
            },
        },
        [],
    )
