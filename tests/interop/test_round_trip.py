"""What is written for another tool and read back leads where it led before, and holds no key."""

import pytest

from outrider.interop import EXPORTS, exporting, formats
from outrider.interop.nouns import Exported
from outrider.rows import Registry
from tests.interop import snippets
from tests.interop.making import after, bundled, read, targets
from tests.lanes import thinned

BACK = ("litellm", "aichat", "llm")
CASES = [(tool, text) for tool in ("llamafarm", "moltbot", "litellm") for text in snippets.EVERY[tool]]


def written(registry: Registry, name: str) -> tuple[Exported, exporting.Chosen]:
    """Writes everything for one tool."""
    choice = exporting.chosen(registry)
    return formats.write(name, registry, choice), choice


def sayable(registry: Registry, name: str) -> list[str]:
    """Returns the names that a tool can hold: models for all, chains for one."""
    choice = exporting.chosen(registry)
    entries = [
        entry.name for entry in choice.entries
        if entry.provider.dialect in {"openai", "ollama"} or name != "llm"
    ]  # fmt: skip
    return [*entries, *(chain for chain, _ in choice.chains)] if name == "litellm" else entries


@pytest.mark.parametrize("name", BACK)
def test_the_shipped_models_come_back_as_themselves(name: str) -> None:
    """Reading what was written adds no second row: each name leads where it does."""
    registry = bundled()
    found = read(name, written(registry, name)[0].text)
    follows = after(found)
    names = sayable(registry, name)
    assert {one: targets(follows, one) for one in names} == {one: targets(registry, one) for one in names}
    assert {kind: list(rows) for kind, rows in found.layer.items() if kind in {"providers", "presets"}} == {}


@pytest.mark.parametrize("name", BACK)
@pytest.mark.parametrize(("tool", "text"), thinned(CASES, 3))
def test_what_was_imported_is_written_and_read_again(name: str, tool: str, text: str) -> None:
    """On another machine, with nothing but the other tool's file, every imported model is reached as here."""
    first = after(read(tool, text))
    shipped = bundled()
    # That a server on this machine is the user's own is in no other tool's file but by LiteLLM's word for vLLM.
    found = read(name, written(first, name)[0].text, own=() if name == "litellm" else ("localhost",))
    follows = after(found)
    for one in sayable(first, name):
        if one in shipped.models or one in shipped.tasks:
            continue
        model = first.models.get(one)
        called = one if name != "aichat" or model is None else None
        if called is None and model is not None:
            called = next(alias for alias in aichat_names(first, one) if alias in known(follows))
        assert called is not None
        assert targets(follows, called) == targets(first, one), one


def known(registry: Registry) -> set[str]:
    """Returns every name that `-m` takes."""
    return {*registry.models, *registry.aliases, *registry.tasks, *registry.presets}


def aichat_names(registry: Registry, name: str) -> list[str]:
    """Returns what aichat calls a model: by its client."""
    from outrider.interop.aichat import client_of

    choice = exporting.chosen(registry, (name,))
    called = f"{client_of(choice.entries[0])}:{choice.entries[0].model.id}"
    return [called, f"aichat.{called}"]


@pytest.mark.parametrize("name", EXPORTS)
@pytest.mark.parametrize("text", [snippets.LITELLM_WHOLE])
def test_no_file_holds_a_key_and_all_name_their_variables(name: str, text: str) -> None:
    """References in the tool's own words; the same registry gives the same bytes; comments say what is missing."""
    registry = after(read("litellm", text))
    found, choice = written(registry, name)
    assert found == written(registry, name)[0]
    assert "sk-" not in found.text
    head = [line for line in found.text.splitlines() if line.startswith("#")]
    assert all(any(note in line for line in head) for note in found.notes)
    variables = {entry.variable for entry in choice.entries} - {""}
    if name in {"litellm", "env"}:
        spoken = {one.variable for one in choice.entries if name == "litellm" or one.provider.dialect == "openai"}
        assert {one for one in variables if one in found.text} == spoken - {""}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("litellm", ["  - model_name: deepseek.flash", "    litellm_params:", "      model: deepseek/deepseek-flash",
                     "      api_key: os.environ/DEEPSEEK_API_KEY"]),
        ("aichat", ['model: "deepseek:deepseek-flash"', "clients:", "  - type: openai-compatible",
                    "    name: deepseek"]),
        ("llm", ["- model_id: deepseek.flash", "  model_name: deepseek-flash", '  api_base: "https://api.deepseek.com"',
                 "  api_key_name: deepseek"]),
        ("aider", ["model: deepseek/deepseek-flash", "alias:", '  - "deepseek.flash:deepseek/deepseek-flash"']),
        ("env", ["OPENAI_BASE_URL=https://api.deepseek.com", 'OPENAI_API_KEY="${DEEPSEEK_API_KEY}"',
                 "OPENAI_MODEL=deepseek-flash"]),
    ],
)  # fmt: skip
def test_one_model_as_each_tool_says_it(name: str, expected: list[str]) -> None:
    """The lines that carry the model."""
    choice = exporting.chosen(bundled(), ("deepseek.flash",))
    lines = formats.write(name, bundled(), choice).text.splitlines()
    assert [line for line in lines if line in expected] == expected
