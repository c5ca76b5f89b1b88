"""Reads the documents of a pipeline: JSONL, CSV or files, from the paths in its file or from `--input`."""

import csv
import glob
import json
import os

from outrider.cli.pipeline_file import Loaded
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.rules.pipelines.nouns import Item


def items(loaded: Loaded, inputs: tuple[str, ...]) -> tuple[Item, ...]:
    """Returns every document; the paths of the file count from its folder, those of `--input` from the working one."""
    patterns = inputs or tuple(os.path.join(loaded.folder, path) for path in loaded.pipeline.input)
    if not patterns:
        raise OutriderError(
            f"{loaded.path} names no input", hint="say `input: documents.jsonl` in it, or give `--input`"
        )
    found: list[Item] = []
    for pattern in patterns:
        paths = sorted(glob.glob(pattern))
        if not paths:
            raise OutriderError(f"there is no {pattern}", hint="name a JSONL or CSV file, or files")
        for path in paths:
            data = (read_small(path, limit=1 << 30) or b"").decode()
            if path.endswith(".jsonl"):
                rows = [json.loads(line) for line in data.splitlines() if line.strip()]
                found += [Item(id=str(row["id"]), fields=row) for row in rows]
            elif path.endswith(".csv"):
                found += [Item(id=row["id"], fields=row) for row in csv.DictReader(data.splitlines())]
            else:
                found.append(Item(id=os.path.basename(path), fields={"text": data, "path": path}))
    return tuple(found)
