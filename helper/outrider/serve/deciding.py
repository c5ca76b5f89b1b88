"""From a client's request to a decision: what `asking` does for the command line, without its arguments and files."""

import asyncio
from base64 import b64decode
from collections.abc import Mapping

from outrider.cli.asking import Decided
from outrider.cli.prompts import LONGEST_PROMPT, Prompt
from outrider.cli.prompts import facts as facts_of
from outrider.data import Json, Message, Route
from outrider.discovery import ask_server, stale
from outrider.doors import schemas
from outrider.doors.transport import Send
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rows import Registry
from outrider.rules import classes, money
from outrider.rules.limits import for_route
from outrider.rules.routing import route as decide
from outrider.rules.routing import unpriced
from outrider.rules.selection import Selection, resolve
from outrider.serve.kept import Kept, Standing
from outrider.wire.serving.asked import Asked
from outrider.wire.serving.errors import Unfit

DEFAULT, AUTO = "default", "auto"
"""What may be named although no row is called so: the registry's default task, and the level of the prompt."""
LONGEST_SCORED = 200_000
"""Letters of the last words that are judged for their level: a longer prompt would hold the others up."""


@record
class Settled:
    """A decision, and what was in force when it was made."""

    standing: Standing
    decided: Decided


class Deciding:
    """Decides for one request after another. `is_private` binds all of them to local models."""

    def __init__(self, kept: Kept, send: Send, *, is_private: bool) -> None:
        self._kept = kept
        self._send = send
        self._is_private = is_private
        self._asking_servers = asyncio.Lock()
        self._sound: Mapping[str, Json] | None = None

    async def settle(self, asked: Asked, run: str) -> Settled:
        """Returns which models are asked, in order, and why."""
        self._check(asked.request.schema)
        standing = self._kept.standing()
        registry = standing.registry
        selection = self._selection(standing, asked.model)
        messages = (*_prompt_of_task(registry, selection, asked.request.messages), *asked.request.messages)
        prompt = _prompt(asked, messages)
        facts = facts_of(prompt, messages, registry, schema=asked.request.schema, max_output=asked.request.max_output)
        if asked.request.tools:
            tools = asked.request.tools
            facts = replace(
                facts, needs=facts.needs | {"tools"},
                tokens=money.likely_tokens(messages, schema=asked.request.schema, tools=tools),
                most_tokens=money.most_tokens(messages, schema=asked.request.schema, tools=tools),
            )  # fmt: skip
        lacking = unpriced(registry, selection, facts, standing.bare)
        situation = self._kept.situation(standing, run, lacking)
        route = decide(registry, selection, facts, situation)
        if (not route.targets or route.targets[0].provider.serves_listed) and await self._ask_stale(standing, route):
            situation = self._kept.situation(standing, run, lacking)
            route = decide(registry, selection, facts, situation)
        limits = for_route(standing.limits, tuple((target.model, target.provider.row) for target in route.targets))
        request = replace(asked.request, messages=messages)
        decided = Decided(
            prompt=prompt, request=request, selection=selection, facts=facts, situation=situation, limits=limits,
            route=route,
        )  # fmt: skip
        return Settled(standing=standing, decided=decided)

    def _check(self, schema: Mapping[str, Json] | None) -> None:
        """Refuses a schema that is none before anybody is paid for an answer to it; the last good one is known."""
        if schema is None or schema == self._sound:
            return
        try:
            schemas.check_schema(dict(schema), source="the schema")
        except OutriderError as mistake:
            raise Unfit(mistake.message, hint=mistake.hint, param="response_format", code="invalid_value") from None
        self._sound = schema

    def _selection(self, standing: Standing, name: str) -> Selection:
        registry = standing.registry
        plain = Selection(
            private=self._is_private, fallback=standing.fallback, preset=standing.preset,
            preset_from=standing.preset_from,
        )  # fmt: skip
        named = {*registry.models, *registry.aliases, *registry.tasks, *registry.presets}
        if name in {"", DEFAULT} - named:
            return plain
        if name in {AUTO} - named:
            return replace(plain, task=AUTO)
        try:
            resolve(registry, name)
        except OutriderError as mistake:
            raise Unfit(mistake.message, hint=mistake.hint, status=404, code="model_not_found", param="model") from None
        return replace(plain, model=name)

    async def _ask_stale(self, standing: Standing, route: Route) -> bool:
        """Asks the servers whose last word is old what they have; whoever comes meanwhile waits for the answer."""
        session, registry, ledger = standing.session, standing.registry, self._kept.book.ledger
        async with self._asking_servers:
            usable = {
                name: key
                for name, key in standing.bare.keys.items()
                if classes.may_be_asked(registry, registry.providers[name], private=route.private)
            }
            at = self._kept.wall_clock()
            providers = stale(registry.providers, ledger.served_at(), at=at, usable=usable)
            secrets = tuple(standing.secrets)
            found = await asyncio.gather(
                *(ask_server(one, key=session.keys.value(one), send=self._send, secrets=secrets) for one in providers)
            )
            for one in found:
                ledger.record_served(one.provider, one.served)
            return bool(found)


def _prompt_of_task(registry: Registry, selection: Selection, messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """Returns the system text of the task that is named, for a client that brings none."""
    if selection.model is None or any(message.role == "system" for message in messages):
        return ()
    kind, found, _ = resolve(registry, selection.model)
    if kind != "task":
        return ()
    text = registry.values.get("prompts", {}).get(str(registry.tasks[found].row.get("prompt")))
    return (Message(role="system", text=text),) if text else ()


def _prompt(asked: Asked, messages: tuple[Message, ...]) -> Prompt:
    """Returns what is handed out: a client has one text for us, however it was put together, and its pictures."""
    text = "\n\n".join(message.text for message in messages)
    if len(text) > LONGEST_PROMPT:
        raise Unfit(f"the messages have more than {LONGEST_PROMPT:,} letters", status=413, code="too_large")
    images = tuple(image for message in messages for image in message.images)
    return Prompt(
        instruction=asked.instruction[:LONGEST_SCORED], text=text, images=images,
        papers=tuple(("image", "a picture in the request", b64decode(image.base64)) for image in images),
    )  # fmt: skip
