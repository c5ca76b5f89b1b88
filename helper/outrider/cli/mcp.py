"""`outrider mcp`: the MCP server, for a client to start."""

import click

from outrider.errors import OutriderError

EPILOG = """\b
A client starts it, not a person; to set one up:
  outrider install --mcp      Claude Code, with the pack
  outrider export mcp         the line for Claude Code's `mcp add`, and the snippet for others

Its tools are ask, consensus, models and why, and what your settings publish: give a model's row
`tool: {name, description}`, and with several arguments `arguments` and a `template`."""


@click.command(epilog=EPILOG)
def mcp() -> int:
    """Serve other models as tools of an MCP client, on stdin and stdout, until the client leaves.

    The same limits, privacy, budget, ledger and trust hold as on the command line. Files are read inside the client's
    roots only. Nothing but messages of the protocol is written to stdout.
    """
    import sys
    from importlib.util import find_spec

    if sys.stdin is None or sys.stdin.isatty():
        raise OutriderError(
            "this speaks to an MCP client, not to a terminal",
            hint="see `outrider export mcp` for how a client starts it",
        )
    if find_spec("mcp") is None:
        raise OutriderError("the MCP library is not installed", hint="run `./install.sh --mcp` in the checkout")
    from outrider.mcp_server.life import live

    return live()
