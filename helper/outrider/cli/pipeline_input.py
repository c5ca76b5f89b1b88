"""Reads the documents of a pipeline, from the paths in its file or from `--input`, as a batch reads its own."""

import os
from collections.abc import Iterator

from outrider.cli.pipeline_file import Loaded
from outrider.doors.batch_input import Input, Line, open_input
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.bulk.naming import id_problem
from outrider.rules.pipelines.nouns import Item


@record
class Documents:
    """What was read: the items, and what could not be read, each with why.

    `files` is every file that was read, `tables` those of them that hold many documents.
    """

    items: tuple[Item, ...]
    files: tuple[str, ...]
    tables: tuple[str, ...]
    faults: tuple[tuple[str, str], ...]
    source: str


def every(loaded: Loaded, inputs: tuple[str, ...]) -> Documents:
    """Reads every document; the paths of the file count from its folder, those of `--input` from the working one."""
    paths = inputs or tuple(os.path.join(loaded.folder, path) for path in loaded.pipeline.input)
    if not paths:
        raise OutriderError(f"{loaded.path} names no input", hint="say `input: FILE` in it, or give `--input FILE`")
    opened = [_opened(path) for path in paths]
    found: dict[str, Item] = {}
    faults: list[tuple[str, str]] = []
    files: list[str] = []
    for source, line in _lines(opened):
        name = f"{source.name}, line {line.number}" if line.id is None or source.kind != "files" else str(line.id)
        key = str(line.id)
        fault = line.fault or id_problem(line.id)
        if not fault and key in found:
            fault = f"its id `{key[:80]}` is that of an earlier one"
        if fault:
            faults.append((name, fault))
            continue
        found[key] = Item(id=key, fields=line.fields, path=line.path)
        files += [line.path] if line.path is not None else []
    tables = tuple(source.path for source in opened if source.kind != "files")
    return Documents(
        items=tuple(found.values()), files=(*tables, *files), tables=tables, faults=tuple(faults),
        source=", ".join(paths),
    )  # fmt: skip


def to_weigh(loaded: Loaded, inputs: tuple[str, ...], *, documents: int | None) -> tuple[Item, ...]:
    """Returns the documents that an estimate weighs: none where the file only says how many there will be."""
    pipeline = loaded.pipeline
    if not inputs and not pipeline.input and pipeline.tokens is not None and (documents or pipeline.documents):
        return ()
    return every(loaded, inputs).items


def _opened(path: str) -> Input:
    """Returns an input; one file that is neither lines nor a table is a document itself."""
    if os.path.isfile(path) and os.path.splitext(path)[1].lower() not in {".jsonl", ".ndjson", ".csv", ".tsv", ".json"}:
        return Input(name=path, kind="files", path=os.path.dirname(path) or os.curdir, files=(path,))
    return open_input(path)


def _lines(opened: list[Input]) -> Iterator[tuple[Input, Line]]:
    for source in opened:
        for line in source.lines():
            yield source, line
