"""Lays an imported layer into a user's own one: what is new goes in, what is there stays."""

from collections.abc import Mapping
from typing import Any

from outrider.records import record
from outrider.rules.layers import NAMED_KINDS
from outrider.rules.paths import inside

KINDS = ("providers", "prompts", *NAMED_KINDS)


@record
class Merged:
    """The settings that follow, and what of the import was not taken since the user has it otherwise."""

    values: Mapping[str, Any]
    kept: tuple[str, ...]


def merged(own: Mapping[str, Any], layer: Mapping[str, Any]) -> Merged:
    """Returns the user's settings with what is new of a layer; no value of theirs changes."""
    values: dict[str, Any] = dict(own)
    kept: list[str] = []
    for key, said in layer.items():
        if key in KINDS:
            _rows(values, kept, key, said)
        elif key == "rules":
            _rules(values, kept, said)
        elif key == "limits":
            there = values.get("limits", {})
            kept += [inside("$.limits", name) for name in said if name in there and there[name] != said[name]]
            values["limits"] = {**said, **there}
        elif key not in values:
            values[key] = said
        elif values[key] != said:
            kept.append(inside("$", key))
    return Merged(values=values, kept=tuple(kept))


def _rows(values: dict[str, Any], kept: list[str], kind: str, said: Mapping[str, Any]) -> None:
    there = values.get(kind, {})
    elsewhere = {name for other in NAMED_KINDS if other != kind for name in values.get(other, {})}
    new = {}
    for name, row in said.items():
        if name in there or (kind in NAMED_KINDS and name in elsewhere):
            kept += [] if there.get(name) == row else [inside(f"$.{kind}", name)]
        else:
            new[name] = row
    if new:
        values[kind] = {**there, **new}


def _rules(values: dict[str, Any], kept: list[str], said: list[Mapping[str, Any]]) -> None:
    there = list(values.get("rules", ()))
    by_name = {rule.get("name"): rule for rule in there}
    kept += [f"$.rules ({rule['name']})" for rule in said if by_name.get(rule["name"], rule) != rule]
    new = [rule for rule in said if rule["name"] not in by_name]
    if new:
        values["rules"] = [*there, *new]
