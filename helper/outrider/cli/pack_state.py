"""How the pack stands, for `status`, `switch` and `doctor`: its form, its files, its agents and what they run on."""

import os
from typing import Any

from outrider import __version__
from outrider.cli.session import Session
from outrider.doors import client_survey, pack_drift, state
from outrider.doors.pack_drift import Drift
from outrider.doors.pinned import Own, defined
from outrider.errors import OutriderError
from outrider.rules import tiers
from outrider.rules.agent_names import Claims, where_clashes


def facts(session: Session) -> dict[str, Any]:
    """Returns everything there is to say of the pack, for scripts; `lines` says it for people."""
    pack, forms = session.pack, client_survey.forms(session.places)
    drift, fault = _drift(session)
    found: dict[str, Any] = {
        "form": pack.form, "where": pack.where, "paused": pack.paused, "forms": list(forms),
        "version": drift.helper if drift is not None and pack.form == "loose" else _plugin_version(session),
        "explore": explore(session),
        "edited": list(drift.edited) if drift is not None else [],
        "missing": list(drift.missing) if drift is not None else [],
        "waiting": list(drift.waiting) if drift is not None else [],
        "project": _project(session), "agents": agents(session), "problem": fault,
    }  # fmt: skip
    if pack.form == "loose":
        for row in found["agents"]:
            is_gone = any(path.endswith(f"/agents/outrider/{row['agent']}.md") for path in found["missing"])
            row["note"] = row["note"] or ("you deleted its file" if is_gone else None)
    return found


def explore(session: Session) -> bool:
    """Whether the Explore override is on here: a file in the loose form, a choice that the hook reads in the other."""
    if session.pack.form == "loose":
        return session.pack.explore
    own, user = state.standing(session.places)
    return own.get("explore", user.get("explore")) is True


def agents(session: Session) -> list[dict[str, Any]]:
    """Returns each agent of ours: its name in the client, what it runs on, who says so, and who else has the name."""
    own, user = state.standing(session.places)
    theirs = defined(session.places)
    clashes = clash_words(session)
    rows = []
    for agent, (tier, source) in tiers.standing(session.registry, own=own, user=user).items():
        name = session.pack.names.get(agent, agent)
        tier_text, said = _as_defined(theirs.get(name), tier=tier.text, source=source)
        if name.startswith("/"):
            # The plugin has a command in its place, which is no subagent.
            tier_text, said = None, "a command that you type"
        rows.append({"agent": agent, "name": name, "tier": tier_text, "from": said, "note": clashes.get(agent)})
    return rows


def _as_defined(own: Own | None, *, tier: str, source: str) -> tuple[str | None, str]:
    """Returns what runs where the repository defines an agent of this name: its own file counts, whatever stands."""
    return (tier, source) if own is None else (own.tier, f"the project's own, {own.file}")


def clash_words(session: Session) -> dict[str, str]:
    """Returns what to know of each agent whose name is somebody else's too."""
    return {clash.agent: clash.words for clash in where_clashes(claims(session))}


def claims(session: Session) -> Claims:
    """Returns who has which name: ours as installed, the user's own agents, the project's."""
    ours = os.path.join(session.places.claude, "agents", "outrider") + os.sep
    files = client_survey.agents(os.path.join(session.places.claude, "agents"))
    others = {name: [path for path in paths if not path.startswith(ours)] for name, paths in files.items()}
    return Claims(
        names=dict(session.pack.names) if session.pack.form == "loose" and not session.pack.paused else {},
        user={name: paths for name, paths in others.items() if paths},
        project={name: own.file for name, own in defined(session.places).items()},
    )  # fmt: skip


def _drift(session: Session) -> tuple[Drift | None, str | None]:
    try:
        return pack_drift.of_user(session.places), None
    except OutriderError as fault:
        return None, f"{fault.message} ({fault.hint})"


def _project(session: Session) -> dict[str, Any] | None:
    try:
        drift = pack_drift.of_project(session.places)
    except OutriderError as fault:
        return {"version": None, "edited": [], "missing": [], "waiting": [], "problem": fault.message}
    if drift is None:
        return None
    return {
        "version": drift.helper, "edited": list(drift.edited), "missing": list(drift.missing),
        "waiting": list(drift.waiting), "problem": None,
    }  # fmt: skip


def _plugin_version(session: Session) -> str | None:
    if session.pack.form != "plugin" or session.pack.where is None:
        return None
    return client_survey.plugin_version(session.places, session.pack.where)


def lines(found: dict[str, Any]) -> list[str]:
    """Returns the pack's part of `status`."""
    told = [f"pack      {_form(found)}"]
    if len(found["forms"]) > 1:
        told.append(f"pack      WARNING: in {len(found['forms'])} forms at once: {', '.join(found['forms'])}")
    if found["problem"]:
        told.append(f"pack      {found['problem']}")
    told += [f"pack      {words}: {path}" for kind, words in WORDS.items() for path in found[kind]]
    project = found["project"]
    if project is not None:
        also = f", {len(project['edited'])} edited" if project["edited"] else ""
        told.append(f"pack      in this repository, {project['problem'] or 'of ' + project['version']}{also}")
    if found["form"] is None:
        return told
    told.append(f"explore   {'on' if found['explore'] else 'off'}")
    width = max((len(row["name"]) for row in found["agents"]), default=0)
    for row in found["agents"]:
        note = f"; {row['note']}" if row["note"] else ""
        told.append(f"agent     {row['name']:<{width}}  {row['tier'] or 'as the session'} ({row['from']}){note}")
    return told


WORDS = {
    "edited": "edited by you, and kept so",
    "missing": "deleted, and left so",
    "waiting": "a newer version waits beside yours",
}


def _form(found: dict[str, Any]) -> str:
    version = found["version"] or "of an unknown version"
    differs = (
        f", the helper is {__version__}: `outrider upgrade`" if found["version"] not in {None, __version__} else ""
    )
    match found["form"]:
        case None:
            return "not installed: `outrider install`"
        case "loose":
            paused = ", paused: `outrider resume`" if found["paused"] else ""
            return f"as files, {version}{paused}{differs}"
        case _:
            paused = f", disabled here: `claude plugin enable {found['where']}`" if found["paused"] else ""
            return f"as the plugin {found['where']}, {version}{paused}{differs}"


def forced(session: Session) -> str | None:
    """Returns where a variable is set that keeps every subagent on one model."""
    name = "CLAUDE_CODE_SUBAGENT_MODEL_FORCE"
    if session.environment.get(name):
        return "this environment"
    return next((path for _, path in client_survey.variables_set(session.places, (name,))), None)
