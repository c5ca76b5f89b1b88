"""`outrider render`: makes the committed files anew from `templates/`, for contributors."""

import os

import click

from outrider.cli.show import out
from outrider.doors.files import make_folder, write_whole
from outrider.errors import OutriderError


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail where a committed file differs.")
def render(*, check: bool) -> None:
    """Make the generated files of a checkout anew from templates/, or check that they are fresh."""
    from outrider.doors import render as door

    root = _checkout()
    rendered = door.render(os.path.join(root, "templates"))
    stale = door.drift(rendered, root)
    if not stale:
        out(f"{len(rendered)} generated files are fresh")
        return
    if check:
        raise OutriderError(f"not fresh: {', '.join(stale)}", hint="run `outrider render` and commit what it wrote")
    for name in stale:
        path = os.path.join(root, name)
        make_folder(os.path.dirname(path))
        write_whole(path, rendered[name], mode=0o644)
        out(f"wrote {name}")


def _checkout() -> str:
    folder = os.getcwd()
    while not os.path.isfile(os.path.join(folder, "templates", "registry.yaml")):
        parent = os.path.dirname(folder)
        if parent == folder:
            raise OutriderError("this is not a checkout of outrider", hint="run it where `templates/registry.yaml` is")
        folder = parent
    return folder
