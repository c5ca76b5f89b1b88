"""What a line of a transcript says of money, whatever shape it has."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outrider.rules import transcripts as rules
from outrider.rules.transcripts import CONTEXT, Call, Meta, Result
from tests.transcripts.writing import reply

NAMES: dict[str, Any] = {"agent_id": "", "session": "file", "at": 5}


def line(**more: Any) -> dict[str, Any]:
    """Returns a parsed line of a reply."""
    found: dict[str, Any] = json.loads(reply(1, **more))
    return found


def facts(found: dict[str, Any], **names: Any) -> list[dict[str, Any]]:
    """Returns the replies of a line by name, their context among them."""
    replies = [dict(zip(rules.REPLY, one, strict=True)) for one in rules.replies(found, **{**NAMES, **names})]
    return [{**one, **dict(zip(CONTEXT, one["context"], strict=True))} for one in replies]


def usage(**more: Any) -> dict[str, Any]:
    """Returns a usage of ten tokens in and one out."""
    return {"input_tokens": 10, "output_tokens": 1, **more}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (usage(), (10, 1, 0, 0, 0, 0)),
        (usage(cache_read_input_tokens=7), (10, 1, 7, 0, 0, 0)),
        (usage(cache_creation_input_tokens=9), (10, 1, 0, 9, 0, 0)),
        (usage(cache_creation_input_tokens=9, cache_creation=None), (10, 1, 0, 9, 0, 0)),
        (usage(cache_creation_input_tokens=9, cache_creation={"ephemeral_1h_input_tokens": 4}), (10, 1, 0, 5, 4, 0)),
        (usage(cache_creation={"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 4}), (10, 1, 0, 5, 4, 0)),
        (usage(server_tool_use={"web_search_requests": 3}), (10, 1, 0, 0, 0, 3)),
        (usage(server_tool_use="no", iterations="no"), (10, 1, 0, 0, 0, 0)),
        ({}, (0, 0, 0, 0, 0, 0)),
    ],
)
def test_a_usage_is_read(given: dict[str, Any], expected: tuple[int, ...]) -> None:
    """What is written to the cache is split by how long it is kept; older clients say only the sum."""
    (found,) = facts({**line(), "message": {**line()["message"], "usage": given}})
    assert tuple(found[name] for name in ("fresh", "output", "read", "five", "hour", "searches")) == expected


def test_what_is_billed_beside_a_reply_is_a_reply() -> None:
    """A compaction and an advisor are not in the usage of the reply that they stand in."""
    parts = [
        {"type": "message", **usage()},
        {"type": "compaction", "input_tokens": 180, "output_tokens": 3},
        {"type": "advisor_message", "model": "claude-fable-5-2", "input_tokens": 20, "output_tokens": 4},
    ]
    found = facts(line(usage={"iterations": parts}))
    assert [(one["model"], one["fresh"], one["output"]) for one in found] == [
        ("claude-sonnet-5-5", 100, 10), ("claude-sonnet-5-5", 180, 3), ("claude-fable-5-2", 20, 4),
    ]  # fmt: skip
    assert len({one["key"] for one in found}) == 3


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {"session": "s", "agent_id": "", "side": "", "rank": 0, "service": "", "region": ""}),
        ({"sessionId": None}, {"session": "file"}),
        ({"requestSessionId": "first"}, {"session": "first", "rank": 1}),
        ({"requestSessionId": "s"}, {"session": "s", "rank": 0}),
        ({"forkedFrom": {"sessionId": "x"}}, {"rank": 1}),
        ({"isSidechain": True}, {"side": "1", "rank": 2}),
        ({"agentId": "a1", "attributionAgent": "p:scout", "attributionPlugin": "p"},
         {"agent_id": "a1", "agent": "p:scout", "plugin": "p", "side": "1"}),
        ({"cwd": "/w", "gitBranch": "main", "version": "2", "requestedModel": "opus", "effort": "low"},
         {"folder": "/w", "branch": "main", "version": "2", "requested": "opus", "effort": "low"}),
        ({"cwd": ["/w"], "version": 2}, {"folder": "", "version": ""}),
        ({"usage": {"speed": "fast", "service_tier": "standard"}}, {"service": "fast"}),
        ({"usage": {"speed": "standard", "service_tier": "batch"}}, {"service": "batch"}),
        ({"usage": {"service_tier": "priority", "inference_geo": "us"}}, {"service": "priority", "region": "us"}),
        ({"usage": {"inference_geo": "global"}}, {"region": ""}),
        ({"timestamp": "2026-11-20T10:00:00.500Z"}, {"at": 1_795_168_800_500}),
        ({"timestamp": "2026-11-20T11:00:00.500+01:00"}, {"at": 1_795_168_800_500}),
        ({"timestamp": "yesterday"}, {"at": 5}),
        ({"timestamp": 12}, {"at": 5}),
    ],
)  # fmt: skip
def test_a_reply_is_somebodys(more: dict[str, Any], expected: dict[str, Any]) -> None:
    """Whose, where, how and when: from the line, else from the file's name."""
    (found,) = facts(line(**more))
    assert {name: found[name] for name in expected} == expected


def test_a_file_of_a_subagent_names_it() -> None:
    """Older clients leave the agent out of its own lines."""
    (found,) = facts(line(), agent_id="a7")
    assert (found["agent_id"], found["side"]) == ("a7", "1")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({}, {}, True),
        ({}, {"uuid": "u"}, True),
        ({}, {"requestId": "req_2"}, False),
        ({"requestId": None}, {"requestId": None}, True),
        (
            {"message": {"model": "m", "usage": {}}, "uuid": "u"},
            {"message": {"model": "m", "usage": {}}, "uuid": "u"},
            True,
        ),
        (
            {"message": {"model": "m", "usage": {}}, "uuid": "u"},
            {"message": {"model": "m", "usage": {}}, "uuid": "v"},
            False,
        ),
    ],
)
def test_a_reply_is_known_by_its_id_and_request(one: dict[str, Any], other: dict[str, Any], same: bool) -> None:  # noqa: FBT001
    """Two lines are one reply when both agree; without an id each line is one."""
    keys = [facts({**line(), **more})[0]["key"] for more in (one, other)]
    assert (keys[0] == keys[1]) is same


def test_the_final_usage_counts() -> None:
    """Of two lines the more original says whose it is, the later and larger how much."""
    first, copy = (
        rules.replies(line(**more), **NAMES)[0] for more in ({"output": 90, "isSidechain": True}, {"output": 3})
    )
    assert rules.merged(first, copy) == (*copy[:4], *first[4:])
    assert rules.merged(copy, first) == (*copy[:4], *first[4:])


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("-w/s1.jsonl", ("s1", "")),
        ("-w/s1/subagents/agent-a1.jsonl", ("s1", "a1")),
        ("-w/s1/subagents/agent-a1.meta.json", ("s1", "a1")),
        ("-w/s1/subagents/workflows/w/agent-a1.jsonl", ("s1", "a1")),
        ("-w/agent-a1.jsonl", ("", "a1")),
        ("agent-a1.jsonl", ("", "a1")),
    ],
)
def test_a_path_names_session_and_agent(path: str, expected: tuple[str, str]) -> None:
    """As the client lays its files out."""
    assert rules.place(path) == expected


def test_a_call_of_a_subagent_is_read() -> None:
    """Its words are measured, not kept."""
    content = [
        {"type": "text", "text": "go"},
        {"type": "tool_use", "id": "t1", "name": "Agent",
         "input": {"subagent_type": "scout", "model": "haiku", "effort": "low", "prompt": "é",
                   "run_in_background": True}},
        {"type": "tool_use", "id": "t2", "name": "Task", "input": "broken"},
        {"type": "tool_use", "id": "t3", "name": "Read", "input": {}},
        "broken",
    ]  # fmt: skip
    found = line(agentId="a1", version="2", forkedFrom="x")
    found["message"]["content"] = content
    at = 1_795_168_800_000
    whose: dict[str, Any] = {"at": at, "session": "s", "caller": "a1", "version": "2", "copied": True}
    assert rules.calls(found, **NAMES) == (
        Call(id="t1", agent="scout", model="haiku", effort="low", background=True, prompt_bytes=2, **whose),
        Call(id="t2", agent="", model="", effort="", background=None, prompt_bytes=0, **whose),
    )
    assert rules.calls({"type": "user"}, **NAMES) == ()


def test_a_result_of_a_subagent_is_read() -> None:
    """Which model it resolved to, what it used, how it ended."""
    said = {"agentId": "a1", "agentType": "scout", "resolvedModel": "m", "status": "completed", "totalTokens": 9}
    message = {"content": [{"type": "tool_result", "tool_use_id": "t1"}]}
    found = {"type": "user", "message": message, "toolUseResult": said}
    expected = Result(
        id="t1", at=5, agent_id="a1", agent="scout", model="m", status="completed", tokens=9, milliseconds=0
    )
    assert rules.result(found, at=5) == expected
    for wrong in ({"type": "user"}, {**found, "toolUseResult": "text"}, {**found, "toolUseResult": {}}, line()):
        assert rules.result(wrong, at=5) is None


def test_a_paper_beside_a_transcript_is_read() -> None:
    """It says which agent a subagent is where its lines do not."""
    values = {"agentType": "scout", "model": "haiku", "toolUseId": "t1", "spawnDepth": 2, "requestShape": "background"}
    expected = Meta(agent_id="a1", agent="scout", model="haiku", call="t1", depth=2, finished=False, background=True)
    assert rules.meta(values, agent_id="a1") == expected
    assert rules.meta([], agent_id="a1") is None
    assert rules.meta({"spawnDepth": "deep"}, agent_id="a1") == Meta(
        agent_id="a1", agent="", model="", call="", depth=0, finished=False, background=False
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "type",
                    "message",
                    "usage",
                    "content",
                    "iterations",
                    "input_tokens",
                    "toolUseResult",
                    "id",
                    "model",
                    "name",
                )
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(
    st.dictionaries(st.sampled_from(("message", "usage", "sessionId", "toolUseResult", "timestamp")), JSON),
    st.sampled_from(("assistant", "user")),
)
def test_no_shape_is_a_crash(values: dict[str, Any], kind: str) -> None:
    """A record of another version is facts, no facts, or a fault that is said."""
    found = {**values, "type": kind}
    rules.calls(found, **NAMES)
    rules.result(found, at=0)
    rules.is_odd(found)
    rules.meta(values, agent_id="a")
    try:
        replies = rules.replies(found, **NAMES)
    except rules.BadLine:
        return
    assert all(type(number) is int for one in replies for number in (*one[:3], *one[4:]))
