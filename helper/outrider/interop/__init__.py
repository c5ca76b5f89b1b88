"""Settings of other tools, into a layer of ours and out of our registry: one file a tool.

Pure: a parsed document comes in, a layer and what could not be carried over come out; or the registry comes in, and the
text of another tool's file comes out. Other tools' and providers' names may stand here. No key passes: a value that is
one becomes the name of a variable.
"""

IMPORTS = ("llamafarm", "moltbot", "litellm", "aichat", "llm", "claude-code-router")
EXPORTS = ("litellm", "aichat", "llm", "aider", "env")
STARTED = ("mcp",)
"""How a client starts what offers the models: no file of models."""

IMPORT_EXAMPLES = """\b
Examples:
  outrider import llamafarm ~/project/llamafarm.yaml --dry-run
  outrider import moltbot ~/.moltbot/moltbot.json
  outrider import litellm config.yaml --local gpu.lan
  outrider import llm ~/.config/io.datasette.llm --yes"""
EXPORT_EXAMPLES = """\b
Examples:
  outrider export litellm --out config.yaml
  outrider export aichat --ready
  outrider export env -m deepseek
  outrider export mcp"""
