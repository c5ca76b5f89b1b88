"""The client's own words, as far as a page of the pack may use them: models, efforts, tools, keys.

The client checks none of them when it loads a page: a misspelt tool is dropped, an unknown key ignored, an unknown
model sent as it is. Seen in Claude Code 2.1.328 and 2.1.197, November 2026.
"""

ALIASES = frozenset({"haiku", "sonnet", "opus", "fable", "best", "opusplan", "inherit"})
EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
COLORS = frozenset({"red", "blue", "green", "yellow", "purple", "orange", "pink", "cyan"})

TOOLS = frozenset({
    "Agent", "Artifact", "AskUserQuestion", "Bash", "Edit", "EnterWorktree", "ExitPlanMode", "ExitWorktree", "Glob",
    "Grep", "LSP", "Monitor", "NotebookEdit", "PowerShell", "Read", "SendMessage", "Skill", "TaskStop", "TodoWrite",
    "ToolSearch", "WebFetch", "WebSearch", "Workflow", "Write",
})  # fmt: skip

AGENT_KEYS = frozenset({
    "name", "description", "tools", "disallowedTools", "model", "effort", "permissionMode", "maxTurns",
    "autoCompactWindow", "skills", "mcpServers", "hooks", "memory", "background", "omitClaudeMd", "isolation", "color",
    "initialPrompt", "experimental",
})  # fmt: skip
"""What an agent's frontmatter may hold, in camel case."""
NOT_IN_A_PLUGIN = frozenset({"permissionMode", "hooks", "mcpServers", "initialPrompt"})
"""What the client drops from an agent that a plugin carries."""

SKILL_KEYS = frozenset({
    "name", "description", "when_to_use", "argument-hint", "arguments", "disable-model-invocation", "user-invocable",
    "allowed-tools", "disallowed-tools", "model", "effort", "context", "agent", "background", "hooks", "paths", "shell",
    "metadata", "license", "compatibility", "version",
})  # fmt: skip
"""What a skill's frontmatter may hold, with hyphens."""
ASKS_FIRST = frozenset({"allowed-tools", "disallowed-tools", "hooks"})
"""What makes the client ask before the model may use a skill."""
RESERVED_SKILLS = ("synced", "anthropic-skills")

PLUGIN_KEYS = frozenset({
    "$schema", "name", "displayName", "version", "description", "author", "homepage", "repository", "license",
    "keywords", "defaultEnabled", "dependencies", "metadata", "engines", "icon",
})  # fmt: skip
"""What our manifest may hold: the client's keys that name no further code."""
