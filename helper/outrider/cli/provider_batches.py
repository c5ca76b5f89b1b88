"""Batches at providers as commands reach them: the doors of their loops, and where a handle's batch is."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from outrider.cli import asking
from outrider.cli.session import Session
from outrider.data import Answer, Outcome, Target
from outrider.doors.provider_batches import Handle, Handles
from outrider.doors.transport import Send, many_sender
from outrider.jobs.provider_batches import Doors
from outrider.rows import Model, Provider
from outrider.rules import privacy
from outrider.rules.incoming import scrubbed
from outrider.rules.provider_batches import batch_target
from outrider.rules.redaction import redact

Accept = Callable[[Answer], Outcome]


def way_out(session: Session) -> tuple[Send, Callable[[], Awaitable[None]]]:
    """Returns the way out for few and long calls, on the running event loop, and what closes it."""
    return many_sender(session.registry.values.get("network", {}), library="httpx2")


def doors(session: Session, send: Send, *, told: Callable[[str], None]) -> Doors:
    """Returns the real doors."""
    keys = session.keys
    values = keys.known_values(session.registry)
    return Doors(
        send=send, key=keys.value, at=time.time, sleep=asyncio.sleep, handles=Handles(session.ledger),
        target=partial(target_of, session), accept=_acceptance,
        scrub=lambda outcome: scrubbed(outcome, scrub=lambda text: redact(text, values), secrets=values),
        name=asking.new_run, told=told,
    )  # fmt: skip


def target_of(session: Session, handle: Handle) -> Target | None:
    """Returns where a handle's batch is; None where that is not set up here, or with another key.

    Another key may be another account, which knows nothing of it: asking there would say that it is lost.
    """
    registry = session.registry
    provider = registry.providers.get(handle.provider)
    if provider is None or privacy.origin(provider.base_url) != handle.origin:
        return None
    key_id = session.keys.present(registry).get(handle.provider)
    if key_id is None or key_id != handle.key_id:
        return None
    model = registry.models.get(handle.model)
    if model is None:
        model = Model(name=handle.model, provider=handle.provider, id=handle.wire_id)
    target = Target(model=model, provider=provider, wire_id=handle.wire_id, key_id=key_id)
    return batch_target(target) or target


def bare_target(handle: Handle) -> Target:
    """Returns as much of a handle's target as the book needs, where it is not set up here any more."""
    provider = Provider(name=handle.provider, dialect="openai")
    model = Model(name=handle.model, provider=handle.provider, id=handle.wire_id)
    return Target(model=model, provider=provider, wire_id=handle.wire_id, key_id=handle.key_id)


def _acceptance(handle: Handle) -> Accept | None:
    if handle.schema is None:
        return None
    from outrider.cli.schemas import acceptance

    schema: Mapping[str, Any] = json.loads(handle.schema)
    return acceptance(schema)
