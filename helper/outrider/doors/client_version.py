"""Which client this is: what it says in the environment of what it starts, or what the one on PATH says of itself."""

import os
import re
from collections.abc import Mapping

LONGEST_WAIT = 5.0
"""Seconds. The client answers in a twentieth of one."""
_RUNNING = re.compile(r"claude-code_([0-9]{1,4})-([0-9]{1,4})-([0-9]{1,6})(?:_.*)?")
_SAID = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})\.([0-9]{1,6})\b")

Version = tuple[int, int, int]


def running(environment: Mapping[str, str]) -> Version | None:
    """Returns the version of the client that started us; None outside of one, or where it does not say."""
    return _numbers(_RUNNING.fullmatch(environment.get("AI_AGENT", "")))


def on_path() -> Version | None:
    """Returns the version of the client on PATH, by asking it; None where there is none that answers."""
    import subprocess
    from shutil import which

    command = which("claude")
    if command is None or not os.path.isabs(command):
        return None
    try:
        # Not in the working folder: what a repository's settings start there is none of our business.
        done = subprocess.run(  # noqa: S603 (an absolute path, and no shell)
            [command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, timeout=LONGEST_WAIT, check=False,
            cwd="/",
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    return _numbers(_SAID.match(done.stdout[:200].decode("utf-8", "replace")))


def _numbers(match: "re.Match[str] | None") -> Version | None:
    return None if match is None else (int(match[1]), int(match[2]), int(match[3]))
