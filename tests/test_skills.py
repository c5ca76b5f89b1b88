"""The skills keep their contract: short, honest about when not to, and no example in them that does not run."""

import json
import re
import shlex
from collections.abc import Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path

import click
import pytest

from outrider import __version__
from outrider.cli.group import cli
from outrider.doors import guides, render
from outrider.rows import Registry
from outrider.rules import pack_facts, preapproval, shell_line
from outrider.rules.rows_from import registry_from
from outrider.rules.selection import resolve
from tests.cli.typing_it import Shell, write_layer

TEMPLATES = str(Path(__file__).parent.parent / "templates")
SKILLS = ("local-models", "model-selection", "multi-model", "orchestration", "setup")
COMMANDS = ("ask", "consensus", "pause", "private", "resume", "status", "switch", "why")
FORMS: tuple[pack_facts.Form, ...] = ("plugin", "loose")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`(outrider(?: [^`\n]+)?)`")
LEAKS = re.compile(
    r"curl |Bearer|\$\{?[A-Z_]*API_KEY|sk-[a-z0-9]|--api-key [A-Za-z0-9]|export [A-Z_]+=|source ~|docker exec|printenv"
)


@cache
def registry() -> Registry:
    """Reads the registry as it is shipped."""
    return registry_from(render.registry_from(TEMPLATES), origins={}, digest="", notes=())


@cache
def rendered(form: pack_facts.Form, *, clash: bool = False) -> Mapping[str, str]:
    """Renders every page of the skills in one form; with `clash` the user has agents of our names already."""
    names = {agent: f"outrider-{agent}" for agent in registry().values["agents"]} if clash else {}
    facts = pack_facts.facts(
        registry(), form=form, names=names, tiers={}, version=__version__, launcher=None, explore=False
    )  # fmt: skip
    pages = render.pack(TEMPLATES, form=form, facts=facts)
    return {
        path.partition("skills/outrider/")[2] or path: data.decode("utf-8")
        for path, data in pages.items()
        if path.startswith("skills/") and path.endswith(".md")
    }


PAGES = tuple(sorted(rendered("plugin")))
HEADS = tuple(path for path in PAGES if path.endswith("/SKILL.md"))


def head(text: str) -> dict[str, str]:
    """Reads what stands between the first two lines of dashes."""
    lines = text.split("---\n")[1].splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition(": ") for line in lines)}


def blocks(path: str, *kinds: str) -> list[str]:
    """Returns the fenced blocks of these kinds on a page."""
    return [body for kind, body in BLOCK.findall(rendered("plugin")[path]) if kind in kinds]


def calls(path: str) -> list[list[str]]:
    """Returns every call of ours that a page shows: in blocks, at a terminal, and in the text."""
    lines = [body.partition("<<")[0].split("\n")[0] for body in blocks(path, "bash")]
    lines += [line[2:] for body in blocks(path, "console") for line in body.splitlines()]
    lines += SPAN.findall(BLOCK.sub("", rendered("plugin")[path]))
    found = []
    for line in lines:
        for part in line.split(" | "):
            words = shlex.split(part.partition(" > ")[0])
            if words[:1] == ["outrider"] and words != ["outrider"]:
                found.append([word for word in words[1:] if word != "…"])
    return found


def test_there_are_these_skills_and_no_others() -> None:
    """Five that the model may load, the rest typed by a person, in both forms."""
    for form in FORMS:
        heads = {path: head(text) for path, text in rendered(form).items() if path.endswith("/SKILL.md")}
        typed = {path for path, said in heads.items() if said.get("disable-model-invocation") == "true"}
        assert sorted(heads) == sorted(f"skills/{name}/SKILL.md" for name in (*SKILLS, *COMMANDS))
        assert sorted(typed) == sorted(f"skills/{name}/SKILL.md" for name in COMMANDS)


@pytest.mark.parametrize("path", HEADS)
def test_a_skill_has_a_short_head(path: str) -> None:
    """Only keys that need no permission; the folder's name; a body that is read in one look."""
    text, said = rendered("plugin")[path], head(rendered("plugin")[path])
    allowed = {"name", "description"}
    if path.split("/")[1] in COMMANDS:
        allowed |= {"disable-model-invocation", "argument-hint"}
    assert set(said) <= allowed
    assert said["name"] == path.split("/")[1]
    assert len(text.splitlines()) <= 200
    assert "\n# " in text


@pytest.mark.parametrize("name", SKILLS)
def test_a_listed_skill_says_when_and_when_not(name: str) -> None:
    """Its description is always in the context: at most 65 words, with what calls for it and what does not."""
    description = head(rendered("plugin")[f"skills/{name}/SKILL.md"])["description"]
    assert len(description.split()) <= 65
    assert len(description) <= 400
    assert " Use when " in description
    assert " Not for " in description
    assert "outrider guide" in rendered("plugin")[f"skills/{name}/SKILL.md"]


def test_the_listed_skills_cost_little() -> None:
    """What all sessions pay for them, counted as four letters a token, is a third of what the pack may cost."""
    listed = "".join(
        f"- outrider:{name}: {head(rendered('plugin')[f'skills/{name}/SKILL.md'])['description']}\n" for name in SKILLS
    )
    assert len(listed) // 4 < 500


@pytest.mark.parametrize("name", COMMANDS)
def test_what_a_user_types_never_reaches_a_shell_line(name: str) -> None:
    """Their words stand in the text alone: in no block, behind no `!`, in no line that is run."""
    text = rendered("plugin")[f"skills/{name}/SKILL.md"]
    fenced = "".join(body for _, body in BLOCK.findall(text))
    assert "$ARGUMENTS" not in fenced
    assert not re.search(r"!`|\$\d|\$ARGUMENTS\[", text)
    assert not any("$ARGUMENTS" in line for line in text.splitlines() if "outrider" in line)


@pytest.mark.parametrize("path", PAGES)
def test_every_call_on_a_page_exists(path: str) -> None:
    """The command and every flag of it are known to the program, with as many words as it takes."""
    for words in calls(path):
        if words[0] in {"--version", "--help"}:
            continue
        context = click.Context(cli, info_name="outrider")
        command = cli.get_command(context, words[0])
        assert command is not None, words
        rest = words[1:]
        while isinstance(command, click.Group):
            context = click.Context(command, info_name=words[0], parent=context)
            member = rest[0] if rest and not rest[0].startswith("-") else next(iter(command.list_commands(context)))
            rest = rest[1:] if rest[:1] == [member] else rest
            found = command.get_command(context, member)
            assert found is not None, words
            command = found
        root = click.Context(cli, **cli.context_settings)
        parser = command.make_parser(click.Context(command, info_name=words[0], parent=root))
        _, too_many, _ = parser.parse_args(list(rest))
        assert too_many == [], words


@pytest.mark.parametrize("path", PAGES)
def test_every_block_for_claude_runs_without_a_question(path: str) -> None:
    """A block that is marked `bash` is one whole call that only asks or reads, and is on the closed list."""
    for body in blocks(path, "bash"):
        line = shell_line.parse(body.rstrip("\n"))
        assert line is not None, body
        assert preapproval.call(line) is not None, body


@pytest.mark.parametrize("path", PAGES)
def test_names_in_examples_are_known(path: str) -> None:
    """Each model, task, preset, system prompt and page that an example names is in the registry, or among the pages."""
    known = guides.pages(TEMPLATES)
    values = registry().values
    for words in calls(path):
        for flag, name in pairwise(words):
            if name.isupper() or "/" in name:
                continue
            if flag == "-m":
                resolve(registry(), name)
            elif flag == "-t":
                assert name in {*registry().tasks, "auto"}
            elif flag == "--preset":
                assert name in registry().presets
            elif flag == "--prompt":
                assert name in values["prompts"]
            elif flag == "guide":
                assert name in known
            elif flag in {"tasks", "drill"} and not name.startswith("-"):
                assert name in registry().tasks
            elif flag == "switch":
                assert name in {*registry().presets, "default", "status", "fallback", "explore"}


@pytest.mark.parametrize("path", [path for path in PAGES if blocks(path, "json")])
def test_settings_on_a_page_are_sound(path: str, typed: Shell, home: Path) -> None:
    """What a page says to write into one's own settings passes the check of the settings."""
    for body in blocks(path, "json"):
        layer = json.loads(body)
        if "gpu.coder" in json.dumps(layer.get("tasks", {})):
            layer.setdefault("providers", {})["gpu"] = {
                "dialect": "openai",
                "base_url": "http://127.0.0.1:8000/v1",
                "local": True,
            }
        file = write_layer(home, {} if "mcpServers" in layer else layer)
        if "mcpServers" in layer:
            file.with_name("mcp-servers.local.json").write_text(body)
        checked = typed("config", "check")
        assert (checked.code, checked.out.splitlines()[-1]) == (0, "the configuration is sound"), checked.out


@pytest.mark.parametrize("path", PAGES)
def test_no_page_shows_a_key_or_a_way_round_the_client(path: str) -> None:
    """No line that puts a key where others see it, none that moves Claude Code to another address."""
    text = rendered("plugin")[path]
    assert LEAKS.findall(text) == []
    assert "ANTHROPIC_BASE_URL=" not in text
    assert not re.search(r"(?m)^\$? ?outrider .*(\$\(|`)", "\n".join(blocks(path, "bash", "console")))


@pytest.mark.parametrize("path", PAGES)
def test_agents_are_called_as_they_are_installed(path: str) -> None:
    """`outrider:scout` as a plugin, `scout` as a file, `outrider-scout` beside an agent of that name."""
    plugin, loose = rendered("plugin")[path], rendered("loose")[path]
    clash = rendered("loose", clash=True)[path]
    said = set(re.findall(r"outrider:(\w[\w-]*)", plugin)) & set(registry().values["agents"])
    assert all(f"outrider:{agent}" not in loose for agent in said - {"private-reader"} - set(COMMANDS))
    assert all(f"outrider-{agent}" in clash for agent in said)
    assert "outrider:private-reader" not in plugin, "the plugin has none: it cannot be guarded there"


@pytest.mark.parametrize("page", sorted(guides.pages(TEMPLATES)))
def test_a_page_is_named_by_its_skill(page: str) -> None:
    """Pages beside a SKILL.md cannot be read by Claude without a question, so each is reached by `outrider guide`."""
    found = guides.pages(TEMPLATES)[page]
    skill = rendered("plugin")[f"skills/{found.skill}/SKILL.md"]
    assert found.about
    assert "{" not in found.about
    assert page == found.skill or f"outrider guide {page}`" in skill
    assert len(rendered("plugin")[found.template.removesuffix(".j2")]) < 25_000


# What the five documents that this grew from had, each with its home: words that the page has to hold.
HOMES = {
    "model-selection/matrix": "private-data high-volume offline vision agentic orchestrator formatting-worker "
    "deepseek-reasoner kimi-k2-thinking gpt-4-turbo codellama claude-haiku-3-5",
    "model-selection/presets": "best fast cheap think local `--project`",
    "model-selection/parameters": "Temperature tokens_above keywords --prompt repeat_penalty frequency_penalty",
    "model-selection/tiers": "haiku sonnet opus fable xhigh CLAUDE_CODE_SUBAGENT_MODEL_FORCE",
    "local-models/servers": "Ollama LocalAI vLLM LiteLLM Universal Together MCP 100.64/10 --tensor-parallel-size",
    "local-models/tuning": "quantised --tensor-parallel-size num_ctx OLLAMA_KEEP_ALIVE instant powerful",
    "orchestration/panels": "Parallel Consensus thirds --answer",
    "orchestration/escalation": "Cascade Router Verifier",
    "orchestration/pipelines": "extract cron outrider:bulk `outrider_keys_set_anthropic`",
    "setup/keys": "MOONSHOT_API_KEY OPENROUTER_API_KEY GROQ_API_KEY GEMINI_API_KEY Rotate commit `outrider_audit_data`",
    "setup/strategies": "Always_cheap Quality_with_fallback Tiered_quality Local_first",
    "setup/fallback": "429 5xx credit time-out --fallbacks `outrider_drill`",
    "setup/migration": "fallbacks model_api_parameters `.env` ANTHROPIC_BASE_URL",
    "setup/troubleshooting": "model_not_found not_responding Slow_inference Stuck_on_a_slow_model Fallback_not_working",
    "setup/SKILL": "Only_Claude_today not_this_session A2A OUTRIDER_ANTHROPIC_API_KEY",
}


@pytest.mark.parametrize("page", HOMES)
def test_what_the_older_guides_had_has_a_home(page: str) -> None:
    """Their systems, strategies, patterns and troubles are each on one of these pages."""
    text = rendered("plugin")[f"skills/{page}.md"].replace(" ", "_")
    assert [words for words in HOMES[page].split() if words not in text] == []


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Shell:
    """Gives a shell in an empty folder."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Shell(monkeypatch, capsys)
