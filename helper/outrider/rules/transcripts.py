"""What one line of a Claude Code transcript says of money: replies with their usage, calls of subagents, their results.

Pure: a parsed line in, facts out. The format is internal to the client and changes (seen: 2.1.328), so nothing is
taken for granted: what has another shape is no fact, and a number that cannot be one is a fault of the line.

Replies are plain tuples in the order of `REPLY`: a gigabyte of history makes hundreds of thousands of them, and a
record would cost as much as reading its line.
"""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final

from outrider.records import record

REPLY = ("key", "at", "rank", "context", "fresh", "output", "read", "five", "hour", "searches")
"""A reply: who it is, when (milliseconds), how original this copy is, whose it is, its tokens, its web searches."""
CONTEXT = (
    "model", "session", "agent_id", "agent", "plugin", "folder", "branch", "version", "requested", "service", "region",
    "effort", "side",
)  # fmt: skip
"""Whose a reply is; texts, empty where the line does not say. `side` is `1` in a subagent's or copied line."""

_REQUESTED = CONTEXT.index("requested")
SYNTHETIC = "<synthetic>"
"""What the client calls itself where it answers for the model: no tokens, no price."""
SPAWNERS = frozenset({"Agent", "Task"})
MAY_CALL = b'"tool_use"'
"""Without these bytes a line calls no subagent."""
ORDINARY = frozenset({"", "standard", "default", "auto"})
NOWHERE = frozenset({"", "global", "not_available"})
IN_THE_SUM = frozenset({"message", "fallback_message"})
"""Iterations that the usage of the reply already counts."""
ON_TOP = frozenset({"compaction", "advisor_message"})
"""Iterations that it does not: the vendor bills a compaction and an advisor beside it (its pages on both, 2026-10)."""
NEVER_BILLED = frozenset({"user", "progress", "system", "summary", "attachment"})
"""Records that repeat a usage which a reply's own line has."""
MOST = 10**12
_NO_REPLIES: Final[tuple[tuple[Any, ...], ...]] = ()


class BadLine(ValueError):
    """A line with a usage that cannot be one."""


@record
class Call:
    """A subagent that was asked for: what the call named. No text of the prompt is kept, only its length in bytes."""

    id: str
    at: int
    session: str
    caller: str
    agent: str
    model: str
    effort: str
    background: bool | None
    prompt_bytes: int
    version: str
    copied: bool


@record
class Result:
    """What the client said of a subagent when it had started or ended: which model it resolved to."""

    id: str
    at: int
    agent_id: str
    agent: str
    model: str
    status: str
    tokens: int
    milliseconds: int


@record
class Meta:
    """What the client wrote beside a subagent's transcript."""

    agent_id: str
    agent: str
    model: str
    call: str
    depth: int
    finished: bool
    background: bool
    built_in: bool = False


def replies(line: Mapping[str, Any], *, agent_id: str, session: str, at: int) -> tuple[tuple[Any, ...], ...]:
    """Returns the replies that a line bills: one, or more where a compaction or an advisor is billed beside it.

    `agent_id` and `session` are what the file's name says, for lines that do not; `at` is for those without a time.
    """
    message = line.get("message")
    if line.get("type") != "assistant" or type(message) is not dict:
        return _NO_REPLIES
    usage, model = message.get("usage"), message.get("model")
    if type(usage) is not dict or type(model) is not str or not model or model == SYNTHETIC:
        return _NO_REPLIES
    is_side = line.get("isSidechain") is True or line.get("agentId") is not None or bool(agent_id)
    rank = 2 * (line.get("isSidechain") is True) + _is_copied(line)
    context = (
        model, _session(line) or session, _text(line, "agentId") or agent_id, _text(line, "attributionAgent"),
        _text(line, "attributionPlugin"), _text(line, "cwd"), _text(line, "gitBranch"), _text(line, "version"),
        _text(line, "requestedModel"), _service(usage), _region(usage), _text(line, "effort"), "1" if is_side else "",
    )  # fmt: skip
    name = _name(line, message)
    found = (key(name), moment(line, otherwise=at), rank, context, *_tokens(usage))
    parts = usage.get("iterations")
    if not parts or type(parts) is not list:
        return (found,)
    return (found, *_on_top(parts, name, found))


def _on_top(parts: list[Any], name: str, whole: tuple[Any, ...]) -> list[tuple[Any, ...]]:
    found = []
    for number, part in enumerate(parts):
        if type(part) is dict and part.get("type") in ON_TOP:
            model = part.get("model")
            # Nobody asked for an adviser by the name that the reply was asked for by.
            context = (model, *whole[3][1:_REQUESTED], "", *whole[3][_REQUESTED + 1 :])
            context = context if type(model) is str and model else whole[3]
            found.append((key(f"{name}\0{number}"), whole[1], whole[2], context, *_tokens(part)))
    return found


def merged(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    """Returns one reply for two lines of it: the first and most original line says whose, the final usage how much."""
    whose = other if other[2] < one[2] else one
    final = other if other[5] >= one[5] else one
    return (*whose[:4], *final[4:])


def is_odd(line: Mapping[str, Any]) -> bool:
    """Whether a line may bill what is not counted: a usage in a record, or a part of a reply, of an unknown kind."""
    message = line.get("message")
    usage = message.get("usage") if type(message) is dict else None
    if type(usage) is not dict:
        return False
    if line.get("type") != "assistant":
        return line.get("type") not in NEVER_BILLED
    parts = usage.get("iterations")
    if not parts or type(parts) is not list:
        return False
    return any(type(part) is not dict or part.get("type") not in IN_THE_SUM | ON_TOP for part in parts)


def place(path: str) -> tuple[str, str]:
    """Returns the session and the agent that a file's path names, each empty where it names none."""
    *folders, name = path.split("/")
    stem = name.partition(".")[0]
    if not stem.startswith("agent-"):
        return stem, ""
    session = folders[folders.index("subagents") - 1] if "subagents" in folders[1:] else ""
    return session, stem.removeprefix("agent-")


def key(name: str) -> int:
    """Returns the number that a reply is known by, in 64 bits with a sign."""
    return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big", signed=True)


def _name(line: Mapping[str, Any], message: Mapping[str, Any]) -> str:
    """Names a reply. A reply is written as a line for each block, each with its whole usage: its id makes it one."""
    said = message.get("id")
    if type(said) is str and said:
        return f"{said}\0{_text(line, 'requestId')}"
    return f"\0{_text(line, 'uuid')}"


def _session(line: Mapping[str, Any]) -> str:
    """Returns the session that made the request: a session that was forked repeats the lines of another as its own."""
    return _text(line, "requestSessionId") or _text(line, "sessionId")


def _is_copied(line: Mapping[str, Any]) -> bool:
    return "forkedFrom" in line or line.get("requestSessionId", line.get("sessionId")) != line.get("sessionId")


def _service(usage: Mapping[str, Any]) -> str:
    """Returns how a reply was served where that has a price of its own, such as `fast`, `batch`, `priority`."""
    for name in ("speed", "service_tier"):
        said = usage.get(name)
        if type(said) is str and said not in ORDINARY:
            return said
    return ""


def _region(usage: Mapping[str, Any]) -> str:
    said = usage.get("inference_geo")
    return said if type(said) is str and said not in NOWHERE else ""


def _tokens(usage: Mapping[str, Any]) -> tuple[int, int, int, int, int, int]:
    """Returns fresh, output, read, written for five minutes, written for an hour, and web searches."""
    five = hour = 0
    written, lifetimes = count(usage, "cache_creation_input_tokens"), usage.get("cache_creation")
    if type(lifetimes) is dict:
        five, hour = count(lifetimes, "ephemeral_5m_input_tokens"), count(lifetimes, "ephemeral_1h_input_tokens")
    # Older clients say only the sum, which was then always for five minutes.
    five += max(written - five - hour, 0)
    tools = usage.get("server_tool_use")
    return (
        count(usage, "input_tokens"), count(usage, "output_tokens"), count(usage, "cache_read_input_tokens"),
        five, hour, count(tools, "web_search_requests") if type(tools) is dict else 0,
    )  # fmt: skip


def count(values: Mapping[str, Any], name: str) -> int:
    """Returns a number of tokens; what is missing is none, and what cannot be one is a fault."""
    said = values.get(name)
    if said is None:
        return 0
    if type(said) is not int or not 0 <= said <= MOST:
        raise BadLine(f"`{name}` is no number of tokens")
    return said


def moment(line: Mapping[str, Any], *, otherwise: int) -> int:
    """Returns when a line was written, in milliseconds since 1970; another moment where it does not say."""
    try:
        return int(datetime.fromisoformat(line["timestamp"]).timestamp() * 1000)
    except (KeyError, TypeError, ValueError, OverflowError):
        return otherwise


def calls(line: Mapping[str, Any], *, agent_id: str, session: str, at: int) -> tuple[Call, ...]:
    """Returns the subagents that a reply's line asks for."""
    message = line.get("message")
    content = message.get("content") if type(message) is dict else None
    if line.get("type") != "assistant" or type(content) is not list:
        return ()
    found = []
    for block in content:
        if type(block) is dict and block.get("type") == "tool_use" and block.get("name") in SPAWNERS:
            given = block.get("input")
            given = given if type(given) is dict else {}
            is_background = given.get("run_in_background")
            found.append(
                Call(
                    id=_text(block, "id"), at=moment(line, otherwise=at), session=_session(line) or session,
                    caller=_text(line, "agentId") or agent_id, agent=_text(given, "subagent_type"),
                    model=_text(given, "model"), effort=str(given.get("effort") or ""),
                    background=is_background if type(is_background) is bool else None,
                    prompt_bytes=len(_text(given, "prompt").encode("utf-8", "replace")), version=_text(line, "version"),
                    copied=_is_copied(line),
                )
            )  # fmt: skip
    return tuple(found)


def result(line: Mapping[str, Any], *, at: int) -> Result | None:
    """Returns what a line says of how a subagent was started or ended, or None."""
    said, message = line.get("toolUseResult"), line.get("message")
    if line.get("type") != "user" or type(said) is not dict or type(message) is not dict or "agentId" not in said:
        return None
    content = message.get("content")
    blocks = content if type(content) is list else []
    ids = [_text(block, "tool_use_id") for block in blocks if type(block) is dict and "tool_use_id" in block]
    numbers = [said.get(name) for name in ("totalTokens", "totalDurationMs")]
    tokens, milliseconds = (number if type(number) is int and 0 <= number <= MOST else 0 for number in numbers)
    return Result(
        id=ids[0] if ids else "", at=moment(line, otherwise=at), agent_id=_text(said, "agentId"),
        agent=_text(said, "agentType"), model=_text(said, "resolvedModel"), status=_text(said, "status"),
        tokens=tokens, milliseconds=milliseconds,
    )  # fmt: skip


def meta(values: Any, *, agent_id: str) -> Meta | None:
    """Returns what the file beside a subagent's transcript says."""
    if type(values) is not dict:
        return None
    depth = values.get("spawnDepth")
    return Meta(
        agent_id=agent_id, agent=_text(values, "agentType"), model=_text(values, "model"),
        call=_text(values, "toolUseId"), depth=depth if type(depth) is int and 0 <= depth < 1_000 else 0,
        finished=values.get("finished") is True, background=values.get("requestShape") == "background",
        built_in=values.get("isBuiltIn") is True,
    )  # fmt: skip


def _text(values: Mapping[str, Any], name: str) -> str:
    said = values.get(name)
    return said if type(said) is str and len(said) <= 100_000 else ""
