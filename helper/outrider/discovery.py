"""Asks servers what they serve, and remembers it: local servers and gateways hold what their owner put there.

A second small loop beside the engine's: it asks no model anything and costs nothing.
"""

from collections.abc import Awaitable, Callable, Mapping

from outrider.data import Failure, Fault, HttpCall, Reading, Timing
from outrider.records import record, replace
from outrider.rows import Provider
from outrider.rules.redaction import redact, without
from outrider.rules.targets import Served
from outrider.wire.call import list_call, read_list

QUICK = Timing(connect=1.0, first_byte=4.0, idle=2.0, total=6.0, max_bytes=8_388_608)
FRESH = 300.0
"""For how many seconds an answer counts before a server is asked again."""

Send = Callable[[HttpCall, Reading], Awaitable[Fault | None]]


@record
class Found:
    """What one server said: the ids it serves, or why it did not say."""

    provider: str
    served: Served
    failure: Failure | None = None


async def ask_server(provider: Provider, *, key: str | None, send: Send, secrets: tuple[str, ...] = ()) -> Found:
    """Asks one server for its models; none of these secrets is left in what it says."""
    body = _Body()
    fault = await send(list_call(provider, key=key, timing=QUICK), body)
    if fault is not None:
        failure = Failure(kind=fault.kind, message=fault.message, certainty=fault.certainty)
        return Found(provider=provider.name, served=Served(alive=False), failure=failure)
    ids = read_list(provider, status=body.status, body=bytes(body.data))
    if isinstance(ids, Failure):
        failure = replace(ids, message=redact(ids.message, secrets))
        return Found(provider=provider.name, served=Served(alive=False), failure=failure)
    # A server that repeats a key in what it lists would have it kept and printed.
    known = tuple(without(name, secrets) for name in ids)
    return Found(provider=provider.name, served=Served(alive=True, ids=known))


def stale(
    providers: Mapping[str, Provider], asked_at: Mapping[str, float], *, at: float, usable: Mapping[str, str]
) -> tuple[Provider, ...]:
    """Returns the servers whose last word is missing or old, among those that can be called."""
    return tuple(
        provider
        for provider in providers.values()
        if provider.serves_listed and provider.name in usable and at - asked_at.get(provider.name, 0.0) > FRESH
    )


class _Body:
    """Collects a reply's bytes."""

    def __init__(self) -> None:
        self.status = 0
        self.data = bytearray()

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        self.status = status

    def feed(self, chunk: bytes) -> str:
        self.data += chunk
        return ""

    def finish(self, fault: Fault | None) -> Failure:
        return Failure(kind="bad_response", message="not an answer")
