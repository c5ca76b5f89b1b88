"""`outrider audit`: which model saw which data, the proof that the book was not changed, and which model really ran."""

import time

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.session import Session
from outrider.errors import OutriderError
from outrider.rules.since import since as moment

EXAMPLES = """\b
Examples:
  outrider audit data --since 7d
  outrider audit data --file payroll.csv --provider openai
  outrider audit data --export audit-2026-11.json
  outrider audit data --check audit-2026-11.json"""


@click.group(cls=Family, epilog=EXAMPLES)
def audit() -> None:
    """Say which model saw which data; the plain name means `audit data`."""


@audit.command("data", epilog=EXAMPLES)
@click.option(
    "--file", "path", metavar="PATH", help="Did this file ever reach them? As it is now, or was at this path."
)
@click.option("--provider", metavar="NAME", help="Only what went to this provider.")
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--export", "export_path", metavar="FILE", help="Write a digest of the book, to keep elsewhere.")
@click.option("--check", "check_path", metavar="FILE", help="Compare the book with a digest that was kept.")
@plain_options
def data(
    *, path: str | None, provider: str | None, since: str | None, export_path: str | None, check_path: str | None,
    as_json: bool, quiet: bool,
) -> int:  # fmt: skip
    """List which model, at which address, was handed which data: digests and sizes, never the text.

    With --file the answer is yes, no or in doubt, and the attempts that say so: a file is found by its content as it
    is now, and by its path for what it held before. What Claude Code reads itself is not in this book.
    """
    from outrider.cli import audit_data, audit_proof

    session = Session()
    if sum(given is not None for given in (path, export_path, check_path)) > 1:
        raise OutriderError("`--file`, `--export` and `--check` are three questions", hint="ask one at a time")
    if export_path is not None:
        return audit_proof.export(session, export_path, as_json=as_json)
    if check_path is not None:
        return audit_proof.check(session, check_path, as_json=as_json)
    start = 0.0 if since is None else moment(since, now=time.time())
    if provider is not None:
        audit_data.known_provider(session, provider)
    if path is not None:
        return audit_data.of_file(session, path, provider=provider, since=start, as_json=as_json, quiet=quiet)
    return audit_data.everything(session, provider=provider, since=start, as_json=as_json, quiet=quiet)


PIN_EXAMPLES = """\b
Examples:
  outrider audit pins --since 30d
  outrider audit pins --by agent
  outrider audit pins --strict --quiet || echo 'a pin was ignored'"""


@audit.command("pins", epilog=PIN_EXAMPLES)
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--by", type=click.Choice(["agent"]), help="One line for each agent instead of one for each spawn.")
@click.option("--all", "everything", is_flag=True, help="Those that ran as asked too.")
@click.option("--strict", is_flag=True, help="Exit 4 if one is IGNORED or MISMATCH.")
@plain_options
def pins(
    *, since: str | None, by: str | None, everything: bool, strict: bool, as_json: bool, quiet: bool
) -> int:  # fmt: skip
    """Say which model each subagent was to run on, and which it really ran on.

    OK: it ran as asked, or nothing asked for a model. IGNORED: the client asked for another model than the call, a
    hook or the agent's file. MISMATCH: another model answered than the client asked for. UNKNOWN: nobody can say any
    more. From the transcripts of Claude Code; dollars are the difference at list prices.
    """
    from outrider.cli import audit_pins

    start = 0.0 if since is None else moment(since, now=time.time())
    return audit_pins.audit(
        Session(), since=start, by=by, strict=strict, everything=everything, as_json=as_json, quiet=quiet
    )
