"""Asks the servers whose models vary what they have, and writes it into the ledger."""

from outrider.cli.session import Session
from outrider.cli.stepping import step
from outrider.discovery import Found, ask_server, stale
from outrider.doors.transport import Send, sender
from outrider.rows import Provider
from outrider.rules import classes
from outrider.rules.targets import Situation


def ask_stale_servers(session: Session, situation: Situation, *, private: bool) -> tuple[Found, ...]:
    """Asks every usable server whose last word is old, and remembers the answers; in private only local ones."""
    return tuple(ask_and_record(session, provider) for provider in stale_servers(session, situation, private=private))


def stale_servers(session: Session, situation: Situation, *, private: bool) -> tuple[Provider, ...]:
    """Returns the usable servers whose last word is old; in private only local ones."""
    usable = {
        name: key
        for name, key in situation.keys.items()
        if classes.may_be_asked(session.registry, session.registry.providers[name], private=private)
    }
    return stale(session.registry.providers, session.ledger.served_at(), at=situation.at, usable=usable)


def ask_and_record(session: Session, provider: Provider) -> Found:
    """Asks one server and remembers what it said, where its models vary."""
    return step(asked_and_recorded(session, provider, sender(session.registry.values.get("network", {}))))


async def asked_and_recorded(session: Session, provider: Provider, send: Send) -> Found:
    """Does the same over a way out that waits as its event loop does."""
    secrets = session.keys.known_values(session.registry)
    found = await ask_server(provider, key=session.keys.value(provider), send=send, secrets=secrets)
    if provider.serves_listed:
        session.ledger.record_served(provider.name, found.served)
    return found
