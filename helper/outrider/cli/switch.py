"""`outrider switch`: what stands until it is changed, for the user or for one repository."""

from collections.abc import Iterable
from typing import Any

import click

from outrider.cli import pack_state, switch_explore
from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, note, out
from outrider.doors import state
from outrider.errors import OutriderError
from outrider.rules.nearest import nearest
from outrider.rules.selection import unknown
from outrider.rules.targets import Wanted
from outrider.rules.usable import chain_standing

EXAMPLES = """\b
Examples:
  outrider switch cheap
  outrider switch local --project
  outrider switch fallback off
  outrider switch default"""
TURNED = {"on": True, "off": False}
TURNABLE = ("fallback", "explore")
MOST_SHOWN = 10


@click.command(epilog=EXAMPLES)
@click.argument("what", metavar="PRESET|default|status|fallback|explore", required=False, default="status")
@click.argument("turned", metavar="[on|off]", required=False)
@click.option("--project", "for_project", is_flag=True, help="For this repository only; nothing is written into it.")
@plain_options
def switch(what: str, turned: str | None, *, for_project: bool, as_json: bool, quiet: bool) -> None:
    """Choose a standing preset, or turn fallback or the Explore override on or off.

    It stands until it is changed. `default` takes the preset back, `status` says what stands. The subagents of the pack
    follow from their next start on; it ends with what it did not change.
    """
    session = Session()
    if for_project and session.places.project is None:
        raise OutriderError("this folder is in no repository", hint="go into one, or leave `--project` out")
    said = _said(session, what, turned)
    # Explore may not get its place, and is stored only if it did.
    explored = switch_explore.turn(session, on=said["explore"], for_project=for_project) if "explore" in said else ""
    if said:
        state.change(session.places, said, for_project=for_project)
        session = Session()
    if as_json:
        dump({**_stands(session), "agents": pack_state.agents(session), "changed": said,
              "unchanged": list(_unchanged(session))})  # fmt: skip
        return
    _print(session)
    if explored:
        out(explored)
    for text in () if quiet else (*_doubts(session), *session.registry.notes):
        note(text)
    for text in _unchanged(session) if said or what == "status" else ():
        out(f"not changed: {text}")


def _said(session: Session, what: str, turned: str | None) -> dict[str, Any]:
    """Returns what to store."""
    if what in TURNABLE:
        if turned not in TURNED:
            raise OutriderError(
                f"`switch {what}` wants `on` or `off`", hint=f"run `outrider switch {what} on` or `… {what} off`"
            )
        return {what: TURNED[turned]}
    if turned is not None:
        raise OutriderError(f"`switch {what}` takes nothing more", hint=f"run `outrider switch {what}`")
    if what == "status":
        return {}
    if what == "default":
        return {"preset": None}
    presets = session.registry.presets
    if what not in presets:
        if nearest(what, presets) is None and nearest(what, ("default", "status", *TURNABLE)) is not None:
            raise unknown("preset", what, ("default", "status", *TURNABLE), command="presets")
        raise unknown("preset", what, presets, command="presets")
    return {"preset": what}


def _stands(session: Session) -> dict[str, Any]:
    preset, source = session.preset()
    own, user = state.standing(session.places)
    return {
        "preset": preset, "from": source or None, "fallback": session.fallback(flag=None) is not False,
        "explore": own.get("explore", user.get("explore")), "project": session.places.project,
        "stored": {"user": _choices(user), "project": _choices(own)},
    }  # fmt: skip


def _choices(stored: dict[str, Any]) -> dict[str, Any]:
    return {name: stored[name] for name in ("preset", *TURNABLE) if name in stored}


def _print(session: Session) -> None:
    stands = _stands(session)
    out(f"preset: {stands['preset'] or 'none, each task its own chain'}{_from(stands['from'])}")
    out(f"fallback: {'on' if stands['fallback'] else 'off'}")
    if stands["explore"] is not None:
        out(f"explore: {'on' if stands['explore'] else 'off'}")
    if session.pack.form is not None and not session.pack.paused:
        rows = [row for row in pack_state.agents(session) if not row["name"].startswith("/")]
        out(f"agents: {_named((row['name'], row['tier'] or 'as the session') for row in rows)}")


def _from(source: str | None) -> str:
    return f" ({source})" if source else ""


def _doubts(session: Session) -> tuple[str, ...]:
    """Says why the preset that stands would not do what its name promises."""
    from outrider.cli.sight import look

    name, source = session.preset()
    if name is None:
        return ()
    preset = session.registry.presets.get(name)
    if preset is None:
        return (f"no layer has a preset called `{name}` ({source}): run `outrider switch default`",)
    situation, trouble = look(session)
    wanted = Wanted(private=preset.local, needs=frozenset(), tokens=0, explicit=False)
    chain = chain_standing(session.registry, situation, preset.chain, wanted)
    if any(how.how == "call" for _, how in chain):
        return trouble
    what = (
        "no local server is known to run: start one, then `outrider models --live`"
        if preset.local
        else (f"no model of `{name}` can be asked now, so tasks go on with their own chains: `outrider presets {name}`")
    )
    return (*trouble, what)


def _unchanged(session: Session) -> tuple[str, ...]:
    """Says what no switch of ours moves."""
    from outrider.doors.pinned import pinned

    said = ["the model of your Claude Code session: that is `/model`"]
    agents = pack_state.agents(session)
    pins = pinned(session.places)
    if pins:
        said.append(f"subagents that this repository keeps on a model of its own: {_named(pins)}")
    kept = [(row["name"], row["tier"]) for row in agents if row["from"].startswith("project") and row["name"] not in
            dict(pins)]  # fmt: skip
    if kept:
        said.append(f"subagents that this repository's settings keep on a tier: {_named(kept)}")
    preset = session.registry.presets.get(session.preset()[0] or "")
    if preset is not None and preset.row.get("agents"):
        said += [words for words in (_silent_pack(session),) if words]
    if preset is not None and preset.local:
        said.append(
            "what Claude Code itself reads: your session and its subagents still go to Anthropic; "
            "only what is asked through `outrider` stays local"
        )
    return tuple(said)


def _named(pairs: Iterable[tuple[str, str]]) -> str:
    shown = [f"{name} ({tier})" for name, tier in pairs]
    return ", ".join(shown[:MOST_SHOWN]) + (f" and {len(shown) - MOST_SHOWN} more" if len(shown) > MOST_SHOWN else "")


def _silent_pack(session: Session) -> str | None:
    """Says why no subagent of ours follows a switch, if none does."""
    if session.pack.form is None:
        return "the tiers of subagents: the pack is not installed (`outrider install`)"
    if session.pack.paused:
        return "the tiers of subagents: the pack is paused, or its plugin disabled (`outrider status`)"
    where = pack_state.forced(session)
    if where is not None:
        return f"the tiers of subagents: CLAUDE_CODE_SUBAGENT_MODEL_FORCE, set in {where}, keeps all on one model"
    return None
