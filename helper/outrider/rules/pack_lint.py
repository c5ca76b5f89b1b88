"""What is wrong with the pack's pages and what neither the client nor its `plugin validate` would say.

Each rule is a sentence about one page. It must not know how a page came to be.
"""

import json
import re
from collections.abc import Iterator, Mapping

from outrider.data import Json
from outrider.rules import client_words as client
from outrider.rules import pack_page
from outrider.rules.pack_facts import NATIVE, OUTRIDERS
from outrider.rules.pack_page import Page

AGENT_LINES, SKILL_LINES = 60, 200
LONGEST_AGENT_NAME, LONGEST_SKILL_NAME, LONGEST_DESCRIPTION = 256, 64, 1024
LONGEST_HOOK = 60
"""How long a hook may be waited for, in seconds."""
MODELS = ".claude/config/models.json"

_AGENT = re.compile(r"(?:.*/)?agents/(?:outrider/)?([^/]+)\.md")
_SKILL = re.compile(r"(?:.*/)?skills/([^/]+)/SKILL\.md")
_SKILL_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d\b|\b\d\d:\d\d:\d\d\b")
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_OUTSIDE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|#")
_CALLS_US = re.compile(r"(?:^|[\s;&|(/])outrider\"?(?:\s|$)")
_FORBIDDEN = (
    (re.compile(r"\$\("), "`$(…)`"),
    (re.compile(r"`"), "a command in backticks"),
    (re.compile(r"[<>]\("), "a process in place of a file"),
    (re.compile(r"(?:^|[\s;&|])[A-Za-z_]\w*=\S*\s+(?:\S*/)?outrider\b"), "a variable set before `outrider`"),
    (re.compile(r"(?:^|[;&|]\s*)(?:cd|pushd)\s"), "a change of folder"),
    (re.compile(r"(?:^|[\s;&|'\"])[~.$\w-]*/[^\s|;&]*\boutrider\"?(?:\s|$)"), "`outrider` by a path"),
    (re.compile(r"(?:^|[;&|]\s*)(?:env|sudo|exec|command|nohup|time|timeout|xargs|ba?sh|eval)\s"), "a wrapper"),
    (re.compile(r"&&|\|\||;"), "a second command"),
    (re.compile(r"(?:^|[^&])&\s*$"), "a call that is left in the background"),
    (re.compile(r"(?:^|\s)\d?>>?\s*[^&\s]"), "an output into a file"),
)  # fmt: skip


def problems(pages: Mapping[str, bytes]) -> tuple[str, ...]:
    """Returns what is wrong, a sentence each, in the order of the pages; nothing where all is well."""
    models = _models(pages)
    return tuple(f"{path}: {said}" for path, data in pages.items() for said in _of_page(path, data, pages, models))


def _models(pages: Mapping[str, bytes]) -> frozenset[str]:
    """Returns the names that an agent may run on: the client's aliases, and whole ids that the registry knows."""
    try:
        registry = json.loads(pages[MODELS])
    except (KeyError, ValueError):
        return client.ALIASES
    own = {name for name, row in registry["providers"].items() if row["dialect"] == NATIVE}
    families = {row.get("family") for row in registry["models"].values() if row["provider"] in own}
    return client.ALIASES | {row["id"] for row in registry["models"].values() if row.get("family") in families}


def _of_page(path: str, data: bytes, pages: Mapping[str, bytes], models: frozenset[str]) -> Iterator[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        yield "is not UTF-8"
        return
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield "does not end with one line end"
    if _INVISIBLE.search(text):
        yield "holds a character that cannot be seen"
    if path.endswith(".json"):
        yield from _json(path, text)
    if not path.endswith(".md"):
        return
    page = pack_page.read(text)
    yield from page.faults
    if agent := _AGENT.fullmatch(path):
        yield from _agent(page, stem=agent[1], models=models, is_plugin="/outrider/" not in path)
    elif skill := _SKILL.fullmatch(path):
        yield from _skill(page, folder=skill[1], models=models)
        if text.count("\n") > SKILL_LINES:
            yield f"has more than {SKILL_LINES} lines"
    yield from _links(path, page, pages)
    yield from _commands(page)


def _agent(page: Page, *, stem: str, models: frozenset[str], is_plugin: bool) -> Iterator[str]:
    head = page.head
    if head is None:
        yield "has no frontmatter"
        return
    yield from _keys(head, client.AGENT_KEYS)
    if is_plugin:
        yield from (f"`{key}` is ignored in a plugin's agent" for key in head if key in client.NOT_IN_A_PLUGIN)
    name = str(head.get("name", ""))
    if not name or len(name) > LONGEST_AGENT_NAME or ":" in name or name.startswith("-"):
        yield f"its name is not 1 to {LONGEST_AGENT_NAME} characters without `:`"
    elif name not in {stem, f"outrider-{stem}"}:
        yield f"its name is `{name}`, and its file's is `{stem}`"
    yield from _description(head)
    yield from _model_and_effort(head, models, required=True)
    yield from _tools(head, "tools", "disallowedTools")
    if "color" in head and head["color"] not in client.COLORS:
        yield f"the client knows no color `{head['color']}`"
    if len(page.body.strip("\n").split("\n")) > AGENT_LINES:
        yield f"its body has more than {AGENT_LINES} lines"
    if _DATE.search(page.body):
        yield "its body holds a date"
    ours = sum(
        bool(_CALLS_US.search(call)) for fence in pack_page.fences(page.body) for call in pack_page.calls(fence)
    )  # fmt: skip
    if ours != (1 if stem in OUTRIDERS else 0):
        yield f"has {ours} command lines of `outrider`: an outrider has one, another agent none"


def _skill(page: Page, *, folder: str, models: frozenset[str]) -> Iterator[str]:
    head = page.head
    if head is None:
        yield "has no frontmatter"
        return
    yield from _keys(head, client.SKILL_KEYS)
    name = str(head.get("name", ""))
    if not _SKILL_NAME.fullmatch(name) or len(name) > LONGEST_SKILL_NAME:
        yield f"its name is not 1 to {LONGEST_SKILL_NAME} small letters, digits and single hyphens"
    elif name != folder:
        yield f"its name is `{name}`, and its folder's is `{folder}`"
    if name.startswith(client.RESERVED_SKILLS):
        yield f"the client keeps the name `{name}` for itself"
    yield from _description(head)
    yield from _model_and_effort(head, models, required=False)
    yield from _tools(head, "allowed-tools", "disallowed-tools")
    if head.get("disable-model-invocation") != "true":
        yield from (f"`{key}` makes the client ask before it may be used" for key in head if key in client.ASKS_FIRST)


def _keys(head: Mapping[str, Json], known: frozenset[str]) -> Iterator[str]:
    yield from (f"the client knows no key `{key}` there" for key in head if key not in known)


def _description(head: Mapping[str, Json]) -> Iterator[str]:
    said = str(head.get("description", ""))
    if not said:
        yield "has no description"
    if len(said) > LONGEST_DESCRIPTION:
        yield f"its description has {len(said):,} characters, more than {LONGEST_DESCRIPTION:,}"


def _model_and_effort(head: Mapping[str, Json], models: frozenset[str], *, required: bool) -> Iterator[str]:
    for key in ("model", "effort"):
        if required and key not in head:
            yield f"has no `{key}`"
    if "model" in head and head["model"] not in models:
        yield f"nothing is known of a model `{head['model']}`"
    if "effort" in head and head["effort"] not in client.EFFORTS:
        yield f"the client knows no effort `{head['effort']}`"


def _tools(head: Mapping[str, Json], *keys: str) -> Iterator[str]:
    for key in keys:
        said = head.get(key, ())
        for tool in said if isinstance(said, tuple) else re.split(r",\s*", said):
            if tool.partition("(")[0] not in client.TOOLS and not tool.startswith("mcp__"):
                yield f"the client knows no tool `{tool}`"


def _links(path: str, page: Page, pages: Mapping[str, bytes]) -> Iterator[str]:
    for target in pack_page.links(page.body):
        if _OUTSIDE.match(target):
            continue
        parts = path.split("/")[:-1]
        for part in target.partition("#")[0].split("/"):
            if part == ".." and parts:
                parts.pop()
            elif part not in {"", "."}:
                parts.append(part)
        if target.startswith("/") or "/".join(parts) not in pages:
            yield f"its link to `{target}` leads nowhere"


def _commands(page: Page) -> Iterator[str]:
    """Judges what Claude is shown to run: one plain line, which runs without a prompt unless its block says `asks`."""
    for fence in pack_page.fences(page.body):
        if fence.word == "console":
            continue
        for call in pack_page.calls(fence):
            if not _CALLS_US.search(call):
                continue
            if fence.word not in {"bash", "bash asks"}:
                yield f"`{call[:60]}` stands in a block that is marked neither `bash`, `bash asks` nor `console`"
            # What a shell takes as plain text is not a shape of the line.
            line = re.sub(r"\"[^\"$`\\]*\"", '""', re.sub(r"'[^']*'", "''", call))
            yield from (f"`{call[:60]}` holds {what}" for shape, what in _FORBIDDEN if shape.search(line))


def _json(path: str, text: str) -> Iterator[str]:
    try:
        value = json.loads(text)
    except ValueError as fault:
        yield f"is not JSON: {fault}"
        return
    if path.endswith(".claude-plugin/plugin.json"):
        yield from (f"the client knows no key `{key}` there" for key in value if key not in client.PLUGIN_KEYS)
        yield from (f"has no `{key}`" for key in ("name", "version", "description", "author") if not value.get(key))
    if path.endswith(".mcp.json"):
        for server in value.get("mcpServers", {}).values():
            yield from _server(server)
    if path.endswith("hooks/hooks.json"):
        for entries in value.get("hooks", {}).values():
            for entry in entries:
                yield from _hook_entry(entry)


def _server(server: Mapping[str, Json]) -> Iterator[str]:
    """A server starts unasked, in a project's folder and environment: by a path that neither can turn elsewhere."""
    command, args = str(server.get("command", "")), server.get("args", ())
    if not command.startswith(("/", "${CLAUDE_PLUGIN_ROOT}/")):
        yield f"the server's command `{command}` is not an absolute path"
    if not command.endswith("/outrider") and "-I" not in args:
        yield "the server's Python is not started with `-I`"
    yield from (f"the server's `{key}` is not ours to say" for key in server if key not in {"command", "args"})


def _hook_entry(entry: Mapping[str, Json]) -> Iterator[str]:
    matcher = entry.get("matcher", "")
    if not re.fullmatch(r"[A-Za-z0-9_]+", matcher):
        yield f"the matcher `{matcher}` is not one tool's name, so it is a pattern that may match others"
    for hook in entry.get("hooks", ()):
        if hook.get("type") != "command" or not str(hook.get("command", "")).startswith("${CLAUDE_PLUGIN_ROOT}/"):
            yield "a hook is not a command of the plugin's own"
        if not isinstance(hook.get("args"), list):
            yield "a hook has no `args`, so a shell would read its command"
        if not 0 < hook.get("timeout", 600) <= LONGEST_HOOK:
            yield f"a hook may be waited for longer than {LONGEST_HOOK} s"
        if matcher == "Bash" and not hook.get("if"):
            yield "a hook on Bash has no `if`, so it would run for every command"
