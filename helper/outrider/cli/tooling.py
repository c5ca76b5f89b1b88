"""Which tool servers a question may use, decided before any is started: those of `--tools` and of a model's row.

What is asked for by name and cannot be had ends the run; what a row brings along is left out with a word.
"""

from collections.abc import Mapping
from typing import Any

from outrider.cli.asking import Decided
from outrider.cli.session import Session
from outrider.doors.tools import files
from outrider.errors import OutriderError, Refused
from outrider.records import record
from outrider.rules.tools.bounds import Bounds, bounds_from
from outrider.rules.tools.offering import Offer, Withheld
from outrider.rules.tools.servers import READERS, Server, barred, likely

MOST_TOLD = 6


@record
class Plan:
    """The servers of a run, those of them that were asked for by name, and how far the run may go."""

    servers: tuple[Server, ...]
    named: frozenset[str]
    bounds: Bounds
    notes: tuple[str, ...] = ()


def names_of(session: Session, wanted: tuple[str, ...], decided: Decided) -> tuple[str, ...]:
    """Returns the servers that a run is to use: those of the flags, and of the row of the model that comes first."""
    targets = () if session.inside_claude else decided.route.targets
    row: Any = targets[0].model.row.get("tools", ()) if targets else ()
    return tuple(dict.fromkeys((*wanted, *row)))


def planned(session: Session, decided: Decided, wanted: tuple[str, ...], *, timeout: float | None) -> Plan:
    """Returns what servers to start; raises for one that was asked for and does not count, or may not be told this."""
    known = files.servers(session.places)
    notes = list(known.notes)
    kept: list[Server] = []
    for name in names_of(session, wanted, decided):
        server = known.rows.get(name)
        reason = None
        if server is None:
            close = likely(name, known.rows)
            where = files.user_file(session.places)
            if name in wanted:
                raise OutriderError(
                    f"no tool server is called `{name[:80]}`" + (f" ({'; '.join(known.notes)})" if known.notes else ""),
                    hint=f"did you mean `{close}`?" if close else f"name it in {where}: see `outrider guide tools`",
                )
            reason = f"the tool server {name}, which the model's row names, is in no file"
        else:
            reason = barred(server, private=decided.route.private, data_class=decided.route.data_class)
            if reason is not None and name in wanted:
                raise Refused(
                    reason, hint=f"leave `--tools {name}` out, or say in your own file what it may be told",
                )  # fmt: skip
        if server is not None and reason is None:
            kept.append(server)
        elif reason is not None:
            notes.append(f"left out: {reason}")
    bounds = bounds_from(session.registry.values.get("limits"), timeout=timeout)
    return Plan(servers=tuple(kept), named=frozenset(wanted), bounds=bounds, notes=tuple(notes))


def told(offer: Offer, servers: Mapping[str, Server]) -> tuple[str, ...]:
    """Returns a line for each server: how many of its tools are offered, and why others are not."""
    lines = []
    for name in servers:
        offered = sum(one.server == name for one in offer.tools)
        kept = [one for one in offer.withheld if one.server == name]
        lines.append(f"{name}: {offered} tools offered" + (f", {_why(tuple(kept))}" if kept else ""))
    return tuple(lines)


def _why(kept: tuple[Withheld, ...]) -> str:
    """Says what is withheld: by reason, with a few names."""
    reasons: dict[str, list[str]] = {}
    for one in kept:
        reasons.setdefault(one.why, []).append(one.name)
    parts = []
    for why, names in reasons.items():
        more = f" and {len(names) - MOST_TOLD} more" if len(names) > MOST_TOLD else ""
        parts.append(f"{len(names)} not ({', '.join(names[:MOST_TOLD])}{more}: {why})")
    return "; ".join(parts)


def nothing_offered(offer: Offer, servers: tuple[Server, ...], user_file: str) -> OutriderError:
    """Returns the error for servers of which no tool may be used."""
    lines = told(offer, {server.name: server for server in servers})
    readers = any(READERS in one.why for one in offer.withheld)
    allow = READERS if readers else next((one.name for one in offer.withheld if one.kind == "allow"), READERS)
    return OutriderError(
        f"no tool may be used: {'; '.join(lines) or 'no server lists one'}",
        hint=f'add `"allow": ["{allow}"]` to the row of {servers[0].name} in {user_file}',
    )
