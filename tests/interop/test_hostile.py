"""Bad input: what is no settings, what would send prompts or keys elsewhere, what is a key, what imitates a name."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outrider.errors import OutriderError
from outrider.interop.nouns import Imported, Key, read_key
from tests.interop import snippets
from tests.interop.making import after, bundled, read

SECRET = "zq7-8Hh2kd0vN4mXw1Rt5Yb"


def model(**fields: Any) -> str:
    """Returns a document with one model."""
    return json.dumps([{"name": "one", "provider": "openai", "model": "acme-7b", **fields}])


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("${env:OPENAI_API_KEY}", Key(variable="OPENAI_API_KEY")), ("${A_KEY}", Key(variable="A_KEY")),
        ("$A_KEY", Key(variable="A_KEY")), ("os.environ/A_KEY", Key(variable="A_KEY")),
        ("env:A_KEY", Key(variable="A_KEY")), ("not-needed", Key(is_dummy=True)), ("EMPTY", Key(is_dummy=True)),
        ("", Key()), (SECRET, Key(is_literal=True)), (12345678, Key(is_literal=True)),
        ("$A_KEY extra", Key(is_literal=True)), ("${A_KEY:-sk-abc}", Key(is_literal=True)), ({"a": 1}, Key()),
    ],
)  # fmt: skip
def test_a_key_field_is_a_name_or_a_key_or_nothing(text: Any, key: Key) -> None:
    """Every tool's way to name a variable is known; all else is taken for the key itself."""
    assert read_key(text) == key


@pytest.mark.parametrize(
    ("tool", "text", "guess"),
    [
        ("litellm", snippets.BASIC, "llamafarm"), ("llamafarm", snippets.LITELLM, "litellm"),
        ("aichat", snippets.MOLTBOT, "moltbot"), ("moltbot", snippets.ROUTER, "claude-code-router"),
        ("claude-code-router", snippets.AICHAT, "aichat"), ("llamafarm", '{"mcpServers": {}}', None),
        ("moltbot", "[1]", None), ("litellm", "just text", None), ("aichat", "{}", None), ("llm", "7", None),
    ],
)  # fmt: skip
def test_another_tools_file_is_named(tool: str, text: str, guess: str | None) -> None:
    """The right format is suggested, or all of them are."""
    with pytest.raises(OutriderError) as refused:
        read(tool, text)
    assert f"`outrider import {guess} FILE`" in refused.value.hint if guess else "the formats are" in refused.value.hint


@pytest.mark.parametrize(
    ("address", "own", "why"),
    [
        ("http://gpu.lan:8000/v1", (), "plain http to gpu.lan"),
        ("http://203.0.113.9/v1", (), "plain http to 203.0.113.9"),
        ("http://192.168.1.5:8000/v1", (), "`--local 192.168.1.5`"),
        (f"https://me:{SECRET}@llm.acme.example/v1", (), "no plain http(s) address"),
        ("https://llm.acme.example/v1?key=1", (), "no plain http(s) address"),
        ("file:///etc/passwd", (), "no plain http(s) address"), ("http:\\\\x", (), "no plain http(s) address"),
        ({"a": 1}, (), "no plain http(s) address"), ("http://gpu.lan:8000", ("gpu.lan",), None),
        ("https://llm.acme.example", (), None),
    ],
)  # fmt: skip
def test_an_address_is_safe_or_left(address: Any, own: tuple[str, ...], why: str | None) -> None:
    """Plain http goes to machines of the user's alone, and no address is read in two ways."""
    found = read("llamafarm", model(base_url=address, api_key="none"), own=own)
    assert SECRET not in repr(found)
    if why is None:
        (row,) = after(found).values["providers"].keys() - bundled().providers.keys()
        assert after(found).providers[row].local is bool(own)
    else:
        assert "providers" not in found.layer
        assert any(why in left.why for left in found.not_carried)


def test_a_loopback_server_is_local_only_when_it_says_what_it_is() -> None:
    """A proxy on this machine hands prompts on: the user has to say that one does not."""
    proxy = read("llamafarm", model(base_url="http://localhost:9000/v1", api_key="none"))
    assert "local" not in proxy.layer["providers"]["openai-localhost-9000"]
    assert any("not taken for local" in note for note in proxy.notes)
    vouched = read("llamafarm", model(base_url="http://localhost:9000/v1", api_key="none"), own=("localhost",))
    assert vouched.layer["providers"]["openai-localhost-9000"]["local"] is True


def test_a_key_for_one_address_is_not_sent_to_another_in_silence() -> None:
    """The variable of a provider of ours beside somebody else's address is warned of."""
    found = read("llamafarm", model(base_url="https://llm.acme.example/v1", api_key="${OPENAI_API_KEY}"))
    assert found.warnings == (
        "OPENAI_API_KEY is the key of openai, and is now sent to https://llm.acme.example:443 as well",
    )


def test_claude_codes_own_key_goes_nowhere() -> None:
    """Neither to Anthropic nor to anybody else's address."""
    found = read("llamafarm", model(base_url="https://llm.acme.example/v1", api_key="${ANTHROPIC_API_KEY}"))
    assert found.layer["providers"]["openai-llm.acme.example"]["key"] == "OPENAI_LLM_ACME_EXAMPLE_API_KEY"
    assert found.secrets == ("OPENAI_LLM_ACME_EXAMPLE_API_KEY",)


def test_another_variable_is_another_account() -> None:
    """A second key at the same provider is a row of its own, with what we know of that provider."""
    found = read("llamafarm", json.dumps([
        {"name": "one", "provider": "openai", "model": "gpt-6-luna", "api_key": "${WORK_KEY}"},
        {"name": "two", "provider": "openai", "model": "gpt-6-luna", "api_key": "${OPENAI_API_KEY}"},
    ]))  # fmt: skip
    registry = after(found)
    assert registry.providers["openai-work_key"].keys == ("WORK_KEY",)
    assert registry.providers["openai-work_key"].row["cap_field"] == "max_completion_tokens"
    assert found.secrets == ("WORK_KEY", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__proto__", "__proto__"), ("constructor", "constructor"), ("../../etc/passwd", "../../etc/passwd"),
        ("two words", "two-words"), ("claude.opus", "llamafarm.claude.opus"), ("coding", "llamafarm.coding"),
        ("auto", "llamafarm.auto"), ("a\x1b[31mb", None), ("", "acme-7b"), ("x" * 129, None), (SECRET * 4, None),
    ],
)  # fmt: skip
def test_a_name_is_one_of_ours_or_left(name: str, expected: str | None) -> None:
    """Names that mean something here get the tool's before them; control characters and endless ones are left."""
    text = json.dumps([{"name": name, "provider": "openai", "model": "acme-7b", "api_key": SECRET}])
    found = read("llamafarm", text)
    assert list(found.layer.get("aliases", {})) == ([expected] if expected else [])
    assert after(found).digest == ""


def test_names_that_are_there_twice() -> None:
    """The first one counts, and the second is listed."""
    found = read("llamafarm", json.dumps([
        {"name": "one", "provider": "ollama", "model": "a"}, {"name": "one", "provider": "ollama", "model": "b"},
    ]))  # fmt: skip
    assert [left.path for left in found.not_carried] == ["$.runtime.models[1]"]
    assert found.layer["models"]["one"]["id"] == "a"


@pytest.mark.parametrize(
    "value", [None, 7, "text", [], {}, [[]], [{"name": None}], {"models": "x"}, {"a": {"b": {"c": []}}}, True, [None]]
)
@pytest.mark.parametrize(
    ("tool", "frame"),
    [
        ("llamafarm", {"runtime": {"models": []}, "prompts": "HERE", "mcp": "HERE"}),
        ("llamafarm", {"runtime": {"models": ["HERE"], "default_model": "HERE"}}),
        ("llamafarm", {"runtime": {"models": [{"name": "HERE", "provider": "HERE", "model": "HERE",
                                               "api_key": "HERE"}]}}),
        ("llamafarm", {"runtime": {"models": [{"name": "a", "provider": "ollama", "model": "b", "prompt": "HERE",
                                               "mcp_servers": "HERE", "model_api_parameters": "HERE"}]}}),
        ("moltbot", {"agents": {"defaults": "HERE", "list": "HERE"}, "models": "HERE", "env": "HERE"}),
        ("moltbot", {"agents": {"defaults": {"model": "HERE", "models": "HERE", "imageModel": "HERE"}}}),
        ("moltbot", {"models": {"providers": {"x": "HERE"}}, "agents": "HERE"}),
        ("moltbot", {"model": {"primary": "HERE", "fallbacks": "HERE"}}),
        ("litellm", {"model_list": ["HERE"], "router_settings": "HERE", "litellm_settings": "HERE"}),
        ("litellm", {"model_list": [{"model_name": "a", "litellm_params": {"model": "HERE", "rpm": "HERE",
                     "api_base": "HERE", "timeout": "HERE", "input_cost_per_token": "HERE"}, "model_info": "HERE"}],
                     "router_settings": {"fallbacks": "HERE", "model_group_alias": "HERE", "timeout": "HERE"}}),
        ("aichat", {"clients": ["HERE"], "model": "HERE", "roles": "HERE"}),
        ("aichat", {"clients": [{"type": "HERE", "name": "HERE", "models": "HERE", "api_base": "HERE"}]}),
        ("claude-code-router", {"Providers": ["HERE"], "Router": "HERE", "API_TIMEOUT_MS": "HERE"}),
        ("claude-code-router", {"Providers": [{"name": "a", "models": ["HERE"], "transformer": "HERE",
                                               "api_base_url": "HERE"}], "Router": {"default": "HERE"}}),
        ("llm", [{"model_id": "HERE", "model_name": "HERE", "aliases": "HERE", "api_key_name": "HERE"}]),
        ("llm", {"aliases.json": "HERE", "keys.json": "HERE", "default_model.txt": "HERE"}),
    ],
)  # fmt: skip
def test_values_of_the_wrong_shape_are_left_or_refused(tool: str, frame: Any, value: Any) -> None:
    """No value of a wrong kind is a crash, or makes a layer that is not valid."""

    def filled(part: Any) -> Any:
        match part:
            case "HERE":
                return value
            case dict():
                return {key: filled(inner) for key, inner in part.items()}
            case list():
                return [filled(inner) for inner in part]
            case _:
                return part

    try:
        found = read(tool, json.dumps(filled(frame)))
    except OutriderError:
        return
    assert after(found).digest == ""


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Returns the path of every value in a document."""
    match value:
        case dict():
            return [found for key, inner in value.items() for found in leaves(inner, (*path, key))]
        case list():
            return [found for index, inner in enumerate(value) for found in leaves(inner, (*path, index))]
        case _:
            return [path]


SHAPED = "sk-" + "Ab3dEf6hIj9kLm2nOp5q"


def test_no_key_comes_out_of_a_list() -> None:
    """An entry that looks like a key is left where it is, and the others of its list are taken."""
    row = {"name": "a", "provider": "ollama", "model": "llama3.1:8b", "mcp_servers": ["filesystem", SHAPED]}
    found = read("llamafarm", json.dumps({"runtime": {"default_model": "a", "models": [row]}}))
    assert SHAPED not in repr(found)
    assert [model["tools"] for model in found.layer["models"].values()] == [["filesystem"]]


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
def test_no_key_comes_out_wherever_it_stands(data: st.DataObject) -> None:
    """A key in any place of any document is in no row, note, warning or list."""
    from tests.interop.making import document

    tool = data.draw(st.sampled_from(sorted(snippets.EVERY)))
    whole = json.loads(json.dumps(document(data.draw(st.sampled_from(snippets.EVERY[tool])))))
    path = data.draw(st.sampled_from(leaves(whole)))
    place = whole
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = SHAPED
    try:
        found = read(tool, json.dumps(whole))
    except OutriderError as refused:
        found = Imported(layer={}, notes=(refused.message, refused.hint))
    assert SHAPED not in repr(found)
