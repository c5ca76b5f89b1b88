"""`outrider import`: another tool's settings into your own, after showing what they become."""

import json
import os
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from outrider.cli.families import plain_options
from outrider.cli.person import only_a_person
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.errors import OutriderError, Refused
from outrider.interop import IMPORT_EXAMPLES, IMPORTS
from outrider.rows import Registry
from outrider.rules.nearest import nearest

if TYPE_CHECKING:
    from outrider.interop.merging import Merged
    from outrider.interop.nouns import Imported
    from outrider.interop.providing import Into

LONGEST = 160
_FOLDERS = {"aichat": (("config.yaml",), {"roles": "roles"})}


@click.command("import", epilog=IMPORT_EXAMPLES)
@click.argument("tool", metavar="FORMAT")
@click.argument("file")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Write without asking; what is written is shown all the same.")
@click.option("--local", "hosts", metavar="HOST", multiple=True,
              help="A machine of yours that the file names: plain http and private prompts may go there.")  # fmt: skip
@plain_options
def importing(
    tool: str, file: str, *, dry_run: bool, yes: bool, hosts: tuple[str, ...], as_json: bool, quiet: bool
) -> int:
    """Take over another tool's models, aliases, fallbacks and prompts.

    FORMAT is llamafarm, moltbot, litellm, aichat, llm or claude-code-router; FILE its settings (a folder for aichat
    and llm). They become rows of ~/.claude/config/models.local.json; what is there stays as it is. A key is never
    taken: its variable is named, for `outrider keys set`. What cannot be carried over is listed.
    """
    from outrider.doors import registry as registry_door
    from outrider.doors import user_layer
    from outrider.interop import formats, merging

    session = Session()
    only_a_person(session, "import")
    name = _format(tool)
    document = _document(name, file)
    into = _into(session, _own(hosts))
    found = formats.read(name, document, into)
    try:
        before = user_layer.read(session.places)
    except user_layer.InYaml as refusal:
        if not dry_run:
            hint = "add what `outrider import … --dry-run --json` prints as `layer` by hand"
            raise OutriderError(refusal.message, hint=hint) from None
        before = dict(registry_door.parse(registry_door.read_sources(session.places)[-1]))
    merged = merging.merged(before, found.layer)
    registry = user_layer.tried(session.places, merged.values)
    is_new = merged.values != before
    if not as_json:
        _print(found, merged, before, quiet=quiet)
    if is_new and not dry_run:
        _agree(_typed(name, file, hosts), yes=yes, as_json=as_json)

        def edit(values: dict[str, Any]) -> None:
            values.update(merging.merged(dict(values), found.layer).values)

        path, registry = user_layer.change(session.places, edit)
    else:
        path = registry_door.user_files(session.places)[0]
    shape = _shape(session, found, merged, registry)
    if as_json:
        dump({"format": name, "file": file, **shape, "path": path, "written": is_new and not dry_run})
        return 0
    _end(shape, path, is_new=is_new, dry_run=dry_run)
    return 0


def _format(tool: str) -> str:
    name = tool.lower().replace("_", "-")
    if name not in IMPORTS:
        close = nearest(name, IMPORTS)
        guess = f"did you mean `{close}`? " if close else ""
        raise OutriderError(f"no format is called `{tool[:80]}`", hint=f"{guess}the formats are {', '.join(IMPORTS)}")
    return name


def _document(name: str, file: str) -> Any:
    from outrider.doors.foreign import read_document, read_folder
    from outrider.interop import llm

    names, texts = _FOLDERS.get(name, (llm.FILES if name == "llm" else (), {}))
    if os.path.isdir(file) and names:
        return read_folder(file, names, texts)
    document = read_document(file)
    own = os.path.basename(file)
    return {own: document} if name == "llm" and own in names else document


def _own(hosts: tuple[str, ...]) -> frozenset[str]:
    """Returns the hosts that are the user's, each checked as `providers add --local` does."""
    from outrider.doors.resolve import addresses
    from outrider.rules import adding, privacy

    found = set()
    for host in hosts:
        address, _ = adding.checked_url(f"http://{host}", dialect="ollama", local=True, addresses=addresses)
        found.add(privacy.plain_host(address) or "")
    return frozenset(found)


def _into(session: Session, own: frozenset[str]) -> "Into":
    """Returns what names are judged by: the registry below the user's layer, whose own names stay as they are."""
    from outrider.doors import registry as registry_door
    from outrider.interop.providing import Into
    from outrider.rules.layers import merge
    from outrider.rules.rows_from import registry_from

    sources = [source for source in registry_door.read_sources(session.places) if not source.name.startswith("project")]
    layers = registry_door.parse_layers(tuple(sources), trusted=True)
    registry_door.check_layers(session.places, layers)
    below = registry_from(merge(layers[: _below(layers)])[0], origins={}, digest="", notes=())
    whole = merge(layers)[0]
    registry_door.check_values(whole)
    return Into(
        registry=below, own_hosts=own, providers=registry_from(whole, origins={}, digest="", notes=()).providers
    )  # fmt: skip


def _below(layers: tuple[Any, ...]) -> int:
    return sum(layer.name in {"bundled", "managed"} for layer in layers)


def _typed(name: str, file: str, hosts: tuple[str, ...]) -> str:
    """Returns the command as it was typed, to type again."""
    vouched = [word for host in hosts for word in ("--local", host)]
    return shlex.join(["outrider", "import", name, file, *vouched])


def _agree(typed: str, *, yes: bool, as_json: bool) -> None:
    if yes:
        return
    if as_json or sys.stdin is None or not sys.stdin.isatty():
        raise Refused(
            "nothing was written: nobody can be asked here",
            hint=f"read what it becomes, then run `{typed} --yes`", kind="trust",
        )  # fmt: skip
    if not click.confirm("Write this into your settings?", default=False, err=True):
        raise Refused("nothing was written", hint=f"`{typed} --dry-run` shows it again", kind="trust")


def _lines(found: "Imported", merged: "Merged", before: Mapping[str, Any]) -> list[str]:
    """Returns what would be written, a line for each row."""
    from outrider.interop.merging import KINDS

    lines = []
    for kind in found.layer:
        after, there = merged.values.get(kind), before.get(kind)
        if kind in KINDS:
            lines += [
                f"+ {kind}.{name}: {_short(row)}" for name, row in (after or {}).items() if name not in (there or {})
            ]
        elif after != there:
            lines.append(f"+ {kind}: {_short(after)}")
    return lines


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def _print(found: "Imported", merged: "Merged", before: Mapping[str, Any], *, quiet: bool) -> None:
    for line in _lines(found, merged, before):
        out(line)
    for path in merged.kept:
        out(f"kept: {path} is in your settings already, otherwise")
    for left in found.not_carried:
        out(f"not carried over: {left.path}: {left.why}")
    for text in found.warnings:
        note(text)
    for text in () if quiet else found.notes:
        note(text)


def _shape(session: Session, found: "Imported", merged: "Merged", registry: Registry) -> dict[str, Any]:
    present = {variable: session.keys.lookup(variable) is not None for variable in found.secrets}
    names = [*found.layer.get("tasks", {}), *found.layer.get("models", {}), *found.layer.get("aliases", {})]
    known = [*registry.tasks, *registry.models, *registry.aliases]
    first = next((free for free in names if free in known), None)
    steps = [f"outrider keys set {variable}" for variable, is_there in present.items() if not is_there]
    steps += ["outrider config check"]
    steps += [f'outrider route {f"-m {first} " if first else ""}"hello"']
    return {
        "layer": dict(found.layer), "kept": list(merged.kept),
        "not_carried": [{"path": left.path, "why": left.why} for left in found.not_carried],
        "notes": list(found.notes), "warnings": list(found.warnings),
        "keys": [{"variable": variable, "present": is_there} for variable, is_there in present.items()], "next": steps,
    }  # fmt: skip


def _end(shape: Mapping[str, Any], path: str, *, is_new: bool, dry_run: bool) -> None:
    if not is_new:
        out("nothing to write: all that can be carried over is there already")
    elif dry_run:
        out(f"nothing was written; it would go into {path}")
        return
    else:
        out(f"written to {path}")
    out("next:")
    for step in shape["next"]:
        out(f"  {step}")
