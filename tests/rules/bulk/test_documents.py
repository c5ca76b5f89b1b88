"""From a line to a document, or to why it cannot be asked; and what a run is called."""

from typing import Any

import pytest

from outrider.errors import OutriderError
from outrider.rules.bulk import naming
from outrider.rules.bulk.documents import LONGEST_PROMPT, Form, check_columns, document
from outrider.rules.bulk.nouns import Document


@pytest.mark.parametrize(
    ("own", "problem"),
    [
        ("a", ""), (7, ""), (-1, ""), ("ä b", ""),
        (None, "has no id"),
        (True, "has an id that is neither text nor a whole number"),
        (1.5, "has an id that is neither text nor a whole number"),
        ([1], "has an id that is neither text nor a whole number"),
        ("  ", "has an empty id"),
        ("x" * 513, "has an id of more than 512 letters"),
    ],
)  # fmt: skip
def test_an_id_is_text_or_a_whole_number(own: Any, problem: str) -> None:
    """Whatever else it is, it is said."""
    assert naming.id_problem(own) == problem


@pytest.mark.parametrize(
    ("fields", "own", "fault", "expected"),
    [
        ({"text": "hi"}, "a", "", Document(position=4, id="a", prompt="Say hi", line=9)),
        ({"text": "hi"}, None, "", Document(position=4, fault="line 9 has no id", line=9)),
        ({}, "a", "", Document(position=4, id="a", fault="line 9 has no field `text`", line=9)),
        ({}, None, "is not JSON", Document(position=4, fault="line 9 is not JSON", line=9)),
    ],
)  # fmt: skip
def test_a_line_becomes_a_document(fields: dict[str, Any], own: Any, fault: str, expected: Document) -> None:
    """Its prompt is the template with its fields, or its fault says what is wrong with it."""
    made = document(Form(template="Say {text}"), fields, own=own, position=4, line=9, fault=fault, path=None)
    assert made == expected


def test_the_text_has_its_usual_names_too() -> None:
    """With `--text-field` the template is that field, and a template may call it `{prompt}` or `{text}`."""
    for template in ("{prompt}", "{text}", "{body}"):
        made = document(
            Form(template=template, text_field="body"), {"body": "hi"}, own=1, position=0, line=1, fault="", path=None
        )
        assert made.prompt == "hi"
    made = document(Form(text_field="body"), {"b": "hi"}, own=1, position=0, line=1, fault="", path=None)
    assert made.fault == "line 1 has no field `body`"


def test_a_prompt_is_neither_empty_nor_endless() -> None:
    """Both are said of the document; of a file without its line."""
    faults = [
        document(Form(), {"prompt": text}, own="a", position=0, line=1, fault="", path=path).fault
        for text, path in ((" \n", None), ("x" * (LONGEST_PROMPT + 1), "/x"))
    ]
    assert faults == ["line 1 has an empty prompt", f"it has a prompt of more than {LONGEST_PROMPT:,} letters"]


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (Form(template="{a} {b.c} {json here}"), None),
        (Form(text_field="a"), None),
        (Form(template="{z}"), "the template names `z`, which no document of in.jsonl has"),
        (Form(), "the template names `prompt`, which no document of in.jsonl has"),
        (
            Form(template="{{a}} {x y} {}"),
            "the template names no field, so every document of in.jsonl would be asked the same",
        ),
        (Form(text_field="z"), "--text-field names `z`, which no document of in.jsonl has"),
    ],
)
def test_a_field_that_no_document_has_is_refused(form: Form, told: str | None) -> None:
    """A template for other documents asks nobody anything."""
    if told is None:
        check_columns(form, ("a", "b"), source="in.jsonl")
        return
    with pytest.raises(OutriderError) as caught:
        check_columns(form, ("a", "b"), source="in.jsonl")
    assert (caught.value.message, "`a`, `b`" in caught.value.hint) == (told, True)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("reviews.jsonl", "reviews-abcdef01"), ("/a/b/My Notes.2026.csv", "my-notes-abcdef01"),
        ("notes/", "notes-abcdef01"), ("ünïcode", "n-code-abcdef01"), ("...", "batch-abcdef01"),
    ],
)  # fmt: skip
def test_a_run_is_called_after_its_input(source: str, name: str) -> None:
    """Its name is one that a user may type."""
    assert naming.run_name(source, "abcdef0123456789") == name
    assert naming.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "-x", "a b", "a/b", "x" * 65, "ä"])
def test_a_name_is_plain(name: str) -> None:
    """Nothing else is taken for one."""
    with pytest.raises(OutriderError):
        naming.checked_name(name)


def test_what_is_asked_otherwise_is_named() -> None:
    """Of two command lines for one run, each flag that differs."""
    assert naming.changed({"-m": "a", "-s": 1}, {"-m": "b", "-s": 1, "--private": True}) == ("--private", "-m")
