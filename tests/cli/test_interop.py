"""`outrider import` and `outrider export`, as a user types them."""

import json
import os
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.typing_it import Shell, write_layer
from tests.interop import snippets

KEY = "sk-abcdefghijklmnopqrstuvwxyz"


def own(home: Path) -> dict[str, Any]:
    """Reads the user's own layer."""
    path = home / ".claude" / "config" / "models.local.json"
    layer: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return layer


def saved(text: str, name: str = "settings.yaml") -> str:
    """Writes a file to import into the working folder."""
    Path(name).write_text(text, encoding="utf-8")
    return name


def test_a_dry_run_shows_and_writes_nothing(typed: Shell, home: Path) -> None:
    """Rows, what is left, what is done otherwise."""
    shown = typed("import", "llamafarm", saved(snippets.BASIC), "--dry-run")
    assert shown.code == 0
    assert [line.partition(": ")[0] for line in shown.out.splitlines()] == [
        "+ default", "+ models.default", "+ models.llamafarm.fast", "+ models.expert", "+ presets.fast",
        "+ tasks.llamafarm", "not carried over",
        f"nothing was written; it would go into {home}/.claude/config/models.local.json",
    ]  # fmt: skip
    assert "its cap of 4,096 tokens becomes 4,096 for the answer and 8,000 to think" in shown.err
    assert own(home) == {}


def test_it_is_not_written_unasked(typed: Shell, home: Path) -> None:
    """Where nobody can be asked, `--yes` is needed."""
    refused = typed("import", "llamafarm", saved(snippets.BASIC))
    assert (refused.code, own(home)) == (5, {})
    assert "hint: read what it becomes, then run `outrider import llamafarm settings.yaml --yes`" in refused.err


@pytest.mark.parametrize(
    ("tool", "text", "asked", "first"),
    [
        ("llamafarm", snippets.BASIC, ("hello",), "default"),
        ("llamafarm", snippets.BASIC, ("-m", "fast"), "llamafarm.fast"),
        ("llamafarm", snippets.BASIC, ("-m", "expert"), "expert"),
        ("llamafarm", snippets.HYBRID, ("hello",), "ollama.llama3_1_8b"),
        ("llamafarm", snippets.HYBRID, ("-m", "local"), "ollama.llama3_1_8b"),
        ("llamafarm", snippets.HYBRID, ("-m", "cloud"), "openai.gpt_6_1_sol"),
        ("llamafarm", snippets.TIERS, ("-m", "powerful"), "powerful"),
        ("llamafarm", snippets.TOOLS, ("-m", "power-user"), "power-user"),
        ("llamafarm", snippets.VLLM, ("-m", "vllm-model", "--private"), "vllm-model"),
        ("llamafarm", snippets.UNIVERSAL, ("-m", "universal-model", "--private"), "universal-model"),
        ("moltbot", snippets.MOLTBOT, ("hello",), "anthropic.opus_4_5"),
        ("moltbot", snippets.MOLTBOT, ("-m", "cheap"), "deepseek.flash_chat"),
        ("moltbot", snippets.MOLTBOT, ("-m", "think"), "deepseek.v4_pro"),
        ("moltbot", snippets.MOLTBOT, ("-m", "local"), "ollama.llama3_3"),
        ("litellm", snippets.LITELLM, ("-m", "llama3-local", "--private"), "ollama.llama3_2"),
        ("litellm", snippets.LITELLM_WHOLE, ("-t", "smart"), "litellm.smart"),
        ("claude-code-router", snippets.ROUTER, ("-t", "long-context"), "openrouter.gemini-4-argon"),
        ("aichat", snippets.AICHAT, ("-t", "coder"), "acme:acme-7b"),
    ],
)  # fmt: skip
def test_what_was_imported_is_routed(
    typed: Shell, monkeypatch: pytest.MonkeyPatch, *, tool: str, text: str, asked: tuple[str, ...], first: str
) -> None:
    """After the import the configuration is sound, and each name leads where it should, once its key is there."""
    done = typed("import", tool, saved(text), "--yes", "--json")
    assert done.code == 0, done.err
    for entry in done.json["keys"]:
        monkeypatch.setenv(entry["variable"], "value-of-a-key")
    assert typed("config", "check", "--json").json["ok"] is True
    routed = typed("route", *asked, *(() if "hello" in asked else ("hello",)), "--json").json
    assert routed["first"] == first, routed


def test_long_prompts_go_to_the_long_window(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule of the router's threshold decides before the default does."""
    typed("import", "claude-code-router", saved(snippets.ROUTER, "config.json"), "--yes")
    monkeypatch.setenv("OPENROUTER_API_KEY", "value-of-a-key")
    monkeypatch.setenv("DEEPSEEK_API_KEY", "value-of-a-key")
    assert typed("route", "hello", "--json").json["first"] == "deepseek.flash_chat"
    long = typed("route", "--json", stdin=b"one word after another " * 16_000).json
    assert (long["first"], long["rule"]) == ("openrouter.gemini-4-argon", "rule long-context")


def test_fallbacks_stand_in_their_order(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """The chain of the whole file, as its application would try it."""
    monkeypatch.setenv("OPENAI_API_KEY", "value-of-a-key")
    typed("import", "llamafarm", saved(snippets.FALLBACKS), "--yes")
    assert typed("route", "hello", "--json").json["models"] == [
        "openai.gpt_6_1_sol", "ollama.llama3_1_8b", "emergency",
    ]  # fmt: skip


def test_what_the_user_has_is_kept_and_named(typed: Shell, home: Path) -> None:
    """A second import changes nothing; a row of the user's under the same name stays."""
    before = {"models": {"expert": {"provider": "openai", "id": "gpt-6-luna"}}, "default": "simple"}
    write_layer(home, before)
    done = typed("import", "llamafarm", saved(snippets.BASIC), "--yes")
    assert done.code == 0
    assert "kept: $.models.expert is in your settings already, otherwise" in done.out
    assert "kept: $.default is in your settings already, otherwise" in done.out
    after = own(home)
    assert (after["models"]["expert"], after["default"]) == (before["models"]["expert"], "simple")  # type: ignore[index]
    again = typed("import", "llamafarm", "settings.yaml", "--yes")
    assert "nothing to write" in again.out
    assert own(home) == after


def test_no_key_is_taken_or_shown(typed: Shell, home: Path) -> None:
    """It is named by its variable, the user is told, and neither output nor settings hold it."""
    text = snippets.HYBRID.replace("${env:OPENAI_API_KEY}", KEY)
    done = typed("import", "llamafarm", saved(text), "--dry-run", "--json")
    assert KEY not in done.out + done.err
    for form in (("--dry-run",), ("--yes",)):
        done = typed("import", "llamafarm", saved(text), *form)
        assert KEY not in done.out + done.err
        told = done.out + done.err
        assert "$.runtime.models[1].api_key holds a key in plain text" in told
    assert "outrider keys set OPENAI_API_KEY" in done.out
    assert KEY not in json.dumps(own(home))


@pytest.mark.parametrize(
    ("arguments", "text", "code", "hint"),
    [
        (("llamafram", "settings.yaml"), "a: 1", 2, "did you mean `llamafarm`?"),
        (("litellm", "settings.yaml"), snippets.BASIC, 2, "`outrider import llamafarm FILE`"),
        (("litellm", "none.yaml"), "", 2, "name the file to import"),
        (("litellm", "settings.yaml"), "model_list: &a [1]", 2, "write the file as JSON"),
        (("litellm", "settings.yaml", "--local", "example.com:x"), "a: 1", 2, "with --local"),
        (("litellm", "settings.yaml", "--local", "8.8.8.8"), "a: 1", 2, "leave --local out"),
        (("llamafarm", "."), "a: 1", 2, "name the file to import"),
    ],
)  # fmt: skip
def test_bad_input_is_a_line_and_a_hint(
    typed: Shell, home: Path, *, arguments: tuple[str, ...], text: str, code: int, hint: str
) -> None:
    """Nothing is written."""
    saved(text)
    done = typed("import", *arguments, "--yes")
    assert (done.code, own(home)) == (code, {})
    assert hint in done.err


def test_a_machine_of_the_users_is_named_by_them(typed: Shell, home: Path) -> None:
    """Plain http to another machine is left until the user vouches for it."""
    text = snippets.VLLM.replace("localhost", "192.168.1.5")
    left = typed("import", "llamafarm", saved(text), "--dry-run")
    assert "`--local 192.168.1.5`" in left.out
    typed("import", "llamafarm", "settings.yaml", "--local", "192.168.1.5", "--yes")
    assert own(home)["providers"]["openai-192.168.1.5-8000"]["local"] is True
    assert typed("route", "-m", "vllm-model", "--private", "hi", "--json").json["first"] == "vllm-model"


def test_import_is_for_a_person(typed: Shell, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside Claude Code a repository's words could be what asks for it."""
    monkeypatch.setenv("CLAUDECODE", "1")
    refused = typed("import", "llamafarm", saved(snippets.BASIC), "--yes")
    assert (refused.code, own(home)) == (5, {})
    assert "is for a person" in refused.err


def test_a_yaml_layer_is_the_users_to_edit(typed: Shell, home: Path) -> None:
    """Its rows are shown, and it is not written."""
    folder = home / ".claude" / "config"
    folder.mkdir(parents=True)
    (folder / "models.local.yaml").write_text("default: simple\n", encoding="utf-8")
    refused = typed("import", "llamafarm", saved(snippets.BASIC), "--yes")
    assert refused.code == 2
    shown = typed("import", "llamafarm", "settings.yaml", "--dry-run", "--json").json
    assert (shown["written"], shown["kept"]) == (False, ["$.default"])


def test_folders_of_llm_and_aichat(typed: Shell, home: Path) -> None:
    """All their files at once."""
    Path("llm").mkdir()
    saved(snippets.LLM_MODELS, "llm/extra-openai-models.yaml")
    saved("acme\n", "llm/default_model.txt")
    assert typed("import", "llm", "llm", "--yes").code == 0
    assert own(home)["tasks"]["llm"]["chain"] == ["acme"]
    Path("aichat/roles").mkdir(parents=True)
    saved("clients: [{type: openai}]", "aichat/config.yaml")
    saved("---\nmodel: openai:gpt-6-luna\n---\nBe brief.", "aichat/roles/brief.md")
    assert typed("import", "aichat", "aichat", "--yes").code == 0
    assert own(home)["prompts"] == {"brief": "Be brief."}


def test_an_export_goes_to_a_new_file(typed: Shell) -> None:
    """Or to stdout; never over a file that is there."""
    assert typed("export", "litellm", "-m", "deepseek", "--out", "config.yaml").code == 0
    text = Path("config.yaml").read_text(encoding="utf-8")
    assert "os.environ/DEEPSEEK_API_KEY" in text
    assert os.stat("config.yaml").st_mode & 0o077 == 0
    assert typed("export", "litellm", "-m", "deepseek").out == text
    refused = typed("export", "litellm", "--out", "config.yaml")
    assert (refused.code, Path("config.yaml").read_text(encoding="utf-8")) == (2, text)


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("mcq",), "did you mean `mcp`?"), (("litelm",), "did you mean `litellm`?"),
        (("mcp", "--ready"), "`outrider export mcp`"),
        (("env", "-m", "nobody"), "outrider models"), (("env", "-m", "claude.opus"), "see `outrider models`"),
        (("env", "--out", "no/such/folder"), "mkdir -p"),
    ],
)  # fmt: skip
def test_an_export_that_cannot_be(typed: Shell, arguments: tuple[str, ...], hint: str) -> None:
    """One line and what to do."""
    done = typed("export", *arguments)
    assert (done.code, done.out) == (2, "")
    assert hint in done.err


def test_ready_means_with_a_key(typed: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what can be called now; the key's value is in no line."""
    monkeypatch.setenv("GROQ_API_KEY", "value-of-the-key")
    done = typed("export", "litellm", "--ready", "--json")
    assert {name.partition(".")[0] for name in done.json["models"]} == {"groq", "ollama", "localai", "vllm"}
    assert "value-of-the-key" not in done.out


def test_an_export_says_how_a_client_starts_the_server(typed: Shell) -> None:
    """By an absolute path, as a line for the one client and as JSON for the others."""
    line, snippet = typed("export", "mcp").out.split("\n\n")
    server = json.loads(snippet.split("\n", maxsplit=1)[1])["mcpServers"]["outrider"]
    assert shlex.split(line.splitlines()[1]) == [
        "claude", "mcp", "add", "--scope", "user", "outrider", "--", server["command"], *server["args"],
    ]  # fmt: skip
    assert (Path(server["command"]).is_absolute(), server["args"][-1]) == (True, "mcp")
