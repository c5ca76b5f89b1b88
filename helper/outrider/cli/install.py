"""`outrider install`: puts the pack into Claude Code, and tells what is where."""

from decimal import Decimal
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from outrider import __version__
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules.installing import Form

if TYPE_CHECKING:
    from outrider.install import run

EXAMPLES = """\b
Examples:
  outrider install
  outrider install --dry-run
  outrider install --project
  outrider install --mcp
  outrider install --restore"""


@click.command(epilog=EXAMPLES)
@click.option("--project", "for_project", is_flag=True, help="Into this repository's .claude, for the whole team.")
@click.option(
    "--restore", is_flag=True, help="Bring back our version of what you edited (yours becomes .mine) or deleted."
)
@click.option("--explore/--no-explore", default=None, help="Keep the built-in Explore agent on haiku, or no longer.")
@click.option("--mcp/--no-mcp", default=None, help="Start the MCP server in every session, or no longer.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@plain_options
def install(
    *, for_project: bool, restore: bool, explore: bool | None, mcp: bool | None, dry_run: bool, as_json: bool,
    quiet: bool,
) -> int:  # fmt: skip
    """Put agents, skills and hooks into Claude Code, or bring them up to date.

    Nothing of yours is overwritten: a file that you changed stays, and ours is put beside it as FILE.new (exit code 3).
    Settings, CLAUDE.md and shell profiles are never touched. `outrider uninstall` takes it all away again.
    """
    if for_project and mcp is not None:
        raise OutriderError(
            "the MCP server is a user's own choice, no repository's", hint="run `outrider install --mcp`"
        )
    if mcp and find_spec("mcp") is None:
        raise OutriderError("the MCP library is not installed", hint="run `./install.sh --mcp` in the checkout")
    if for_project and explore is not None:
        raise OutriderError(
            "the Explore override is a user's own choice, no repository's", hint="run `outrider install --explore`"
        )
    return put(
        for_project=for_project, restore=restore, explore=explore, mcp=mcp, dry_run=dry_run, as_json=as_json,
        quiet=quiet,
    )  # fmt: skip


def put(
    *, for_project: bool, restore: bool, explore: bool | None, dry_run: bool, as_json: bool, quiet: bool,
    mcp: bool | None = None, extra: tuple[str, ...] = (),
) -> int:  # fmt: skip
    """Installs and reports; `extra` are notes of the caller's."""
    from outrider.cli import pack_report
    from outrider.install import run, surroundings

    session = Session()
    form: Form = "project" if for_project else "loose"
    report = run.install(session.places, form=form, restore=restore, explore=explore, mcp=mcp, dry_run=dry_run)
    notes = (
        *extra, *surroundings.doubled(session.places, form=form),
        *surroundings.notes(session.places, session.environment),
    )  # fmt: skip
    if as_json:
        dump(pack_report.shape(report, notes=notes))
        return pack_report.code(report)
    verb = "would be" if dry_run else "is"
    what = f"the pack {__version__}{' for this repository' if for_project else ''}"
    was = report.was.helper if report.was is not None else __version__
    before = f", {was} before" if was != __version__ else ""
    out(f"{what} {verb} in {pack_report.relative(report)}{before}: {pack_report.counted(report)}")
    pack_report.lines(report, is_removal=False)
    if not quiet:
        pack_report.contents(report)
        _offer(session, report, explore=explore)
    pack_report.warn(notes, quiet=quiet)
    return pack_report.code(report)


def _offer(session: Session, report: "run.Report", *, explore: bool | None) -> None:
    """Says what costs money, what else there is, and what to do next."""
    from outrider.cli.pack_report import line

    if report.form == "project":
        line("next", "commit .claude/agents/outrider and .claude/config; they work without a helper, too")
        return
    if report.wanted is not None:
        line("explore", _explore(is_on=report.wanted.explore, is_wished=explore))
        line("mcp", _mcp(is_on=report.wanted.mcp))
    line("budgets", _budgets(session))
    if report.was is not None and report.was.paused:
        line("paused", "nothing of it is loaded until `outrider resume`")
    elif not report.dry_run:
        fresh = report.was is None
        start = "restart Claude Code: new folders are read at its start" if fresh else "new sessions have it all"
        line("next", f"{start}; then `outrider status`, or `/outrider:status` inside")


def _explore(*, is_on: bool, is_wished: bool | None) -> str:
    if is_on:
        return "the built-in agent is kept on haiku; `outrider install --no-explore` lets it be"
    if is_wished:
        return "you have an agent of that name yourself, so ours is not installed"
    return "the built-in agent keeps its model; `outrider install --explore` keeps it on haiku"


def _mcp(*, is_on: bool) -> str:
    if is_on:
        return "its server starts with every session; `outrider install --no-mcp` turns it off"
    return "off: agents call `outrider` by Bash; `outrider install --mcp` starts a server in every session, too"


def _budgets(session: Session) -> str:
    limits = Session(replace(session.places, project=None)).limits()
    words = {"run": "a run", "day": "a day", "month": "a month"}
    said = [
        f"{_short(limits.budget[name])} {word}" for name, word in words.items() if limits.budget.get(name) is not None
    ]
    return ", ".join(said) + ("" if limits.budgets_set else ", until you set your own") if said else "none"


def _short(amount: Decimal) -> str:
    return f"${amount:.0f}" if amount == amount.to_integral_value() else f"${amount:.2f}"
