"""`outrider statusline --help`: what the line is and how to turn it on; the line itself never comes this way."""

import click

EPILOG = """\b
Turn it on in ~/.claude/settings.json, by hand:
  "statusLine": {"type": "command", "command": "outrider statusline"}"""


@click.command(epilog=EPILOG)
def statusline() -> int:
    """Print one line: the standing preset, what today has cost, and the last fallback.

    For Claude Code's status line. It asks nobody, takes no flag, and never fails.
    """
    from outrider import statusline as front

    return front.run()
