"""The command line of a batch, and what it makes of its input: the run's name, its documents, whom they may go to."""

import itertools
import os
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from outrider.cli.batch_plan import Plan, Wanted
from outrider.cli.session import Session
from outrider.doors.batch_input import Input, Line, open_input, spooled
from outrider.doors.batch_journal import Journal
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.records import as_dict, record, replace
from outrider.rules.bulk import documents, naming
from outrider.rules.bulk.nouns import Document

PEEKED = 100
LARGEST_TEMPLATE = 1_048_576
STDIN = "-"
SHARED = frozenset({
    "model", "task", "private", "preset", "fallback", "system", "prompt_name", "schema", "params", "max_output",
    "max_cost",
})  # fmt: skip
"""The flags that say what is asked of every document."""


@record
class Flags:
    """The command line."""

    source: str
    template: str | None = None
    text_field: str | None = None
    output: str | None = None
    model: str | None = None
    task: str | None = None
    private: bool = False
    preset: str | None = None
    system: str | None = None
    prompt_name: str | None = None
    schema: str | None = None
    params: tuple[tuple[str, Any], ...] = ()
    max_output: int | None = None
    max_cost: Decimal | None = None
    fallback: bool | None = None
    name: str | None = None
    retry_failed: bool = False
    concurrency: int = 16
    limit: int | None = None
    sample: int | None = None
    dry_run: bool = False
    on_outage: str = "wait"
    detach: bool = False
    by: str | None = None
    engine: str = "process"
    ray_address: str | None = None
    ordered: bool = True
    events: bool = False
    as_json: bool = False
    quiet: bool = False


class Job:
    """One command: what is asked of which documents, as what run."""

    def __init__(self, flags: Flags, session: Session) -> None:
        self.flags = flags
        self.session = session
        if flags.source == flags.template == STDIN:
            raise OutriderError(
                "stdin cannot be both the documents and the template", hint="name a file for one of them"
            )
        self.input: Input = _input(session, flags.source)
        template, paper = _template(flags)
        self.form = documents.Form(template=template, text_field=flags.text_field)
        wanted = Wanted(
            **{name: value for name, value in as_dict(flags).items() if name in SHARED}, at_once=flags.concurrency
        )
        papers = tuple(path for path in (paper, flags.schema) if path is not None)
        source = None if self.input.kind == "files" else self.input.path
        self.plan = Plan(session, wanted, papers=papers, source=source)
        digest = session.keys.digest(f"{self.input.digest()}\0{template}\0{flags.text_field or ''}")
        self.name = naming.checked_name(flags.name) if flags.name else naming.run_name(self.input.place, digest)
        self.journal = Journal(session.ledger, session.places)

    def documents(self) -> Iterator[Document]:
        """Yields the documents of the input, as far as they are wanted."""
        found = (self._document(position, line) for position, line in enumerate(self.input.lines()))
        return itertools.islice(found, self.flags.limit)

    def _document(self, position: int, line: Line) -> Document:
        made = documents.document(
            self.form, line.fields, own=line.id, position=position, line=line.number, fault=line.fault, path=line.path
        )  # fmt: skip
        return replace(made, digest=self.plan.digest(made))

    def total(self) -> int:
        """Returns about how many documents are wanted."""
        count = self.input.count()
        return min(count, self.flags.limit) if self.flags.limit is not None else count

    def first(self) -> Document:
        """Returns the first document that can be asked; raises where the first hundred cannot."""
        peeked = list(itertools.islice(self.input.lines(), PEEKED))
        columns = {name for line in peeked for name in line.fields} | set(self.input.columns)
        readable = [line for line in peeked if not line.fault]
        if readable or self.input.columns:
            documents.check_columns(self.form, columns, source=self.flags.source)
        made = [self._document(position, line) for position, line in enumerate(peeked)]
        fit = next((document for document in made if not document.fault), None)
        if fit is None:
            raise OutriderError(
                f"none of the first {len(made):,} documents of {self.flags.source} can be asked: {made[0].fault}"
                if made else f"{self.flags.source} has no documents",
                hint='a line is one JSON object with an id: {"id": 1, "prompt": "…"}',
            )  # fmt: skip
        return fit


def _input(session: Session, source: str) -> Input:
    """Returns the input; what comes by stdin is kept in our home first, since a run must be able to read it again."""
    if source != STDIN:
        return open_input(source)
    if sys.stdin.isatty():
        raise OutriderError("there is nothing on stdin", hint="pipe JSON lines in, or name a file")
    return open_input(spooled(session.places, sys.stdin.buffer))


def _template(flags: Flags) -> tuple[str, str | None]:
    """Returns the template and the file that it was read from, if it was."""
    text = flags.template
    if text is None:
        return "{prompt}", None
    if text == STDIN or os.path.isfile(text):
        data = sys.stdin.buffer.read(LARGEST_TEMPLATE) if text == STDIN else read_small(text, limit=LARGEST_TEMPLATE)
        try:
            read = (data or b"").decode("utf-8-sig").rstrip("\n")
        except UnicodeDecodeError:
            raise OutriderError(f"{text} is not UTF-8 text", hint="convert it with `iconv -t UTF-8`") from None
        if not read.strip():
            raise OutriderError("the template is empty", hint="put a field in: `Sum up: {text}`")
        return read, None if text == STDIN else text
    if "{" not in text:
        raise OutriderError(
            f"`--template {text[:80]}` is no file and names no field",
            hint="name a file, or put a field in: `--template 'Sum up: {text}'`",
        )
    return text, None
