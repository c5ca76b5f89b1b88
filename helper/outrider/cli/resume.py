"""`outrider resume`: agents, skills and hooks speak again after `outrider pause`."""

import click

from outrider.cli.families import plain_options
from outrider.cli.pause import turn


@click.command(epilog="\b\nExamples:\n  outrider resume")
@click.option(
    "--project", "for_project", is_flag=True, help="Say how Claude Code itself takes it in again in one repository."
)
@plain_options
def resume(*, for_project: bool, as_json: bool, quiet: bool) -> None:
    """Bring agents, skills and hooks back after `outrider pause`."""
    turn(on=False, for_project=for_project, as_json=as_json, quiet=quiet)
