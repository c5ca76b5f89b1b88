"""The sessions that the golden history is made of: what the model answers, and what the vendor would bill."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tests.transcripts.scripted_api import MAIN, Reply, text, tool, usage

FILE = "notes.txt"
PACK_AGENT = "pack:scout"


class Turn(NamedTuple):
    """One start of the client."""

    name: str
    model: str
    replies: Mapping[str, Sequence[Reply]]
    resumes: str = ""
    forks: bool = False


def _thinking(words: str) -> dict[str, str]:
    return {"type": "thinking", "thinking": words}


TURNS = (
    # A session with parallel blocks, an agent of a plugin that is waited for, and one in the background.
    Turn(
        "first", "sonnet",
        {
            MAIN: (
                Reply([_thinking("hm"), text("reading"), tool("Read", "r1", file_path=FILE),
                       tool("Read", "r2", file_path=FILE)],
                      usage(10, 120, five=1_000, hour=3_000), "tool_use"),
                Reply([text("delegating"),
                       tool("Agent", "a1", description="look", prompt="<scout-one> look", subagent_type=PACK_AGENT,
                            run_in_background=False),
                       tool("Agent", "a2", description="search", prompt="<general-one> look", model="opus",
                            subagent_type="general-purpose", run_in_background=True)],
                      usage(5, 80, read=4_000, five=200), "tool_use"),
                Reply([text("waiting")], usage(5, 40, read=4_200, hour=300)),
                Reply([text("done")], usage(5, 30, read=4_500, five=100)),
            ),
            "scout-one": (
                Reply([text("looking"), tool("Read", "s1", file_path=FILE)], usage(7, 50, five=900), "tool_use"),
                Reply([text("found")], usage(3, 25, read=900)),
            ),
            "general-one": (
                Reply([tool("Read", "g1", file_path=FILE)], usage(8, 55, five=1_900), "tool_use"),
                Reply([text("found too")], usage(4, 26, read=1_900), after=(MAIN, 3)),
            ),
        },
    ),
    Turn("resumed", "sonnet", {MAIN: (Reply([text("again")], usage(6, 15, read=4_600)),)}, resumes="first"),
    Turn("forked", "sonnet", {MAIN: (Reply([text("apart")], usage(6, 16, read=4_600)),)}, resumes="first", forks=True),
    # Every way of being billed that is not the plain one.
    Turn(
        "dear", "opus",
        {
            MAIN: (
                Reply([text("fast"), tool("Read", "d1", file_path=FILE)],
                      usage(1_000, 500, hour=2_000, speed="fast"), "tool_use"),
                Reply([text("far"), tool("Read", "d2", file_path=FILE)],
                      usage(1_000, 500, inference_geo="us"), "tool_use"),
                Reply([text("searched"),
                       tool("Agent", "d3", description="long", prompt="<scout-two> look", subagent_type=PACK_AGENT,
                            run_in_background=False)],
                      usage(100, 50, server_tool_use={"web_search_requests": 3, "web_fetch_requests": 0}), "tool_use"),
                Reply([text("advised")],
                      usage(1_000, 200, iterations=[
                          {"type": "message", "input_tokens": 1_000, "output_tokens": 200},
                          {"type": "advisor_message", "model": "claude-fable-5-2", "input_tokens": 2_000,
                           "output_tokens": 300},
                      ])),
            ),
            "scout-two": (
                Reply([text("a long look"), tool("Read", "l1", file_path=FILE)],
                      usage(60_000, 400, five=10_000, hour=40_000), "tool_use"),
                Reply([text("found")], usage(20, 40, read=90_000)),
            ),
        },
    ),
    Turn("dated", "claude-opus-4-5-20251101",
         {MAIN: (Reply([text("old")], usage(300, 200, read=1_000, five=400, hour=500)),)}),
    # The gateway answered with a model that no list knows.
    Turn("strange", "haiku", {MAIN: (Reply([text("who")], usage(500, 100), model="claude-nova-9"),)}),
)  # fmt: skip
