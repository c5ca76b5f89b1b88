"""`outrider trust`: lets a repository's own settings take effect, after showing what they would change."""

import os
import sys
from collections.abc import Mapping
from typing import Any

import click

from outrider.cli.families import plain_options
from outrider.cli.person import only_a_person
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.cli.trust_change import MOST_SHOWN, Change, lines, programs, shape, since_trusted
from outrider.doors import registry
from outrider.doors import trust as trust_door
from outrider.doors.settings import Places, places
from outrider.errors import OutriderError, Refused
from outrider.records import record, replace
from outrider.rules import privacy
from outrider.rules.difference import Difference, differences, in_words
from outrider.rules.layers import key_names, merge

EXAMPLES = """\b
Examples:
  outrider trust
  outrider trust ~/src/project --yes
  outrider trust --list
  outrider trust --revoke"""


@record
class Asked:
    """What a repository's files ask for: the values that trust would change, and what is refused all the same."""

    root: str
    files: trust_door.Files
    trusted: bool
    managed: bool
    since: Change | None
    changes: tuple[Difference, ...]
    refused: tuple[str, ...]
    values: Mapping[str, Any]


@click.command(epilog=EXAMPLES)
@click.argument("folder", metavar="[DIR]", required=False)
@click.option("--yes", is_flag=True, help="Trust without asking; what changes is printed all the same.")
@click.option("--list", "as_list", is_flag=True, help="List what is trusted.")
@click.option("--revoke", is_flag=True, help="Take the trust back.")
@plain_options
def trust(folder: str | None, *, yes: bool, as_list: bool, revoke: bool, as_json: bool, quiet: bool) -> int:
    """Let a repository's settings take effect: its chains, models, providers, prompts.

    Without trust they may only tighten: local models only, lower budgets, fewer providers, cheaper tiers. Trust holds
    for these exact files, in every worktree of this clone; a changed one is asked about again, with what changed since.
    A key is never sent to an address that your own settings did not bind it to, trusted or not.
    """
    session = Session()
    only_a_person(session, "trust")
    if as_list:
        return _list(session.places, as_json=as_json)
    where = _project(folder)
    if revoke:
        return _revoke(where, as_json=as_json)
    asked = _asked(where)
    if not as_json:
        _print(asked)
    if not asked.files or asked.trusted:
        if as_json:
            dump(_shape(asked, trusted=asked.trusted))
        return 0
    if not _agreed(asked, folder, yes=yes, as_json=as_json):
        return 1
    trust_door.grant(where, asked.root, asked.files)
    if as_json:
        dump(_shape(asked, trusted=True))
    else:
        out(f"trusted: {asked.root}")
        if not quiet:
            note("a change to these files is asked about again; `outrider trust --revoke` takes it back")
    return 0


def _project(folder: str | None) -> Places:
    if folder is not None and not os.path.isdir(folder):
        raise OutriderError(f"there is no folder {folder}", hint="name the folder of a checkout")
    where = places(cwd=os.path.abspath(folder) if folder is not None else None)
    if where.project is None:
        raise OutriderError(
            f"{folder or 'this folder'} is in no repository", hint="go into a checkout, or name its folder"
        )
    return where


def _asked(where: Places) -> Asked:
    """Reads the repository's files once: what is shown is what is trusted. Raises where they are not valid."""
    sources = registry.read_sources(where)
    files = registry.project_files(where, sources)
    root = where.project or ""
    layers = registry.parse_layers(sources, trusted=True)
    registry.check_layers(where, layers)
    whole, _, notes = merge(layers)
    try:
        registry.check_values(whole)
    except OutriderError:
        # What is refused may be what is missing then.
        for text in notes:
            note(text)
        raise
    distrusted = tuple(replace(layer, trusted=False) if layer.name.startswith("project") else layer for layer in layers)
    return Asked(
        root=root, files=files, trusted=registry.is_trusted(where, sources),
        managed=registry.is_managed(where, sources), since=since_trusted(where, files),
        changes=differences(merge(distrusted)[0], whole), refused=notes, values=whole,
    )  # fmt: skip


def _agreed(asked: Asked, folder: str | None, *, yes: bool, as_json: bool) -> bool:
    """Asks the person, or refuses where there is none."""
    if yes:
        return True
    if as_json or not sys.stdin.isatty():
        if as_json:
            _print(asked, to_stderr=True)
        raise Refused(
            f"{asked.root} is not trusted, and nobody can be asked here",
            hint=f"read what it changes, then run `outrider trust {f'{folder} ' if folder else ''}--yes`",
            kind="trust",
        )
    return click.confirm("Trust these exact files?", default=False, err=True)


def _print(asked: Asked, *, to_stderr: bool = False) -> None:
    say = note if to_stderr else out
    if not asked.files:
        say(f"{asked.root} has no settings of its own: there is nothing to trust")
        return
    state = " (trusted by the managed layer)" if asked.managed else " (trusted)" if asked.trusted else ""
    say(f"settings of {asked.root}{state}:")
    for path, data in asked.files:
        say(f"  {path} ({len(data):,} bytes)")
    for line in _addresses(asked):
        say(f"  PROMPTS GO TO {line}")
    for line in programs(asked.files):
        say(f"  {line}")
    for line in lines(asked.since, root=asked.root) if not asked.trusted else ():
        say(line)
    say(f"beyond tightening they change {len(asked.changes)} values{':' if asked.changes else ''}")
    for change in asked.changes[:MOST_SHOWN]:
        say(f"  {change.path}: {in_words(change.before)} -> {in_words(change.after)}")
    if len(asked.changes) > MOST_SHOWN:
        say(f"  and {len(asked.changes) - MOST_SHOWN} more: `outrider trust --json` shows all")
    for text in asked.refused:
        say(f"not taken, trusted or not: {text}")


def _addresses(asked: Asked) -> list[str]:
    """Says where prompts would newly go, and with which key."""
    names = dict.fromkeys(
        change.keys[1] for change in asked.changes if change.keys[:1] == ("providers",) and len(change.keys) > 1
    )
    found = []
    for name in names:
        row = asked.values["providers"].get(name, {})
        keys = " or ".join(key_names(row))
        found.append(f"{privacy.origin(row.get('base_url', ''))} (provider {name}{f', key {keys}' if keys else ''})")
    return found


def _shape(asked: Asked, *, trusted: bool) -> dict[str, Any]:
    return {
        "project": asked.root, "files": [path for path, _ in asked.files], "trusted": trusted,
        "changes": [{"path": change.path, "from": change.before, "to": change.after} for change in asked.changes],
        "refused": list(asked.refused), "managed": asked.managed, "since": shape(asked.since),
    }  # fmt: skip


def _list(where: Places, *, as_json: bool) -> int:
    found = [{"project": root, "state": _state(root, grant)} for root, grant in trust_door.granted(where).items()]
    managed = next((source for source in registry.read_sources(where) if source.name == "managed"), None)
    named = registry.parse(managed).get("trust") if managed is not None else None
    found += [{"project": str(pattern), "state": "named by the managed layer"}
              for pattern in (named if isinstance(named, list) else ())]  # fmt: skip
    if as_json:
        dump({"trusted": found})
    elif found:
        table([(row["project"], row["state"]) for row in found], heads=("repository", "state"))
    else:
        out("no repository is trusted")
    return 0


def _state(root: str, grant: trust_door.Grant) -> str:
    if not os.path.isdir(root):
        return "gone"
    try:
        files = registry.project_files(places(cwd=root), registry.read_sources(places(cwd=root)))
    except OutriderError:
        return "unreadable"
    return "trusted" if trust_door.digest(root, files) == grant.digest else "changed since, so not trusted now"


def _revoke(where: Places, *, as_json: bool) -> int:
    root = where.project or ""
    gone = trust_door.revoke(where, root)
    try:
        is_left = registry.is_managed(where, registry.read_sources(where))
    except OutriderError:
        is_left = False
    if as_json:
        dump({"project": root, "revoked": bool(gone), "all": list(gone), "trusted": is_left})
        return 0
    for path in gone:
        out(f"no longer trusted: {path}")
    if not gone:
        out(f"{root} was not trusted by you")
    if is_left:
        note(f"the managed layer names {root}, so it stays trusted")
    return 0
