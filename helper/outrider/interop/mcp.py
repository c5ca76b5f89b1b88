"""Writes how a client starts the MCP server: the line for Claude Code, and the entry that other clients take.

No key is in it, and no variable: the server reads its own settings.
"""

import json

from outrider.interop.env import quoted
from outrider.interop.nouns import Exported


def exported(server: tuple[str, ...], *, has_library: bool) -> Exported:
    """Returns both, for a server that is started by these words."""
    line = " ".join(quoted(word) for word in ("claude", "mcp", "add", "--scope", "user", "outrider", "--", *server))
    entry = {"mcpServers": {"outrider": {"command": server[0], "args": list(server[1:])}}}
    steps = () if has_library else ("the MCP library is not installed: run `./install.sh --mcp` in the checkout",)
    head = "".join(f"# To do: {step}\n" for step in steps)
    text = (
        f"{head}# Claude Code, without the pack (with it: outrider install --mcp):\n{line}\n\n"
        f"# Other clients, in their file of MCP servers:\n{json.dumps(entry, indent=2)}\n"
    )
    return Exported(text=text, place="your shell, or a client's file of MCP servers", steps=steps)
