"""Which model was asked for when a subagent was spawned, and by whom: the call, a hook, the agent's file, or nobody.

Pure. The order is the client's: the call (as a hook left it), the file, then what no pin decides: a variable, the
caller's model, or what a built-in agent runs on by itself.
"""

from collections.abc import Mapping
from typing import Literal

from outrider.records import record
from outrider.rules.client_models import CLASSES, spoken, version_of
from outrider.rules.spending import Heap

Source = Literal["call", "hook", "file", "environment", "nobody", "unknown"]
BUILT_IN = frozenset({
    "", "general-purpose", "Explore", "Plan", "fork", "statusline-setup", "claude-code-guide",
    "output-style-setup", "web-search", "verification",
})  # fmt: skip
"""Agents that the client brings along, for versions that do not note it: without a pin in the call there is none."""
DEFAULT = "CLAUDE_CODE_SUBAGENT_MODEL"
FORCE = "CLAUDE_CODE_SUBAGENT_MODEL_FORCE"
EFFORT = "CLAUDE_CODE_EFFORT_LEVEL"
POINTERS = {name: f"ANTHROPIC_DEFAULT_{name.upper()}_MODEL" for name in CLASSES}
VARIABLES = (DEFAULT, FORCE, EFFORT, *POINTERS.values())
"""What of an environment decides on which model a subagent runs."""
NEEDS_FORCE = (2, 1, 251)
"""From this version on the variable is a default; before it went over every pin."""


@record
class AgentFile:
    """What the file of an agent says, and when it was last changed (seconds since 1970)."""

    name: str
    path: str
    changed: float
    model: str = ""
    effort: str = ""


@record
class Around:
    """What is around a folder now, and where it is said; it may have been otherwise when the subagent ran.

    `variables` maps names to (value, where); `available` are the models that a settings file allows, and `hooks` the
    files with a hook that may change a spawn.
    """

    variables: Mapping[str, tuple[str, str]]
    available: tuple[str, ...] | None = None
    available_in: str = ""
    hooks: tuple[str, ...] = ()


@record
class Spawn:
    """One subagent: what the call said, what the client noted, who called, what is in its file, what it used.

    `noted` is the model that the client wrote beside the transcript, `resolved` the one that it told its caller.
    `parents` are the models that the caller ran on; `at` is in seconds since 1970.
    """

    agent_id: str
    agent: str
    at: float
    session: str
    folder: str
    version: str
    is_called: bool
    is_built_in: bool
    call_model: str
    call_effort: str
    noted: str
    resolved: str
    parents: frozenset[str]
    files: tuple[AgentFile, ...]
    around: Around
    heaps: tuple[Heap, ...]


@record
class Asked:
    """The pin: the models that were named (several where files of one name disagree), and who named them."""

    models: tuple[str, ...]
    source: Source
    hints: tuple[str, ...] = ()

    @property
    def text(self) -> str | None:
        """The pin in words, None where there is none."""
        return " or ".join(self.models) or None


def asked(spawn: Spawn) -> Asked:
    """Returns what was asked for. A client that notes the call's own word shows what a hook made of it."""
    noted = spoken(spawn.noted)
    if noted in CLASSES and noted != spoken(spawn.call_model):
        return Asked(models=(noted,), source="hook", hints=spawn.around.hooks)
    if spawn.call_model:
        return Asked(models=(spawn.call_model,), source="call")
    if spawn.files:
        models = tuple(dict.fromkeys(file.model for file in spawn.files))
        hints = tuple(file.path for file in spawn.files)
        if "" not in models:
            return Asked(models=models, source="file", hints=hints)
        return Asked(models=(), source="nobody" if len(models) == 1 else "unknown", hints=hints)
    if spawn.is_built_in or (spawn.is_called and spawn.agent in BUILT_IN):
        return Asked(models=(), source="nobody")
    return Asked(models=(), source="unknown")


def effort_asked(spawn: Spawn) -> str:
    """Returns the effort that the call or the file named, empty where neither did."""
    efforts = {file.effort for file in spawn.files}
    return spawn.call_effort or (efforts.pop() if len(efforts) == 1 else "")


def was_forced(spawn: Spawn) -> bool:
    """Whether the client itself shows that the call's model was not heard: it notes another word than the call's."""
    is_new = version_of(spawn.version) >= NEEDS_FORCE
    return is_new and bool(spawn.call_model and spawn.noted) and spoken(spawn.noted) not in CLASSES


def is_uncertain(spawn: Spawn, found: Asked) -> str:
    """Returns why a file's pin may not be what was asked for then, empty where it is."""
    if found.source != "file":
        return ""
    if not spawn.is_called and not spawn.noted:
        return "its call is not in the transcripts any more, and may have named another model"
    if any(file.changed > spawn.at for file in spawn.files):
        return "the agent's file was changed after it ran"
    if not spawn.noted and spawn.around.hooks:
        return f"a hook may have set another model, and {spawn.version or 'this version'} does not note it"
    return ""
