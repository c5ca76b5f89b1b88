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
from outrider.records import as_dict, record, replace
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


def load(places: Places, source: str) -> Snapshot | None:
    """Returns a source's snapshot, or None where there is none that can be read."""
    data = read_small(places.ours(FOLDER, f"{source}.json"), limit=LARGEST, follow=False)
    if data is None:
        return None
    first, _, rest = data.partition(b"\n")
    try:
        said, rows = json.loads(first), json.loads(rest)
        if said["version"] != VERSION or blake2b(rest.rstrip(b"\n"), digest_size=16).hexdigest() != said["digest"]:
            return None
        facts = tuple(_fact(row) for row in rows)
    except (ValueError, KeyError, TypeError, RecursionError, ArithmeticError):
        return None
    # Every price says where it is from: the source, which snapshot of it, and the day.
    whose, day = f"{source} {said['digest'][:12]}", said["taken"][:10]
    facts = tuple(replace(fact, source=whose, as_of=day) for fact in facts)
    return Snapshot(source=source, taken=said["taken"], digest=said["digest"], etag=said["etag"], facts=facts)


def store(places: Places, source: str, facts: tuple[Fact, ...], *, taken: str, etag: str) -> Snapshot:
    """Stores a source's facts in place of the old ones; when and by whom they are said stands above them, once."""
    make_folder(places.ours(FOLDER))
    bare = (replace(fact, source="", as_of="") for fact in facts)
    ordered = tuple(sorted(bare, key=lambda fact: fact.key))
    rest = json.dumps([_row(fact) for fact in ordered], separators=(",", ":"), sort_keys=True).encode()
    digest = blake2b(rest, digest_size=16).hexdigest()
    said = {
        "version": VERSION,
        "source": source,
        "taken": taken,
        "digest": digest,
        "etag": etag,
        "models": len(ordered),
    }
    if len(rest) > LARGEST - 4_096:
        raise OutriderError(f"{source} has too much to keep", hint="this is no list of models; nothing was changed")
    write_whole(places.ours(FOLDER, f"{source}.json"), json.dumps(said).encode() + b"\n" + rest + b"\n")
    return Snapshot(source=source, taken=taken, digest=digest, etag=etag, facts=ordered)


def touch(places: Places, snapshot: Snapshot, *, taken: str) -> None:
    """Notes that a source still says the same."""
    store(places, snapshot.source, snapshot.facts, taken=taken, etag=snapshot.etag)


def _row(fact: Fact) -> dict[str, Any]:
    row = {name: value for name, value in as_dict(fact).items() if value is not None and value not in ("", ())}
    row = {name: value for name, value in row.items() if name not in {"local", "stated"}}
    row["rates"] = [
        {name: str(value) if isinstance(value, Decimal) else value for name, value in as_dict(rate).items()}
        for rate in fact.rates
    ]  # fmt: skip
    row["scores"] = [as_dict(score) for score in fact.scores]
    row["aliases"] = list(fact.aliases)
    return row


def _fact(row: Mapping[str, Any]) -> Fact:
    rates = tuple(_rate(one) for one in row.get("rates", ()))
    scores = tuple(Score(**one) for one in row.get("scores", ()))
    plain = {name: value for name, value in row.items() if name not in {"rates", "scores", "aliases"}}
    return Fact(**plain, rates=rates, scores=scores, aliases=tuple(row.get("aliases", ())))


def _rate(row: Mapping[str, Any]) -> Rate:
    values: dict[str, Any] = {
        name: Decimal(value) if name in MONEY and value is not None else value for name, value in row.items()
    }
    return Rate(**values)


MONEY = frozenset({"input", "output", "cached", "cache_write"})
