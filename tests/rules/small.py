"""A small registry and a situation, for rules that read both."""

from collections.abc import Mapping
from typing import Any

from outrider.data import NOTHING
from outrider.rows import Registry
from outrider.rules.health import Health
from outrider.rules.limits import limits_from
from outrider.rules.rows_from import registry_from
from outrider.rules.targets import Served, Situation

VALUES: dict[str, Any] = {
    "default": "work",
    "providers": {
        "native": {"dialect": "native"},
        "cloud": {"dialect": "openai", "base_url": "https://cloud.example/v1", "key": "CLOUD_KEY", "keys": ["CLOUD_2"]},
        "gate": {"dialect": "openai", "base_url": "https://gate.example/v1", "key": "GATE_KEY"},
        "box": {"dialect": "ollama", "base_url": "http://localhost:11434", "local": True, "serves": "listed"},
        "own": {
            "dialect": "anthropic",
            "base_url": "https://own.example",
            "key": "OUTRIDER_ANTHROPIC_API_KEY",
        },
    },
    "models": {
        "native.sonnet": {"provider": "native", "id": "sonnet"},
        "cloud.big": {
            "provider": "cloud",
            "id": "big-1",
            "price": {"input": 1, "output": 2},
            "also": {"gate": "cloud/big-1"},
        },
        "cloud.old": {"provider": "cloud", "id": "old", "status": "retired", "replacement": "cloud.big"},
        "box.one": {"provider": "box", "id": "one", "price": {"input": 0, "output": 0}},
        "box.any": {"provider": "box", "id": "*"},
    },
    "aliases": {"big": {"model": "cloud.big", "why": "it is"}, "older": "big"},
    "tasks": {"work": {"chain": ["native.sonnet", "cloud.big"], "tail": True}, "closed": {"chain": ["cloud.old"]}},
    "presets": {"home": {"chain": ["box.any"], "local": True}},
    "limits": {},
    "privacy": {},
}


def registry(values: Mapping[str, Any] = VALUES, origins: Mapping[str, str] = NOTHING) -> Registry:
    """Returns the registry that these values describe."""
    return registry_from(values, origins=origins, digest="d", notes=())


def situation(*keyed: str, served: Mapping[str, Served] = NOTHING, health: Mapping[str, Health] = NOTHING) -> Situation:
    """Returns a situation at second 1,000 of a boot, in which these providers have a key that is called `k`."""
    keys = dict.fromkeys(keyed, "k") | {"box": ""}
    limits = limits_from({}, was_set=frozenset())
    return Situation(keys=keys, health=health, served=served, limits=limits, now=1_000.0, at=1_790_000_000.0)
