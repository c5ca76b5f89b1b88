"""Brings the catalog together: what is shipped, what the registry says, what was fetched; and its database."""

import json
import os
import time
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from outrider import __version__
from outrider.cli.session import Session
from outrider.doors import catalog, catalog_snapshots
from outrider.doors.digest import blake2b
from outrider.doors.files import read_small
from outrider.errors import OutriderError, StorageFault
from outrider.records import record, replace
from outrider.rows import Model
from outrider.rules.facts import llms, shipped
from outrider.rules.facts.matching import placed
from outrider.rules.facts.merging import Catalog, merged
from outrider.rules.facts.pricing import Known, folded, price_of

SHIPPED = "catalog.json"
LARGEST = 16_777_216
INDEX = "artificial-analysis"
"""The source that knows models by their names, and serves none."""


@record
class Facts:
    """The whole catalog, and by which provider and id each name of the registry is in it.

    `until` is the day on which the next announced change of a price comes, nothing where none is announced.
    """

    catalog: Catalog
    names: Mapping[str, tuple[str, str]]
    table: llms.Table
    until: str = ""


def digest(session: Session) -> str:
    """Returns what tells these facts from others: the shipped ones, the registry, every snapshot."""
    parts = [
        __version__,
        *llms.COLUMNS,
        session.registry.digest,
        blake2b(_shipped(session), digest_size=16).hexdigest(),
    ]
    for name in _snapshots(session):
        head = catalog_snapshots.head(session.places, name)
        parts += [name, str(head.get("digest")), str(head.get("taken"))]
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def gathered(session: Session) -> Facts:
    """Returns all facts, merged: the registry's rows, what was synced, what is shipped; the newest word wins."""
    local = frozenset(name for name, provider in session.registry.providers.items() if provider.local)
    own, names = shipped.from_registry(session.registry)
    document = json.loads(_shipped(session))
    ours, conflicts = shipped.from_catalog(document, local=local)
    snapshots = [one for name in _snapshots(session) if (one := catalog_snapshots.load(session.places, name))]
    synced = [one.facts for one in snapshots if one.source != INDEX]
    whole = merged((own, *synced, ours), conflicts=conflicts)
    every, until = folded(
        shipped.by_maker(whole.facts, document["makers"]), day=time.strftime("%Y-%m-%d", time.gmtime())
    )
    for one in snapshots:
        if one.source == INDEX:
            keys = frozenset(fact.key for fact in own)
            every = placed(every, one.facts, own=keys, version_day=one.taken[:10])
    whole = replace(whole, facts=every)
    models = session.registry.models
    ordered = [(name, key) for name, key in reversed(tuple(names.items())) if name in models]
    # A native row stands for its vendor's model only where that has no row of its own.
    ordered.sort(key=lambda entry: (models[entry[0]].provider, models[entry[0]].id) == entry[1])
    by_key = {key: name for name, key in ordered}
    return Facts(catalog=whole, names=names, table=llms.table(whole.facts, names=by_key), until=until)


def ensure(session: Session) -> None:
    """Builds the database anew where the facts are others than it was built from."""
    now = digest(session)
    if catalog.is_fresh(session.places, now, day=time.strftime("%Y-%m-%d", time.gmtime())):
        return
    facts = gathered(session)
    heads = [catalog_snapshots.head(session.places, name) for name in _snapshots(session)]
    catalog.build(
        session.places, facts.catalog, facts.table, aliases=facts.names, digest=now, until=facts.until,
        snapshots=[(str(one.get("source")), str(one.get("taken")), str(one.get("digest")), int(one.get("models", 0)))
                   for one in heads],
    )  # fmt: skip


def prices(session: Session, models: Iterable[Model]) -> Mapping[tuple[str, str], Known]:
    """Returns the catalog's prices for these models, by provider and wire id; a catalog that fails prices nothing."""
    found: dict[tuple[str, str], Known] = {}
    try:
        ensure(session)
        for model in models:
            rates, as_of, source = catalog.rates_of(session.places, model.provider, model.id)
            price = price_of(rates)
            if price is not None:
                found[model.provider, model.id] = Known(price=price, as_of=as_of, source=f"catalog: {source}")
    except OutriderError:
        return {}
    return found


def rows(session: Session) -> list[Mapping[str, Any]]:
    """Returns the rows of `llms`, from the database."""
    ensure(session)
    found = catalog.query(session.places, "SELECT * FROM llms", limit=1_000_000)
    return [dict(zip(found.columns, row, strict=True)) for row in found.rows]


def counts(session: Session) -> Mapping[str, Any]:
    """Returns what stands beside a table: the index version, how many are scored, how many have no price."""
    ensure(session)
    found = catalog.query(
        session.places,
        "SELECT (SELECT MAX(index_version) FROM llms), (SELECT COUNT(*) FROM llms),"
        " (SELECT COUNT(intelligence) FROM llms), (SELECT MAX(intelligence) FROM llms),"
        " (SELECT MAX(coding) FROM llms), (SELECT value FROM counts WHERE name = 'unpriced')",
    ).rows[0]
    names = ("version", "models", "scored", "best_intelligence", "best_coding", "unpriced")
    return dict(zip(names, found, strict=True))


def _snapshots(session: Session) -> tuple[str, ...]:
    return catalog_snapshots.names(session.places)


@cache
def _read(path: str) -> bytes:
    data = read_small(path, limit=LARGEST)
    if data is None:
        raise StorageFault(f"the shipped catalog is missing: {path}", hint="install again: `./install.sh`")
    return data


def _shipped(session: Session) -> bytes:
    """Returns the shipped catalog's bytes: from the package, or from a checkout's templates."""
    packed = os.path.join(session.places.bundled, "templates", SHIPPED)
    checkout = os.path.join(os.path.dirname(os.path.dirname(session.places.bundled)), "templates", SHIPPED)
    return _read(packed if os.path.isfile(packed) else checkout)
