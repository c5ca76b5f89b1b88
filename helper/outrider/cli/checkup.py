"""Everything that `doctor` looks at, one function a subject. Each yields what it finds, and mends it where asked to."""

import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from outrider import __version__
from outrider.cli import pack_state
from outrider.cli.checkup_mcp import mcp_server
from outrider.cli.config import hand_edit
from outrider.cli.session import Session
from outrider.cli.sight import look
from outrider.cli.status import refused_keys
from outrider.doors import (
    client_program,
    client_survey,
    client_version,
    hook_faults,
    ledger_read,
    registry,
    state,
    upkeep,
)  # fmt: skip
from outrider.doors import keys as keys_door
from outrider.doors.findings import problems
from outrider.doors.settings import Places
from outrider.errors import OutriderError, StorageFault
from outrider.rules import client_checks, health_checks, requires, secrets
from outrider.rules.agent_names import where_clashes
from outrider.rules.health_checks import Check
from outrider.rules.nearest import nearest

LATELY = 30 * 86_400.0

Subject = Callable[[Session, bool], Iterator[Check]]


def versions(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at what we run on, and whether the command can be found."""
    running = f"outrider {__version__}, Python {platform.python_version()}, SQLite {ledger_read.sqlite_version()}"
    yield Check(name="versions", mark="ok", message=running)
    found = upkeep.on_path("outrider")
    if found is None:
        yield Check(
            name="path", mark="warn", message="`outrider` is not on PATH, so agents do not find it",
            fix='run `./install.sh`, or add `export PATH="$HOME/.local/bin:$PATH"` to your shell\'s profile',
        )  # fmt: skip
    else:
        yield Check(name="path", mark="ok", message=f"`outrider` is {found}")


def home(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001 (one shape for all subjects)
    """Looks at our folder and files: writable, ours alone, nothing left lying, on a disk of this machine."""
    where = session.places
    if not upkeep.is_writable(where):
        yield Check(
            name="home", mark="fail", message=f"{where.home} cannot be written, and no call leaves without its row",
            fix="set OUTRIDER_HOME to a folder you can write to",
        )  # fmt: skip
        return
    loose = upkeep.loose(where)
    for path, mode in loose:
        if repair:
            upkeep.tighten(path)
            yield Check(name="home", mark="ok", message=f"{path} had mode {mode:04o}; others can no longer read it")
        else:
            fix = f"run `chmod go= {path}`, or `outrider doctor --repair`"
            yield Check(name="home", mark="fail", message=f"{path} has mode {mode:04o}: others can read it", fix=fix)
    for path in upkeep.leftovers(where):
        if repair:
            upkeep.remove(path)
            yield Check(name="home", mark="ok", message=f"{path} was left half-written, and is removed")
        else:
            fix = f"run `rm {path}`, or `outrider doctor --repair`"
            yield Check(name="home", mark="warn", message=f"{path} was left half-written by a killed process", fix=fix)
    yield from _locks(where, repair=repair)
    disk = upkeep.network_disk(where.home)
    if disk is not None:
        yield Check(
            name="home", mark="warn", message=f"{where.home} is on a network disk ({disk}), where locks do not hold",
            fix="set OUTRIDER_HOME to a folder on this machine's own disk",
        )  # fmt: skip
    if not loose and disk is None:
        yield Check(name="home", mark="ok", message=where.home)


def _locks(where: Places, *, repair: bool) -> Iterator[Check]:
    """Looks at the lock files: what nobody can take, and what somebody holds. A dead process holds none."""
    for path in upkeep.spoiled_locks(where):
        if repair:
            moved = upkeep.move_aside(path, at=time.time())
            yield Check(name="locks", mark="ok", message=f"{path} was no plain file; now {moved}")
        else:
            fix = f"run `mv {path} {path}.aside`, or `outrider doctor --repair`"
            yield Check(
                name="locks", mark="fail", message=f"{path} is no plain file, and nothing can be written", fix=fix
            )
    for path, process in upkeep.held_locks(where):
        who = f"process {process}" if process else "a process"
        fix = f"if it stays so, look at it with `ps -p {process}`" if process else "run `outrider doctor` again"
        yield Check(name="locks", mark="warn", message=f"{path} is held by {who}; others wait for it", fix=fix)


def ledger(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001 (one shape for all subjects)
    """Reads the whole book; a damaged one is set aside, never deleted."""
    path = session.ledger.path
    if not os.path.lexists(path):
        yield Check(name="ledger", mark="ok", message="not begun yet")
        return
    wrong = ledger_read.damage(session.ledger)
    if wrong is None:
        yield Check(name="ledger", mark="ok", message=f"whole: {path}")
    elif repair:
        moved = ledger_read.set_aside(session.ledger, at=time.time())
        yield Check(name="ledger", mark="ok", message=f"damaged; now {moved}, and budgets count anew from nothing")
    else:
        yield Check(
            name="ledger", mark="fail", message=wrong,
            fix="run `outrider doctor --repair`: it sets the file aside and begins a new one",
        )  # fmt: skip


def settings(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Checks every layer."""
    where = session.places
    sources = registry.read_sources(where)
    found = problems(where, sources, trusted=registry.is_trusted(where, sources))
    for entry in found:
        yield Check(
            name="settings", mark="fail", message=entry.sentence, fix="mend it; `outrider config check` shows all"
        )
    if not found:
        named = ", ".join(source.name for source in sources)
        yield Check(name="settings", mark="ok", message=f"sound: {named}")
        late = frozenset(_written_for_later(sources))
        for text in session.registry.notes:
            fix = "take a newer helper: run its `./install.sh`" if text in late else "read it, then `outrider trust`"
            yield Check(name="settings", mark="warn", message=text, fix=fix)
    edited = hand_edit(where, sources[0])
    if edited is not None:
        yield Check(name="settings", mark="warn", message=edited, fix="move the change, then install again")


def _written_for_later(sources: tuple[registry.Source, ...]) -> Iterator[str]:
    for source in sources:
        yield from requires.unmet(registry.parse(source), path=source.path, version=__version__)


def keys(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at keys: the file, what nobody reads, what was refused, and whether anything can be asked at all."""
    known = secrets.variables(session.registry.providers)
    stored = keys_door.env_file(session.places)
    for name in sorted(set(stored) - set(known)):
        close = nearest(name, known)
        meant = f"; did you mean {close}?" if close else ""
        fix = f"edit {session.places.ours('env')}"
        yield Check(name="keys", mark="warn", message=f"{name} in the key file is read by no provider{meant}", fix=fix)
    noted = state.load(session.places).get("keys", {})
    digests = {name: session.keys.digest(value) for name, value in stored.items() if name in known}
    yield from client_checks.key_ages(digests, noted if isinstance(noted, dict) else {}, at=time.time())
    situation, _ = look(session)
    for entry in refused_keys(session, situation):
        yield Check(
            name="keys", mark="fail", message=f"{entry['provider']} refused {entry['variable']}: {entry['message']}",
            fix=f"run `outrider keys set {entry['provider']}`",
        )  # fmt: skip
    providers = session.registry.providers
    keyed = [name for name in situation.keys if providers[name].needs_key]
    alive = [name for name, served in situation.served.items() if served.alive and not providers[name].needs_key]
    if keyed or alive:
        yield Check(name="keys", mark="ok", message=f"can be asked: {', '.join((*keyed, *alive))}")
    else:
        yield Check(
            name="keys", mark="warn", message="no key, and no local server is known: only subagents can answer",
            fix="run `outrider keys set NAME`, or start a local server and run `outrider models --live`",
        )  # fmt: skip


def surroundings(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at variables that people expect to count, and at models that are about to end."""
    watched = (*client_checks.DEFEATING, client_checks.ONE_MODEL)
    others = {name: value for name, value in session.environment.items() if name not in watched}
    yield from health_checks.environment(others, session.registry)
    version = _client(session)
    yield from client_checks.client(version)
    here = ((name, "this environment") for name in watched if session.environment.get(name))
    variables = (*here, *client_survey.variables_set(session.places, watched))
    yield from client_checks.defeating(variables, client=version)
    now = time.time()
    today = datetime.fromtimestamp(now, tz=UTC).date()
    yield from health_checks.endings(session.registry, _used_of_late(session, now), today=today)


def _used_of_late(session: Session, now: float) -> frozenset[str]:
    try:
        sums = ledger_read.sums(session.ledger, by=("model",), since=now - LATELY)
    except StorageFault:
        return frozenset()
    return frozenset(entry.names[0] or "" for entry in sums)


def _client(session: Session) -> client_checks.Version | None:
    """Returns the client's version. Within one it tells its own: what a repository puts on PATH is not started."""
    if session.inside_claude:
        return client_version.running(session.environment)
    return client_program.version() or client_version.on_path()


def pack(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001 (one shape for all subjects)
    """Looks at the pack and around it: its files, its agents' names, two forms at once, faults of its hooks."""
    where = session.places
    claims = pack_state.claims(session)
    project = {name: (file,) for name, file in claims.project.items()}
    yield from client_checks.duplicates({"user": claims.user, "project": project})
    yield from client_checks.clashes(where_clashes(claims))
    yield from client_checks.forms(client_survey.forms(where))
    yield from client_checks.drift(pack_state.facts(session), helper=__version__)
    yield from client_checks.hook_faults(hook_faults.noted(where), at=time.time())
    if repair:
        hook_faults.forget(where)


def facts(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at the catalog: prices that nobody looked at for long, models that no list has, damaged snapshots."""
    from outrider.cli.catalog_stale import looked_at

    found, snapshots = looked_at(session)
    used = _used_of_late(session, time.time())
    yield from health_checks.facts(found, snapshots, session.registry, used)


def tools(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at tool servers: each is started and listed; nothing is loaded for who has none."""
    from outrider.cli.checkup_tools import every_server

    yield from every_server(session)


SUBJECTS: tuple[Subject, ...] = (versions, home, ledger, settings, keys, surroundings, facts, pack, tools, mcp_server)


def every_check(session: Session, *, repair: bool) -> Iterator[Check]:
    """Yields everything; what cannot be looked at is itself a finding."""
    for subject in SUBJECTS:
        try:
            yield from subject(session, repair)
        except OutriderError as fault:
            yield Check(name=subject.__name__, mark="fail", message=fault.message, fix=fault.hint)
