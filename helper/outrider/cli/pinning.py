"""Gathers the subagents that ran, and has their pins judged, for the commands that show them. Prints nothing."""

from outrider.cli import spending
from outrider.cli.session import Session
from outrider.cli.spending import History
from outrider.doors.agent_files import AgentFiles
from outrider.doors.worktrees import repository_of
from outrider.records import record, replace
from outrider.rules.client_models import CLASSES, spoken
from outrider.rules.pin_asking import Around, Spawn
from outrider.rules.pins import Judged, judge
from outrider.rules.spending import Heap
from outrider.rules.transcripts import Call, Meta, Result


@record
class Told:
    """What three places say of one subagent."""

    call: Call | None
    meta: Meta | None
    result: Result | None


def judged(
    session: Session, *, since: float = 0.0, repository: str | None = None, found: History | None = None
) -> tuple[Judged, ...]:
    """Returns every subagent that was asked for since a moment, judged, the newest first.

    `found` is the history if it was read already, all of it: a caller may be older than its subagent.
    """
    history = spending.history(session, since=0.0) if found is None else found
    user = session.environment.get("HOME", "")
    kept = [
        spawn for spawn in spawns(session, history)
        if spawn.at >= since and (repository is None or repository_of(spawn.folder, user=user) == repository)
    ]  # fmt: skip
    return judge(kept, session.registry)


def spawns(session: Session, history: History) -> tuple[Spawn, ...]:
    """Returns every subagent of a history, with all that is known of what it was to run on."""
    transcripts = history.transcripts
    calls = {call.id: call for call in transcripts.calls()}
    metas = {meta.agent_id: meta for meta in transcripts.metas()}
    results: dict[str, Result] = {}
    for one in transcripts.results():
        if one.agent_id and (one.agent_id not in results or one.model):
            results[one.agent_id] = one
    heaps = _by_speaker(history.heaps)
    files = AgentFiles(session.places, session.environment)
    found = []
    named = {heap.context["agent_id"] for heap in history.heaps if heap.context["side"] and heap.context["agent"]}
    for agent_id in sorted({*metas, *results, *named} - {""}):
        meta, result = metas.get(agent_id), results.get(agent_id)
        call = calls.get((meta.call if meta is not None else "") or (result.id if result is not None else ""))
        own = heaps.get(("", agent_id), ())
        callers = heaps.get((call.session, call.caller), ()) if call is not None else ()
        spawn = spawn_of(Told(call=call, meta=meta, result=result), agent_id=agent_id, own=own, callers=callers)
        around = files.around(spawn.folder)
        found.append(replace(spawn, files=files.called(spawn.agent, folder=spawn.folder), around=around))
    return tuple(found)


def spawn_of(told: Told, *, agent_id: str, own: tuple[Heap, ...], callers: tuple[Heap, ...]) -> Spawn:
    """Returns a subagent with what the transcripts say of it."""
    call, meta, result = told.call, told.meta, told.result
    first = own[0].context if own else {}
    begun = [one.at / 1000 for one in (call, result) if one is not None and one.at]
    return Spawn(
        agent_id=agent_id, is_called=call is not None, heaps=own, is_built_in=meta is not None and meta.built_in,
        agent=(meta.agent if meta is not None else "") or (call.agent if call is not None else "")
        or first.get("agent", ""),
        at=begun[0] if begun else min((heap.at for heap in own), default=0.0),
        session=call.session if call is not None else first.get("session", ""),
        folder=first.get("folder") or (callers[0].context["folder"] if callers else ""),
        version=(call.version if call is not None else "") or first.get("version", ""),
        call_model=call.model if call is not None else "", call_effort=call.effort if call is not None else "",
        noted=meta.model if meta is not None else "", resolved=_id(result),
        parents=frozenset(heap.context["model"] for heap in callers), files=(), around=Around(variables={}),
    )  # fmt: skip


def _id(result: Result | None) -> str:
    """Returns the model that the client told the caller, where it is an id."""
    return result.model if result is not None and spoken(result.model) not in CLASSES else ""


def _by_speaker(heaps: tuple[Heap, ...]) -> dict[tuple[str, str], tuple[Heap, ...]]:
    """Returns heaps by who spoke: a subagent under its id alone and in its session, a session under its own."""
    found: dict[tuple[str, str], list[Heap]] = {}
    for heap in heaps:
        speaker = heap.context["agent_id"] if heap.context["side"] else ""
        for key in {(heap.context["session"], speaker), ("", speaker)} - {("", "")}:
            found.setdefault(key, []).append(heap)
    return {key: tuple(ones) for key, ones in found.items()}
