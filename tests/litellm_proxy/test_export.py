"""What `outrider export litellm` writes is read by the real LiteLLM: every model, its provider, its fallbacks."""

import json
import subprocess

import pytest

from outrider.interop import exporting, formats
from tests.interop import snippets
from tests.interop.making import after, bundled, read
from tests.litellm_proxy.proxy import CannotInstallError, install

pytestmark = pytest.mark.litellm

ROUTER = """
import json, sys, yaml
from litellm import Router, get_llm_provider
config = yaml.safe_load(sys.stdin)
router = Router(model_list=config["model_list"], **config.get("router_settings", {}))
found = {}
for row in config["model_list"]:
    params = row["litellm_params"]
    name, provider, _, base = get_llm_provider(params["model"], api_base=params.get("api_base"))
    found[row["model_name"]] = [provider, name]
print(json.dumps({"names": router.get_model_names(), "found": found, "fallbacks": router.fallbacks or []}))
"""
WORDS = {"together": "together_ai", "ollama": "ollama_chat", "localai": "hosted_vllm", "vllm": "hosted_vllm",
         "acme": "openai", "openai-llm.acme.example": "openai"}  # fmt: skip


@pytest.mark.parametrize("text", [None, snippets.LITELLM_WHOLE])
def test_the_real_router_reads_an_export(text: str | None) -> None:
    """Each model is at the provider that we mean, under our id, and each chain stands in its order."""
    try:
        program = install()
    except CannotInstallError as error:
        pytest.skip(f"LOUD: the real LiteLLM was NOT tested: its packages cannot be installed: {error}")
    registry = bundled() if text is None else after(read("litellm", text))
    choice = exporting.chosen(registry)
    done = subprocess.run(
        [str(program.parent / "python"), "-c", ROUTER],
        input=formats.write("litellm", registry, choice).text,
        env={"PATH": "/usr/bin:/bin", "LITELLM_LOCAL_MODEL_COST_MAP": "True",
             **{entry.variable: "a-key" for entry in choice.entries if entry.variable}},
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert set(told["names"]) == {entry.name for entry in choice.entries} | {name for name, _ in choice.chains}
    assert {entry.name: told["found"][entry.name] for entry in choice.entries} == {
        entry.name: [WORDS.get(entry.provider.name, entry.provider.name), entry.model.id] for entry in choice.entries
    }
    assert told["fallbacks"] == [{name: list(chain[1:])} for name, chain in choice.chains if chain[1:]]
