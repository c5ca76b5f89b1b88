"""Our engine over its book and journal, without the command: `python -m bench.loopback.ours LIBRARY COUNT … [CA_FILE]`.

Every call is booked before it leaves; its answer is judged by a schema, and written to the journal with its cost.
"""

import asyncio
import sys
import tempfile
import time
from decimal import Decimal
from functools import partial
from random import random
from typing import Any, Literal

from bench.loopback.documents import MODEL, asked, document
from outrider.cli.schemas import acceptance
from outrider.data import Answer, Attempt, Message, Request, Route, Target
from outrider.doors import batch_rows
from outrider.doors.batch_journal import Batch, Journal
from outrider.doors.ledger import Ledger, Reservation, RunRow
from outrider.doors.ledger_group import Group
from outrider.doors.settings import Places
from outrider.doors.transport import many_sender
from outrider.engine import World, run
from outrider.records import replace
from outrider.rows import Model, Price, Provider, Rates
from outrider.rules.bulk.nouns import Document
from outrider.rules.limits import Limits
from outrider.rules.money import to_nano
from outrider.rules.outgoing import clear
from outrider.rules.quota import FULL
from outrider.rules.redaction import redact

SCHEMA = {
    "type": "object", "additionalProperties": False, "required": ["digest", "label"],
    "properties": {"digest": {"type": "integer", "minimum": 0}, "label": {"enum": ["even", "odd"]}},
}  # fmt: skip
KEY = "sk-loopback-0123456789abcdef"
PAGE = 256
"""So many documents are entered into the journal at once."""
ROW = RunRow(id="bench", command="batch", task="", rule="model", level=None, preset=None, private=False, decision={})


async def main(library: Literal["aiohttp", "httpx2"], count: int, at_once: int, url: str, out: str, *ca: str) -> None:
    """Asks about every document and prints what it took."""
    with tempfile.TemporaryDirectory() as home:
        places = Places(home=home, claude=home, project=None, bundled=home, managed=home)
        ledger = Ledger(places)
        send, close = many_sender({"ca_file": ca[0]} if ca else {}, library=library)
        batch = Journal(ledger, places).open("bench", run=ROW.id, source="bench", settings={})
        group = Group(ledger)
        try:
            one = partial(_one, _route(url), _world(send), group, batch)
            (await asked(count, at_once, out, one)).tell(count)
        finally:
            await group.close()
            await close()
            batch.close()
            ledger.close()


async def _one(route: Route, world: World, group: Group, batch: Batch, number: int) -> str:
    if number % PAGE == 0:
        batch.admit(
            [
                Document(id=each, position=each, prompt="", digest=f"{each:032x}")
                for each in range(number, number + PAGE)
            ]
        )
    text = document(number)
    digest = f"{number:032x}"

    async def reserve(target: Target, attempt: int, check: Any) -> Any:
        return await group.reserve(
            ROW, target, number=attempt, check=check, prompt_digest=digest, prompt_bytes=len(text),
            item=str(number),
        )  # fmt: skip

    async def settle(reservation: Reservation, attempt: Attempt) -> None:
        await group.settle(reservation, attempt, also=partial(_keep, batch.id, number, attempt))

    request = Request(messages=(Message(role="user", text=text),), schema=SCHEMA, stream=False, max_output=200)
    doors = replace(world, reserve=reserve, settle=settle)
    ended = await run(route, request, LIMITS, doors, accept=ACCEPT)
    if ended.answer is None:
        raise RuntimeError(str(ended.failure))
    return ended.answer.text


def _keep(batch: int, number: int, attempt: Attempt, connection: Any) -> None:
    if isinstance(attempt.outcome, Answer):
        batch_rows.done(
            connection, batch, number, answer=attempt.outcome.text, model=MODEL, cost_nano=to_nano(attempt.cost)
        )


def _world(send: Any) -> World:
    async def never(*_: Any) -> Any:
        raise RuntimeError

    values = (KEY,)
    return World(
        send=send, reserve=never, settle=never, key=lambda _: KEY, now=time.monotonic, at=time.time,
        sleep=asyncio.sleep, chance=random, price=lambda _: None, purse=lambda _: FULL,
        scrub=lambda text: redact(text, values), secrets=values,
        clear=partial(clear, secrets={KEY: "LOOPBACK_API_KEY"}, redact=None),
    )  # fmt: skip


def _route(url: str) -> Route:
    price = Price(base=Rates(input=Decimal("0.1"), output=Decimal("0.2")))
    model = Model(name="loopback.small", provider="loopback", id=MODEL, price=price, context=128_000, max_output=16_000,
                  row={"rules": {}}, abilities=("json",))  # fmt: skip
    provider = Provider(name="loopback", dialect="openai", base_url=url, keys=("LOOPBACK_API_KEY",))
    target = Target(model=model, provider=provider, wire_id=MODEL, key_id="k")
    return Route(task="", rule="model", level=None, targets=(target,), passed=())


LIMITS = Limits(budget={"run": Decimal(1_000)})
ACCEPT = acceptance(SCHEMA)

if __name__ == "__main__":
    library, count, at_once, *rest = sys.argv[1:]
    asyncio.run(main(library, int(count), int(at_once), *rest))  # type: ignore[arg-type]
