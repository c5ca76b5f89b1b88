"""`outrider render`: makes the committed files anew from `templates/`, for contributors."""

import os

import click

from outrider.cli.show import out
from outrider.doors.files import write_whole
from outrider.errors import OutriderError


@click.command()
@click.option("--check", is_flag=True, help="Change nothing; fail where a committed file differs.")
def render(*, check: bool) -> None:
    """Make the generated files of a checkout anew from templates/, or check that they are fresh and well formed."""
    from outrider.doors import render as door
    from outrider.rules.pack_lint import problems

    root = _checkout()
    rendered = door.render(os.path.join(root, "templates"))
    wrong = problems(rendered)
    if wrong:
        raise OutriderError("the pack is not well formed:\n  " + "\n  ".join(wrong), hint="mend it in templates/")
    foreign = door.orphans(rendered, root)
    if foreign:
        raise OutriderError(f"made by no template: {', '.join(foreign)}", hint="move it to templates/, or delete it")
    stale = door.drift(rendered, root)
    if not stale:
        out(f"{len(rendered)} generated files are fresh")
        return
    if check:
        raise OutriderError(f"not fresh: {', '.join(stale)}", hint="run `outrider render` and commit what it wrote")
    for name in stale:
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_whole(path, rendered[name], mode=0o755 if door.is_executable(name) else 0o644)
        out(f"wrote {name}")


def _checkout() -> str:
    folder = os.getcwd()
    while not os.path.isfile(os.path.join(folder, "templates", "registry.yaml")):
        parent = os.path.dirname(folder)
        if parent == folder:
            raise OutriderError("this is not a checkout of outrider", hint="run it where `templates/registry.yaml` is")
        folder = parent
    return folder
