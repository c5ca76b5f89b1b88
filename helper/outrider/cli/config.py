"""`outrider config`: is every layer sound, and where is every file."""

import json
import os
from typing import TYPE_CHECKING, Any

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.session import Session
from outrider.cli.show import complain, dump, note, out, table
from outrider.doors import registry
from outrider.doors.files import read_small
from outrider.doors.registry import Source
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault

if TYPE_CHECKING:
    from outrider.doors.findings import Finding

EXAMPLES = """\b
Examples:
  outrider config check
  outrider config path --json"""


@click.group(cls=Family, epilog=EXAMPLES)
def config() -> None:
    """Check the configuration, or say where its files are; the plain name checks."""


@config.command("check", epilog=EXAMPLES)
@plain_options
def check(*, as_json: bool, quiet: bool) -> int:
    """Check every layer and report every problem at once, with its file, line and path.

    Warnings are no problems: names that a layer takes over, chains that no key serves, a hand edit in the registry
    that is there for reading only. Exit 2 where there are problems.
    """
    from outrider.doors.findings import Finding, problems

    session = Session()
    where = session.places
    sources: tuple[Source, ...] = ()
    found: tuple[Finding, ...]
    try:
        sources = registry.read_sources(where)
        found = problems(where, sources, trusted=registry.is_trusted(where, sources))
    except StorageFault:
        raise
    except OutriderError as fault:
        found = (Finding(message=fault.message),)
    found += _tool_servers(where)
    warnings = () if found else _warnings(session, sources)
    layers = [_layer(where, source, sources) for source in sources]
    if as_json:
        dump({
            "ok": not found, "layers": layers, "warnings": list(warnings),
            "problems": [{"file": entry.file or None, "line": entry.line, "path": entry.path or None,
                          "message": entry.message} for entry in found],
        })  # fmt: skip
    else:
        for layer in layers:
            out(f"{layer['name']}: {layer['path']}{_state(layer['trusted'])}")
        for entry in found:
            out(f"problem: {entry.sentence}")
        for text in () if quiet else warnings:
            note(text)
    if found:
        many = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        complain(f"the configuration has {many}", "mend them, then run `outrider config check` again")
        return 2
    if not as_json:
        out("the configuration is sound")
    return 0


def _tool_servers(where: Places) -> "tuple[Finding, ...]":
    """Returns what is wrong with the files that name tool servers."""
    from outrider.doors.findings import Finding
    from outrider.doors.tools import files

    try:
        files.servers(where)
    except OutriderError as fault:
        return (Finding(message=fault.message),)
    return ()


def _layer(where: Places, source: Source, sources: tuple[Source, ...]) -> dict[str, Any]:
    is_project = source.name.startswith("project")
    return {
        "name": source.name, "path": source.path,
        "trusted": registry.is_trusted(where, sources) if is_project else None,
    }  # fmt: skip


def _state(trusted: bool | None) -> str:  # noqa: FBT001 (a state out of three)
    if trusted is None:
        return ""
    return " (trusted)" if trusted else " (not trusted: it may only tighten; see `outrider trust`)"


def _warnings(session: Session, sources: tuple[Source, ...]) -> tuple[str, ...]:
    """Returns what is odd and allowed."""
    from outrider.cli.sight import look
    from outrider.rules import checks

    layers = registry.parse_layers(sources, trusted=registry.is_trusted(session.places, sources))
    told = [f"{path}: {text}" for path, text in (*checks.shadowed(layers), *checks.changed(layers))]
    yaml = registry.user_files(session.places)
    if all(os.path.lexists(path) for path in yaml):
        told.append(f"both {yaml[0]} and {yaml[1]} are there: both count, the second over the first")
    edited = hand_edit(session.places, sources[0])
    if edited is not None:
        told.append(edited)
    told += _readable_by_claude(session)
    situation, trouble = look(session)
    return (*session.registry.notes, *told, *checks.unanswerable(session.registry, situation), *trouble)


def _readable_by_claude(session: Session) -> list[str]:
    """Says which local-only files Claude Code may read all the same."""
    if not session.registry.values.get("privacy", {}).get("paths"):
        return []
    from outrider.cli.classifying import deny_advice
    from outrider.cli.status import private_words

    return [private_words(entry) for entry in deny_advice(session) if not entry["present"]]


def hand_edit(where: Places, bundled: Source) -> str | None:
    """Says that the registry which is there for reading was edited, and where the edit belongs."""
    from outrider.rules.checks import hand_edits

    path = rendered_registry(where)
    if os.path.realpath(path) == os.path.realpath(bundled.path):
        return None
    instead = f"it is for reading only, and not used: put your settings into {registry.user_files(where)[0]}"
    try:
        data = read_small(path, limit=registry.BUNDLED_LIMIT)
        if data is None or data == bundled.data:
            return None
        values = json.loads(data)
    except (OutriderError, ValueError, RecursionError):
        return f"{path} cannot be read as JSON; {instead}"
    if not isinstance(values, dict):
        return f"{path} holds no object of settings; {instead}"
    told = hand_edits(values, json.loads(bundled.data))
    return f"{path} {told}; {instead}" if told is not None else None


def rendered_registry(where: Places) -> str:
    """Returns where the registry is that people and agents read; nothing is computed from it."""
    return os.path.join(where.claude, "config", "models.json")


@config.command("path", epilog=EXAMPLES)
@plain_options
def path(*, as_json: bool, quiet: bool) -> None:  # noqa: ARG001 (every command has it)
    """Say where every file is, or would be."""
    where = Session().places
    files = [{"what": what, "path": place, "exists": os.path.lexists(place)} for what, place in _files(where)]
    if as_json:
        dump({"files": files, "home": where.home, "claude_folder": where.claude, "project": where.project})
        return
    table(
        [(str(row["what"]), "yes" if row["exists"] else "", str(row["path"])) for row in files],
        heads=("file", "there", "path"),
    )


def _files(where: Places) -> list[tuple[str, str]]:
    user = registry.user_files(where)
    files = [
        ("bundled registry", os.path.join(where.bundled, "models.json")),
        ("schema", os.path.join(where.bundled, "models.schema.json")),
        ("managed settings", where.managed),
        ("your settings", user[0]),
        ("your settings, in YAML", user[1]),
        ("registry for reading", rendered_registry(where)),
        ("your tool servers", os.path.join(where.claude, "config", "mcp-servers.local.json")),
    ]
    if where.project is not None:
        folder = os.path.join(where.project, ".claude", "config")
        files += [
            ("project's settings", os.path.join(folder, "models.json")),
            ("project's settings, yours", os.path.join(folder, "models.local.json")),
            ("project's tool servers", os.path.join(where.project, ".claude", "mcp-servers.json")),
        ]
    names = {"keys": "env", "ledger": "ledger.db", "trust": "trust.json", "standing choices": "state.json",
             "threads": "threads", "jobs": "jobs", "answers": "answers", "cache": "cache"}  # fmt: skip
    return files + [(what, where.ours(name)) for what, name in names.items()]
