"""`outrider uninstall`: takes the pack away again, but for what the user changed."""

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.rules.installing import Form


@click.command(epilog="\b\nExamples:\n  outrider uninstall --dry-run\n  outrider uninstall")
@click.option("--project", "for_project", is_flag=True, help="Out of this repository's .claude.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@plain_options
def uninstall(*, for_project: bool, dry_run: bool, as_json: bool, quiet: bool) -> int:
    """Take agents, skills and hooks out of Claude Code again.

    A file that you edited stays, and is named; your settings, keys and ledger stay. The command itself is taken away
    by `./install.sh --uninstall`.
    """
    from outrider.cli import pack_report
    from outrider.doors import client_pack
    from outrider.install import run

    where = Session().places
    form: Form = "project" if for_project else "loose"
    report = run.uninstall(where, form=form, dry_run=dry_run)
    plugins = tuple(client_pack.plugins(where)) if form == "loose" else ()
    notes = tuple(f"the plugin {name} is the client's to remove: `claude plugin uninstall {name}`" for name in plugins)
    if report is None:
        if as_json:
            dump({"form": form, "changed": False, "dry_run": dry_run, "files": [], "notes": list(notes)})
        else:
            out("the pack is not installed here" if form == "project" else "the pack is not installed as files")
            pack_report.warn(notes, quiet=quiet)
        return 0
    if as_json:
        dump(pack_report.shape(report, notes=notes))
        return pack_report.code(report)
    verb = "would be taken" if dry_run else "is taken"
    out(f"the pack {verb} out of {pack_report.relative(report)}: {pack_report.counted(report)}")
    pack_report.lines(report, is_removal=True)
    pack_report.warn(notes, quiet=quiet)
    return pack_report.code(report)
