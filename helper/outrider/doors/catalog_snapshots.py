"""What `catalog sync` brought, kept in our home: each source's rows as facts, with when, from where, and a digest.

A snapshot is replaced whole or not at all, so a source that fails leaves the old one, which says how old it is.
"""

import json
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.doors.digest import blake2b
from outrider.doors.files import make_folder, read_small, write_whole
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.records import as_dict, record
from outrider.rules.facts.nouns import Fact, Rate, Score

FOLDER = "catalog"
LARGEST = 67_108_864
VERSION = 1


@record
class Snapshot:
    """One source's word: when it was taken (UTC, to the second), what tells it from another, and its facts."""

    source: str
    taken: str
    digest: str
    etag: str
    facts: tuple[Fact, ...]


def names(places: Places) -> tuple[str, ...]:
    """Returns the sources of which there is a snapshot."""
    try:
        found = os.listdir(places.ours(FOLDER))
    except OSError:
        return ()
    return tuple(sorted(name.removesuffix(".json") for name in found if name.endswith(".json")))


def head(places: Places, source: str) -> Mapping[str, Any]:
    """Returns what a snapshot says of itself, without its facts: the first line of its file."""
    try:
        with open(places.ours(FOLDER, f"{source}.json"), encoding="utf-8") as file:
            found = json.loads(file.readline(4_096))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) and found.get("version") == VERSION else {}


def standing(places: Places, source: str) -> Mapping[str, Any]:
    """Returns what a whole snapshot says of itself; nothing where there is none, or a damaged one."""
    found = _parts(places, source)
    return found[0] if found is not None else {}


def load(places: Places, source: str) -> Snapshot | None:
    """Returns a source's snapshot, or None where there is none that can be read."""
    found = _parts(places, source)
    if found is None:
        return None
    said, rest = found
    # Every price says where it is from: the source, which snapshot of it, and the day.
    whose, day = f"{source} {said['digest'][:12]}", said["taken"][:10]
    try:
        facts = tuple(_fact(row, source=whose, as_of=day) for row in json.loads(rest))
    except (ValueError, KeyError, TypeError, RecursionError, ArithmeticError):
        return None
    return Snapshot(source=source, taken=said["taken"], digest=said["digest"], etag=said["etag"], facts=facts)


def _parts(places: Places, source: str) -> tuple[Mapping[str, Any], bytes] | None:
    """Returns a snapshot's first line and the rest, which is what its digest says."""
    data = read_small(places.ours(FOLDER, f"{source}.json"), limit=LARGEST, follow=False)
    first, _, rest = (data or b"").partition(b"\n")
    rest = rest.rstrip(b"\n")
    try:
        said = json.loads(first)
        is_whole = said["version"] == VERSION and _digest(rest) == said["digest"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    has_all = all(isinstance(said.get(name), str) for name in ("taken", "etag"))
    return (said, rest) if is_whole and has_all else None


def store(places: Places, source: str, facts: tuple[Fact, ...], *, taken: str, etag: str) -> Mapping[str, Any]:
    """Stores a source's facts in place of the old ones, and returns what the snapshot says of itself."""
    ordered = sorted(facts, key=lambda fact: fact.key)
    rest = json.dumps([_row(fact) for fact in ordered], separators=(",", ":"), sort_keys=True).encode()
    if len(rest) > LARGEST - 4_096:
        raise OutriderError(f"{source} has too much to keep", hint="this is no list of models; nothing was changed")
    said = {"source": source, "taken": taken, "digest": _digest(rest), "etag": etag, "models": len(ordered)}
    return _write(places, said, rest)


def touch(places: Places, source: str, *, taken: str) -> Mapping[str, Any]:
    """Notes that a source still says the same, and returns what its snapshot says of itself."""
    found = _parts(places, source)
    if found is None:
        raise OutriderError(f"the snapshot of {source} is gone", hint=f"run `outrider catalog sync {source}` again")
    return _write(places, {**found[0], "taken": taken}, found[1])


def _write(places: Places, said: Mapping[str, Any], rest: bytes) -> Mapping[str, Any]:
    make_folder(places.ours(FOLDER))
    said = {"version": VERSION, **said}
    write_whole(places.ours(FOLDER, f"{said['source']}.json"), json.dumps(said).encode() + b"\n" + rest + b"\n")
    return said


def _digest(rest: bytes) -> str:
    return blake2b(rest, digest_size=16).hexdigest()


def _row(fact: Fact) -> dict[str, Any]:
    """Returns a fact as it is kept. When and by whom it is said stands above all of them, once."""
    values = as_dict(fact)
    row = {name: value for name, value in values.items() if name not in ABOVE and value not in (None, "", ())}
    row["rates"] = [
        {
            name: str(value) if isinstance(value, Decimal) else value
            for name, value in as_dict(rate).items()
            if value is not None
        }
        for rate in fact.rates
    ]  # fmt: skip
    row["scores"] = [as_dict(score) for score in fact.scores]
    row["aliases"] = list(fact.aliases)
    return row


def _fact(row: Mapping[str, Any], *, source: str, as_of: str) -> Fact:
    rates = tuple(_rate(one) for one in row.get("rates", ()))
    scores = tuple(Score(**one) for one in row.get("scores", ()))
    plain = {name: value for name, value in row.items() if name not in {"rates", "scores", "aliases"}}
    return Fact(**plain, rates=rates, scores=scores, aliases=tuple(row.get("aliases", ())), source=source, as_of=as_of)


def _rate(row: Mapping[str, Any]) -> Rate:
    values: dict[str, Any] = {
        name: Decimal(value) if name in MONEY and value is not None else value for name, value in row.items()
    }
    return Rate(**{"input": None, "output": None, **values})


ABOVE = frozenset({"source", "as_of", "local", "stated"})
MONEY = frozenset({"input", "output", "cached", "cache_write"})
