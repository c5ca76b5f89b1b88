"""Each rule about the pack's pages finds the page that breaks it, and only that."""

import json
from typing import Any

import pytest
import yaml

from outrider.rules.pack_lint import MODELS, problems
from outrider.rules.pack_page import Fence, Page, calls, fences, links, read

AGENT = """---
name: scout
description: >-
  Use when: something
  is to be found.
tools: Read, Grep
model: haiku
effort: low
---

Finds things.
"""
PIPE = """---
name: bulk
description: Sends many inputs
tools: [Bash]
model: haiku
effort: low
---

```bash
outrider ask -t bulk <<'END'
hello; $(whoami) && outrider `x`
END
```
"""
SKILL = """---
name: setup
description: Sets up; see more
---

See [the keys](keys.md#top), [the site](https://example.org), `[no](link.md)` and [above](#here).
"""
KEYS = "# Keys\n\n```console\n$ OPENAI_API_KEY=x outrider keys set && rm y\n```\n"
HOOK: dict[str, Any] = {
    "type": "command",
    "command": "${CLAUDE_PLUGIN_ROOT}/bin/outrider",
    "args": ["hook"],
    "timeout": 5,
}
PLUGIN = {"name": "outrider", "version": "1", "description": "d", "author": {"name": "a"}}


def hooks(matcher: str = "Agent", **changes: Any) -> str:
    """Writes a file of hooks with one hook."""
    entry = {"matcher": matcher, "hooks": [HOOK | changes]}
    return json.dumps({"hooks": {"PreToolUse": [entry]}}) + "\n"


GOOD = {
    "agents/scout.md": AGENT,
    "agents/bulk.md": PIPE,
    "skills/setup/SKILL.md": SKILL,
    "skills/setup/keys.md": KEYS,
    "hooks/hooks.json": hooks(),
    ".claude-plugin/plugin.json": json.dumps(PLUGIN) + "\n",
    "bin/outrider": "#!/bin/sh\n",
}


def found(**changed: str | bytes) -> tuple[str, ...]:
    """Judges the good pages with some of them replaced, each by its short name."""
    short = {
        "scout": "agents/scout.md", "bulk": "agents/bulk.md", "skill": "skills/setup/SKILL.md",
        "keys": "skills/setup/keys.md", "hooks": "hooks/hooks.json", "plugin": ".claude-plugin/plugin.json",
    }  # fmt: skip
    pages = GOOD | {short[name]: data for name, data in changed.items()}
    return problems({path: data if isinstance(data, bytes) else data.encode() for path, data in pages.items()})


def test_good_pages_have_no_problem() -> None:
    """Here-documents, quoted text, what a person types, and links that lead somewhere are all fine."""
    assert found() == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---\nname", "name", "has no frontmatter"),
        ("low\n---", "low\n", "its frontmatter has no end"),
        ("tools:", "tool:", "the client knows no key `tool` there"),
        ("effort: low", "max-turns: 3\neffort: low", "the client knows no key `max-turns` there"),
        ("effort: low", "hooks:\n  PreToolUse: []\neffort: low", "`hooks` is ignored in a plugin's agent"),
        ("name: scout", "name: a:b", "its name is not 1 to 256 characters without `:`"),
        ("name: scout\n", "", "its name is not 1 to 256 characters without `:`"),
        ("name: scout", "name: spy", "its name is `spy`, and its file's is `scout`"),
        ("Use when", "x" * 1024 + " Use when", "its description has 1,060 characters, more than 1,024"),
        (
            "description: >-\n  Use when: something\n  is to be found.",
            "description: Use when: something",
            "`description` is not plain text: write it with `>-`",
        ),
        ("description: >-\n  Use when: something\n  is to be found.\n", "", "has no description"),
        ("model: haiku", "model: gpt-5", "nothing is known of a model `gpt-5`"),
        ("model: haiku\n", "", "has no `model`"),
        ("effort: low", "effort: lowest", "the client knows no effort `lowest`"),
        ("effort: low\n", "", "has no `effort`"),
        ("tools: Read, Grep", "tools: Read, Grepp", "the client knows no tool `Grepp`"),
        ("tools: Read, Grep", "disallowedTools:\n  - Edit\n  - Nothing", "the client knows no tool `Nothing`"),
        ("effort: low", "color: mauve\neffort: low", "the client knows no color `mauve`"),
        ("effort: low", "effort: low\neffort: low", "`effort` stands twice in its frontmatter"),
        ("effort: low", "effort: low\n- item", "`effort` goes on below without `>-`"),
        ("effort: low", "effort low", "the line `effort low` of its frontmatter is not `key: value`"),
        ("Finds things.", "\n".join(["line"] * 61), "its body has more than 60 lines"),
        ("Finds things.", "As of 2026-11-20.", "its body holds a date"),
        ("Finds things.", "At 12:30:01.", "its body holds a date"),
        ("Finds things.", "Finds\u200bthings.", "holds a character that cannot be seen"),
        ("Finds things.\n", "Finds things.", "does not end with one line end"),
        ("Finds things.\n", "Finds things.\n\n", "does not end with one line end"),
        ("Finds things.", "[x](gone.md)", "its link to `gone.md` leads nowhere"),
        ("Finds things.", "[x](/agents/scout.md)", "its link to `/agents/scout.md` leads nowhere"),
        (
            "Finds things.",
            "```bash\noutrider ask hi\n```",
            "has 1 command lines of `outrider`: an outrider has one, another agent none",
        ),
    ],
)
def test_an_agent(old: str, new: str, said: str) -> None:
    """What the client would drop, ignore or send on without a word is told."""
    assert old in AGENT
    assert f"agents/scout.md: {said}" in found(scout=AGENT.replace(old, new, 1))


def test_a_model_that_the_registry_knows_is_a_model() -> None:
    """A whole id may pin an agent, where its family is the client's own."""
    registry = {
        "providers": {"own": {"dialect": "native"}, "paid": {"dialect": "openai"}},
        "models": {
            "own.big": {"provider": "own", "id": "big", "family": "f"},
            "paid.big": {"provider": "paid", "id": "f-big-5", "family": "f"},
            "paid.other": {"provider": "paid", "id": "other-1", "family": "o"},
        },
    }
    pages = {"agents/scout.md": b"", MODELS: (json.dumps(registry) + "\n").encode()}
    said = {
        name: problems(pages | {"agents/scout.md": AGENT.replace("haiku", name).encode()})
        for name in ("f-big-5", "other-1")
    }
    assert said == {"f-big-5": (), "other-1": ("agents/scout.md: nothing is known of a model `other-1`",)}


def test_hooks_are_no_fault_in_the_users_own_agents() -> None:
    """Only a plugin's agents have them ignored."""
    guarded = AGENT.replace("effort: low", "hooks:\n  PreToolUse: []\neffort: low")
    assert problems({"agents/outrider/scout.md": guarded.encode()}) == ()


def test_an_agent_that_clashed_has_another_name() -> None:
    """It keeps its file."""
    assert problems({"agents/outrider/scout.md": AGENT.replace("scout", "outrider-scout").encode()}) == ()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('outrider ask "$(cat x)"', "`$(…)`"),
        ('outrider ask "`cat x`"', "a command in backticks"),
        ("outrider ask -f <(cat x)", "a process in place of a file"),
        ("KEY=1 outrider ask hi", "a variable set before `outrider`"),
        ("cd sub && outrider ask hi", "a change of folder"),
        ("outrider ask hi && rm x", "a second command"),
        ("outrider ask hi; rm x", "a second command"),
        ("/usr/bin/outrider ask hi", "`outrider` by a path"),
        ("~/.local/bin/outrider ask hi", "`outrider` by a path"),
        ("./outrider ask hi", "`outrider` by a path"),
        ('"$HOME/bin/outrider" ask hi', "`outrider` by a path"),
        ("env outrider ask hi", "a wrapper"),
        ("git log | xargs outrider ask hi", "a wrapper"),
        ("outrider ask hi &", "a call that is left in the background"),
        ("outrider ask hi > out.txt", "an output into a file"),
    ],
)
def test_a_shape_that_asks_for_permission(line: str, said: str) -> None:
    """Claude is shown no line that its client would stop at."""
    whole = SKILL + f"\n```bash\n{line}\n```\n"
    assert any(
        problem.startswith("skills/setup/SKILL.md: `") and problem.endswith(said) for problem in found(skill=whole)
    )


@pytest.mark.parametrize(
    "line",
    [
        "outrider ask 'one; two && $(three) > four'",
        'outrider ask "one; two && three > four"',
        "git diff | outrider ask -t code-review 2>&1",
        "outrider ask -f a.txt \\\n  -f b.txt hi",
        "# cd sub && outrider ask hi",
        "ls; rm x",
    ],
)
def test_a_shape_that_runs(line: str) -> None:
    """Quoted text is text; lines without our command are not ours to judge."""
    assert found(skill=SKILL + f"\n```bash\n{line}\n```\n") == ()


def test_a_block_says_whom_it_is_for() -> None:
    """A block without a mark is neither Claude's nor a person's."""
    said = (
        "skills/setup/SKILL.md: `outrider ask hi` stands in a block that is marked neither `bash`, `bash asks` nor"
        " `console`"
    )
    assert found(skill=SKILL + "\n```\noutrider ask hi\n```\n") == (said,)


@pytest.mark.parametrize("times", [0, 2])
def test_an_outrider_has_one_command_line(times: int) -> None:
    """It is a pipe, and a pipe has one end."""
    block = PIPE[PIPE.index("```bash") :]
    said = f"agents/bulk.md: has {times} command lines of `outrider`: an outrider has one, another agent none"
    assert found(bulk=PIPE.replace(block, f"{block}\n" * times + "End.\n")) == (said,)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("---\nname", "name", "has no frontmatter"),
        ("name: setup", "name: Set_Up", "its name is not 1 to 64 small letters, digits and single hyphens"),
        ("name: setup", f"name: {'a' * 65}", "its name is not 1 to 64 small letters, digits and single hyphens"),
        ("name: setup", "name: other", "its name is `other`, and its folder's is `setup`"),
        ("name: setup", "name: synced", "the client keeps the name `synced` for itself"),
        ("description: Sets up; see more\n", "", "has no description"),
        ("description:", "allowedTools: Bash\ndescription:", "the client knows no key `allowedTools` there"),
        ("description:", "model: gpt\ndescription:", "nothing is known of a model `gpt`"),
        ("description:", "effort: huge\ndescription:", "the client knows no effort `huge`"),
        ("description:", "allowed-tools: Bush\ndescription:", "the client knows no tool `Bush`"),
        (
            "description:",
            "allowed-tools: Bash(outrider *)\ndescription:",
            "`allowed-tools` makes the client ask before it may be used",
        ),
        ("See", "line\n" * 200 + "See", "has more than 200 lines"),
        ("keys.md", "../keys.md", "its link to `../keys.md#top` leads nowhere"),
    ],
)
def test_a_skill(old: str, new: str, said: str) -> None:
    """The open specification's limits hold, and the folder's name is the skill's."""
    assert old in SKILL
    assert f"skills/setup/SKILL.md: {said}" in found(skill=SKILL.replace(old, new, 1))


def test_a_command_that_the_user_types_may_bring_its_tools() -> None:
    """The model never uses it, so nobody is asked."""
    typed = "disable-model-invocation: true\nallowed-tools: Bash(outrider *)\ndescription:"
    assert found(skill=SKILL.replace("description:", typed)) == ()


def test_links_are_taken_from_where_the_page_lies() -> None:
    """Up and down again is a way."""
    assert found(keys=KEYS + "[back](./../setup/SKILL.md)\n") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not JSON: Expecting property name enclosed in double quotes: line 2 column 1 (char 2)"),
        (
            hooks("Agent|Bash"),
            "the matcher `Agent|Bash` is not one tool's name, so it is a pattern that may match others",
        ),
        (hooks(command="outrider"), "a hook is not a command of the plugin's own"),
        (hooks(type="prompt"), "a hook is not a command of the plugin's own"),
        (hooks(args=None), "a hook has no `args`, so a shell would read its command"),
        (hooks(timeout=61), "a hook may be waited for longer than 60 s"),
        (hooks("Bash"), "a hook on Bash has no `if`, so it would run for every command"),
    ],
)
def test_hooks(text: str, said: str) -> None:
    """A hook runs our own program, without a shell, soon done, and only where it is concerned."""
    assert found(hooks=text if text.endswith("\n") else text + "\n") == (f"hooks/hooks.json: {said}",)


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        (PLUGIN | {"bin": "x"}, "the client knows no key `bin` there"),
        (PLUGIN | {"version": ""}, "has no `version`"),
        ({**PLUGIN, "mcpServers": "./x.json"}, "the client knows no key `mcpServers` there"),
    ],
)
def test_a_manifest(manifest: dict[str, Any], said: str) -> None:
    """It names the plugin, and no code beyond the folders that the client looks into by itself."""
    assert found(plugin=json.dumps(manifest) + "\n") == (f".claude-plugin/plugin.json: {said}",)


def test_bytes_that_are_no_text() -> None:
    """They are told, not raised."""
    assert found(keys=b"\xff\n") == ("skills/setup/keys.md: is not UTF-8",)


HEADS: dict[str, dict[str, str | tuple[str, ...]]] = {
    "a: b": {"a": "b"},
    "a: 'b c'": {"a": "b c"},
    'a: "b: c"': {"a": "b: c"},
    "a: [b, c]": {"a": ("b", "c")},
    "a: []": {"a": ()},
    "a:\n  - b\n  - c d": {"a": ("b", "c d")},
    "a:\n- b": {"a": ("b",)},
    "a: >-\n  b: c\n  d\ne: f": {"a": "b: c d", "e": "f"},
    "a: |-\n  b\n  c": {"a": "b\nc"},
    "a: 3": {"a": "3"},
    "a-b: true": {"a-b": "true"},
}


@pytest.mark.parametrize("head", HEADS)
def test_the_part_of_yaml_that_is_read(head: str) -> None:
    """What is read is what a parser of the whole language reads, numbers and truth as text."""
    page = read(f"---\n{head}\n---\nbody\n")
    assert page == Page(head=HEADS[head], body="body\n")
    whole = {key: _plain(value) for key, value in yaml.safe_load(head).items()}
    assert whole == page.head


def _plain(value: Any) -> Any:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return tuple(value)
        case _:
            return str(value)


@pytest.mark.parametrize(
    ("head", "fault"),
    [
        ("a: b: c", "`a` is not plain text: write it with `>-`"),
        ("a: b #c", "`a` is not plain text: write it with `>-`"),
        ("a: [b", "`a` is not plain text: write it with `>-`"),
        ("a: *b", "`a` is not plain text: write it with `>-`"),
        ("a: 'b'c'", "`a` holds a quote or a backslash inside quotes: write it with `>-`"),
        ("a:", "`a` is empty"),
        (" a: b", "the line ` a: b` of its frontmatter is not `key: value`"),
    ],
)
def test_the_part_of_yaml_that_is_not_read(head: str, fault: str) -> None:
    """The client would skip such a page without a word, or read something else."""
    assert read(f"---\n{head}\n---\n").faults == (fault,)


def test_fences_are_found_with_their_word() -> None:
    """A longer mark holds a shorter one, and a fence without an end goes to the end."""
    body = "a\n```bash\nb\n```\n````md\n```\nc\n```\n````\n~~~\nd"
    assert list(fences(body)) == [
        Fence(word="bash", lines=("b",), line=2),
        Fence(word="md", lines=("```", "c", "```"), line=5),
        Fence(word="", lines=("d",), line=10),
    ]


def test_links_in_code_are_no_links() -> None:
    """Neither in a fence nor in a span."""
    assert list(links("[a](b.md) ![c](d.png)\n```\n[e](f.md)\n```\n`[g](h.md)` ``[`i`](j.md)``\n")) == ["b.md", "d.png"]


def test_the_text_of_a_here_document_is_no_call() -> None:
    """Neither is a comment; a line that goes on is one."""
    lines = ("# no", "a <<'X' |", "text", "X", "b \\", "  c", "", "d <<-Y", "\ttext", "\tY", "e")
    assert list(calls(Fence(word="bash", lines=lines, line=1))) == ["a <<'X' |", "b    c", "d <<-Y", "e"]
