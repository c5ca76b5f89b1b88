"""Asks several servers at once what they have, and writes down what each of them said."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from outrider.cli.session import Session
from outrider.cli.stepping import step
from outrider.discovery import Found, ask_server
from outrider.doors.transport.blocking import Blocking
from outrider.errors import StorageFault
from outrider.records import replace
from outrider.rows import Provider, Registry
from outrider.rules import classes
from outrider.rules.targets import find_served

AT_ONCE = 8


def askable(session: Session, usable: frozenset[str]) -> tuple[Provider, ...]:
    """Returns the providers that have a list and may be asked: with a key where one is needed, within `privacy`."""
    return tuple(
        provider
        for provider in session.registry.providers.values()
        if provider.dialect not in {"native", "echo"}
        and provider.name in usable
        and classes.may_be_asked(session.registry, provider, private=False)
    )


def ask_all(session: Session, providers: tuple[Provider, ...]) -> tuple[Found, ...]:
    """Asks these servers, a few at a time, and remembers what those said whose models vary."""
    network = session.registry.values.get("network", {})
    keys = {provider.name: session.keys.value(provider) for provider in providers}
    secrets = session.keys.known_values(session.registry)

    def ask(provider: Provider) -> Found:
        found = step(ask_server(provider, key=keys[provider.name], send=Blocking(network).send, secrets=secrets))
        if found.failure is None:
            return found
        return replace(found, failure=replace(found.failure, message=found.failure.message[:300]))

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = tuple(pool.map(ask, providers))
    for provider, found in zip(providers, answers, strict=True):
        if provider.serves_listed:
            _remember(session, found)
    return answers


def _remember(session: Session, found: Found) -> None:
    try:
        session.ledger.record_served(found.provider, found.served)
    except StorageFault:
        # What was heard is shown all the same; the next command will complain of the book.
        return


def rows_for(registry: Registry, provider: str, wire_id: str) -> tuple[str, ...]:
    """Returns the rows that an id at a provider stands for: its own, and those that name it under `also`."""
    return tuple(
        model.name
        for model in registry.models.values()
        for known in ((model.id,) if model.provider == provider else ())
        + ((model.also[provider],) if provider in model.also else ())
        if known != "*" and find_served((wire_id,), known) is not None
    )


def found_shape(registry: Registry, found: Found) -> dict[str, Any]:
    """Returns what one server said, as scripts read it."""
    failure = found.failure
    return {
        "provider": found.provider, "alive": found.served.alive,
        "models": [{"id": wire_id, "rows": list(rows_for(registry, found.provider, wire_id))}
                   for wire_id in found.served.ids],
        "failure": {"kind": failure.kind, "status": failure.status, "message": failure.message} if failure else None,
    }  # fmt: skip
