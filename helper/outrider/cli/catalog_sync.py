"""`outrider catalog sync`: fetches public facts into snapshots of ours; what fails leaves the old one, with its age."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any

from outrider.cli import facts_in_force
from outrider.cli.session import Session
from outrider.cli.show import dump, note, one_line, out
from outrider.cli.stepping import step
from outrider.data import Failure
from outrider.doors import catalog_snapshots
from outrider.doors.files import locked, make_folder
from outrider.doors.transport import sender
from outrider.errors import OutriderError, Refused
from outrider.interop.catalogs import SOURCES
from outrider.interop.catalogs.reading import Source
from outrider.records import as_dict, record
from outrider.rules.classes import why_barred
from outrider.rules.facts.judging import age, told, too_few
from outrider.rules.nearest import nearest
from outrider.rules.privacy import PUBLIC, address_problem
from outrider.syncing import Unchanged, fetch

ALL = "all"


@record
class Outcome:
    """How one source went: how many models it lists, what was refused, which snapshot stands now, and how old it is."""

    source: str
    how: str
    models: int = 0
    refused: int = 0
    digest: str = ""
    taken: str = ""
    days: int | None = None
    message: str = ""


def sync(names: tuple[str, ...], *, force: bool, as_json: bool, quiet: bool) -> int:
    """Fetches these sources and prints how each went; 1 where one of them failed."""
    session = Session()
    wanted = _chosen(names)
    make_folder(session.places.home)
    outcomes = []
    for source in wanted:
        key = session.keys.lookup(source.key) if source.key else None
        barred = _barred(session, source)
        if barred is not None:
            if source.name in names:
                raise Refused(barred, hint="`privacy` in your settings says so")
            outcomes.append(Outcome(source=source.name, how="skipped", message=barred))
        elif source.key and key is None:
            if source.name in names:
                raise OutriderError(
                    f"{source.name} needs a key of yours", hint=f"run `outrider keys set {source.name}`"
                )
            outcomes.append(Outcome(source=source.name, how="skipped", message=f"no {source.key}"))
        else:
            outcomes.append(_one(session, source, key=key, force=force))
        if not as_json:
            _print(outcomes[-1], source, quiet=quiet)
    facts_in_force.ensure(session)
    if as_json:
        dump({"sources": [_shape(outcome) for outcome in outcomes]})
    return 1 if any(outcome.how == "failed" for outcome in outcomes) else 0


def _barred(session: Session, source: Source) -> str | None:
    """Says why a source that is a provider, too, is not to be called; a list of models is no one's secret."""
    provider = session.registry.providers.get(source.name)
    return None if provider is None else why_barred(session.registry, provider, PUBLIC, is_local=False)


def _chosen(names: tuple[str, ...]) -> tuple[Source, ...]:
    wrong = next((name for name in names if name != ALL and name not in SOURCES), None)
    if wrong is not None or not names:
        close = nearest(wrong, (*SOURCES, ALL)) if wrong else None
        guess = f"did you mean `{close}`? " if close else ""
        message = f"no source is called `{wrong[:80]}`" if wrong else "name a source"
        raise OutriderError(message, hint=f"{guess}sources: {', '.join(SOURCES)}, all")
    return tuple(source for name, source in SOURCES.items() if name in names or ALL in names)


def _one(session: Session, source: Source, *, key: str | None, force: bool) -> Outcome:
    """Fetches one source, and stores what it says where that can be true."""
    places = session.places
    said = session.registry.values.get("catalog", {}).get("sources", {})
    url = str(said.get(source.name, source.url))
    problem = address_problem(url.partition("?")[0], declared_local=False)
    if problem is not None:
        raise OutriderError(f"the address of {source.name} {problem}", hint="mend `catalog.sources` in your settings")
    with locked(places.ours("catalog.lock"), about=f"the sync of {source.name}", longest=120.0):
        old = catalog_snapshots.standing(places, source.name)
        # An unchanged file elsewhere says nothing of this one.
        tag = str(old.get("etag", ""))
        tag = tag.removeprefix(f"{url} ") if tag.startswith(f"{url} ") else ""
        came = step(
            fetch(
                source, url=url, key=key, etag=tag,
                send=sender(session.registry.values.get("network", {})),
            )
        )  # fmt: skip
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if isinstance(came, Failure):
            return _failed(source, old, came.message)
        if isinstance(came, Unchanged):
            return _stands(catalog_snapshots.touch(places, source.name, taken=now), how="unchanged")
        few = too_few(len(came.facts), int(old.get("models", 0)))
        if few and not force:
            return _failed(source, old, f"{few}: `--force` takes it all the same")
        etag = f"{url} {came.etag}" if came.etag else ""
        new = catalog_snapshots.store(places, source.name, came.facts, taken=now, etag=etag)
        how = "unchanged" if old.get("digest") == new["digest"] else "changed"
        return _stands(new, how=how, refused=came.refused)


def _stands(said: Mapping[str, Any], *, how: str, refused: int = 0, message: str = "") -> Outcome:
    return Outcome(
        source=said["source"], how=how, models=said["models"], refused=refused, digest=said["digest"],
        taken=said["taken"], days=age(said["taken"], today=_today()), message=message,
    )  # fmt: skip


def _failed(source: Source, old: Mapping[str, Any], message: str) -> Outcome:
    """Returns how a source failed, and which snapshot of it stays."""
    return (
        _stands(old, how="failed", message=message)
        if old
        else Outcome(source=source.name, how="failed", message=message)
    )


def _today() -> date:
    return date.fromisoformat(time.strftime("%Y-%m-%d", time.gmtime()))


def _print(outcome: Outcome, source: Source, *, quiet: bool) -> None:
    match outcome.how:
        case "skipped":
            if not quiet:
                note(f"{outcome.source} is left out: {outcome.message}; `outrider keys set {outcome.source}`")
        case "failed":
            out(one_line(f"{outcome.source}: {outcome.message}; {_what_stays(outcome)}"))
        case _:
            rest = f", {outcome.refused:,} rows refused" if outcome.refused else ""
            credit = f" ({source.credit})" if source.credit else ""
            out(
                f"{outcome.source}: {outcome.models:,} models, {outcome.how}, snapshot {outcome.digest[:12]} of "
                f"{outcome.taken[:10]}{rest}{credit}"
            )


def _what_stays(outcome: Outcome) -> str:
    if not outcome.taken:
        return "nothing of it is here yet"
    return f"the snapshot of {outcome.taken[:10]} stays, {told(outcome.days)}, with {outcome.models:,} models"


def _shape(outcome: Outcome) -> dict[str, Any]:
    return {**as_dict(outcome), "stays": outcome.how == "failed" and bool(outcome.taken)}
