"""`outrider hook EVENT`, as `--help` knows it. A real call never comes here: `main` answers before click is there."""

import click

from outrider import hook as front

EPILOG = """\b
The pack calls all but `pins`. To be warned at once, add to ~/.claude/settings.json, by hand:
  "hooks": {"SubagentStop": [{"hooks": [{"type": "command", "command": "outrider hook pins", "timeout": 10}]}]}"""


@click.command(epilog=EPILOG)
@click.argument("event", metavar="bash|agent|private|pins")
def hook(event: str) -> int:
    """Answer a hook of Claude Code: JSON on stdin, JSON on stdout, always exit 0.

    `bash` lets whole calls of outrider that only ask or read run without a question; `agent` puts our subagents on the
    tier that holds; `private` keeps private-reader from everything but private questions; `pins` tells the user of a
    subagent that ran on another model than was asked for. What goes wrong is told to `outrider doctor`.
    """
    return front.run(event)
