"""What holds for all documents of a batch: whom they may go to, under which limits, in which words, of which class."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from outrider.cli import asking, disclosing
from outrider.cli.prompts import Prompt
from outrider.cli.session import Session
from outrider.data import Answer, Message, Outcome, Request, Route, Target
from outrider.doors.batch_input import pieces
from outrider.records import record, replace
from outrider.rules import complexity, money
from outrider.rules.bulk.nouns import Document
from outrider.rules.classes import Mark, strictest
from outrider.rules.disclosure import Attached
from outrider.rules.limits import Limits, is_free
from outrider.rules.redaction import redact
from outrider.rules.routing import route as decide
from outrider.rules.routing import stand_in, unpriced
from outrider.rules.selection import Facts, Selection, keywords_in
from outrider.rules.targets import Situation

LONGEST_WAIT = 120.0
"""Seconds that a server may ask a document to wait."""
AT_ONCE = 16
WAITED_FOR = frozenset({"down", "unknown", "not_served"})
"""Why a model cannot be asked now that may be over by itself."""


@record
class Wanted:
    """The flags that say what is asked of every document."""

    model: str | None = None
    task: str | None = None
    private: bool = False
    preset: str | None = None
    fallback: bool | None = None
    system: str | None = None
    prompt_name: str | None = None
    schema: str | None = None
    params: tuple[tuple[str, Any], ...] = ()
    max_output: int | None = None
    max_cost: Decimal | None = None
    at_once: int = AT_ONCE


class Plan:
    """What holds for all documents; read once. `papers` are the files that every prompt is made from."""

    command = "batch"
    """What the book says that was typed."""

    def __init__(self, session: Session, wanted: Wanted, *, papers: tuple[str, ...], source: str | None) -> None:
        self.session = session
        self.wanted = wanted
        self.at_once = wanted.at_once
        self._papers = papers
        self._source = source
        wish = asking.Wish(task=wanted.task, system=wanted.system, prompt_name=wanted.prompt_name)
        self.system: tuple[Message, ...] = asking.system_of(session, wish)
        self.schema = asking.read_schema(wanted.schema)
        preset, preset_from = session.preset(wanted.preset)
        self.selection = Selection(
            model=wanted.model, task=wanted.task, private=wanted.private,
            fallback=session.fallback(flag=wanted.fallback), preset=preset, preset_from=preset_from,
        )  # fmt: skip
        self.limits = _limits(session, wanted.max_cost)
        self.request = Request(
            messages=(), max_output=wanted.max_output, params=dict(wanted.params), schema=self.schema, stream=False
        )
        self._prices: Mapping[Any, Any] = {}
        self._asked_servers = float("-inf")
        self._keyed: str | None = None
        self._papers_known: dict[str, Attached] = {}
        self._has_every_key = False

    @cached_property
    def accept(self) -> Callable[[Answer], Outcome] | None:
        """What judges an answer; None where any text will do."""
        if self.schema is None:
            return None
        from outrider.cli.schemas import acceptance

        return acceptance(self.schema)

    @cached_property
    def is_private(self) -> bool:
        """Whether the documents are bound to local models by flag, task, preset or settings."""
        wish = asking.Wish(model=self.wanted.model, task=self.wanted.task, private=self.wanted.private)
        return asking.is_private(self.session, wish)

    @property
    def is_hidden(self) -> bool:
        """Whether answers must not be shown, since Claude Code would read them."""
        return self.session.inside_claude and self.is_private

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What every document is asked with, by flag; texts by their digests."""
        wanted, digest = self.wanted, self.session.keys.digest
        said = {
            "-m": wanted.model, "-t": wanted.task, "--private": wanted.private or None,
            "--preset": self.selection.preset, "--fallback": self.selection.fallback,
            "-s": digest(self.system[0].text) if self.system else None,
            "--schema": digest(repr(self.schema)) if self.schema is not None else None,
            "--param": dict(wanted.params) or None, "--max-output": wanted.max_output,
        }  # fmt: skip
        return {name: value for name, value in said.items() if value is not None}

    def digest(self, document: Document) -> str:
        """Returns the digest of what a document asks: its prompt, the parameters, and along which chain."""
        return self.session.keys.digest(f"{self._mark}\0{document.prompt}") if not document.fault else ""

    def key_as(self, settings: Mapping[str, Any]) -> None:
        """Knows documents by what they were asked with first, whatever they are asked with now."""
        self._keyed = json.dumps(dict(settings), sort_keys=True)

    @property
    def _mark(self) -> str:
        if self._keyed is None:
            self._keyed = json.dumps(self.settings, sort_keys=True)
        return self._keyed

    def windows(self) -> tuple[int, ...]:
        """Returns the sizes of prompts at which a decision may change."""
        registry = self.session.registry
        sizes = {int(model.row.get("max_input") or model.context or 0) for model in registry.models.values()}
        for rule in registry.values.get("rules", ()):
            sizes |= {int(rule[name]) + 1 for name in ("tokens_above", "tokens_below") if rule.get(name) is not None}
        return tuple(sorted(sizes))

    def messages(self, document: Document) -> tuple[Message, ...]:
        """Returns what is said to a model."""
        return (*self.system, Message(role="user", text=document.prompt))

    def facts(self, document: Document, messages: tuple[Message, ...]) -> Facts:
        """Returns what a decision needs to know of a document."""
        rules = tuple(self.session.registry.values.get("rules", ()))
        mark = self._mark_of(document.path)
        return Facts(
            tokens=money.likely_tokens(messages, schema=self.schema),
            most_tokens=money.most_tokens(messages, schema=self.schema), max_output=self.wanted.max_output,
            score=round(complexity.score(document.prompt), 6) if self.selection.task == "auto" else 0.0,
            needs=frozenset({"json"}) if self.schema is not None else frozenset(),
            keywords=keywords_in(document.prompt, rules) if rules else frozenset(),
            data_class=mark.name, class_from=mark.because,
        )  # fmt: skip

    @cached_property
    def _given(self) -> Mark:
        """The class of the files that every prompt is made from."""
        return self._classified(tuple(path for path in (*self._papers, self._source) if path is not None))

    def _mark_of(self, path: str | None) -> Mark:
        return self._given if path is None else strictest((self._given, self._classified((path,))))

    def _classified(self, paths: tuple[str, ...]) -> Mark:
        has_patterns = bool(self.session.registry.values.get("privacy", {}).get("paths"))
        is_watched = self.session.inside_claude and not self.wanted.private
        if not paths or not (has_patterns or is_watched):
            return Mark()
        from outrider.cli import classifying

        if is_watched:
            classifying.refuse_denied(self.session, paths, reads_stdin=False)
        return classifying.mark_of(self.session, Mark(), paths, reads_stdin=False) if has_patterns else Mark()

    def situation(self, run: str) -> Situation:
        """Returns what a decision depends on besides the document."""
        found = replace(self.session.situation(self.limits, run=run), prices=self._prices)
        if self._has_every_key:
            return replace(found, keys={**dict.fromkeys(self.session.registry.providers, ""), **found.keys})
        return found

    def suppose_keys(self) -> None:
        """Decides from now on as if every provider had a key: an estimate is made before one is bought."""
        self._has_every_key = True

    def route(self, facts: Facts, situation: Situation | None) -> Route:
        """Decides; without `--max-cost` only what costs nothing is left."""
        decided = decide(self.session.registry, self.selection, facts, situation or self.situation(""))
        if self.wanted.max_cost is not None:
            return decided
        return replace(decided, targets=tuple(target for target in decided.targets if self.is_free(target)))

    def unwalled(self, facts: Facts, situation: Situation) -> Route:
        """Decides as if `--max-cost` were there."""
        return decide(self.session.registry, self.selection, facts, situation)

    def learn_prices(self, facts: Facts, situation: Situation) -> None:
        """Reads the catalog's prices for models that have none of their own."""
        lacking = unpriced(self.session.registry, self.selection, facts, situation)
        if lacking:
            from outrider.cli.facts_in_force import prices

            self._prices = prices(self.session, lacking)

    def is_free(self, target: Target) -> bool:
        """Whether a call costs nothing: to a machine of the user's own, or at a price that is nothing."""
        return target.local or is_free(target.model.price or stand_in(self.session.registry, target))

    def ask_servers(self, situation: Situation | None) -> None:
        """Asks local servers again what they have, at most once a second: one that was down may be back."""
        if situation is None or time.monotonic() - self._asked_servers < 1.0:
            return
        self._asked_servers = time.monotonic()
        from outrider.cli.servers import ask_and_record
        from outrider.rules.classes import may_be_asked

        registry = self.session.registry
        for name in situation.keys:
            provider = registry.providers[name]
            if provider.serves_listed and may_be_asked(registry, provider, private=self.wanted.private):
                ask_and_record(self.session, provider)

    def attached(self, document: Document, data_class: str) -> tuple[Attached, ...]:
        """Returns what the audit keeps of where a document came from: its file, or the one that it is a line of."""
        path = document.path or self._source
        if path is None:
            return ()
        found = self._papers_known.get(path) or self._attached(path)
        if path == self._source:
            self._papers_known[path] = found
        return (replace(found, data_class=data_class),)

    def _attached(self, path: str) -> Attached:
        sizes: list[int] = []
        digest = self.session.keys.digest_pieces(_counted(path, sizes))
        return Attached(
            kind="file", name=disclosing.shown_name(self.session.places, path), digest=digest,
            path_digest=disclosing.path_digest(self.session, path), bytes=sum(sizes),
        )  # fmt: skip

    def kept_text(self, text: str) -> str | None:
        """Returns the prompt as it is stored, where the user wants prompts to be stored."""
        if not self.session.registry.values.get("privacy", {}).get("store_prompts"):
            return None
        return redact(text, self.session.keys.known_values(self.session.registry))

    def prompt(self, document: Document) -> Prompt:
        """Returns a document as what a single question would be."""
        return Prompt(instruction=document.prompt, text=document.prompt)


def _counted(path: str, sizes: list[int]) -> Iterator[bytes]:
    """Yields what a file holds, and notes how much it is."""
    for piece in pieces(path):
        sizes.append(len(piece))
        yield piece


def _limits(session: Session, max_cost: Decimal | None) -> Limits:
    """Returns the limits of a batch: no time for the whole, longer waits, and no other wall than the user's own."""
    limits = session.limits(max_cost=max_cost)
    budget = dict(limits.budget)
    if max_cost is None and "run" not in limits.budgets_set:
        budget.pop("run", None)
    wait = limits.max_wait if "max_wait" in limits.walls else LONGEST_WAIT
    return replace(limits, budget=budget, route=float("inf"), max_wait=wait)
