"""`outrider keys`: which keys are there, storing one, taking over a file of them; never printing one, nor a part."""

import os
import stat
import sys
import time
from collections.abc import Mapping
from typing import Any

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out, table
from outrider.doors import keys as keys_door
from outrider.doors import state
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE
from outrider.errors import OutriderError
from outrider.rules import secrets

EXAMPLES = """\b
Examples:
  outrider keys
  outrider keys set openai
  pass show openai | outrider keys set OPENAI_API_KEY
  outrider keys import ~/old/.env"""
LONGEST_LIST = 20


@click.group(cls=Family, epilog=EXAMPLES)
def keys() -> None:
    """List, set or import keys; the plain name lists them.

    They are kept in a file of their own that only you can read. The environment goes before it.
    """


@keys.command("list", epilog=EXAMPLES)
@plain_options
def list_keys(*, as_json: bool, quiet: bool) -> None:
    """List every variable that a provider reads, and where it is set; never a value."""
    session = Session()
    path = session.places.ours("env")
    stored = keys_door.env_file(session.places)
    known = secrets.variables(session.registry.providers)
    found = [
        {"variable": name, "provider": provider, "environment": bool(session.environment.get(name)),
         "file": name in stored}
        for name, provider in known.items()
    ]  # fmt: skip
    others = sorted(set(stored) - set(known))
    foreign = [name for name in secrets.FOREIGN if session.environment.get(name) or name in stored]
    if as_json:
        dump({"keys": found, "file": path, "mode": _mode(path), "unread": others, "foreign": foreign})
        return
    table([(str(row["variable"]), str(row["provider"]), _where(row)) for row in found],
          heads=("variable", "provider", "set in"))  # fmt: skip
    if quiet:
        return
    note(f"key file {path}{f', mode {_mode(path)}' if _mode(path) else ': there is none yet'}")
    if others:
        note(f"in the key file, and read by no provider: {_named(others)}")
    for name in foreign:
        note(f"{name} is not read: {secrets.why_foreign()}; {secrets.foreign_hint(known)}")


def _where(row: dict[str, Any]) -> str:
    if row["environment"]:
        return "environment (over the key file)" if row["file"] else "environment"
    return "key file" if row["file"] else "-"


def _mode(path: str) -> str | None:
    try:
        return f"{stat.S_IMODE(os.stat(path).st_mode):04o}"
    except OSError:
        return None


def _named(names: list[str]) -> str:
    more = f" and {len(names) - LONGEST_LIST} more" if len(names) > LONGEST_LIST else ""
    return ", ".join(names[:LONGEST_LIST]) + more


@keys.command("set", epilog=EXAMPLES)
@click.argument("name")
@click.argument("surplus", nargs=-1, metavar="")
@plain_options
def set_key(name: str, surplus: tuple[str, ...], *, as_json: bool, quiet: bool) -> None:
    """Store a key: piped in, or typed without being shown.

    NAME is a variable or a provider. A key in the command line would be seen in the process list and the shell's
    history, so it is not taken from there.
    """
    from outrider.cli.person import only_a_person

    session = Session()
    only_a_person(session, "keys set")
    if surplus:
        raise OutriderError(
            "a key is not taken from the command line, where others can read it",
            hint="run `outrider keys set` with the name alone: it asks; and change the key if others may have seen it",
        )
    variable = secrets.variable_for(name, session.registry.providers)
    value = secrets.checked(_typed(variable), variable=variable)
    keys_door.store(session.places, {variable: value})
    _note(session, {variable: value})
    path = session.places.ours("env")
    if as_json:
        dump({"stored": [variable], "file": path})
        return
    out(f"{variable} stored in {path}")
    if session.environment.get(variable) and not quiet:
        note(f"{variable} is also set in this environment, which goes before the file: `unset {variable}`")


def _note(session: Session, stored: Mapping[str, str]) -> None:
    """Notes when keys were stored, for `doctor` to name the old ones; a key that was there already keeps its day."""
    noted = state.load(session.places).get("keys", {})
    digests = {name: session.keys.digest(value) for name, value in stored.items()}
    new = {name: digest for name, digest in digests.items() if noted.get(name, {}).get("digest") != digest}
    if new:
        state.note_keys(session.places, new, at=time.time())


def _typed(variable: str) -> str:
    stream = sys.stdin
    if stream is not None and not stream.isatty():
        return stream.read(secrets.LONGEST * 4)
    from getpass import getpass

    try:
        return getpass(f"{variable} (not shown): ", stream=sys.stderr)
    except EOFError:
        return ""


@keys.command("import", epilog=EXAMPLES)
@click.argument("file")
@plain_options
def import_keys(file: str, *, as_json: bool, quiet: bool) -> None:
    """Take the keys that providers read out of an env file you have; the file stays as it is.

    The file is parsed, never run. Says which names were stored and which were left, never a value.
    """
    from outrider.cli.person import only_a_person

    session = Session()
    only_a_person(session, "keys import")
    data = None if os.path.isdir(file) else read_small(file, limit=SMALL_FILE)
    if data is None:
        raise OutriderError(f"there is no file {file}", hint="name an env file: lines of `NAME=value`")
    found = keys_door.parse_env(data.decode("utf-8-sig", "replace"))
    known = secrets.variables(session.registry.providers)
    stored = {name: value for name, value in found.items() if name in known and secrets.is_key(value)}
    spoiled = sorted(name for name in found if name in known and name not in stored)
    left = sorted(set(found) - set(known) - set(secrets.FOREIGN))
    foreign = [name for name in secrets.FOREIGN if name in found]
    if stored:
        keys_door.store(session.places, stored)
        _note(session, stored)
    path = session.places.ours("env")
    if as_json:
        dump({"stored": sorted(stored), "left": left, "spoiled": spoiled, "foreign": foreign, "file": path})
    elif stored:
        out(f"stored in {path}: {', '.join(sorted(stored))}")
    else:
        out(f"nothing stored: no provider reads what is in {file}")
    if quiet:
        return
    for name in foreign:
        note(f"{name} was not taken: {secrets.why_foreign()}; {secrets.foreign_hint(known)}")
    if spoiled:
        note(f"not taken, since no header can carry them: {', '.join(spoiled)}")
    if left:
        note(f"left, since no provider reads them: {_named(left)}")
    if os.stat(file).st_mode & 0o077 and stored:
        note(f"{file} can be read by others: remove it, or `chmod 600 {file}`")
