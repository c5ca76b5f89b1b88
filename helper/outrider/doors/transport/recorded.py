"""Records replies to a file and replays them: the same questions, the same answers, with no network.

A reply is found by what was asked (method, address, body as canonical JSON), never by the headers; a key that the
server repeats is taken out of what it said, so that none is in a recording. Replaying is strict: a question that was
not recorded is an error, not a call.
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from outrider.data import Fault, HttpCall, Outcome, Reading
from outrider.doors.digest import blake2b
from outrider.doors.files import read_small, write_whole
from outrider.doors.transport import Send
from outrider.errors import OutriderError
from outrider.rules.redaction import REDACTED, redact, without

KEPT_HEADERS = frozenset({"content-type", "retry-after", "retry-after-ms", "date"})
LARGEST = 268_435_456


def question(call: HttpCall) -> str:
    """Returns what identifies a call: equal for equal questions, whatever the order of their fields."""
    try:
        body = json.dumps(json.loads(call.body), sort_keys=True) if call.body else ""
    except ValueError:
        body = call.body.hex()
    whole = f"{call.method}\n{call.url}\n{body}"
    return blake2b(whole.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def recording(send: Send, path: str, *, secrets: tuple[str, ...] = (), about: Mapping[str, str] | None = None) -> Send:
    """Returns a way out that also writes every reply to a file, without these secrets.

    `about` is what the questions were made of besides what the user typed: another home asks the same with it.
    """
    replies: list[dict[str, Any]] = []
    target = os.path.abspath(path)
    known = {"about": dict(about)} if about else {}

    async def send_and_record(call: HttpCall, reading: Reading) -> Fault | None:
        heard = _Heard(reading)
        fault = await send(call, heard)
        replies.append({"question": question(call), "url": call.url, **heard.told(fault, secrets)})
        write_whole(target, (json.dumps({"version": 1, **known, "replies": replies}, indent=1) + "\n").encode())
        return fault

    return send_and_record


def replaying(path: str) -> Send:
    """Returns a way out that answers from a recording alone; replies to one question come in their order."""
    left: dict[str, list[Mapping[str, Any]]] = {}
    for reply in _read(path):
        left.setdefault(str(reply["question"]), []).append(reply)

    async def replay(call: HttpCall, reading: Reading) -> Fault | None:
        found = left.get(question(call))
        if not found:
            raise OutriderError(
                f"{path} holds no reply to this call to {call.url}",
                hint="record it again with `--record`; prompt, model and flags must be the same",
            )
        reply = found.pop(0) if len(found) > 1 else found[0]
        if reply.get("status") is not None:
            reading.open(int(reply["status"]), dict(reply["headers"]))
            reading.feed(bytes.fromhex(reply["body"]))
        fault = reply.get("fault")
        return Fault(**fault) if fault else None

    return replay


def about(path: str) -> Mapping[str, str]:
    """Returns what a recording says of its run; nothing where it says nothing."""
    data = read_small(path, limit=LARGEST)
    said: Any = None
    with suppress(ValueError, RecursionError):
        said = json.loads(data or b"{}")
    known = said.get("about") if isinstance(said, dict) else None
    is_plain = isinstance(known, dict) and all(isinstance(value, str) for value in known.values())
    return known if is_plain and known is not None else {}


def _read(path: str) -> list[Mapping[str, Any]]:
    data = read_small(path, limit=LARGEST)
    if data is None:
        raise OutriderError(f"there is no recording {path}", hint=f"make one: `outrider ask --record {path} …`")
    replies: list[Mapping[str, Any]] = []
    try:
        replies = json.loads(data)["replies"]
        is_whole = all({"question", "status", "headers", "body"} <= set(reply) for reply in replies)
    except (ValueError, KeyError, TypeError, RecursionError):
        is_whole = False
    if not is_whole:
        raise OutriderError(f"{path} is not a recording", hint=f"make one: `outrider ask --record {path} …`")
    return replies


class _Heard:
    """A reading that keeps what it was given."""

    def __init__(self, inner: Reading) -> None:
        self._inner = inner
        self._status: int | None = None
        self._headers: dict[str, str] = {}
        self._body = bytearray()

    def open(self, status: int, headers: Mapping[str, str]) -> None:
        self._status = status
        self._headers = {name: value for name, value in headers.items() if name in KEPT_HEADERS}
        self._inner.open(status, headers)

    def feed(self, chunk: bytes) -> str:
        self._body += chunk
        return self._inner.feed(chunk)

    def finish(self, fault: Fault | None) -> Outcome:
        return self._inner.finish(fault)

    def told(self, fault: Fault | None, secrets: tuple[str, ...]) -> dict[str, Any]:
        """Returns the reply as it is written down."""
        lost = None
        if fault is not None:
            lost = {"kind": fault.kind, "message": redact(fault.message, secrets), "certainty": fault.certainty}
        body = bytes(self._body)
        for secret in sorted(secrets, key=len, reverse=True):
            body = body.replace(secret.encode(), REDACTED.encode())
        headers = {name: without(value, secrets) for name, value in self._headers.items()}
        return {"status": self._status, "headers": headers, "body": body.hex(), "fault": lost}
