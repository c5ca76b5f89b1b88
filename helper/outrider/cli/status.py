"""`outrider status`: what stands, what is there, what is wrong, at a glance."""

import json
import platform
from typing import Any

import click

from outrider import __version__
from outrider.cli import budgets, pack_state
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.cli.sight import look
from outrider.doors import ledger_read, registry
from outrider.errors import StorageFault
from outrider.rules.targets import Situation


@click.command(epilog="\b\nExamples:\n  outrider status\n  outrider status --json")
@plain_options
def status(*, as_json: bool, quiet: bool) -> None:
    """Say what stands: preset, fallback, keys present (never their values), servers, budgets, trust, and the pack.

    Each agent of the pack is named as it is called here, with its tier and what says so.

    A provider that refused its key is named here until the key is another one.
    """
    session = Session()
    situation, trouble = look(session)
    facts = _facts(session, situation, trouble)
    if as_json:
        dump(facts)
        return
    for line in _lines(facts, quiet=quiet):
        out(line)


def _facts(session: Session, situation: Situation, trouble: tuple[str, ...]) -> dict[str, Any]:
    preset, source = session.preset()
    return {
        "preset": preset, "preset_from": source or None, "fallback": session.fallback(flag=None) is not False,
        "default_task": session.registry.values.get("default"),
        "keys": _keys(session), "refused_keys": refused_keys(session, situation),
        "servers": _servers(session, situation), "budgets": budgets.facts(situation.limits, situation.spend),
        "batches": _batches(session), **_private_files(session), "pack": pack_state.facts(session),
        "project": _project(session), "notes": [*session.registry.notes, *trouble],
        "home": session.places.home, "inside_claude_code": session.inside_claude,
        "versions": {"outrider": __version__, "python": platform.python_version(),
                     "sqlite": ledger_read.sqlite_version(), "registry": session.registry.digest},
    }  # fmt: skip


def _batches(session: Session) -> list[dict[str, str]]:
    """Returns the runs over many documents that were begun and have not ended."""
    from outrider.doors.batch_journal import Journal

    try:
        found = Journal(session.ledger, session.places).unfinished()
    except StorageFault:
        return []
    return [{"name": row["name"], "begun": ledger_read.stamp(row["at"])} for row in found]


def _keys(session: Session) -> list[dict[str, Any]]:
    found = []
    for provider in session.registry.providers.values():
        variable, _, where = (session.keys.source(provider) or "").partition(" (")
        if provider.keys:
            present = where.removesuffix(")")
            found.append(
                {"provider": provider.name, "present": bool(variable), "variable": variable or provider.keys[0],
                 "where": present or None, "needed": provider.needs_key}
            )  # fmt: skip
    return found


def refused_keys(session: Session, situation: Situation) -> list[dict[str, str]]:
    """Returns the providers that refused the key they still have; another key is another target, and not yet judged."""
    found: dict[str, dict[str, str]] = {}
    for target, state in situation.health.items():
        name, key = target.partition("|")[0], target.rpartition("|")[2]
        provider = session.registry.providers.get(name)
        if state.kind == "auth" and provider is not None and situation.keys.get(name) == key:
            variable = (session.keys.source(provider) or (provider.keys or ("",))[0]).partition(" ")[0]
            found[name] = {"provider": name, "variable": variable, "message": state.message}
    return list(found.values())


def _servers(session: Session, situation: Situation) -> list[dict[str, Any]]:
    try:
        asked = session.ledger.served_at()
    except StorageFault:
        asked = {}
    found = []
    for provider in session.registry.providers.values():
        if (provider.local and provider.base_url) or provider.name in situation.served:
            served = situation.served.get(provider.name)
            age = situation.at - asked[provider.name] if provider.name in asked else None
            found.append(
                {"provider": provider.name, "url": provider.base_url, "alive": served.alive if served else None,
                 "models": list(served.ids) if served else [], "asked_seconds_ago": None if age is None else round(age)}
            )  # fmt: skip
    return found


def _project(session: Session) -> dict[str, Any] | None:
    if session.places.project is None:
        return None
    sources = registry.read_sources(session.places)
    files = registry.project_files(session.places, sources)
    return {
        "path": session.places.project, "files": [path for path, _ in files],
        "trusted": registry.is_trusted(session.places, sources) if files else None,
    }  # fmt: skip


def _private_files(session: Session) -> dict[str, Any]:
    """Returns what keeps Claude Code from files that are local-only; nothing where there are none."""
    if not session.registry.values.get("privacy", {}).get("paths"):
        return {}
    from outrider.cli.classifying import deny_advice

    return {"private_files": deny_advice(session)}


def private_words(entry: dict[str, Any]) -> str:
    """Returns what to do about one local-only pattern."""
    if entry["present"]:
        return f"{entry['pattern']} is local-only, and `permissions.deny` keeps Claude Code from it"
    lines = ", ".join(json.dumps(line) for line in entry["lines"])
    return (
        f"WARNING: {entry['pattern']} is local-only, but Claude Code itself may read it and send it; add to "
        f"`permissions.deny` in its settings.json: {lines}"
    )


def _lines(facts: dict[str, Any], *, quiet: bool) -> list[str]:
    lines = [
        f"WRONG KEY  {entry['provider']} refused {entry['variable']} ({entry['message']}): "
        f"`outrider keys set {entry['provider']}`"
        for entry in facts["refused_keys"]
    ]
    source = f" ({facts['preset_from']})" if facts["preset_from"] else ""
    lines += [
        f"preset    {facts['preset'] or 'none, each task its own chain'}{source}",
        f"fallback  {'on' if facts['fallback'] else 'off'}",
        f"default   task {facts['default_task']}",
        f"keys      {_present(facts['keys'])}",
    ]
    missing = [entry["provider"] for entry in facts["keys"] if entry["needed"] and not entry["present"]]
    if missing:
        lines.append(f"no key    {', '.join(missing)}")
    lines += [f"server    {_server_words(entry)}" for entry in facts["servers"]]
    lines.append(f"budgets   {budgets.words(facts['budgets'])}")
    lines += [
        f"batch     {entry['name']}, begun {entry['begun']}, has documents left: type its command again"
        for entry in facts["batches"]
    ]
    lines += pack_state.lines(facts["pack"])
    lines += [f"private   {private_words(entry)}" for entry in facts.get("private_files", ())]
    if facts["project"] is not None:
        lines.append(f"project   {_project_words(facts['project'])}")
    lines += [f"note      {text}" for text in facts["notes"]]
    if not quiet:
        versions = facts["versions"]
        lines.append(
            f"version   outrider {versions['outrider']}, Python {versions['python']}, SQLite {versions['sqlite']}, "
            f"home {facts['home']}"
        )
    return lines


def _present(keys: list[dict[str, Any]]) -> str:
    found = [
        f"{entry['provider']} ({entry['variable']}, {'environment' if entry['where'] == 'environment' else 'key file'})"
        for entry in keys
        if entry["present"]
    ]
    return ", ".join(found) or "none: `outrider keys set NAME`"


def _server_words(entry: dict[str, Any]) -> str:
    if entry["alive"] is None:
        return f"{entry['provider']} at {entry['url']}: not asked yet (`outrider models --live`)"
    state = f"up, {len(entry['models'])} models" if entry["alive"] else "did not answer"
    return f"{entry['provider']} at {entry['url']}: {state}, asked {_age(entry['asked_seconds_ago'])}"


def _age(seconds: int | None) -> str:
    if seconds is None:
        return "once"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return "just now"


def _project_words(project: dict[str, Any]) -> str:
    if not project["files"]:
        return f"{project['path']}: no settings of its own"
    state = "trusted" if project["trusted"] else "not trusted, so it may only tighten (`outrider trust`)"
    return f"{project['path']}: {', '.join(project['files'])}: {state}"
