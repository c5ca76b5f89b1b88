"""The command line: each command a file of its own, loaded when it is called.

`main` is where a process begins and ends; `entry.run` is the same without the process.
"""

import os
import sys

OPENSSL = ("OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES")
"""By these OpenSSL loads programs into whoever hashes or calls; inside Claude Code a project's settings set them."""


def main() -> None:
    """Runs the command line and exits with its code."""
    if sys.argv[1:] == ["--version"]:
        from outrider import __version__

        sys.stdout.write(f"outrider {__version__}\n")
        return
    _start()
    if sys.argv[1:2] == ["hook"] and not {"-h", "--help"} & set(sys.argv[2:]):
        # Claude Code waits for it at every spawn of a subagent: nothing of the command line is loaded.
        from outrider import hook

        os._exit(hook.run(*sys.argv[2:3] or ("",)))
    if sys.argv[1:] == ["statusline"]:
        # Claude Code asks for it after every message: nothing of the command line is loaded.
        from outrider import statusline

        _leave(statusline.run())
    from outrider.cli.entry import run

    _leave(run(sys.argv[1:]))


def _start() -> None:
    """Forgets what a project may have said, and makes the collector wait.

    Importing makes thousands of objects that all stay, and looking at them costs 10 ms.
    """
    import gc

    gc.set_threshold(100_000, 50, 50)
    if None in {sys.stdin, sys.stdout, sys.stderr}:
        _open_streams()
    if "CLAUDECODE" in os.environ:
        for name in OPENSSL:
            os.environ.pop(name, None)


def _open_streams() -> None:
    """Opens what whoever started us has closed (`2>&-`) on nothing: a book opened as number 2 would get our errors."""
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            found = os.open(os.devnull, os.O_RDWR)
            if found != number:
                os.dup2(found, number)
                os.close(found)
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _leave(code: int) -> None:
    """Ends the process at once: taking the interpreter down object by object costs 10 ms, and nothing is left to do."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            # The reader is gone; there is nobody to tell.
            continue
    os._exit(code)
