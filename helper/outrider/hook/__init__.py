"""`outrider hook EVENT`: what Claude Code calls before its Bash and Agent tools. JSON on stdin, JSON on stdout, exit 0.

This file is the way in. It is started at every spawn of any subagent, and most are none of ours, so it loads nothing:
a spawn that cannot be ours is passed over by its bytes. What the events come to is in `events`.
"""

import os
import sys

LARGEST_INPUT = 1_048_576
NOTHING = b"{}\n"
NAME = b'"subagent_type":'
OUR_NAMES = (b"Explore", b"outrider:", b"outrider-")
DENIED = (
    b'{"hookSpecificOutput": {"hookEventName": "PreToolUse", "permissionDecision": "deny", '
    b'"permissionDecisionReason": "the guard of private-reader is broken: run `outrider doctor`"}}\n'
)


def run(event: str) -> int:
    """Answers one event; never fails, and never ends with anything but 0."""
    data = _read()
    said = NOTHING
    if event != "agent" or not _is_of_others(data):
        try:
            from outrider.hook.events import answer

            said = answer(event, data)
        except (Exception, KeyboardInterrupt):  # noqa: BLE001 (a broken install is not the user's stop either)
            said = DENIED if event == "private" else NOTHING
    say(said)
    return 0


def say(said: bytes) -> None:
    """Writes an answer, in one write, so that no half of one is left."""
    try:
        os.write(1, said)
    except OSError:
        # The client is gone; there is nobody to answer.
        return


def _read() -> bytes:
    """Returns what stdin holds, one byte more than is allowed at most."""
    try:
        return b"" if sys.stdin is None else sys.stdin.buffer.read(LARGEST_INPUT + 1)
    except (OSError, ValueError):
        return b""


def _is_of_others(data: bytes) -> bool:
    """Whether a spawn is certainly none of ours. Within a JSON string the marks are escaped: what is found is a key.

    The plugin's names begin with its own; those of the loose form stand in its manifest.
    """
    _, key, rest = data.partition(NAME)
    name, quote, _ = rest.lstrip(b" ")[1:].partition(b'"')
    if not key or not quote or not name or b"\\" in name or name.startswith(OUR_NAMES):
        return False
    claude = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.environ.get("HOME", ""), ".claude")
    try:
        descriptor = os.open(os.path.join(claude, "config", "outrider.pack.json"), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return True
    try:
        return b'"%s"' % name not in os.read(descriptor, LARGEST_INPUT)
    except OSError:
        return True
    finally:
        os.close(descriptor)
