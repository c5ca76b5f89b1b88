"""`outrider serve`: an OpenAI-compatible endpoint on loopback, for any program that speaks to one."""

import sys
from decimal import Decimal
from importlib.util import find_spec

import click

from outrider.cli.families import plain_options
from outrider.cli.selecting import Dollars
from outrider.errors import OutriderError, Refused
from outrider.rules.privacy import is_loopback_host

EPILOG = """\b
Examples:
  outrider serve
  outrider serve --port 0 --json
  outrider serve --private --max-cost 0.05

Point a program at it with OPENAI_BASE_URL and OPENAI_API_KEY as they are printed; name a model, an alias, a task or a
preset as `model` (`auto` judges the prompt, `default` is the registry's default task).
The folder it is started in is its project. Ctrl-C or SIGTERM lets what is under way end, a second one cuts it off.
Exit codes: 2 usage, 5 refused by policy, 130, 143 or 129 ended by a signal."""
PORT = 8377


@click.command(epilog=EPILOG)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0 lets the system choose."
)
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Another address than loopback: others reach it.")
@click.option("--private", is_flag=True, help="Only local models, whatever is asked.")
@click.option("--max-cost", type=Dollars(), metavar="USD", help="The most that one request may cost.")
@click.option("--timeout", type=click.FloatRange(min=0.1), metavar="S", help="Seconds for one request.")
@click.option("--concurrency", type=click.IntRange(1, 1000), default=64, show_default=True, help="Questions at once.")
@click.option(
    "--queue", type=click.IntRange(0, 10_000), default=256, show_default=True, help="Questions that may wait."
)
@plain_options
def serve(
    *,
    port: int,
    host: str,
    private: bool,
    max_cost: Decimal | None,
    timeout: float | None,
    concurrency: int,
    queue: int,
    as_json: bool,
    quiet: bool,
) -> int:
    """Serve your models to any OpenAI client, on loopback.

    Each request is a run like one of `ask`: the same routing, fallback, privacy, budgets and ledger. The token is made
    anew at each start.
    """
    from outrider.cli.session import Session
    from outrider.cli.show import dump, note, out

    session = Session()
    if not is_loopback_host(host):
        if session.inside_claude:
            raise Refused(
                "`--host` is refused inside Claude Code", hint="start it in a terminal of your own", kind="trust"
            )
        note(f"WARNING: at {host} other machines can reach it; whoever has the token spends your money")
        note("WARNING: nothing is encrypted: token, prompts and answers can be read on the way")
    if find_spec("uvicorn") is None or find_spec("starlette") is None:
        raise OutriderError(
            "`outrider serve` needs starlette and uvicorn, which are not installed",
            hint="install them: `./install.sh --mcp`, or `pip install 'outrider[mcp]'`",
        )
    from outrider.serve import running

    def ready(standing: running.Standing) -> None:
        # Inside Claude Code the printed lines are a transcript; the file is for the user.
        token = None if session.inside_claude else standing.token
        if as_json:
            dump({"url": standing.url, "token": token, "file": standing.path, "pid": standing.pid})
        else:
            out(f"export OPENAI_BASE_URL={standing.url}")
            out(f"export OPENAI_API_KEY={token}" if token else f"# the token is in {standing.path}")
            if not quiet:
                note(f"serving at {standing.url}; address and token are also in {standing.path}, until it ends")
        sys.stdout.flush()

    wish = running.Wish(
        host=host, port=port, private=private, max_cost=max_cost,
        timeout=timeout, most=concurrency, queue=queue, quiet=quiet,
    )  # fmt: skip
    return running.run(session, wish, ready)
