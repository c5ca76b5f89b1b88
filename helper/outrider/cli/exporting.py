"""`outrider export`: the registry as another tool's file, with the names of variables and no key."""

import os
from typing import TYPE_CHECKING

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.errors import OutriderError
from outrider.interop import EXPORT_EXAMPLES, EXPORTS, STARTED
from outrider.rules.nearest import nearest

if TYPE_CHECKING:
    from outrider.interop.exporting import Entry
    from outrider.interop.nouns import Exported


@click.command("export", epilog=EXPORT_EXAMPLES)
@click.argument("tool", metavar="FORMAT")
@click.option("-m", "--model", "names", metavar="NAME", multiple=True, help="Only this model, alias, task or preset.")
@click.option("--ready", is_flag=True, help="Only models whose key is there, or that need none.")
@click.option("--out", "path", metavar="FILE", help="Write to a file that is not there yet.")
@plain_options
def exporting(tool: str, *, names: tuple[str, ...], ready: bool, path: str | None, as_json: bool, quiet: bool) -> int:
    """Write your models for another tool: litellm, aichat, llm, aider, env, or how a client starts the mcp server.

    Each key is a reference to its variable, in that tool's own words. What the tool cannot say is named at the top of
    the file.
    """
    from outrider.cli.printing import check_out
    from outrider.interop import exporting as choosing
    from outrider.interop import formats

    name = _format(tool)
    session = Session()
    check_out(path, session)
    if path is not None and os.path.lexists(path):
        raise OutriderError(f"{path} is there already", hint="name a new file, or remove it first")
    if name in STARTED:
        if names or ready:
            raise OutriderError(
                "the MCP server offers all your models", hint="leave -m and --ready out: `outrider export mcp`"
            )
        return _tell(name, _server(), (), path=path, as_json=as_json, quiet=quiet)
    for wanted in names:
        _check(session, wanted)
    choice = choosing.chosen(session.registry, names)
    choice = choosing.ready(choice, frozenset(session.keys.present(session.registry))) if ready else choice
    if not choice.entries:
        raise OutriderError("there is no model to export", hint="leave --ready out, or see `outrider models`")
    found = formats.write(name, session.registry, choice)
    return _tell(name, found, choice.entries, path=path, as_json=as_json, quiet=quiet)


def _server() -> "Exported":
    from importlib.util import find_spec

    from outrider.install.gather import server
    from outrider.interop.mcp import exported

    return exported(server(), has_library=find_spec("mcp") is not None)


def _tell(
    name: str, found: "Exported", entries: "tuple[Entry, ...]", *, path: str | None, as_json: bool, quiet: bool
) -> int:
    from outrider.doors.files import write_whole

    if path is not None:
        write_whole(os.path.abspath(path), found.text.encode("utf-8"))
    if as_json:
        text = found.text if path is None else None
        dump({"format": name, "models": [entry.name for entry in entries], "out": path, "text": text,
              "notes": list(found.notes), "steps": list(found.steps)})  # fmt: skip
        return 0
    if path is None:
        out(found.text.rstrip("\n"))
    else:
        what = f"{len(entries)} models" if entries else "how the server is started"
        out(f"{what} written to {path}: it belongs to {found.place}")
    for text in () if quiet or path is None else found.notes:
        note(f"not in it: {text}")
    for text in () if quiet or path is None else found.steps:
        note(f"to do: {text}")
    return 0


def _format(tool: str) -> str:
    name, known = tool.lower(), (*EXPORTS, *STARTED)
    if name not in known:
        close = nearest(name, known)
        guess = f"did you mean `{close}`? " if close else ""
        raise OutriderError(f"no format is called `{tool[:80]}`", hint=f"{guess}the formats are {', '.join(known)}")
    return name


def _check(session: Session, wanted: str) -> None:
    from outrider.rules.selection import resolve

    resolve(session.registry, wanted)
