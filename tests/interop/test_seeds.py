"""Every configuration that the tools' guides show imports, is valid, and leads where its author meant."""

from typing import Any

import pytest

from tests.interop import snippets
from tests.interop.making import Way, after, bundled, read, ways

SOL = ("openai", "gpt-6.1-sol")
THINKS = 4096 + 8000
OPUS, SONNET = Way("anthropic", "claude-opus-4-5", 64_000), Way("openrouter", "anthropic/claude-sonnet-5.5", 128_000)
FLASH = Way("deepseek", "deepseek-flash", 393_216, (("thinking", "off"),))

MEANT: tuple[tuple[str, str, dict[str, list[Way]]], ...] = (
    ("llamafarm", snippets.BASIC, {
        "default": [Way("ollama", "llama3.1:8b", 2048, (("temperature", 0.7),))],
        "fast": [Way("ollama", "llama3.2:1b", 512, (("temperature", 0.5),))],
        "expert": [Way(*SOL, THINKS)],
        "llamafarm": [Way("ollama", "llama3.1:8b", 2048, (("temperature", 0.7),))],
    }),
    ("llamafarm", snippets.TIERS, {
        "instant": [Way("ollama", "llama3.2:1b", 256, (("temperature", 0.5),))],
        "medium": [Way("ollama", "llama3.1:8b", 1024, (("temperature", 0.7),))],
        "powerful": [Way("ollama", "llama3.1:70b", 4096, (("temperature", 0.3),))],
        "llamafarm": [Way("ollama", "llama3.1:8b", 1024, (("temperature", 0.7),))],
    }),
    ("llamafarm", snippets.HYBRID, {
        "local": [Way("ollama", "llama3.1:8b")], "cloud": [Way(*SOL, 128_000)],
        "llamafarm": [Way("ollama", "llama3.1:8b")],
    }),
    ("llamafarm", snippets.BY_TASK, {
        "general": [Way("ollama", "llama3.1:8b", None, (("temperature", 0.7),))],
        "coder": [Way("ollama", "codellama:13b", 4096, (("temperature", 0.2),))],
        "writer": [Way("ollama", "llama3.1:8b", 2048, (("temperature", 0.9),))],
        "analyst": [Way(*SOL, THINKS)],
    }),
    ("llamafarm", snippets.TOOLS, {
        "assistant": [Way("ollama", "llama3.1:8b")], "data-analyst": [Way("ollama", "llama3.1:8b")],
        "power-user": [Way(*SOL, 128_000)],
    }),
    ("llamafarm", snippets.PROMPTS, {
        "analyst": [Way(*SOL, 128_000)], "coder": [Way("ollama", "codellama:13b")],
    }),
    ("llamafarm", snippets.FALLBACKS, {
        "primary": [Way(*SOL, 128_000)],
        "llamafarm": [Way(*SOL, 128_000), Way("ollama", "llama3.1:8b"), Way("ollama", "llama3.2:1b")],
    }),
    ("llamafarm", snippets.OLLAMA, {
        "ollama-model": [Way("ollama", "llama3.1:8b", None, (
            ("num_ctx", 4096), ("repeat_penalty", 1.1), ("temperature", 0.7), ("top_k", 40), ("top_p", 0.9)))],
    }),
    ("llamafarm", snippets.OPENAI, {"openai-model": [Way(*SOL, THINKS)]}),
    ("llamafarm", snippets.UNIVERSAL, {
        "universal-model": [
            Way("universal-localhost-11540", "Qwen/Qwen2.5-7B-Instruct", 2048, (("temperature", 0.7),))
        ],
    }),
    ("llamafarm", snippets.VLLM, {
        "vllm-model": [Way("vllm", "mistral-7b-instruct", None, (("temperature", 0.7),))],
    }),
    ("llamafarm", snippets.TOGETHER, {"hosted": [Way("together", "zai-org/GLM-5.3", 128_000)]}),
    ("moltbot", snippets.MOLTBOT, {
        "moltbot": [OPUS, SONNET,
                    FLASH, Way("ollama", "llama3.3")],
        "best": [OPUS, SONNET,
                 FLASH, Way("ollama", "llama3.3")],
        "fast": [Way("anthropic", "claude-haiku-5-5", 128_000), SONNET,
                 FLASH, Way("ollama", "llama3.3")],
        "cheap": [FLASH,
                  SONNET, Way("ollama", "llama3.3")],
        "think": [Way("deepseek", "deepseek-v4-pro", 393_216), SONNET,
                  FLASH, Way("ollama", "llama3.3")],
        "local": [Way("ollama", "llama3.3")],
    }),
    ("moltbot", snippets.QUALITY, {
        "moltbot": [OPUS,
                    FLASH],
    }),
    ("moltbot", snippets.TIERED, {
        "moltbot": [Way("anthropic", "claude-haiku-5-5", 128_000),
                    FLASH, Way("ollama", "llama3.3")],
    }),
    ("litellm", snippets.LITELLM, {
        "llama3-local": [Way("ollama", "llama3.2")], "codellama-local": [Way("ollama", "codellama")],
    }),
)  # fmt: skip


@pytest.mark.parametrize(("tool", "text", "meant"), MEANT)
def test_a_guides_configuration_leads_where_it_meant(tool: str, text: str, meant: dict[str, list[Way]]) -> None:
    """Each name leads to its own model, with its parameters, and to what stands behind it."""
    registry = after(read(tool, text))
    assert {name: list(ways(registry, name)) for name in meant} == meant


@pytest.mark.parametrize(
    ("text", "default"),
    [(snippets.BASIC, "llamafarm"), (snippets.PROMPTS, "analysis"), (snippets.FALLBACKS, "llamafarm"),
     (snippets.VLLM, "analysis")],
)  # fmt: skip
def test_a_plain_ask_uses_the_default_of_the_file(text: str, default: str) -> None:
    """A file without one changes nothing."""
    assert after(read("llamafarm", text)).values["default"] == default


def test_each_model_gets_its_own_prompt() -> None:
    """Prompts of the same names as ours stand beside them, and a model without a model is a task with its prompt."""
    found = read("llamafarm", snippets.PROMPTS)
    registry = after(found)
    assert {name: registry.models[name].row["prompt"] for name in ("analyst", "coder")} == {
        "analyst": "llamafarm.analyst", "coder": "llamafarm.coder",
    }  # fmt: skip
    assert found.layer["prompts"] == {
        "llamafarm.default": "You are a helpful assistant.",
        "llamafarm.analyst": "You are an expert analyst.\nCite evidence.",
        "llamafarm.coder": "You are an expert programmer.",
    }
    shipped = bundled()
    assert registry.tasks["general"].chain == shipped.tasks[str(shipped.values["default"])].chain
    assert registry.tasks["general"].row["prompt"] == "llamafarm.default"


def test_tools_stay_named_and_their_servers_are_listed() -> None:
    """A server is declared elsewhere: the model keeps its name, and what to do is said."""
    found = read("llamafarm", snippets.TOOLS)
    assert after(found).models["power-user"].row["tools"] == ["filesystem", "database"]
    assert [left.path for left in found.not_carried] == ["$.mcp.servers[0] (filesystem)", "$.mcp.servers[1] (database)"]
    assert "mcp-servers.json" in found.not_carried[0].why


@pytest.mark.parametrize(
    ("text", "provider", "row"),
    [
        (snippets.UNIVERSAL, "universal-localhost-11540", {
            "dialect": "openai", "base_url": "http://localhost:11540/v1", "local": True, "serves": "listed",
            "limits": {"first_byte": 300, "total": 900}}),
        (snippets.VLLM, None, None), (snippets.TOGETHER, None, None), (snippets.OLLAMA, None, None),
    ],
)  # fmt: skip
def test_a_keyless_row_stays_keyless(text: str, provider: str | None, row: dict[str, Any] | None) -> None:
    """No key is asked for, and what we know by its address is no new provider."""
    found = read("llamafarm", text)
    assert found.layer.get("providers", {}) == ({provider: row} if provider else {})
    assert found.secrets == (("TOGETHER_API_KEY",) if text is snippets.TOGETHER else ())


def test_a_cap_on_a_thinking_model_leaves_room_to_think() -> None:
    """512 tokens would be spent before the answer began: 8,000 come on top, and it is said."""
    found = read("llamafarm", snippets.OPENAI)
    assert found.layer["models"]["openai-model"]["max_output"] == THINKS
    assert (
        "openai-model thinks before it answers: its cap of 4,096 tokens becomes 4,096 for the answer and 8,000 to think"
        in found.notes
    )
    assert [left.path.rpartition(".")[2] for left in found.not_carried] == [
        "temperature", "top_p", "frequency_penalty", "presence_penalty",
    ]  # fmt: skip


def test_moltbot_says_what_it_reads_instead() -> None:
    """Dead ids, the key of Claude Code, the key that a local server does not need."""
    found = read("moltbot", snippets.MOLTBOT)
    told = "\n".join(found.notes)
    assert "OLLAMA_API_KEY is ignored" in told
    assert "ANTHROPIC_API_KEY is not read" in told
    assert "OUTRIDER_ANTHROPIC_API_KEY is read for anthropic instead" in told
    assert "claude-haiku-3-5 became claude-haiku-5-5: no model ever had this id" in told
    assert found.secrets == ("OUTRIDER_ANTHROPIC_API_KEY", "OPENROUTER_API_KEY", "DEEPSEEK_API_KEY")


@pytest.mark.parametrize(("tool", "text"), [(tool, text) for tool, texts in snippets.EVERY.items() for text in texts])
def test_what_is_imported_is_valid_and_the_same_each_time(tool: str, text: str) -> None:
    """The layer passes every check of a configuration; a second import of the same text is equal."""
    found = read(tool, text)
    assert after(found).values
    assert read(tool, text) == found
