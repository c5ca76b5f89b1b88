"""Which model each subagent was to run on and which it ran on: OK, IGNORED, MISMATCH or UNKNOWN, and what it cost.

Pure. IGNORED: the client asked for another model than the pin. MISMATCH: it asked for the right one, and another
answered. What no file and no transcript can show any more is UNKNOWN, never an alarm.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Literal

from outrider.records import record
from outrider.rows import Model, Registry
from outrider.rules.client_models import CLASSES_OF, INHERIT, class_of, is_same, meant, spoken, successor, version_of
from outrider.rules.client_prices import Tokens, row_of, rows_by_id, worth
from outrider.rules.pin_asking import (
    DEFAULT,
    EFFORT,
    FORCE,
    NEEDS_FORCE,
    POINTERS,
    Asked,
    Spawn,
    asked,
    effort_asked,
    is_uncertain,
    was_forced,
)  # fmt: skip
from outrider.rules.spending import Heap

Verdict = Literal["OK", "IGNORED", "MISMATCH", "UNKNOWN"]
VERDICTS: tuple[Verdict, ...] = ("IGNORED", "MISMATCH", "UNKNOWN", "OK")
ALARMS = frozenset({"IGNORED", "MISMATCH"})


@record
class Judged:
    """One subagent, judged. `asked` is the pin, `declared` what the client asked the vendor for, `ran` what answered.

    `extra` are the dollars that it cost more (less, where negative) than as asked, at list prices: None where a price
    or what an alias then meant is not known. `at` is in seconds since 1970.
    """

    agent: str
    verdict: Verdict
    why: str
    asked: str | None
    source: str
    declared: tuple[str, ...]
    ran: tuple[str, ...]
    calls: int
    tokens: int
    extra: Decimal | None
    effort_asked: str
    effort_ran: tuple[str, ...]
    version: str
    at: float
    session: str
    agent_id: str
    folder: str
    hints: tuple[str, ...] = ()


@record
class Group:
    """The subagents of one name: how many had which verdict, and what they cost more in all."""

    agent: str
    verdicts: Mapping[str, int]
    asked: tuple[str, ...]
    ran: tuple[str, ...]
    extra: Decimal
    unpriced: int


def judge(spawns: Iterable[Spawn], registry: Registry) -> tuple[Judged, ...]:
    """Judges subagents, the newest first."""
    rows = rows_by_id(registry)
    found = [_Case(spawn, registry, rows).judged() for spawn in spawns]
    return tuple(sorted(found, key=lambda one: (-one.at, one.agent_id)))


def groups(judged: Iterable[Judged]) -> tuple[Group, ...]:
    """Sums judged subagents by their agent's name, those with most alarms first."""
    names: dict[str, list[Judged]] = {}
    for one in judged:
        names.setdefault(one.agent, []).append(one)
    found = [
        Group(
            agent=name, verdicts={verdict: sum(one.verdict == verdict for one in ones) for verdict in VERDICTS},
            asked=tuple(sorted({one.asked or "" for one in ones} - {""})),
            ran=tuple(sorted({model for one in ones for model in one.ran})),
            extra=sum((one.extra or Decimal(0) for one in ones), Decimal(0)),
            unpriced=sum(one.extra is None for one in ones),
        )
        for name, ones in names.items()
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.verdicts["IGNORED"] - one.verdicts["MISMATCH"], one.agent)))


def warning_text(found: Judged) -> str:
    """Returns one line for a subagent that ran on another model than was asked for."""
    ran = ", ".join(found.ran)
    cost = f", ${abs(found.extra):.4f} {'more' if found.extra > 0 else 'less'}" if found.extra else ""
    return (
        f"outrider: {found.agent} was to run on {found.asked or found.declared[0]} and ran on {ran}{cost}: {found.why}"
    )


class _Case:
    """One subagent while it is judged."""

    def __init__(self, spawn: Spawn, registry: Registry, rows: Mapping[str, Model]) -> None:
        self._spawn, self._registry, self._rows = spawn, registry, rows
        self._asked = asked(spawn)
        says = any(heap.context["requested"] for heap in spawn.heaps)
        # Where the client writes what it asked for, a part without that is billed beside a reply: an adviser's.
        self._heaps = tuple(heap for heap in spawn.heaps if heap.context["requested"] or not says)

    def judged(self) -> Judged:
        spawn = self._spawn
        verdict, why, other = self._verdict()
        found = self._by_variable() or self._asked
        return Judged(
            agent=spawn.agent or "general-purpose", verdict=verdict, why=why, asked=found.text, source=found.source,
            declared=_names(self._declared(heap) for heap in self._heaps) or _names((spawn.resolved,)),
            ran=_names(heap.context["model"] for heap in self._heaps),
            calls=sum(heap.tokens.calls for heap in spawn.heaps),
            tokens=sum(heap.tokens.whole for heap in spawn.heaps), extra=self._extra(other),
            effort_asked=effort_asked(spawn), effort_ran=_names(heap.context["effort"] for heap in self._heaps),
            version=spawn.version, at=spawn.at, session=spawn.session, agent_id=spawn.agent_id, folder=spawn.folder,
            hints=found.hints,
        )  # fmt: skip

    def _by_variable(self) -> Asked | None:
        """Returns the variable's model as what was asked for, where no pin was, it is set now and that model ran."""
        said = self._spawn.around.variables.get(DEFAULT)
        if self._asked.source != "nobody" or said is None or not self._heaps:
            return None
        is_it = all(self._is_one(said[0], self._declared(heap) or heap.context["model"]) for heap in self._heaps)
        return Asked(models=(said[0],), source="environment", hints=(said[1],)) if is_it else None

    def _declared(self, heap: Heap) -> str:
        return heap.context["requested"] or self._spawn.resolved

    def _verdict(self) -> tuple[Verdict, str, tuple[tuple[Heap, str | None], ...]]:
        """Returns the verdict, why, and the calls that ran on another model with the id that should have run."""
        if not self._heaps:
            return "UNKNOWN", "no reply of it is in the transcripts", ()
        ignored, mismatched, unclear = [], [], ""
        for heap in self._heaps:
            served, declared = heap.context["model"], self._declared(heap)
            kept = self._is_kept(declared or served)
            if kept is False:
                ignored.append((heap, self._id_asked()))
            elif declared and not is_same(served, declared):
                if row_of(self._rows, declared) is None:
                    unclear = f"what answers to the name {declared} calls itself {served}"
                else:
                    mismatched.append((heap, declared))
            elif kept is None:
                unclear = f"what {self._asked.text or 'nothing'} then meant is not known"
        if ignored:
            doubt = is_uncertain(self._spawn, self._asked)
            return ("UNKNOWN", doubt, ()) if doubt else ("IGNORED", self._cause(), tuple(ignored))
        if mismatched:
            heap, declared = mismatched[0]
            return "MISMATCH", f"{declared} was asked, {heap.context['model']} answered", tuple(mismatched)
        if unclear or self._asked.source == "unknown":
            return "UNKNOWN", unclear or "no file of this agent is to be found any more", ()
        return "OK", self._note(), ()

    def _is_kept(self, ran: str) -> bool | None:
        """Whether a model is one that was asked for; None where nobody can say."""
        if not self._asked.models:
            return True
        found = [self._is_one(model, ran) for model in self._asked.models]
        return True if True in found else None if None in found else False

    def _is_one(self, model: str, ran: str) -> bool | None:
        pin = spoken(model)
        if pin == INHERIT:
            parents = self._spawn.parents
            return any(is_same(parent, ran) for parent in parents) if parents else None
        if pin == "default":
            return None
        pin = successor(self._registry, pin) or pin if not is_same(pin, ran) else pin
        classes = CLASSES_OF.get(pin)
        if classes is None:
            return is_same(pin, ran)
        if any(is_same(self._pointed(name), ran) for name in classes if self._pointed(name)):
            return True
        of = class_of(ran)
        # A name that no list has may be what an alias was pointed at.
        return of in classes if of is not None else None

    def _pointed(self, name: str) -> str:
        return self._spawn.around.variables.get(POINTERS[name], ("", ""))[0]

    def _id_asked(self) -> str | None:
        """Returns the id of the model that should have run, or None where that is not certain."""
        if len(self._asked.models) != 1:
            return None
        pin = spoken(self._asked.models[0])
        if pin == INHERIT:
            return next(iter(self._spawn.parents)) if len(self._spawn.parents) == 1 else None
        own = [parent for parent in sorted(self._spawn.parents) if class_of(parent) == pin]
        if own:
            return own[0] if len(own) == 1 else None
        pointed = self._pointed(pin) if pin in POINTERS else ""
        return pointed or meant(self._registry, pin, version=self._spawn.version)

    def _extra(self, other: tuple[tuple[Heap, str | None], ...]) -> Decimal | None:
        total = Decimal(0)
        for heap, wanted in other:
            prices = [self._dollars(heap, name) for name in (heap.context["model"], wanted)]
            if prices[0] is None or prices[1] is None:
                return None
            total += prices[0] - prices[1]
        return total

    def _dollars(self, heap: Heap, name: str | None) -> Decimal | None:
        model = row_of(self._rows, name) if name is not None else None
        tokens: Tokens = heap.tokens
        return worth(
            self._registry, model, tokens, service=heap.context["service"], region=heap.context["region"],
            prompt=heap.prompt, at=heap.at,
        ).dollars  # fmt: skip

    def _cause(self) -> str:
        """Says why the client asked for another model than the pin, as far as anything shows it."""
        spawn, around = self._spawn, self._spawn.around
        default, force = around.variables.get(DEFAULT), around.variables.get(FORCE)
        if force is not None and version_of(spawn.version) >= NEEDS_FORCE:
            return f"{FORCE} is set in {force[1]}"
        if was_forced(spawn):
            return f"{FORCE} was set when it ran: the client did not hear the call's model"
        if version_of(spawn.version) < NEEDS_FORCE:
            if default is not None:
                return f"{DEFAULT} in {default[1]} goes over every pin before 2.1.251"
            rule = f"before 2.1.251 {DEFAULT} goes over every pin; it is not set now"
        elif around.available is not None and not _is_available(self._asked.models, around.available):
            return f"`availableModels` in {around.available_in} leaves it out"
        else:
            rule = "nothing that is set now says why"
        ran = {heap.context["model"] for heap in self._heaps}
        on_parents = all(any(is_same(one, parent) for parent in spawn.parents) for one in ran)
        return f"it ran on its caller's model; {rule}" if on_parents else rule

    def _note(self) -> str:
        """Says what is worth knowing of a subagent that ran as asked: another effort, or an alias that moved."""
        spawn, pin = self._spawn, self._asked
        wanted, efforts = effort_asked(spawn), _names(heap.context["effort"] for heap in self._heaps)
        if wanted and efforts and set(efforts) != {wanted}:
            said = spawn.around.variables.get(EFFORT)
            return f"effort {wanted} was asked, {', '.join(efforts)} ran" + (f": {EFFORT} in {said[1]}" if said else "")
        id_ = self._id_asked() if pin.models else None
        ran = _names(heap.context["model"] for heap in self._heaps)
        if id_ and not any(is_same(id_, one) for one in ran):
            return f"{pin.text} means {id_} on {spawn.version}; {', '.join(ran)} is of its class"
        return ""


def _is_available(models: Iterable[str], available: Iterable[str]) -> bool:
    allowed = tuple(available)
    return any(
        is_same(model, name) or (spoken(name) in CLASSES_OF and class_of(model) in CLASSES_OF[spoken(name)])
        for model in models for name in allowed
    )  # fmt: skip


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in found if name))
