"""Asks the prompts of one stage as a batch: the same decision, loop, journal and book, under the stage's own row.

An answer is kept under its item's id and a digest of its prompt and of all that the stage says, so that a run asks
what is new or has changed, and nothing else.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from outrider.cli.batch_asking import Asker
from outrider.cli.batch_plan import Plan, Wanted
from outrider.cli.pipeline_file import Loaded
from outrider.cli.pipeline_input import Documents
from outrider.cli.session import Session
from outrider.data import Json
from outrider.doors.batch_journal import Batch, Kept
from outrider.jobs.pipeline import Said
from outrider.records import record, replace
from outrider.rules.bulk.nouns import Document
from outrider.rules.disclosure import Attached
from outrider.rules.money import from_nano
from outrider.rules.pipelines import graph, sending
from outrider.rules.pipelines.nouns import Call, Lost, Stage

CHUNK = 64
MOST_NAMED = 200
"""Files that the audit names at most for one prompt that was made of many."""
MARK = 12
"""Letters of a digest that tell two prompts of one item apart."""
ASKED_WITH = (
    "kind", "model", "task", "system", "max_output", "params", "models", "gates", "second", "judge", "verifier",
    "checks", "rounds",
)  # fmt: skip
"""What of a stage changes its answers besides the prompt."""


class StagePlan(Plan):
    """What holds for every prompt of a stage."""

    command = "pipeline"

    def __init__(
        self, session: Session, loaded: Loaded, stage: Stage, documents: Documents, *, limits: "Walls"
    ) -> None:
        self.stage = stage
        wanted = Wanted(
            model=stage.model, task=stage.task, private=stage.name in loaded.private, fallback=stage.fallback,
            system=stage.system, params=tuple(stage.params.items()), max_output=stage.max_output,
            max_cost=limits.max_cost, at_once=limits.at_once,
        )  # fmt: skip
        # What was made of many files is of the strictest class of all of them; else each has its own.
        mixed = documents.files if is_mixed(loaded, stage) else documents.tables
        self._mixed = mixed
        source = os.path.realpath(documents.files[0] if documents.files else loaded.path)
        super().__init__(session, wanted, papers=(loaded.path, *mixed), source=source)
        self.schema = sending.schema(stage) if stage.kind == "route" else stage.schema
        self.request = replace(self.request, schema=self.schema)

    def attached(self, document: Document, data_class: str) -> tuple[Attached, ...]:
        """Returns the files that a prompt is made of: its own, or, where it holds what many say, all of them."""
        if document.path is not None or len(self._mixed) < 2:
            return super().attached(document, data_class)
        named = (replace(document, path=path) for path in self._mixed[:MOST_NAMED])
        return tuple(one for each in named for one in super(StagePlan, self).attached(each, data_class))

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What every prompt is asked with: what the file says, and not what a standing switch makes of it."""
        said = {name: getattr(self.stage, name) for name in ASKED_WITH}
        return {name: value for name, value in {**said, "schema": self.schema}.items() if value}


@record
class Walls:
    """How much the whole pipeline may cost, and how many prompts of a stage are under way at most."""

    max_cost: Any
    at_once: int


def is_mixed(loaded: Loaded, stage: Stage) -> bool:
    """Whether a prompt of this stage may hold what many documents say."""
    mixed: set[str] = set()
    for one in graph.order(loaded.pipeline):
        if one.kind == "reduce" or any(source in mixed for source in one.sources):
            mixed.add(one.name)
    return stage.name in mixed


class StageWork:
    """One stage at work: its plan, its journal, and how far it is."""

    def __init__(self, plan: StagePlan, batch: Batch, asker: Asker, *, retry_failed: bool) -> None:
        self.plan = plan
        self.batch = batch
        self.asker = asker
        self._retry_failed = retry_failed
        self._at = 0
        self._names: dict[int, str] = {}

    def documents(self, calls: Sequence[Call]) -> list[Document]:
        """Returns the prompts as documents of the stage's journal, in their places behind those asked before."""
        found = []
        for position, call in enumerate(calls, start=self._at):
            plain = Document(position=position, id=call.id, prompt=call.prompt, path=call.path)
            digest = self.plan.digest(plain)
            self._names[position] = call.id
            found.append(replace(plain, id=f"{call.id}@{digest[:MARK]}", digest=digest))
        self._at += len(calls)
        return found

    def pending(self, documents: Sequence[Document]) -> list[Document]:
        """Enters prompts in the journal and returns those that are still to be asked."""
        found: list[Document] = []
        for start in range(0, len(documents), CHUNK):
            for admitted in self.batch.admit(documents[start : start + CHUNK]):
                is_again = admitted.state == "failed" and self._retry_failed
                if admitted.state == "pending" or is_again:
                    found.append(admitted.document)
        return found

    def kept(self, documents: Sequence[Document]) -> Iterator[tuple[str, Kept]]:
        """Yields what the journal has of these prompts, each with its item's id."""
        if not documents:
            return
        first = documents[0].position
        for kept in self.batch.results(below=self._at):
            if kept.position >= first:
                yield self._names[kept.position], kept

    def said(self, documents: Sequence[Document]) -> Said:
        """Returns what these prompts came to; it is whole where each has an answer, or a failure of its own."""
        answers: dict[str, Json] = {}
        models: dict[str, str] = {}
        lost: list[Lost] = []
        for name, kept in self.kept(documents):
            if kept.state == "done":
                answers[name] = self._value(kept.answer or "")
                models[name] = kept.model or ""
            else:
                lost.append(Lost(stage=self.plan.stage.name, id=name, kind=kept.kind or "server", message=kept.message))
        return Said(
            answers=answers, models=models, lost=tuple(lost), is_whole=len(answers) + len(lost) == len(documents)
        )

    def costs(self) -> Mapping[str, Any]:
        """Returns what each prompt of this sitting has cost in all sittings, by item."""
        return {self._names[kept.position]: from_nano(kept.cost_nano) for kept in self.batch.results(below=self._at)}

    def _value(self, text: str) -> Json:
        if self.plan.schema is None:
            return text
        try:
            return json.loads(text)
        except ValueError:
            return text

    def end(self) -> None:
        """Books that the stage has nothing left to ask."""
        self.batch.seal(self._at)
        self.batch.end(output=None)
