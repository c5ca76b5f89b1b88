"""The pack is rendered in three forms: what each holds, where it lies, and that nothing but its facts decides it."""

from pathlib import Path
from typing import Any

import pytest

from outrider import __version__
from outrider.doors.documents import load_yaml
from outrider.doors.render import drift, is_executable, orphans, pack, plugin_facts, registry_from
from outrider.errors import OutriderError
from outrider.rules import pack_facts
from outrider.rules.pack_lint import problems
from outrider.rules.rows_from import registry_from as as_registry

TEMPLATES = str(Path(__file__).parents[2] / "templates")
CLAUDE_AGENTS = ("scout", "scribe", "reviewer", "builder", "architect")
PIPES = ("second-opinion", "bulk")
FORMS: tuple[pack_facts.Form, ...] = ("plugin", "loose", "project")


def made(form: pack_facts.Form, **changes: Any) -> dict[str, bytes]:
    """Renders a form from the repository's own templates."""
    registry = as_registry(registry_from(TEMPLATES), origins={}, digest="", notes=())
    plain: dict[str, Any] = {"names": {}, "tiers": {}, "version": "1.2.3", "launcher": None, "explore": False}
    return dict(pack(TEMPLATES, form=form, facts=pack_facts.facts(registry, form=form, **(plain | changes))))


def head(page: bytes) -> dict[str, Any]:
    """Reads a page's frontmatter."""
    found = load_yaml(page.split(b"\n---\n")[0].removeprefix(b"---\n"), source="page")
    assert isinstance(found, dict)
    return found


def test_the_plugin_is_the_repository() -> None:
    """Agents, skills, hooks, manifests, shim and servers; no agent that a plugin could not guard."""
    pages = made("plugin")
    agents = {path for path in pages if path.startswith("agents/")}
    assert agents == {f"agents/{name}.md" for name in (*CLAUDE_AGENTS, *PIPES)}
    rest = {path for path in pages if not path.startswith(("agents/", "skills/"))}
    assert rest == {
        ".claude-plugin/plugin.json", ".claude-plugin/marketplace.json", ".claude/mcp-servers.json", "bin/outrider",
        "hooks/hooks.json", "plugins/outrider-mcp/.claude-plugin/plugin.json", "plugins/outrider-mcp/.mcp.json",
        "plugins/outrider-mcp/bin/outrider",
    }  # fmt: skip


def test_the_loose_form_is_agents_and_a_folder_of_skills() -> None:
    """Agents where a repository can override them; all else in one folder that the client loads as a plugin."""
    pages = made("loose", explore=True)
    agents = {path for path in pages if path.startswith("agents/")}
    assert agents == {f"agents/outrider/{name}.md" for name in (*CLAUDE_AGENTS, *PIPES, "private-reader", "Explore")}
    rest = {path for path in pages if not path.startswith(("agents/", "skills/outrider/skills/"))}
    assert rest == {
        f"skills/outrider/{path}" for path in (".claude-plugin/plugin.json", "bin/outrider", "hooks/hooks.json")
    }


def test_the_project_form_is_agents_alone() -> None:
    """A team's repository gets nothing that would run."""
    assert set(made("project")) == {
        f"agents/outrider/{name}.md" for name in (*CLAUDE_AGENTS, *PIPES, "private-reader")
    }  # fmt: skip


def test_a_form_has_the_skills_of_the_other() -> None:
    """The plugin and the loose form teach the same, but for the command that stands in for a missing agent."""
    plugin = {path for path in made("plugin") if path.startswith("skills/")}
    loose = {path.removeprefix("skills/outrider/") for path in made("loose") if path.startswith("skills/")}
    loose = {path for path in loose if path.startswith("skills/")}
    assert plugin ^ loose <= {"skills/private/SKILL.md"}
    assert len(plugin) > 5


@pytest.mark.parametrize("form", FORMS)
def test_the_same_facts_give_the_same_bytes(form: pack_facts.Form) -> None:
    """In each form, twice, and in the same order."""
    assert list(made(form).items()) == list(made(form).items())


@pytest.mark.parametrize("form", FORMS)
def test_every_form_is_well_formed(form: pack_facts.Form) -> None:
    """Also under other names, on other tiers and with the stand-in for the client's own explorer."""
    names = {} if form != "loose" else {name: f"outrider-{name}" for name in (*CLAUDE_AGENTS, *PIPES, "private-reader")}
    tiers = dict.fromkeys((*CLAUDE_AGENTS, "Explore"), "opus/max")
    assert problems(made(form)) == ()
    assert problems(made(form, names=names, tiers=tiers, launcher="/a b/c'd", explore=True)) == ()


def test_an_agent_runs_on_its_tier() -> None:
    """Model and effort stand in the frontmatter, and in words in what the client shows."""
    page = head(
        made("loose", tiers={"builder": "opus/max"}, names={"builder": "outrider-builder"})[
            "agents/outrider/builder.md"
        ]
    )
    assert (page["name"], page["model"], page["effort"]) == ("outrider-builder", "opus", "max")
    assert page["description"].endswith("Runs on opus/max, opus's price.")


@pytest.mark.parametrize("name", ["scout", "reviewer", "architect", "Explore"])
def test_who_only_looks_has_no_tool_that_writes(name: str) -> None:
    """What it must not do, it cannot do by a tool of its own."""
    tools = head(made("loose", explore=True)[f"agents/outrider/{name}.md"])["tools"].split(", ")
    assert not set(tools) & {"Write", "Edit", "NotebookEdit", "Agent"}


@pytest.mark.parametrize("name", [*PIPES, "private-reader"])
def test_a_pipe_has_one_tool(name: str) -> None:
    """It cannot read what it forwards but by the command."""
    page = head(made("loose")[f"agents/outrider/{name}.md"])
    assert (page["tools"], page["model"], page["effort"], page["omitClaudeMd"]) == ("Bash", "haiku", "low", True)


@pytest.mark.parametrize("form", FORMS)
def test_a_pipe_says_how_to_get_the_helper(form: pack_facts.Form) -> None:
    """One line, without the helper's help; a committed page names no machine."""
    pages = made(form, launcher="/machine/outrider" if form == "loose" else None)
    for path, page in pages.items():
        if path.startswith("agents/") and path.rpartition("/")[2][:-3] in PIPES:
            assert b"the outrider helper is not installed: " in page
            assert (b'bash "${CLAUDE_PLUGIN_ROOT}/install.sh" --helper-only' in page) is (form == "plugin")
            assert b"/machine" not in page


def test_every_page_of_a_plugin_calls_agents_by_their_whole_name() -> None:
    """The bare name finds nobody there."""
    assert b"is work for outrider:scout, " in b" ".join(made("plugin")["agents/architect.md"].split())
    assert b"outrider:" not in made("loose")["agents/outrider/architect.md"]


def test_a_clash_is_told_in_every_page() -> None:
    """Who plans hands steps to the agent by the name that it was installed by."""
    pages = made("loose", names={"scout": "outrider-scout"})
    assert b"is work for outrider-scout, scribe" in b" ".join(pages["agents/outrider/architect.md"].split())


@pytest.mark.parametrize("form", ["plugin", "loose"])
def test_the_manifest_has_this_version(form: pack_facts.Form) -> None:
    """As it was handed over; the repository's own is the package's."""
    prefix = "" if form == "plugin" else "skills/outrider/"
    assert b'"version": "1.2.3"' in made(form)[f"{prefix}.claude-plugin/plugin.json"]
    committed = pack(TEMPLATES, form="plugin", facts=plugin_facts(registry_from(TEMPLATES)))
    assert f'"version": "{__version__}"'.encode() in committed[".claude-plugin/plugin.json"]


def test_programs_are_told_from_pages() -> None:
    """The shim is one in every place; no other page is."""
    pages = {**made("plugin"), **made("loose")}
    assert {path for path in pages if is_executable(path)} == {
        "bin/outrider", "plugins/outrider-mcp/bin/outrider", "skills/outrider/bin/outrider",
    }  # fmt: skip


def test_a_template_that_comes_to_nothing_is_no_page(tmp_path: Path) -> None:
    """So that a page can leave itself out of a form, and a part that others include is none."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "skills/a").mkdir(parents=True)
    (tmp_path / "agents/x.md.j2").write_text("{% include 'agents/_part.md.j2' %} {{ agent.name }}\n", encoding="utf-8")
    (tmp_path / "agents/_part.md.j2").write_text("part", encoding="utf-8")
    (tmp_path / "agents/unknown.md.j2").write_text("{{ missing }}", encoding="utf-8")
    (tmp_path / "skills/a/SKILL.md.j2").write_text("{% if form == 'loose' %}yes{% endif %}\n\n", encoding="utf-8")
    (tmp_path / "skills/a/notes.txt").write_text("no template", encoding="utf-8")
    facts = {"agents": {"x": {"name": "n"}}}
    assert pack(str(tmp_path), form="plugin", facts={**facts, "form": "plugin"}) == {"agents/x.md": b"part n\n"}
    assert pack(str(tmp_path), form="loose", facts={**facts, "form": "loose"}) == {
        "agents/outrider/x.md": b"part n\n",
        "skills/outrider/skills/a/SKILL.md": b"yes\n",
    }


def test_a_page_that_asks_for_more_than_the_facts_is_an_error(tmp_path: Path) -> None:
    """A value that is missing is never an empty place."""
    (tmp_path / "skills/a").mkdir(parents=True)
    (tmp_path / "skills/a/SKILL.md.j2").write_text("{{ agents.nobody.called }}", encoding="utf-8")
    with pytest.raises(OutriderError, match=r"^cannot fill the template skills/a/SKILL\.md\.j2: "):
        pack(str(tmp_path), form="loose", facts={"agents": {}})


def test_orphans_are_files_that_no_template_makes(tmp_path: Path) -> None:
    """Only in the folders that hold nothing else."""
    for name in ("agents/a.md", "skills/b/old.md", ".claude-plugin/icon.png", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert orphans({"agents/a.md": b"x"}, str(tmp_path)) == ("skills/b/old.md",)
    assert drift({"agents/a.md": b"x"}, str(tmp_path)) == ()
