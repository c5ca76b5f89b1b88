"""Every way in which a subagent comes to its model on the real client, and the verdict that each deserves."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

NEW, OLD = "2.1.328", "2.1.197"
DEFAULT, FORCE = "CLAUDE_CODE_SUBAGENT_MODEL", "CLAUDE_CODE_SUBAGENT_MODEL_FORCE"
GENERAL: Mapping[str, Any] = {"subagent_type": "general-purpose"}
SCOUT: Mapping[str, Any] = {"subagent_type": "scout"}


class Case(NamedTuple):
    """One spawn: what is set, what is called, what the vendor answers with; and how it is to be judged."""

    name: str
    verdict: str
    asked: str | None
    source: str
    ran: str
    call: Mapping[str, Any] = SCOUT
    file: str | None = None
    env: Mapping[str, str] = {}
    settings: Mapping[str, Any] = {}
    model: str = "sonnet"
    served: str = ""
    missing: bool = False
    version: str = NEW
    why: str = ""
    extra: Decimal | None = Decimal(0)


def hooking(model: str) -> dict[str, Any]:
    """Returns settings with a hook that puts every spawn of the scout on a model."""
    given = {"description": "look", "prompt": "<one> look", **SCOUT, "model": model}
    said = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": given}}
    entry = {"matcher": "Agent|Task", "hooks": [{"type": "command", "command": f"echo '{json.dumps(said)}'"}]}
    return {"hooks": {"PreToolUse": [entry]}}


# 1,000 tokens in and 100 out: what they cost on each, in dollars, from the price list of 2026-11-20.
HAIKU, SONNET, OPUS = Decimal("0.00015"), Decimal("0.003"), Decimal("0.006")
OLD_HAIKU, OLD_OPUS = Decimal("0.0015"), Decimal("0.0075")
CASES = (
    Case("call", "OK", "haiku", "call", "claude-haiku-5-5", call={**GENERAL, "model": "haiku"}),
    Case("call-over-file", "OK", "haiku", "call", "claude-haiku-5-5", call={**SCOUT, "model": "haiku"},
         file="model: opus"),
    Case("file", "OK", "haiku", "file", "claude-haiku-5-5", file="model: haiku"),
    Case("file-case", "OK", "Haiku", "file", "claude-haiku-5-5", file="model: Haiku"),
    Case("file-over-default", "OK", "opus", "file", "claude-opus-5-5", file="model: opus", env={DEFAULT: "haiku"}),
    Case("file-id", "OK", "claude-sonnet-4-6", "file", "claude-sonnet-4-6", file="model: claude-sonnet-4-6"),
    Case("inherit", "OK", "inherit", "file", "claude-sonnet-5-5", file="model: inherit", env={DEFAULT: "haiku"}),
    Case("no-pin", "OK", None, "nobody", "claude-sonnet-5-5", file="color: red"),
    Case("default", "OK", None, "nobody", "claude-haiku-5-5", call=GENERAL, env={DEFAULT: "haiku"}),
    Case("default-and-explore", "OK", None, "nobody", "claude-sonnet-5-5", call={"subagent_type": "Explore"},
         env={DEFAULT: "haiku"}),
    Case("hook", "OK", "haiku", "hook", "claude-haiku-5-5", file="model: opus", settings=hooking("haiku")),
    Case("parents-family", "OK", "opus", "file", "claude-opus-4-8", file="model: opus", model="claude-opus-4-8"),
    Case("best", "OK", "best", "file", "claude-opus-5-5", file="model: best", model="claude-opus-4-8"),
    Case("opusplan", "OK", "opusplan", "file", "claude-sonnet-5-5", file="model: opusplan"),
    Case("window", "OK", "opus[1m]", "file", "claude-opus-5-5", file="model: opus[1m]"),
    Case("pointed", "OK", "haiku", "file", "my-own-model", file="model: haiku",
         settings={"env": {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "my-own-model"}}),
    Case("retired", "OK", "claude-opus-4-20250514", "file", "claude-opus-5-5", file="model: claude-opus-4-20250514"),
    Case("effort", "OK", "haiku", "file", "claude-haiku-5-5", file="model: haiku\neffort: low",
         settings={"env": {"CLAUDE_CODE_EFFORT_LEVEL": "high"}}, why="effort low was asked, high ran"),
    Case("strange-name-served", "OK", "gpt-5", "file", "gpt-5", file="model: gpt-5"),
    Case("strange-name-refused", "UNKNOWN", "gpt-5", "file", "", file="model: gpt-5", missing=True,
         why="no reply of it is in the transcripts"),
    Case("forced", "IGNORED", "opus", "file", "claude-haiku-5-5", file="model: opus",
         settings={"env": {DEFAULT: "haiku", FORCE: "1"}}, why=f"{FORCE} is set in ", extra=HAIKU - OPUS),
    Case("forced-over-call", "IGNORED", "opus", "call", "claude-haiku-5-5", call={**GENERAL, "model": "opus"},
         env={DEFAULT: "haiku", FORCE: "1"}, why=f"{FORCE} was set when it ran", extra=HAIKU - OPUS),
    Case("forced-onto-parent", "IGNORED", "haiku", "file", "claude-sonnet-5-5", file="model: haiku", env={FORCE: "1"},
         why="it ran on its caller's model", extra=SONNET - HAIKU),
    Case("forced-over-hook", "IGNORED", "opus", "file", "claude-haiku-5-5", file="model: opus",
         env={DEFAULT: "haiku", FORCE: "1"}, settings=hooking("sonnet"), extra=HAIKU - OPUS),
    Case("not-available", "IGNORED", "haiku", "file", "claude-sonnet-5-5", file="model: haiku",
         settings={"availableModels": ["sonnet"]}, why="`availableModels` in ", extra=SONNET - HAIKU),
    Case("not-available-call", "IGNORED", "haiku", "call", "claude-sonnet-5-5", call={**GENERAL, "model": "haiku"},
         settings={"availableModels": ["sonnet"]}, why="`availableModels` in ", extra=SONNET - HAIKU),
    Case("another-answered", "MISMATCH", "haiku", "file", "claude-sonnet-5-5", file="model: haiku",
         served="claude-sonnet-5-5", why="claude-haiku-5-5 was asked, claude-sonnet-5-5 answered",
         extra=SONNET - HAIKU),
    Case("stranger-answered", "MISMATCH", None, "nobody", "claude-nova-9", call=GENERAL, served="claude-nova-9",
         extra=None),
    Case("old-file", "OK", "opus", "file", "claude-opus-4-8", file="model: opus", version=OLD),
    Case("old-explore", "OK", None, "nobody", "claude-haiku-4-5-20251001", call={"subagent_type": "Explore"},
         version=OLD),
    Case("old-default", "OK", None, "nobody", "claude-haiku-4-5-20251001", call=GENERAL, env={DEFAULT: "haiku"},
         version=OLD),
    Case("old-default-over-file", "IGNORED", "opus", "file", "claude-haiku-4-5-20251001", file="model: opus",
         settings={"env": {DEFAULT: "haiku"}}, version=OLD, why=f"{DEFAULT} in ", extra=OLD_HAIKU - OLD_OPUS),
    Case("old-default-over-call", "IGNORED", "haiku", "call", "claude-opus-4-8", call={**GENERAL, "model": "haiku"},
         env={DEFAULT: "opus"}, version=OLD, why=f"before 2.1.251 {DEFAULT} goes over every pin",
         extra=OLD_OPUS - OLD_HAIKU),
    Case("old-hook", "UNKNOWN", "opus", "file", "claude-haiku-4-5-20251001", file="model: opus",
         settings=hooking("haiku"), version=OLD, why="a hook may have set another model"),
)  # fmt: skip
