"""`outrider upgrade`: brings the pack to the helper's version, and names whatever is of another one."""

import click

from outrider import __version__
from outrider.cli.families import plain_options
from outrider.cli.install import put
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.rules.installing import Form


@click.command(epilog="\b\nExamples:\n  outrider upgrade\n  outrider upgrade --project\n  outrider upgrade --dry-run")
@click.option("--project", "for_project", is_flag=True, help="The pack in this repository's .claude.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@plain_options
def upgrade(*, for_project: bool, dry_run: bool, as_json: bool, quiet: bool) -> int:
    """Bring the installed pack to this helper's version, and name every part that is of another one.

    The helper itself is brought up to date by its own `./install.sh`, which runs this too.
    """
    from outrider.doors import client_pack
    from outrider.install import run, surroundings

    where = Session().places
    form: Form = "project" if for_project else "loose"
    differing = surroundings.other_versions(where, form=form)
    if run.installed(where, form=form) is None:
        plugins = () if for_project else tuple(client_pack.plugins(where))
        if as_json:
            dump({"changed": False, "version": __version__, "previous": None, "plugins": plugins, "notes": differing})
            return 0
        cure = f"`outrider install{' --project' if for_project else ''}`"
        what = f"is the plugin {plugins[0]}" if plugins else f"is not installed as files here: {cure}"
        out(f"the helper is {__version__}; the pack {what}")
        for text in () if quiet else differing:
            note(text)
        return 0
    return put(
        for_project=for_project, restore=False, explore=None, dry_run=dry_run, as_json=as_json, quiet=quiet,
        extra=differing,
    )  # fmt: skip
