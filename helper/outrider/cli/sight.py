"""What listings need to know of the situation, also where the book or the home cannot be used.

A decision that may cost money must not be made without the book; a listing may, when it says so.
"""

import time

from outrider.cli.session import Session
from outrider.errors import StorageFault
from outrider.rules.targets import Situation


def look(session: Session) -> tuple[Situation, tuple[str, ...]]:
    """Returns the situation, and what of it could not be read."""
    limits = session.limits()
    try:
        return session.situation(limits), ()
    except StorageFault as fault:
        keys = {
            provider.name: ""
            for provider in session.registry.providers.values()
            if provider.dialect != "native" and (not provider.needs_key or session.keys.value(provider))
        }
        bare = Situation(keys=keys, health={}, served={}, limits=limits, now=time.monotonic(), at=time.time())
        return bare, (f"{fault.message} ({fault.hint})",)
