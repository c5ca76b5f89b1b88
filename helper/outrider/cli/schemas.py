"""Judges an answer by the JSON Schema it was asked to fit."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from outrider.data import Answer, Failure, Outcome
from outrider.doors.files import read_small
from outrider.errors import OutriderError
from outrider.records import replace

LARGEST_SCHEMA = 1_048_576


def read_schema_file(path: str) -> Mapping[str, Any]:
    """Reads a user's JSON Schema and checks that it is one."""
    from outrider.doors import schemas

    data = read_small(path, limit=LARGEST_SCHEMA)
    if data is None:
        raise OutriderError(f"there is no file {path}", hint="name a file that holds a JSON Schema")
    try:
        schema = json.loads(data)
    except (ValueError, RecursionError):
        raise OutriderError(f"{path} is not JSON", hint="name a file that holds a JSON Schema") from None
    schemas.check_schema(schema, source=path)
    checked: Mapping[str, Any] = schema
    return checked


def acceptance(schema: Mapping[str, Any]) -> Callable[[Answer], Outcome]:
    """Returns a judge: an answer that fits comes back as plain JSON, another as a failure that says what is wrong."""
    return partial(judged, schema)


def judged(schema: Mapping[str, Any], answer: Answer) -> Outcome:
    """Judges one answer."""
    from outrider.doors import schemas

    text = unfenced(answer.text)
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _unfit(answer, "is not JSON")
    try:
        found = schemas.problems(value, schema)
    except OutriderError as fault:
        # Raised from here the call would stay open in the book, at its worst case.
        return _unfit(answer, f"cannot be judged: {fault.message}")
    if found:
        return _unfit(answer, f"does not fit the schema: {found[0].path}: {found[0].message}")
    return answer if text == answer.text else replace(answer, text=text)


def _unfit(answer: Answer, why: str) -> Failure:
    kind = "truncated" if answer.truncated else "bad_response"
    return Failure(kind=kind, message=f"the answer {why}", usage=answer.usage, partial="")  # type: ignore[arg-type]


def unfenced(text: str) -> str:
    """Returns the text inside a Markdown fence, if the whole answer is one."""
    lines = text.strip().splitlines()
    if len(lines) >= 2 and lines[0].startswith("```") and lines[-1].strip() == "```":
        return "\n".join(lines[1:-1]).strip()
    return text.strip()
