"""The records that flow between rooms: a request out, an answer or a failure back.

Pure nouns. They know nothing of files, clocks or the network, and nothing changes them once made.
Times are seconds, money is `Decimal` dollars, tokens are `int`.
"""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Literal, Protocol

from outrider.records import record
from outrider.rows import Model, Provider

Json = Any
"""Any JSON value: this is the edge where `Any` is allowed."""

FailureKind = Literal[
    "server", "rate_limit", "quota", "auth", "not_found", "context", "content_filter", "bad_request",
    "timeout", "network", "tls", "redirect", "bad_response", "empty", "truncated", "incomplete",
    "too_large", "budget", "private", "storage", "interrupted",
]  # fmt: skip
Certainty = Literal["not_sent", "in_doubt", "exact", "estimate"]
"""How surely the cost of an attempt is known; `in_doubt` may have been billed."""

Level = Literal["simple", "analysis", "complex"]
NOTHING: Mapping[str, Json] = MappingProxyType({})


@record
class Image:
    """A picture in a message: its media type and its bytes in base64."""

    media_type: str
    base64: str


@record
class Tool:
    """Something that a model may ask to have done. `schema` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    schema: Mapping[str, Json] = NOTHING


@record
class ToolCall:
    """A model's wish to have a tool used. `arguments` is JSON as the model wrote it, which may be broken.

    `extra` is what its provider wants back with it, whatever that may be: carried, never shown.
    """

    id: str
    name: str
    arguments: str = "{}"
    extra: Mapping[str, Json] = NOTHING


@record
class Message:
    """One turn of a conversation. A result of a tool is a turn of its own, of the role `tool`, named by `call_id`.

    `reasoning` and `replay` are what was thought before tools were called, since some models want it back: the first is
    text, the second opaque and only for who said it, as `provider/wire-id` in `said_by`.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    images: tuple[Image, ...] = ()
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str = ""
    is_error: bool = False
    reasoning: str = ""
    replay: tuple[Json, ...] = ()
    said_by: str = ""


@record
class Request:
    """What is asked, before any model is chosen. `max_output` is the cap that is sent and reserved, in tokens.

    No call is ever made of a `private` one to a target that is not local. `tool_choice` is `auto`, `none`, `required`
    or the name of a tool; with `parallel_calls` a model may ask for several at once.
    """

    messages: tuple[Message, ...]
    max_output: int | None = None
    params: Mapping[str, Json] = NOTHING
    schema: Mapping[str, Json] | None = None
    stream: bool = True
    private: bool = False
    tools: tuple[Tool, ...] = ()
    tool_choice: str = "auto"
    parallel_calls: bool = True


@record
class Usage:
    """Tokens of one attempt. `input` counts cached tokens too; `reasoning` is part of `output`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    cache_write: int = 0
    reasoning: int = 0
    known: bool = False


@record
class Answer:
    """Text that a model gave, or the tools that it wants used first. `truncated` says that its cap cut it short.

    `replay` is what its provider wants back, unread, when the conversation goes on after tools were used.
    """

    text: str
    usage: Usage
    served_by: str = ""
    finish: str = "stop"
    truncated: bool = False
    reasoning: str = ""
    request_id: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    replay: tuple[Json, ...] = ()


@record
class Failure:
    """An attempt without a usable answer.

    `retry_after` is what the server asked for, in seconds. `partial` is text that had already arrived.
    `certainty` says whether the attempt may have cost money.
    """

    kind: FailureKind
    message: str
    status: int | None = None
    retry_after: float | None = None
    certainty: Certainty = "exact"
    usage: Usage = Usage()
    partial: str = ""
    request_id: str = ""


Outcome = Answer | Failure


@record
class Fault:
    """What went wrong on the way there or back, in the transport's words: no status came, or the body broke off."""

    kind: FailureKind
    message: str
    certainty: Certainty


@record
class Timing:
    """How long one attempt may take, in seconds, and how many bytes its answer may have."""

    connect: float
    first_byte: float
    idle: float
    total: float
    max_bytes: int


@record
class HttpCall:
    """One HTTP request, ready to go out. `local_only` binds it to a loopback or private peer."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    timing: Timing
    stream: bool = False
    local_only: bool = False


class Reading(Protocol):
    """Turns the bytes of one reply into an outcome, whatever way they were split."""

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        """Takes the status and the lower-cased headers; called once, before any byte of the body."""

    def feed(self, chunk: bytes) -> str:
        """Takes the next bytes of the body and returns the answer's text that became known by them."""

    def finish(self, fault: Fault | None) -> Outcome:
        """Closes the reply, with what cut it short if anything did."""


@record
class Target:
    """One way to one model: the row, the provider it is reached at, and its id there.

    `model` carries the price that holds on this way. `key_id` tells keys apart without showing them. `carries` holds
    fields that each call must have for the class of the data.
    """

    model: Model
    provider: Provider
    wire_id: str
    key_id: str = ""
    local: bool = False
    carries: Mapping[str, Json] = NOTHING

    @property
    def name(self) -> str:
        """What people read: the model's name, and the way where it is not the model's own."""
        if self.provider.name == self.model.provider:
            return self.model.name
        return f"{self.model.name} via {self.provider.name}"

    @property
    def address(self) -> str:
        """Who answers here: the provider and its id for the model."""
        return f"{self.provider.name}/{self.wire_id}"

    @property
    def health_key(self) -> str:
        """What rests after a fault: this wire id, at this provider, with this key."""
        return f"{self.provider.name}|{self.wire_id}|{self.key_id}"


@record
class Passed:
    """A model that was not used, and why. `kind` is a closed word for scripts."""

    model: str
    why: str
    kind: str = ""


@record
class Route:
    """One decision: what to try, in order, what was passed over, and the rule that decided.

    `chain` names every usable model in order, native ones too; `targets` are those that the helper itself can call;
    `tail` holds the health keys of those that no chain names and that were computed behind it; `wait` is for how many
    seconds the only target has asked to be left alone. `data_class` is how confidential the request is, and
    `class_from` what said so.
    """

    task: str
    rule: str
    level: Level | None
    targets: tuple[Target, ...]
    passed: tuple[Passed, ...]
    chain: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    rejected: tuple[str, ...] = ()
    how: Literal["outrider", "subagent"] = "outrider"
    agent: str | None = None
    effort: str | None = None
    private: bool = False
    data_class: str = "public"
    class_from: str = ""
    content_filter_falls_over: bool = False
    wait: float = 0.0
    notes: tuple[str, ...] = ()


@record
class Attempt:
    """One call to one model, ended.

    `waited` is the pause before it; `shown` says that its text reached a person; `may_grow` that the model could give
    more than the cap that was asked for.
    """

    target: Target
    outcome: Outcome
    seconds: float = 0.0
    waited: float = 0.0
    cost: Decimal = Decimal(0)
    cost_known: bool = True
    certainty: Certainty = "exact"
    shown: bool = False
    may_grow: bool = False
    warnings: tuple[str, ...] = ()
