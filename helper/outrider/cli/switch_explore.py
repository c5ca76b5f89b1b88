"""Turns the override of the client's own Explore agent on or off, in the way that the form of the pack asks for."""

from outrider.cli.session import Session
from outrider.errors import OutriderError


def turn(session: Session, *, on: bool, for_project: bool) -> str:
    """Does what must be done besides storing the choice, and returns what to say of it."""
    pack = session.pack
    if pack.form == "plugin":
        # The plugin can bring no agent of that name, so the hook moves the client's own.
        runs = "on haiku" if on else "as the client has it"
        return f"Explore runs {runs} from its next start on: the hook of the plugin sees to it"
    if pack.form is None:
        return "the Explore agent comes with the pack: `outrider install` puts it in place or leaves it out"
    if for_project:
        raise OutriderError(
            "where the pack is installed as files, Explore is one file for all repositories",
            hint=f"leave `--project` out: `outrider switch explore {'on' if on else 'off'}`",
        )
    from outrider.install import run

    report = run.explore(session.places, on=on)
    waiting = [step.path for step in report.steps if step.action == "conflict"] if report is not None else []
    done = "is put in place, and Claude Code takes it from now on" if on else "is taken away; the client's own is back"
    left = f"; you changed {', '.join(waiting)}: `outrider diff`" if waiting else ""
    return f"the Explore agent {done}{left}"
