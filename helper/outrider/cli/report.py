"""`outrider report`: one page with charts of what was used and what it cost."""

import os
import time

import click

from outrider.cli import reporting
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dollars, dump, note, out
from outrider.doors.pages import check_place, write_page
from outrider.errors import OutriderError
from outrider.rules.since import since as moment
from outrider.rules.sums import OURS, whole

EXAMPLES = """\b
Examples:
  outrider report --html report.html
  outrider report --html month.html --since 30d
  outrider report --html here.html --repo --force"""


@click.command(epilog=EXAMPLES)
@click.option("--html", "path", metavar="FILE", required=True, help="Where to write the page.")
@click.option("--since", metavar="T", help="A span (7d, 24h) or a date in UTC; default: everything.")
@click.option("--repo", "only_here", is_flag=True, help="Only what was used in this repository.")
@click.option("--force", is_flag=True, help="Overwrite a file that is no report of ours.")
@plain_options
def report(
    *, path: str, since: str | None, only_here: bool, force: bool, as_json: bool, quiet: bool
) -> None:  # fmt: skip
    """Write one page with charts: spend, tasks, agents, fallbacks, latency, budget.

    The page is whole in itself: it loads nothing, and shows the same figures as `outrider usage --json`. It names
    models, repositories and money, so only you can read it; nothing of a conversation is in it. A report that is there
    already is made anew; any other file is kept.
    """
    at = time.time()
    start = None if since is None else moment(since, now=at)
    session = Session()
    if only_here and session.places.project is None:
        raise OutriderError("this folder is in no repository", hint="go into one, or leave `--repo` out")
    inside = (session.places.project or os.getcwd()) if session.inside_claude else None
    check_place(path, inside=inside, force=force)
    known = reporting.facts(session, at=at, since=start, repository=session.places.project if only_here else None)
    page = reporting.html(session, known)
    write_page(path, page)
    books = {book: [entry for entry in known.entries if entry.source == book] for book in ("claude_code", OURS)}
    totals = {book: whole(entries) for book, entries in books.items() if entries}
    if as_json:
        dump({
            "html": os.path.abspath(path), "bytes": len(page), "since": known.since, "repository": known.repository,
            "totals": {
                book: {"calls": total.calls, "cost_usd": total.known_cost, "basis": total.basis}
                for book, total in totals.items()
            },
            "skipped": list(known.notes),
        })  # fmt: skip
    else:
        words = ", ".join(f"{book} {dollars(total.known_cost)}" for book, total in totals.items())
        out(f"wrote {path} ({len(page):,} bytes): {words or 'nothing was used yet'}")
    if not quiet:
        for line in known.notes:
            note(line)
