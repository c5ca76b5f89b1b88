"""The only room that checks JSON against a JSON Schema: every problem at once, each with its path, in our own words.

It is imported late and imports its library later still (50 ms): a file whose content was checked before needs
neither. It never fetches a schema, and never repeats a value that it found: settings hold addresses and, by mistake,
keys. It must not know what the schemas are about.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from outrider.data import Json
from outrider.errors import OutriderError
from outrider.records import memo, record
from outrider.rules.nearest import nearest
from outrider.rules.paths import inside

if TYPE_CHECKING:
    from jsonschema.exceptions import SchemaError, ValidationError
    from jsonschema.protocols import Validator
    from referencing.exceptions import Unresolvable

MOST_PROBLEMS = 200
SHOWN_NAMES = 12

_KINDS = {
    "object": "a group of names", "array": "a list", "string": "a text", "number": "a number",
    "integer": "a whole number", "boolean": "true or false", "null": "null",
}  # fmt: skip


@record
class Problem:
    """One thing that is wrong: where (for people, and as keys), what, and the known name that was probably meant.

    The message names `nearest` too.
    """

    path: str
    keys: tuple[str | int, ...]
    message: str
    nearest: str | None = None

    @property
    def sentence(self) -> str:
        """The problem in one line."""
        return f"{self.path}: {self.message}"


def json_path(keys: tuple[str | int, ...]) -> str:
    """Returns a path as `$.models["openai.gpt"].price.tiers[0]`."""
    path = "$"
    for key in keys:
        path = inside(path, key)
    return path


def problems(document: Json, schema: Mapping[str, Json]) -> tuple[Problem, ...]:
    """Returns everything that is wrong with a document, in its order, at most 200; the schema must be a sound one."""
    import re

    validator = _validator(schema)
    try:
        found = islice(validator.iter_errors(document), MOST_PROBLEMS)
        told = (problem for fault in found for problem in _told(fault))
        # The library reports each missing name on its own, we report them together.
        return tuple(islice(dict.fromkeys(told), MOST_PROBLEMS))
    except RecursionError:
        raise OutriderError("the document is nested too deeply to be checked", hint="make it flatter") from None
    except _unresolvable() as fault:
        raise _nowhere(fault) from None
    except re.error:
        raise OutriderError("the schema has a `pattern` that is no regular expression", hint="mend it") from None


def check_schema(schema: Json, *, source: str) -> None:
    """Raises OutriderError where a user's schema is not a sound one."""
    import jsonschema

    hint = "a schema is a JSON object as json-schema.org describes it"
    if not isinstance(schema, dict):
        raise OutriderError(f"{source} is not a JSON Schema: it is {_kind(schema)}", hint=hint)
    try:
        # Of the formats a schema may have only the one that would fail later: a pattern that is none.
        kind: Any = type(_validator(schema))
        kind.check_schema(schema, format_checker=jsonschema.FormatChecker(("regex",)))
        _check_references(schema)
    except jsonschema.SchemaError as fault:
        path = json_path(tuple(fault.absolute_path))
        raise OutriderError(f"{source} is not a JSON Schema: {path} {_message(fault)}", hint=hint) from None
    except RecursionError:
        raise OutriderError(f"{source} is nested too deeply to be a JSON Schema", hint=hint) from None


def _check_references(schema: dict[str, Json]) -> None:
    """Raises OutriderError for a reference that leads nowhere. Where parts have names of their own, use will tell."""
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    found = tuple(_references(schema))
    if None in found:
        return
    root = Registry().with_resource("", DRAFT202012.create_resource(schema)).resolver()
    for reference in found:
        try:
            root.lookup(str(reference))
        except _unresolvable() as fault:
            raise _nowhere(fault) from None


def _references(value: Json) -> Iterator[str | None]:
    """Yields what a schema refers to, and None where a part of it gives itself a name."""
    match value:
        case dict():
            for name, inner in value.items():
                if name in {"$id", "id", "$anchor", "$dynamicAnchor"} and isinstance(inner, str):
                    yield None
                elif name == "$ref" and isinstance(inner, str):
                    yield inner
                elif name not in {"const", "enum", "default", "examples"}:
                    yield from _references(inner)
        case list():
            for inner in value:
                yield from _references(inner)


@memo
def _validator(schema: Mapping[str, Json]) -> "Validator":
    import jsonschema
    from referencing.jsonschema import EMPTY_REGISTRY

    kind = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    # Without a registry of its own the library would fetch what a schema refers to.
    return kind(schema, registry=EMPTY_REGISTRY)


def _nowhere(fault: "Unresolvable") -> OutriderError:
    return OutriderError(
        f"the schema refers to `{_shown(str(fault.ref))}`, which is not in it",
        hint="write what it refers to into its `$defs`: schemas are never fetched",
    )


def _unresolvable() -> "type[Unresolvable]":
    from referencing.exceptions import Unresolvable

    return Unresolvable


def _told(fault: "ValidationError") -> Iterator[Problem]:
    keys = tuple(fault.absolute_path)
    if fault.validator == "additionalProperties" and isinstance(fault.instance, dict):
        known = tuple(_names(fault.schema, "properties"))
        for name in fault.instance:
            if name not in known and not _is_patterned(name, fault.schema):
                yield _unknown((*keys, name), name, known)
    elif _is_about_a_name(fault) and isinstance(fault.instance, str):
        yield _problem((*keys, fault.instance), f"this name {_message(fault)}")
    else:
        yield _problem(keys, _message(fault), meant=_meant(fault))


def _is_about_a_name(fault: "ValidationError") -> bool:
    steps = tuple(fault.absolute_schema_path)
    return any(
        step == "propertyNames" and before != "properties" for before, step in zip(("", *steps), steps, strict=False)
    )


def _unknown(keys: tuple[str | int, ...], name: str, known: tuple[str, ...]) -> Problem:
    close = nearest(name, known)
    listed = ""
    if close is None and known:
        more = ", …" if len(known) > SHOWN_NAMES else ""
        listed = f" (known: {', '.join(sorted(known)[:SHOWN_NAMES])}{more})"
    return _problem(keys, f"`{_shown(name)}` is not known here{listed}", meant=close)


def _problem(keys: tuple[str | int, ...], message: str, *, meant: str | None = None) -> Problem:
    guess = f"; did you mean `{meant}`?" if meant else ""
    return Problem(path=json_path(keys), keys=keys, message=message + guess, nearest=meant)


def _names(schema: Json, group: str) -> Mapping[str, Json]:
    found = schema.get(group) if isinstance(schema, dict) else None
    return found if isinstance(found, dict) else {}


def _is_patterned(name: str, schema: Json) -> bool:
    import re

    return any(re.search(pattern, name) for pattern in _names(schema, "patternProperties"))


def _meant(fault: "ValidationError") -> str | None:
    if not isinstance(fault.instance, str) or not isinstance(fault.schema, dict):
        return None
    # A form that has few values lists them as examples, which editors offer too.
    choices: Json = fault.schema.get({"enum": "enum", "pattern": "examples"}.get(str(fault.validator), ""), ())
    return nearest(fault.instance, [str(choice) for choice in choices])


def _message(fault: "ValidationError | SchemaError") -> str:
    """Says what is wrong without the value itself."""
    wanted: Json = fault.validator_value
    found: Json = fault.instance
    match fault.validator:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else list(wanted)
            return f"must be {' or '.join(_KINDS.get(kind, str(kind)) for kind in kinds)}, not {_kind(found)}"
        case "enum":
            return f"must be one of {', '.join(_json(choice) for choice in wanted)}"
        case "const":
            return f"must be {_json(wanted)}"
        case "required":
            missing = [name for name in wanted if name not in found]
            return f"lacks {' and '.join(f'`{_shown(name)}`' for name in missing)}"
        case "pattern" | "format":
            form = fault.schema.get("description") if isinstance(fault.schema, dict) else None
            return f"must be {form}" if form else "does not have the form that is wanted"
        case "minimum":
            return f"must be at least {wanted}"
        case "maximum":
            return f"must be at most {wanted}"
        case "exclusiveMinimum":
            return f"must be more than {wanted}"
        case "exclusiveMaximum":
            return f"must be less than {wanted}"
        case _:
            return _size_message(str(fault.validator), wanted)


def _size_message(rule: str, wanted: Json) -> str:
    match rule:
        case "minLength" | "minItems" | "minProperties" if wanted == 1:
            return "must not be empty"
        case "minLength":
            return f"must have at least {wanted} characters"
        case "maxLength":
            return f"must have at most {wanted} characters"
        case "minItems" | "minProperties":
            return f"must have at least {wanted} entries"
        case "maxItems" | "maxProperties":
            return f"must have at most {wanted} entries"
        case "uniqueItems":
            return "must not have the same entry twice"
        case "anyOf" | "oneOf":
            return "fits none of the forms that are allowed, or more than one"
        case _:
            return f"breaks the schema's rule `{_shown(rule)}`"


def _kind(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str():
            return "a text"
        case list():
            return "a list"
        case _:
            return "a group of names"


def _json(value: Json) -> str:
    return value if isinstance(value, str) else _shown(str(value))


def _shown(text: str) -> str:
    """Returns a name fit for a terminal: printable and short."""
    clean = "".join(letter if letter.isprintable() else "�" for letter in text)
    return clean if len(clean) <= 80 else clean[:79] + "…"
