"""`outrider why`: the stored decision of a past run, told so that it can be checked."""

import click

from outrider.cli.session import Session
from outrider.cli.show import dump, out


@click.command(epilog="\b\nExamples:\n  outrider why\n  outrider why 1k2m3n --json")
@click.argument("run", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def why(run: str | None, *, as_json: bool) -> None:
    """Explain a past run: the rule that won, those that lost, settings, prices, models passed over.

    Without RUN the last one; inside Claude Code the last one of this session.
    """
    from outrider.cli.explaining import explained

    shape, lines = explained(Session(), run)
    if as_json:
        dump(shape)
        return
    for line in lines:
        out(line)
