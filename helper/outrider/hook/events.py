"""What each hook comes to.

`bash` lets whole calls of ours that only ask or read run without a question. `agent` puts our subagents on the tier
that holds. Both are the user's own calls, and a hook of ours never stands in their way: whatever is wrong, the answer
is `{}` and exit 0, and `doctor` is told. `private` guards our own agent `private-reader`, which runs in the cloud and
must read nothing; it alone blocks, and where it cannot judge it denies. `pins` is in no pack: who turns it on is told
of a subagent that ran on another model than was asked for.

Each road loads what it needs when it is taken.
"""

import json
import os
from collections.abc import Mapping
from types import FrameType
from typing import Any

from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.hook import LARGEST_INPUT, say
from outrider.records import replace
from outrider.rows import Registry

LONGEST = 4.0
"""Seconds after which we give up: Claude Code waits for us."""
UPDATE = "run `outrider upgrade`: the client may be newer than the hooks"
ANSWER = "hookSpecificOutput"
BASH_INPUT = frozenset({"command", "description", "timeout", "run_in_background"})
"""What a Bash call may hold to be approved: one that asks to leave the sandbox goes to the user."""
REASON = "one whole outrider call that only asks or reads, with files of this project"
GUARD = (
    "private-reader runs nothing but one `outrider ask --private -f PATH` with its question by here-document: no other "
    "tool, no other command, no other flag that writes. Return what it prints"
)


def answer(event: str, data: bytes) -> bytes:
    """Returns the answer to one event, as JSON in ASCII, so that no locale can fail."""
    fault = ""
    try:
        _set_deadline(event)
        said = _answer(event, _event(data), os.environ)
    except OutriderError as wrong:
        said, fault = _nothing(event), wrong.message
    except (Exception, KeyboardInterrupt) as wrong:  # noqa: BLE001 (a bug of ours is not the user's stop)
        said, fault = _nothing(event), _place(wrong)
    _clear_deadline()
    if fault:
        _note(event, fault)
    return _line(said)


def _answer(event: str, given: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    if event == "private":
        return _guard(given)
    if event == "pins" and given.get("hook_event_name") == "SubagentStop":
        return _warn(given, environment)
    if given.get("hook_event_name") != "PreToolUse":
        return {}
    if event == "bash":
        return _approve(given, environment)
    return _spawn(given, environment) if event == "agent" else {}


def _guard(given: dict[str, Any]) -> dict[str, Any]:
    """Denies everything but one private question. That one gets no answer here: `bash` judges its files."""
    from outrider.rules.preapproval import is_private_ask
    from outrider.rules.shell_line import parse

    command = _command(given)
    if command is not None and is_private_ask(parse(command)):
        return {ANSWER: {"hookEventName": "PreToolUse"}}
    return _denied(GUARD)


def _denied(reason: str) -> dict[str, Any]:
    return {ANSWER: {
        "hookEventName": "PreToolUse", "permissionDecision": "deny", "permissionDecisionReason": reason
    }}  # fmt: skip


def _approve(given: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Allows a line of the closed list; about any other the client asks as it always does."""
    from outrider.rules.preapproval import call
    from outrider.rules.shell_line import parse

    command = _command(given)
    line = parse(command) if command is not None else None
    made = call(line) if line is not None else None
    cwd = _folder(given.get("cwd"))
    if made is None or cwd is None or not os.path.isdir(cwd):
        return {}
    from outrider.doors import approving

    # What is relative in a deny rule counts from the folder that the line runs in.
    os.chdir(cwd)
    if not approving.may_run(made, cwd=cwd, places=_places(environment, cwd), environment=environment):
        return {}
    return {ANSWER: {
        "hookEventName": "PreToolUse", "permissionDecision": "allow", "permissionDecisionReason": REASON
    }}  # fmt: skip


def _command(given: dict[str, Any]) -> str | None:
    tool = given.get("tool_input")
    if given.get("tool_name") != "Bash" or not isinstance(tool, dict) or not BASH_INPUT.issuperset(tool):
        return None
    command = tool.get("command")
    return command if isinstance(command, str) else None


def _spawn(given: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Puts an agent of ours on its tier; one that the project has of its own keeps what its file says."""
    from outrider.rules import spawning

    asked = spawning.asked_for(given)
    if asked is None:
        return {}
    name, tool = asked
    from outrider.doors import client_pack

    starts = [path for path in map(_folder, (given.get("cwd"), environment.get("CLAUDE_PROJECT_DIR"))) if path]
    where = _places(environment, starts[0] if starts else None)
    pack = client_pack.installed(where, environment)
    if pack.form is None or pack.paused:
        return {}
    agent = spawning.agent_called(name, pack.names)
    if agent is None and name != spawning.EXPLORE:
        return {}
    from outrider.doors import pinned, state

    own, user = state.standing(where)
    if ":" not in name and any(name in pinned.defined(where, start) for start in starts):
        return {}
    if agent is None:
        is_on = own.get("explore", user.get("explore", False)) is True
        return spawning.on_tier(tool, spawning.CHEAPEST) if is_on and not _is_users(name, where) else {}
    from outrider.rules import tiers

    tier, _ = tiers.effective(_registry(where), agent=agent, own=own, user=user)
    return spawning.on_tier(tool, tier)


def _warn(given: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """Tells the user of a subagent whose pin was not kept; it has stopped, and nothing is held up."""
    from outrider.cli.pin_warning import warning
    from outrider.cli.session import Session

    where = _places(environment, _folder(given.get("cwd")))
    said = warning(given, Session(where, environment))
    return {} if said is None else {"systemMessage": said}


def _registry(where: Places) -> Registry:
    """Loads the registry; a repository's settings that are broken count for nothing, and undo no choice of the user."""
    from outrider.doors import registry

    try:
        return registry.load(where, with_models=False)
    except OutriderError as wrong:
        if where.project is None:
            raise
        found = registry.load(replace(where, project=None), with_models=False)
        _note("agent", wrong.message)
        return found


def _is_users(name: str, where: Places) -> bool:
    """Whether the user's folder of agents has one of this name, ours included: its file says what it runs on."""
    from outrider.doors import client_survey

    return name in client_survey.agents(os.path.join(where.claude, "agents"))


def _folder(path: Any) -> str | None:
    return path if isinstance(path, str) and os.path.isabs(path) else None


def _places(environment: Mapping[str, str], cwd: str | None) -> Places:
    """Returns where everything is, by the rules that hold inside Claude Code, wherever we were started from."""
    from outrider.doors import settings

    return settings.places(environment={**environment, "CLAUDECODE": "1"}, cwd=cwd)


def _event(data: bytes) -> dict[str, Any]:
    """Reads the event; one that is too long or no object is a fault of whoever called us."""
    if len(data) > LARGEST_INPUT:
        raise OutriderError("the event has more than 1 MiB", hint=UPDATE)
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise OutriderError("the event is no JSON object", hint=UPDATE)
    return given


def _nothing(event: str) -> dict[str, Any]:
    return _denied(f"the guard of private-reader could not judge this call. {GUARD}") if event == "private" else {}


def _line(said: dict[str, Any]) -> bytes:
    return f"{json.dumps(said)}\n".encode("ascii")


def _set_deadline(event: str) -> None:
    """Answers with nothing when we take too long: a slow disk is no reason to keep anybody waiting."""
    import signal

    def give_up(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 (what a handler is given)
        say(_line(_nothing(event)))
        os._exit(0)

    signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, LONGEST)


def _clear_deadline() -> None:
    """Stops the clock, so that nothing is said twice."""
    import signal

    signal.setitimer(signal.ITIMER_REAL, 0)


def _place(fault: BaseException) -> str:
    """Returns what a bug is and where, without the words of the call: they may be private."""
    trace, place = fault.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        place = f"{os.path.basename(code.co_filename)}:{trace.tb_lineno}"
        trace = trace.tb_next
    return f"{type(fault).__name__} in {place}"


def _note(event: str, message: str) -> None:
    """Tells `doctor`. Where not even our home can be told, it finds that by itself."""
    import time

    from outrider.doors import hook_faults

    try:
        hook_faults.note(_places(os.environ, None), event=event, message=message, at=time.time())
    except Exception:  # noqa: BLE001 (the answer matters more than the note)
        return
