"""Settings of other tools, into a layer of ours and out of our registry: one file a tool.

Pure: a parsed document comes in, a layer and what could not be carried over come out; or the registry comes in, and the
text of another tool's file comes out. Other tools' and providers' names may stand here. No key passes: a value that is
one becomes the name of a variable.
"""

IMPORTS = ("llamafarm", "moltbot", "litellm", "aichat", "llm", "claude-code-router")
EXPORTS = ("litellm", "aichat", "llm", "aider", "env")
LATER = ("mcp",)
"""On the list of exports, and made by a command of its own."""
