"""`outrider route`: the decision without the call."""

from typing import TYPE_CHECKING, Any

import click

from outrider.cli.selecting import selection_options
from outrider.cli.show import dollars, dump, note, out

if TYPE_CHECKING:
    from outrider.cli.asking import Decided
    from outrider.cli.session import Session

EPILOG = """\b
Examples:
  outrider route "rename this variable"
  outrider route -t auto -f src/lock.py --json "why does this deadlock?\""""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@selection_options
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
def route(prompt: str | None, *, as_json: bool, **choosing: Any) -> int:
    """Say which model would be asked, and why. Calls nothing and asks no server.

    Exit 5 where policy leaves no model.
    """
    from outrider.cli.asking import Wish, decide_on
    from outrider.cli.envelope import routed
    from outrider.cli.session import Session
    from outrider.rules.routing import estimate

    session = Session()
    decided = decide_on(session, Wish(argument=prompt, **choosing))
    decision = decided.route
    likely = estimate(session.registry, decision, decided.facts, at=decided.situation.at)
    kind, message, hint = "", "", ""
    if not decision.chain:
        from outrider.rules.receipts import no_model

        kind, message, hint = no_model(session.registry, decision, private=decision.private)
    code = 5 if kind in {"private", "budget"} else 0
    if as_json:
        error = {"error": {"kind": kind, "message": message, "hint": hint}} if code else {}
        dump({**routed(decision, estimate=None if likely is None else float(likely)), **error})
        return code
    for text in (*session.registry.notes, *decision.notes, *_of_the_pack(session, decided)):
        note(text)
    if not decision.chain:
        out(f"no model: {message}\n  rule: {decision.rule}\nto have one, {hint}")
        return code
    is_for_subagent = decision.how == "subagent"
    out(f"{decision.chain[0]}: use the `{decision.agent}` subagent" if is_for_subagent else decision.chain[0])
    out(f"  rule: {decision.rule}")
    if decision.level is not None:
        out(f"  level: {decision.level}")
    if decision.class_from:
        out(f"  class: {decision.data_class}, by {decision.class_from}")
    if len(decision.chain) > 1:
        out(f"  then: {', '.join(decision.chain[1:])}")
    for entry in decision.passed:
        if entry.kind != "native":
            out(f"  passed over: {entry.model}: {entry.why}")
    if decision.targets:
        out(f"  estimate: {dollars(likely)} for {decided.facts.tokens:,} tokens in, asked through outrider")
    return 0


def _of_the_pack(session: "Session", decided: "Decided") -> tuple[str, ...]:
    """Says why a subagent of ours that would do the work cannot be sent."""
    decision = decided.route
    if decision.agent in session.registry.values.get("agents", {}) and session.pack.form is None:
        from outrider.doors.client_pack import has_own_pack

        if has_own_pack(session.places):
            return ()
        return (f"the pack is not installed, so there is no `{decision.agent}` yet: `outrider install`",)
    first = session.registry.models.get(decision.chain[0]) if decision.chain else None
    is_native = first is not None and session.registry.providers[first.provider].dialect == "native"
    if is_native and decision.agent is None and session.pack.paused:
        return ("the pack is paused, so there is no subagent to send: `outrider status` says how it comes back",)
    missed = _missed(session, decided) if is_native and decided.situation.gone else None
    if missed is None:
        return ()
    flag = "" if session.pack.form == "loose" else " --project"
    return (f"`{missed}` would do this, but its file is gone: `outrider install{flag} --restore` brings it back",)


def _missed(session: "Session", decided: "Decided") -> str | None:
    """Returns the subagent that would be sent if no file of ours were gone; None where that is the one that is."""
    from outrider.records import replace
    from outrider.rules.routing import route as decide

    whole = replace(decided.situation, gone=frozenset())
    found = decide(session.registry, decided.selection, decided.facts, whole).agent
    return found if found != decided.route.agent else None
