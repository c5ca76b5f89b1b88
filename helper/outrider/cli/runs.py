"""`outrider runs`: what ran, with the ids that `why` explains."""

import time
from decimal import Decimal

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out, table
from outrider.doors import ledger_read
from outrider.errors import OutriderError
from outrider.rules.since import since as moment


@click.command(
    epilog="\b\nExamples:\n  outrider runs\n  outrider runs --failed --since 24h\n  outrider runs --fallbacks --json"
)
@click.option("--failed", is_flag=True, help="Only those without an answer.")
@click.option("--fallbacks", is_flag=True, help="Only those that asked more than one model.")
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC.")
@click.option("--repo", "only_here", is_flag=True, help="Only those of this repository.")
@click.option("--limit", type=click.IntRange(min=1, max=100_000), default=20, show_default=True, metavar="N",
              help="The newest so many.")  # fmt: skip
@plain_options
def runs(
    *, failed: bool, fallbacks: bool, since: str | None, only_here: bool, limit: int, as_json: bool, quiet: bool
) -> None:
    """List what ran, the newest first; `outrider why ID` explains one."""
    session = Session()
    if only_here and session.places.project is None:
        raise OutriderError("this folder is in no repository", hint="go into one, or leave `--repo` out")
    found = ledger_read.runs(
        session.ledger, since=0.0 if since is None else moment(since, now=time.time()), limit=limit,
        repository=session.places.project if only_here else None, failed=failed, fallbacks=fallbacks,
    )  # fmt: skip
    if as_json:
        dump({"runs": list(found)})
        return
    if not found:
        out("no such run; `outrider ask` makes one")
        return
    table(
        [
            (
                run["run"], run["at"], run["command"], run["task"] or "-", run["model"] or "-",
                _outcome(run["outcome"], run["kind"]), str(run["attempts"]), dollars(Decimal(str(run["cost_usd"]))),
                f"{run['seconds']:.1f} s",
            )
            for run in found
        ],
        heads=("run", "at (UTC)", "command", "task", "model", "outcome", "attempts", "dollars", "took"),
    )  # fmt: skip
    if len(found) == limit and not quiet:
        note(f"the newest {limit}; more with `--limit`")


def _outcome(outcome: str, kind: str | None) -> str:
    if outcome == "open":
        return "running, or lost"
    return f"{outcome} ({kind})" if kind else outcome
