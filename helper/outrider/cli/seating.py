"""Seats a panel and asks one of its seats: the same decision, walls, fence and book as a single question.

A seat is one model and no other: it never falls back to another seat's. All seats of a command are one run in the book,
so that its budget is one wall.
"""

import asyncio
import itertools
import os
from collections.abc import Mapping
from typing import Any

from outrider.cli import asking, prompts
from outrider.cli.asking import Decided, Wish
from outrider.cli.form import Form
from outrider.cli.run_ask import run_row, world_for
from outrider.cli.session import Session
from outrider.cli.show import note
from outrider.data import Answer, Message, Passed, Route
from outrider.doors.files import read_small
from outrider.doors.ledger import RunRow
from outrider.doors.transport import Send, crowd
from outrider.engine import World, run
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rows import Registry
from outrider.rules.limits import for_route
from outrider.rules.panels.nouns import Reply, Seat, Turn
from outrider.rules.routing import model_called
from outrider.rules.routing import route as decide
from outrider.rules.selection import Facts, Selection, resolve, unknown

LARGEST_ANSWER = 1_048_576


@record
class Table:
    """A seated panel: what is asked, who sits there, which answers were handed in, and where each seat is reached."""

    session: Session
    decided: Decided
    number: str
    seats: tuple[Seat, ...]
    given: tuple[Reply, ...]
    command: str

    @property
    def messages(self) -> tuple[Message, ...]:
        """What every seat is asked."""
        return self.decided.request.messages

    @property
    def is_private(self) -> bool:
        """Whether it is bound to the user's own machines."""
        return self.decided.route.private

    @property
    def mark(self) -> str:
        """What bounds an answer that is shown to a model: always the same for a question, and known to nobody else."""
        return f"a{self._digest[:10]}"

    @property
    def seed(self) -> int:
        """What shuffles answers: always the same for a question."""
        return int(self._digest[10:18], 16)

    @property
    def _digest(self) -> str:
        text = "\0".join(message.text for message in self.messages)
        return self.session.keys.digest(f"panel\0{text}")

    def row(self) -> RunRow:
        """Returns what the book says of the run."""
        return run_row(self.session, self.decided, self.number, command=self.command)

    def end(self, *, outcome: str, kind: str | None = None) -> None:
        """Books how it ended: `answer`, or `failure` with the verdict that it came to."""
        self.session.ledger.end_run(self.row(), outcome=outcome, kind=kind)


def seat_names(
    session: Session, models: tuple[str, ...], panel: str | None, answers: Mapping[str, str]
) -> tuple[str, ...]:
    """Returns the seats by name: those of the panel, those of `-m`, and those that handed an answer in."""
    names: list[str] = []
    panels = session.registry.values.get("panels", {})
    if panel is not None:
        if panel not in panels:
            raise unknown("panel", panel, tuple(panels), command="config check")
        names += panels[panel]
    names += models
    names = [one_model(session.registry, name) for name in names]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise OutriderError(
            f"{doubled[0]} has two seats", hint="a model votes once: name each model once, and mind its aliases"
        )
    return tuple(dict.fromkeys((*names, *answers)))


def one_model(registry: Registry, name: str) -> str:
    """Returns the name of the one model that is meant; a task or a preset is several."""
    kind, found, _ = resolve(registry, name)
    if kind in {"task", "preset"}:
        raise OutriderError(
            f"`{name}` is a {kind}, and a seat is one model", hint="name a model: `outrider models` lists them"
        )
    return found


def answers_given(session: Session, pairs: tuple[str, ...]) -> dict[str, str]:
    """Reads `MODEL=FILE` pairs into the files by model."""
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, path = pair.partition("=")
        if not equals or not name or not path:
            raise OutriderError(f"`--answer {pair}` names no file", hint="write it as `--answer MODEL=FILE`")
        model = one_model(session.registry, name)
        if model in found:
            raise OutriderError(f"{model} hands two answers in", hint="give `--answer` once for each model")
        found[model] = path
    return found


def seat(registry: Registry, name: str, *, stance: str = "") -> Seat:
    """Returns a model's seat; a model without a row is a family of its own."""
    model = model_called(registry, name)
    return Seat(model=name, family=(model.family if model is not None else "") or name, stance=stance)


def given_reply(session: Session, name: str, path: str, *, stance: str = "") -> Reply:
    """Returns the reply that an answer in a file is."""
    data = None if os.path.isdir(path) else read_small(path, limit=LARGEST_ANSWER)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="write the answer there first, inside the project")
    text = data.decode("utf-8", "replace").strip()
    if not text:
        raise OutriderError(f"{path} is empty", hint="write the answer there first")
    return Reply(seat=seat(session.registry, name, stance=stance), text=text, given=True)


def set_table(
    session: Session, wish: Wish, *, command: str, names: tuple[str, ...], answers: Mapping[str, str],
    stances: tuple[str, ...] = (), others: tuple[str, ...] = (), keyless: bool = False,
) -> Table:  # fmt: skip
    """Decides for every seat and for those who judge (`others`), and says which seats cannot be asked."""
    number = asking.new_run()
    named = itertools.zip_longest(names, stances[: len(names)], fillvalue="")
    seats = tuple(seat(session.registry, name, stance=stance) for name, stance in named)
    given = tuple(
        given_reply(session, one.model, answers[one.model], stance=one.stance) for one in seats if one.model in answers
    )
    asked = tuple(name for name in (*names, *others) if name not in answers)
    wish = replace(wish, fallback=False, reads=tuple(answers.values()), keyless=wish.keyless or keyless)
    first = asking.decide_on(
        session, replace(wish, model=(asked or names)[0]), run=number, may_ask_servers=True
    )  # fmt: skip
    routes = [first.route, *(_route(session, first, name) for name in asked[1:])]
    joined = replace(
        first.route, task="", rule=f"{command}: {', '.join(names)}", level=None,
        targets=tuple(target for route in routes for target in route.targets[:1]),
        passed=tuple(passed for route in routes for passed in route.passed),
        chain=tuple(name for route in routes for name in route.chain[:1]),
    )  # fmt: skip
    return Table(
        session=session, decided=replace(first, route=joined), number=number, seats=seats, given=given, command=command
    )


def _route(session: Session, decided: Decided, name: str) -> Route:
    selection = replace(decided.selection, model=name, task=None, fallback=False)
    return decide(session.registry, selection, decided.facts, decided.situation)


class Asking:
    """Asks seats over one way out and one book, until it is closed."""

    def __init__(self, table: Table, form: Form) -> None:
        self._table = table
        self._form = form
        self._numbers = itertools.count(1)
        self._row = table.row()
        network = table.session.registry.values.get("network", {})
        remote, self.close = crowd(network)
        self._world = self._seated(remote)

    def _seated(self, remote: Send) -> World:
        """Returns the doors for many at once: waits give way, and the book numbers the calls of all seats."""
        world = world_for(self._table.session, self._table.decided, self._row, self._form, remote=remote)
        reserve = world.reserve
        return replace(
            world, sleep=asyncio.sleep, reserve=lambda target, _, check: reserve(target, next(self._numbers), check)
        )

    async def ask(self, turn: Turn, _purpose: str, parts: int) -> Reply:
        """Asks one seat and returns what came of it; what cannot be asked is a reply that says why."""
        session, decided = self._table.session, self._table.decided
        facts = replace(
            prompts.facts(
                decided.prompt, turn.messages, session.registry, schema=None, max_output=decided.request.max_output
            ),
            data_class=decided.facts.data_class, class_from=decided.facts.class_from,
        )  # fmt: skip
        selection = Selection(
            model=turn.seat.model, private=decided.selection.private, fallback=False,
            preset=None, preset_from="",
        )  # fmt: skip
        route = decide(session.registry, selection, facts, decided.situation)
        if not route.targets:
            return Reply(seat=turn.seat, text=None, failure=why_not(session.registry, turn.seat.model, route.passed))
        route = replace(route, targets=route.targets[:1])
        request = replace(decided.request, messages=turn.messages, schema=turn.schema, stream=False)
        limits = for_route(decided.limits, tuple((one.model, one.provider.row) for one in route.targets))
        ended = await run(
            route, request, limits, self._world, parts=parts, prompts=session.registry.values.get("prompts", {})
        )
        usages = [attempt.outcome.usage for attempt in ended.attempts]
        failed = ended.failure
        return Reply(
            seat=turn.seat, text=ended.answer.text if ended.answer is not None else None,
            failure=f"{failed.kind}: {failed.message[:300]}" if failed is not None else "",
            cost=ended.cost, cost_known=ended.cost_known,
            seconds=sum(attempt.seconds + attempt.waited for attempt in ended.attempts),
            input=sum(usage.input for usage in usages), output=sum(usage.output for usage in usages),
            served_by=_served_by(ended.answer, ended.attempts),
        )  # fmt: skip


def _served_by(answer: Answer | None, attempts: tuple[Any, ...]) -> str:
    if answer is None or not attempts:
        return ""
    target = attempts[-1].target
    return f"{target.provider.name}/{answer.served_by or target.wire_id}"


def why_not(registry: Registry, name: str, passed: tuple[Passed, ...]) -> str:
    """Says why a seat cannot be asked, and for a Claude seat how its answer is handed in."""
    model = model_called(registry, name)
    if model is not None and registry.providers[model.provider].dialect == "native":
        return f"not_found: it runs inside Claude Code; hand its answer in with `--answer {name}=FILE`"
    return f"not_found: {passed[0].why}" if passed else "not_found: there is no way to it"


def judge_for(session: Session, names: tuple[str, ...], wanted: str | None, *, private: bool) -> str | None:
    """Returns the model that judges: the one named, else the first that can be asked whose family has no seat."""
    if wanted is not None:
        return one_model(session.registry, wanted)
    registry = session.registry
    families = {seat(registry, name).family for name in names}
    situation = session.situation(session.limits())
    task = str(registry.values.get("default", "analysis"))
    route = decide(registry, Selection(task=task, private=private, fallback=True), Facts(), situation)
    named = [target.model.name for target in route.targets]
    return next((name for name in named if seat(registry, name).family not in families), named[0] if named else None)


def writer(session: Session, model: str | None, answers: Mapping[str, str], *, private: bool) -> str:
    """Returns who writes: who handed the draft in, else the model named, else the default task's first."""
    if answers:
        return next(iter(answers))
    if model is not None:
        return one_model(session.registry, model)
    name = judge_for(session, (), None, private=private)
    if name is None:
        raise OutriderError("no model can be asked", hint="set one key: `outrider keys set NAME`")
    return name


def reviser(session: Session, first: str, model: str | None) -> Seat:
    """Returns the seat that mends: the model named, where the draft came from elsewhere."""
    return seat(session.registry, one_model(session.registry, model) if model is not None else first)


def tell_notes(table: Table, *, quiet: bool) -> None:
    """Says what the layers and the decision have to say."""
    for text in () if quiet else (*table.session.registry.notes, *table.decided.route.notes):
        note(text)
