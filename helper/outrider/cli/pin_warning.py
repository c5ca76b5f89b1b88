"""Judges one subagent the moment it stops, for a hook: a warning where its pin was not kept, else nothing.

Reads only what the event names, and only below Claude Code's own folder of transcripts. Prints nothing.
"""

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from outrider.cli.pinning import Told, spawn_of
from outrider.cli.session import Session
from outrider.doors.agent_files import AgentFiles
from outrider.doors.files import read_small
from outrider.doors.transcripts_files import Lines, opened
from outrider.errors import OutriderError
from outrider.records import replace
from outrider.rules import transcripts as rules
from outrider.rules.client_prices import Tokens
from outrider.rules.pins import ALARMS, judge, warning_text
from outrider.rules.spending import Heap
from outrider.rules.transcripts import CONTEXT, REPLY, Call

SMALL = 65_536
LONGEST = 64 * 1_048_576
"""Bytes of a session's transcript that are looked through, from its end, for the call."""
META_ENDING = ".meta.json"


def warning(event: Mapping[str, Any], session: Session) -> str | None:
    """Returns one line for a subagent that ran on another model than was asked for; None for every other.

    `event` is what Claude Code hands a `SubagentStop` hook. It never fails: where it cannot judge, it is silent.
    """
    try:
        return _warning(event, session)
    except (OSError, OutriderError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _warning(event: Mapping[str, Any], session: Session) -> str | None:
    root = os.path.realpath(os.path.join(session.places.claude, "projects"))
    paths = [os.path.realpath(str(event[name])) for name in ("agent_transcript_path", "transcript_path")]
    if any(not path.startswith(root + os.sep) for path in paths):
        return None
    own, callers = paths
    agent_id = str(event["agent_id"])
    data = read_small(own.removesuffix(".jsonl") + META_ENDING, limit=SMALL, follow=False)
    meta = rules.meta(json.loads(data or b"null"), agent_id=agent_id)
    name = os.path.relpath(own, root)
    subagent = _Heard(agent_id=agent_id, session=rules.place(name)[0]).read(_lines(root, own))
    caller = _Heard(call=meta.call if meta is not None else "").read(_lines(root, callers))
    told = Told(call=caller.call, meta=meta, result=None)
    spawn = spawn_of(told, agent_id=agent_id, own=subagent.heaps(side=True), callers=caller.heaps(side=False))
    files = AgentFiles(session.places, session.environment)
    whole = replace(
        spawn, files=files.called(spawn.agent, folder=spawn.folder), around=files.around(spawn.folder)
    )  # fmt: skip
    (found,) = judge((whole,), session.registry)
    return warning_text(found) if found.verdict in ALARMS else None


def _lines(root: str, path: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    descriptor = opened(root, os.path.relpath(path, root))
    try:
        start = max(os.fstat(descriptor).st_size - LONGEST, 0)
        for text in Lines(descriptor, start):
            try:
                line = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if type(line) is dict:
                yield text, line
    finally:
        os.close(descriptor)


class _Heard:
    """What lines say of replies and of one call, each line looked at once and none held."""

    def __init__(self, *, agent_id: str = "", session: str = "", call: str = "") -> None:
        self._agent_id, self._session, self._id = agent_id, session, call
        self._heaps: dict[int, Heap] = {}
        self.call: Call | None = None

    def read(self, lines: Iterator[tuple[bytes, dict[str, Any]]]) -> "_Heard":
        """Reads lines; of a reply that is written as several, the last has its final usage."""
        for text, line in lines:
            for reply in rules.replies(line, agent_id=self._agent_id, session=self._session, at=0):
                said = dict(zip(REPLY, reply, strict=True))
                tokens = Tokens(calls=1, **{name: said[name] for name in REPLY[4:]})
                context = dict(zip(CONTEXT, said["context"], strict=True))
                one = Heap(context=context, at=said["at"] / 1000, prompt=tokens.input, tokens=tokens)
                self._heaps[said["key"]] = one
            if self._id and rules.MAY_CALL in text:
                found = rules.calls(line, agent_id="", session="", at=0)
                self.call = next((one for one in found if one.id == self._id), self.call)
        return self

    def heaps(self, *, side: bool) -> tuple[Heap, ...]:
        """Returns what a subagent used, or what the session itself did."""
        return tuple(heap for heap in self._heaps.values() if bool(heap.context["side"]) == side)
