"""What each tool's own words become: groups, clients, routes, keys, rates, and what is left."""

from typing import Any

import pytest

from outrider.interop.nouns import Left
from tests.interop import snippets
from tests.interop.making import Way, after, read, ways

TERRA_NOW = "`gpt-4o` meant openai.gpt_6_1_terra here, and now what your file says"


def left(tool: str, text: str) -> list[str]:
    """Returns the paths of what was not carried over."""
    return [entry.path for entry in read(tool, text).not_carried]


def test_litellms_groups_become_models_and_chains() -> None:
    """A group of several deployments, or with fallbacks, is a task; a rate is its provider's; an alias stays one."""
    found = read("litellm", snippets.LITELLM_WHOLE)
    registry = after(found)
    oss = [Way("groq", "openai/gpt-oss-120b", 65_536), Way("together", "openai/gpt-oss-120b", 131_072)]
    own, opus = Way("openai-llm.acme.example", "acme-7b"), Way("anthropic", "claude-opus-5-5", 10_048)
    names = ("gpt-4o", "smart", "pool", "own", "clever", "gpt-5")
    assert {name: list(ways(registry, name)) for name in names} == {
        "gpt-4o": [Way("openai", "gpt-4o", 16_384)], "smart": [opus, *oss, own], "pool": oss, "own": [own],
        "clever": [own], "gpt-5": [opus, *oss, own],
    }  # fmt: skip
    assert registry.providers["openai"].row["limits"] == {"requests_per_second": 2, "tokens_per_minute": 1000}
    assert (registry.values["limits"]["retries"], registry.values["limits"]["total"]) == (1, 600)
    assert registry.models["own"].row["price"] == {"input": 0.1, "output": 0.2}
    assert TERRA_NOW in found.notes
    assert left("litellm", snippets.LITELLM_WHOLE) == [
        "$.general_settings.master_key", "$.model_list[4]", "$.router_settings.routing_strategy",
        "$.litellm_settings.drop_params", "$.model_list[1].litellm_params.temperature",
    ]  # fmt: skip


def test_aichats_clients_models_and_roles() -> None:
    """A model keeps its name `client:model`; a role with a model is a task with its prompt; a missing key is a name."""
    found = read("aichat", snippets.AICHAT)
    registry = after(found)
    names = ("aichat", "acme:acme-7b", "coder", "ollama:deepseek-r1:8b")
    assert {name: list(ways(registry, name)) for name in names} == {
        "aichat": [Way("openai", "gpt-6.1-sol", 128_000)], "acme:acme-7b": [Way("acme", "acme-7b")],
        "coder": [Way("acme", "acme-7b")], "ollama:deepseek-r1:8b": [Way("ollama", "deepseek-r1:8b")],
    }  # fmt: skip
    assert registry.tasks["coder"].row["prompt"] == "aichat.coder"
    assert found.secrets == ("ACME_API_KEY", "OPENAI_API_KEY")
    assert left("aichat", snippets.AICHAT) == ["$.temperature", "$.clients[2].models[1]", "$.clients[3]"]


def test_aichats_roles_stand_in_files_too() -> None:
    """A role's file is its prompt, with a head that may name its model."""
    from outrider.interop import formats
    from outrider.interop.providing import Into
    from tests.interop.making import bundled

    roles = {"brief": "---\nmodel: openai:gpt-6-luna\ntemperature: 0.1\n---\nBe brief.\n", "plain": "Be plain.\n"}
    into = Into(registry=bundled(), providers=bundled().providers)
    found = formats.read("aichat", {"config.yaml": {"clients": [{"type": "openai"}]}, "roles": roles}, into)
    assert found.layer["prompts"] == {"brief": "Be brief.", "plain": "Be plain."}
    assert found.layer["tasks"] == {"brief": {"chain": ["openai:gpt-6-luna"], "prompt": "brief"}}
    assert found.not_carried == (Left(path="roles/brief.md.temperature", why="nothing of ours stands for it"),)


def test_the_routers_routes_become_tasks_a_preset_and_a_rule() -> None:
    """`default` answers plainly, `think` is our preset, `longContext` a rule by length; transformers are ours."""
    found = read("claude-code-router", snippets.ROUTER)
    registry = after(found)
    argon = Way("openrouter", "google/gemini-4-argon", 32_768)
    flash = Way("deepseek", "deepseek-flash", 393_216, (("thinking", "off"),))
    names = ("claude-code-router", "background", "think", "long-context", "web-search")
    assert {name: list(ways(registry, name)) for name in names} == {
        "claude-code-router": [flash], "background": [Way("ollama", "qwen2.5-coder:latest")],
        "think": [Way("deepseek", "deepseek-v4-pro", 10_048), flash], "long-context": [argon], "web-search": [argon],
    }  # fmt: skip
    assert registry.values["rules"] == [{"name": "long-context", "tokens_above": 60_000, "task": "long-context"}]
    assert registry.values["limits"]["total"] == 600
    assert found.secrets == ("OPENROUTER_API_KEY", "DEEPSEEK_API_KEY")


@pytest.mark.parametrize(
    ("files", "names", "secrets"),
    [
        ({"extra-openai-models.yaml": snippets.LLM_MODELS}, {
            "acme": [Way("acme", "acme-7b")], "a7": [Way("acme", "acme-7b")], "here": [Way("ollama", "llama3.1:8b")],
        }, ("ACME_API_KEY",)),
        ({"aliases.json": '{"quick": "gpt-6-luna", "fast": "gpt-4o-mini"}', "default_model.txt": '"gpt-6-luna"'}, {
            "quick": [Way("openai", "gpt-6-luna", 128_000)], "fast": [Way("openai", "gpt-6-luna", 128_000)],
            "llm": [Way("openai", "gpt-6-luna", 128_000)],
        }, ("OPENAI_API_KEY",)),
        ({"keys.json": '{"// Note": "x", "openai": "sk-abcdefghijklmnopqrst", "claude": "sk-ant-abcdefghijkl"}'},
         {}, ("OPENAI_API_KEY", "OUTRIDER_ANTHROPIC_API_KEY")),
    ],
)  # fmt: skip
def test_llms_folder(files: dict[str, str], names: dict[str, list[Way]], secrets: tuple[str, ...]) -> None:
    """Models, aliases, the default; of its keys only the names."""
    from outrider.interop import formats
    from outrider.interop.providing import Into
    from tests.interop.making import bundled, document

    into = Into(registry=bundled(), providers=bundled().providers)
    found = formats.read("llm", {name: document(text) for name, text in files.items()}, into)
    registry = after(found)
    assert {name: list(ways(registry, name))[:1] for name in names} == names
    assert found.secrets == secrets
    assert "sk-" not in repr(found)


MOLTBOT_WHOLE = """{
  "env": {"OPENROUTER_API_KEY": "sk-or-abcdefghijklmnopqrstuvw", "OLLAMA_API_KEY": "ollama",
          "ANTHROPIC_API_KEY": "sk-ant-abcdefghijklmnopqr", "TELEGRAM_TOKEN": "1234567:abcdefghijklmnop"},
  "channels": {"telegram": {"botToken": "1234567:abcdefghijklmnop"}},
  "models": {"mode": "merge", "providers": {
    "acme": {"baseUrl": "https://llm.acme.example/v1", "apiKey": "${ACME_API_KEY}", "api": "openai-completions",
      "models": [{"id": "big", "contextWindow": 65536, "maxTokens": 4096, "input": ["text", "image"], "reasoning": true,
                  "cost": {"input": 1, "output": 2, "cacheRead": 0.1, "cacheWrite": 0}}]}}},
  "agents": {"defaults": {
      "model": {"primary": "acme/big"}, "imageModel": "openrouter/google/gemini-4-argon", "workspace": "~/clawd",
      "models": {"acme/big": {"alias": "Big"}, "openrouter/google/gemini-4-argon": {"alias": "local"}}},
    "list": [{"id": "writer", "model": {"primary": "openai/gpt-6-luna"}, "tools": {"deny": ["exec"]}}]}
}"""


def test_moltbots_own_providers_pictures_and_agents() -> None:
    """A provider of its own keeps its facts, an alias that cannot be our preset is left, the rest is listed."""
    found = read("moltbot", MOLTBOT_WHOLE)
    registry = after(found)
    assert {name: list(ways(registry, name)) for name in ("moltbot", "Big", "images", "writer")} == {
        "moltbot": [Way("acme", "big", 4096)], "Big": [Way("acme", "big", 4096)],
        "images": [Way("openrouter", "google/gemini-4-argon", 32_768)],
        "writer": [Way("openai", "gpt-6-luna", 128_000)],
    }  # fmt: skip
    big: dict[str, Any] = dict(registry.models["acme.big"].row)
    assert big == {
        "provider": "acme", "id": "big", "context": 65_536, "max_output": 4096, "abilities": ["vision", "reasoning"],
        "price": {"input": 1, "output": 2, "cached": 0.1, "cache_write": 0},
    }  # fmt: skip
    assert registry.presets["local"].chain == ("local.ollama", "local.localai", "local.vllm")
    assert [entry.path for entry in found.not_carried] == [
        "$.env.TELEGRAM_TOKEN", "$.channels", "$.agents.defaults.workspace", "$.agents.list[0].tools",
    ]  # fmt: skip
    assert set(found.secrets) == {"OPENROUTER_API_KEY", "ACME_API_KEY", "OPENAI_API_KEY"}
    assert len(found.warnings) == 2
    assert "abcdefghijklmnop" not in repr(found)
