"""`outrider hook EVENT`, as `--help` knows it. A real call never comes here: `main` answers before click is there."""

import click

from outrider import hook as front


@click.command()
@click.argument("event", metavar="bash|agent|private")
def hook(event: str) -> int:
    """Answer a hook of Claude Code: JSON on stdin, JSON on stdout, always exit 0.

    `bash` lets whole calls of outrider that only ask or read run without a question; `agent` puts our subagents on the
    tier that holds; `private` keeps private-reader from everything but private questions. What goes wrong is told to
    `outrider doctor`.
    """
    return front.run(event)
