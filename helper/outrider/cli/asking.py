"""From what the user typed to a route and a world: the road that `ask` and `route` share."""

import os
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from outrider.cli import prompts
from outrider.cli.session import Session
from outrider.data import Message, Request, Route
from outrider.errors import Refused
from outrider.records import record, replace
from outrider.rules import outgoing
from outrider.rules.classes import Mark
from outrider.rules.disclosure import Attached
from outrider.rules.limits import Limits, for_route
from outrider.rules.privacy import PUBLIC
from outrider.rules.routing import route as decide
from outrider.rules.routing import unpriced
from outrider.rules.selection import Facts, Selection, resolve, unknown
from outrider.rules.targets import Situation


@record
class Wish:
    """The flags that choose, as typed. `reads` are files that are looked at without being attached."""

    argument: str | None = None
    model: str | None = None
    task: str | None = None
    private: bool = False
    preset: str | None = None
    files: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    schema: str | None = None
    system: str | None = None
    prompt_name: str | None = None
    max_output: int | None = None
    max_cost: Decimal | None = None
    fallback: bool | None = None
    timeout: float | None = None
    params: tuple[tuple[str, Any], ...] = ()
    history: tuple[Message, ...] = ()
    carried: tuple[Attached, ...] = ()
    data_class: str = PUBLIC
    class_from: str = ""
    reads: tuple[str, ...] = ()
    reads_stdin: bool = True
    keyless: bool = False
    tools: tuple[str, ...] = ()


@record
class Decided:
    """A request with its decision and everything the decision was made from."""

    prompt: prompts.Prompt
    request: Request
    selection: Selection
    facts: Facts
    situation: Situation
    limits: Limits
    route: Route
    carried: tuple[Attached, ...] = ()
    schema_path: str | None = None


def decide_on(session: Session, wish: Wish, *, run: str = "", may_ask_servers: bool = False) -> Decided:
    """Reads the prompt and decides; with `may_ask_servers`, local servers are asked first where it matters."""
    mark = _classified(session, wish)
    prompt = prompts.gather(wish.argument, wish.files, wish.images, reads_stdin=wish.reads_stdin)
    registry = session.registry
    schema = read_schema(wish.schema)
    messages = (*system_of(session, wish), *wish.history, Message(role="user", text=prompt.text, images=prompt.images))
    facts = replace(
        prompts.facts(prompt, messages, registry, schema=schema, max_output=wish.max_output),
        data_class=mark.name, class_from=mark.because,
    )  # fmt: skip
    if wish.tools:
        facts = replace(facts, needs=facts.needs | {"tools"})
    preset, preset_from = session.preset(wish.preset)
    selection = Selection(
        model=wish.model, task=wish.task, private=wish.private, fallback=session.fallback(flag=wish.fallback),
        preset=preset, preset_from=preset_from,
    )  # fmt: skip
    limits = session.limits(max_cost=wish.max_cost, timeout=wish.timeout)
    situation = session.situation(limits, run=run)
    if wish.keyless:
        # A replay asks nobody, so it needs nobody's key.
        situation = replace(situation, keys=dict.fromkeys(registry.providers, ""), health={})
    lacking = unpriced(registry, selection, facts, situation)
    if lacking:
        from outrider.cli.facts_in_force import prices

        situation = replace(situation, prices=prices(session, lacking))
    decision = decide(registry, selection, facts, situation)
    if may_ask_servers and servers_matter(decision):
        from outrider.cli.servers import ask_stale_servers

        if ask_stale_servers(session, situation, private=decision.private):
            situation = replace(situation, served=session.ledger.served())
            decision = decide(registry, selection, facts, situation)
    brings_tools = bool(decision.targets and decision.targets[0].model.row.get("tools")) and not session.inside_claude
    if brings_tools and "tools" not in facts.needs:
        # Who takes over from a model with tools must know what to do with them.
        facts = replace(facts, needs=facts.needs | {"tools"})
        decision = decide(registry, selection, facts, situation)
    limits = for_route(limits, tuple((target.model, target.provider.row) for target in decision.targets))
    request = Request(messages=messages, max_output=wish.max_output, params=dict(wish.params), schema=schema)
    _refuse_known_keys(session, request, decision)
    return Decided(
        prompt=prompt, request=request, selection=selection, facts=facts, situation=situation, limits=limits,
        route=decision, carried=wish.carried, schema_path=wish.schema,
    )  # fmt: skip


def _classified(session: Session, wish: Wish) -> Mark:
    """Returns the class of what comes with a question: of its conversation, and of its files by their paths."""
    given = Mark(name=wish.data_class, because=wish.class_from)
    has_paths = bool(session.registry.values.get("privacy", {}).get("paths"))
    is_watched = session.inside_claude and not wish.private
    if not has_paths and not is_watched:
        return given
    from outrider.cli import classifying

    paths = (*wish.files, *wish.images, *wish.reads, *([wish.schema] if wish.schema is not None else ()))
    if is_watched:
        classifying.refuse_denied(session, paths, reads_stdin=wish.reads_stdin)
    if not has_paths:
        return given
    root = session.places.project or ""
    earlier = tuple(os.path.join(root, part.name) for part in wish.carried if part.path_digest is not None)
    return classifying.mark_of(session, given, (*paths, *earlier), reads_stdin=wish.reads_stdin)


def _refuse_known_keys(session: Session, request: Request, decision: Route) -> None:
    """Refuses a prompt with a key in it before anything is booked; the engine looks again at each call."""
    if decision.targets and not decision.targets[0].local:
        name = outgoing.leaked(request, session.keys.named_values(session.registry))
        if name is not None:
            raise Refused(
                outgoing.told(name), hint=f"take the value of {name} out of the prompt and its files, or ask a local "
                "model with `--private`",
            )  # fmt: skip


def servers_matter(decision: Route) -> bool:
    """Whether a server's list could change what is asked first: nothing else is usable, or it comes first."""
    return not decision.targets or decision.targets[0].provider.serves_listed


def system_of(session: Session, wish: Wish) -> tuple[Message, ...]:
    """Returns the system message: the flag's, the named prompt's, or the task's own."""
    text = wish.system
    named = session.registry.values.get("prompts", {})
    if text is None and wish.prompt_name is not None:
        if wish.prompt_name not in named:
            raise unknown("prompt", wish.prompt_name, named, command="config check")
        text = named[wish.prompt_name]
    if text is None:
        task = session.registry.tasks.get(wish.task or "")
        text = named.get(str(task.row.get("prompt"))) if task is not None else None
    return (Message(role="system", text=text),) if text else ()


def read_schema(path: str | None) -> Mapping[str, Any] | None:
    """Reads the JSON Schema that an answer must fit."""
    if path is None:
        return None
    from outrider.cli.schemas import read_schema_file

    return read_schema_file(path)


def is_private(session: Session, wish: Wish) -> bool:
    """Whether the request is bound to local models by flag, task or settings."""
    named = wish.task or wish.model
    if named is not None and named in session.registry.tasks and session.registry.tasks[named].private:
        return True
    if wish.model is not None:
        kind, found, _ = resolve(session.registry, wish.model)
        if kind == "preset" and session.registry.presets[found].local:
            return True
    return wish.private or bool(session.registry.values.get("privacy", {}).get("private"))


def new_run() -> str:
    """Returns a run's id: short enough to type, unlikely to repeat."""
    letters = "0123456789abcdefghjkmnpqrstvwxyz"
    number = int(time.time()) << 24 | int.from_bytes(os.urandom(3))
    text = ""
    while number:
        number, rest = divmod(number, 32)
        text = letters[rest] + text
    return text
