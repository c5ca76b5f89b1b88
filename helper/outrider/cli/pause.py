"""`outrider pause`: agents, skills and hooks are silent until `outrider resume`."""

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out


@click.command(epilog="\b\nExamples:\n  outrider pause\n  outrider resume")
@click.option(
    "--project", "for_project", is_flag=True, help="Say how Claude Code itself leaves it out in one repository."
)
@plain_options
def pause(*, for_project: bool, as_json: bool, quiet: bool) -> None:
    """Silence agents, skills and hooks without uninstalling; `outrider resume` brings them back.

    The command itself goes on working. Sessions that run now keep what they have read.
    """
    turn(on=True, for_project=for_project, as_json=as_json, quiet=quiet)


def turn(*, on: bool, for_project: bool, as_json: bool, quiet: bool) -> None:
    """Pauses or resumes, and says how it now is."""
    from outrider.doors import client_pack
    from outrider.install import run

    where = Session().places
    plugins = tuple(client_pack.plugins(where))
    if for_project:
        _tell_project(plugins, on=on, as_json=as_json)
        return
    moved = run.pause(where, on=on)
    verb = "disable" if on else "enable"
    lines = tuple(f"claude plugin {verb} {name}" for name in plugins)
    state = "paused" if on else "active"
    if as_json:
        dump({"state": state if moved is not None else None, "changed": bool(moved), "run": list(lines)})
        return
    if moved is None and not lines:
        out("the pack is not installed: `outrider install`")
    elif moved is not None:
        word = "is" if moved else "was already"
        then = "; `outrider resume` brings it back" if on else ""
        out(f"the pack {word} {state}{then}")
        if moved and not quiet:
            note("sessions that run now keep what they have read")
    for line in lines:
        out(f"the plugin is the client's: run `{line}`")


def _tell_project(plugins: tuple[str, ...], *, on: bool, as_json: bool) -> None:
    """Says how one repository does without: that is the client's own switch, in a file that git ignores."""
    names = plugins or (client_pack_folder(),)
    file = ".claude/settings.local.json"
    said = [f'"{name}": {"false" if on else "true"}' for name in names]
    text = f'"enabledPlugins": {{{", ".join(said)}}}'
    if as_json:
        dump({"file": file, "add": text})
        return
    out(f"in one repository that is Claude Code's own switch: put {text} into {file}")
    if not plugins:
        out("that leaves out skills and hooks; the agents stay listed, unless permissions.deny has `Agent(NAME)`")


def client_pack_folder() -> str:
    """Returns what the client calls the form that lies in its folder of skills."""
    from outrider.doors.client_pack import OF_FOLDER

    return OF_FOLDER
