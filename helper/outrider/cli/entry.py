"""Runs one command and turns whatever happened into lines a person can act on and an exit code.

Signals end a command the way a shell expects: 130, 143, 129. A bug keeps its traceback.
"""

import errno
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import click

from outrider.cli.group import cli
from outrider.cli.show import complain, dump
from outrider.errors import OutriderError

NO_ROOM = frozenset({errno.ENOSPC, errno.EIO, errno.EDQUOT})
PANELS = frozenset({"cascade", "compare", "consensus", "verify"})
"""The commands that print one object whatever happens, as `ask` does."""
CODES = {signal.SIGTERM: 143, signal.SIGHUP: 129}


class Stopped(KeyboardInterrupt):
    """A signal other than Ctrl-C asked us to stop."""

    def __init__(self, code: int) -> None:
        super().__init__()
        self.code = code


def run(arguments: list[str]) -> int:
    """Runs the command line; returns its exit code."""
    os.umask(0o077)
    for stream in (sys.stdout, sys.stderr):
        # A model's words may hold any letter; a terminal that cannot show it gets a replacement, not a crash.
        getattr(stream, "reconfigure", lambda **_: None)(encoding="utf-8", errors="replace")
    for number in CODES:
        signal.signal(number, _stop)
    try:
        code = cli.main(args=arguments, prog_name="outrider", standalone_mode=False)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except OutriderError as mistake:
        return _tell(arguments, mistake.message, mistake.hint, kind=mistake.kind, code=mistake.exit_code)
    except click.UsageError as mistake:
        return _tell_usage(arguments, mistake)
    except click.ClickException as mistake:
        return _tell(arguments, _lower(mistake.format_message()), "see `outrider --help`", kind="usage", code=2)
    except (KeyboardInterrupt, click.Abort) as ended:
        # The library turns every interruption into an Abort of its own, and keeps ours as the cause.
        cause = ended if isinstance(ended, Stopped) else ended.__cause__
        code = cause.code if isinstance(cause, Stopped) else 130
        if "--json" in arguments and arguments[0] in PANELS | {"batch"}:
            # Before anybody was asked; what comes later tells it itself.
            return _tell(arguments, "interrupted", "nobody was asked", kind="interrupted", code=code)
        return code
    except BrokenPipeError:
        # The reader left (`| head`): nothing is wrong, and Python must not complain at exit.
        _mute()
        return 0
    except OSError as fault:
        if fault.errno not in NO_ROOM:
            raise
        # What is left in the buffer can go nowhere, and a second object behind half of one would be no JSON.
        _mute()
        complain(f"cannot write the output: {fault.strerror}", "check the free space (`df -h`), and type it again")
        return 1


def _mute() -> None:
    """Lets stdout go nowhere, so that Python's last flush finds nothing to complain about."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    raise Stopped(CODES[signal.Signals(number)])


def _tell_usage(arguments: list[str], mistake: click.UsageError) -> int:
    path = mistake.ctx.command_path if mistake.ctx is not None else "outrider"
    possible = getattr(mistake, "possibilities", None)
    guess = f"did you mean `{min(possible)}`? " if possible else ""
    # Its own words name the flag; those of an unknown option repeat the guess that is our hint.
    message = _lower(mistake.message if isinstance(mistake, click.NoSuchOption) else mistake.format_message())
    return _tell(arguments, message, f"{guess}see `{path} --help`", kind="usage", code=mistake.exit_code)


def _lower(message: str) -> str:
    text = message.split("\n", maxsplit=1)[0].rstrip(". ")
    return text[:1].lower() + text[1:]


def _tell(arguments: list[str], message: str, hint: str, *, kind: str, code: int) -> int:
    if "--json" in arguments:
        error = {"kind": kind, "message": message, "hint": hint}
        if arguments[0] == "ask":
            from outrider.cli.envelope import nothing_asked

            dump(nothing_asked(error))
        elif arguments[0] in PANELS:
            nothing: dict[str, object] = {
                "answer": None,
                "attempts": [],
                "cost_usd": 0.0,
                "cost_known": True,
                "in_doubt_usd": 0.0,
            }
            dump({**nothing, "run": None, "error": error})
        else:
            dump({"error": error})
    complain(message, hint)
    return code
