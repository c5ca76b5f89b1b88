"""From the fields of a line to a document: its id, its prompt, or why it cannot be asked."""

from collections.abc import Collection, Mapping

from outrider.data import Json
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.bulk import template
from outrider.rules.bulk.naming import id_problem
from outrider.rules.bulk.nouns import Document

LONGEST_PROMPT = 16_777_216


@record
class Form:
    """How fields become a prompt: the template, and the field that `{prompt}` and `{text}` stand for."""

    template: str = template.PROMPT
    text_field: str | None = None


def fields_of(form: Form, fields: Mapping[str, Json]) -> Mapping[str, Json]:
    """Returns the fields with the one that holds the text under its usual names too."""
    if form.text_field is None or form.text_field not in fields:
        return fields
    text = fields[form.text_field]
    return {"prompt": text, "text": text, **fields}


def document(
    form: Form,
    fields: Mapping[str, Json],
    *,
    own: Json,
    position: int,
    line: int,
    fault: str,
    path: str | None,
) -> Document:
    """Returns the document that a line of the input is; `own` is what it says is its id."""
    problem = fault or id_problem(own)
    known = own if not id_problem(own) else None
    prompt = ""
    if not problem:
        try:
            prompt = template.filled(form.template, fields_of(form, fields))
        except KeyError as missing:
            is_text = missing.args[0] in {"prompt", "text"}
            problem = f"has no field `{(form.text_field if is_text else None) or missing.args[0]}`"
    if not problem and not prompt.strip():
        problem = "has an empty prompt"
    if not problem and len(prompt) > LONGEST_PROMPT:
        problem = f"has a prompt of more than {LONGEST_PROMPT:,} letters"
    where = f"line {line}" if path is None else "it"
    return Document(
        position=position, id=known, prompt="" if problem else prompt, fault=problem and f"{where} {problem}",
        line=line, path=path,
    )  # fmt: skip


def check_columns(form: Form, columns: Collection[str], *, source: str) -> None:
    """Refuses a template that names a field which none of the documents has."""
    wanted = form.text_field
    if wanted is not None and wanted not in columns:
        raise _missing(wanted, columns, source, "--text-field")
    known = {*columns, *(("prompt", "text") if wanted is not None else ())}
    named = template.names(form.template, known=known)
    if not named:
        raise OutriderError(
            f"the template names no field, so every document of {source} would be asked the same",
            hint=f"put a field in, as `{{{min(columns, default='prompt')[:40]}}}`; {_fields(columns)}",
        )
    for name in named:
        if name.partition(".")[0] not in known and name not in known:
            raise _missing(name, columns, source, "the template")


def _missing(name: str, columns: Collection[str], source: str, who: str) -> OutriderError:
    hint = _fields(columns)
    if who == "the template" and name == "prompt":
        hint += "; name the one that holds the text: `--text-field NAME`, or give a `--template`"
    return OutriderError(f"{who} names `{name[:80]}`, which no document of {source} has", hint=hint)


def _fields(columns: Collection[str]) -> str:
    shown = ", ".join(f"`{column[:40]}`" for column in sorted(columns)[:12]) or "none"
    return f"the fields there: {shown}"
