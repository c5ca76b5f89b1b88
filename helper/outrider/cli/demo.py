"""`outrider demo`: a real failed-over, accounted, explained call, on a machine with no key and no network."""

import json
import os
import shlex
import sys
import tempfile
from typing import Any

import click

from outrider.cli.asking import Wish
from outrider.cli.form import Form
from outrider.cli.run_ask import run_ask
from outrider.cli.session import Session
from outrider.cli.show import complain, out
from outrider.doors.settings import Places
from outrider.doors.simulator import simulated
from outrider.errors import OutriderError
from outrider.records import replace

PLAIN = Wish(reads_stdin=False)
QUESTION = "Which model answers when the first one is down?"
PANELS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (0, ("consensus", "-m", "demo.other", "-m", "demo.second", "-m", "demo.third", "--choices", "yes,no",
         "is it safe?")),
    (0, ("cascade", "-m", "demo.other", "-m", "demo.strong", "--with", "demo.third", "how many are there?")),
    (0, ("verify", "-m", "demo.second", "--verifier", "demo.third", "write one sentence")),
)  # fmt: skip
"""Commands with the code that each must end with."""


@click.command()
@click.option("--batch", "documents", type=click.IntRange(10, 100_000), metavar="N",
              help="Show instead how N documents are asked while their process is killed.")  # fmt: skip
@click.option("--kills", type=click.IntRange(0, 50), default=5, show_default=True, metavar="N",
              help="With --batch: how often it is killed.")  # fmt: skip
def demo(*, documents: int | None, kills: int) -> int:
    """Show a failed-over, accounted call against an offline provider.

    Everything is real but the provider, which runs on this machine and invents its answers: the route, the HTTP
    calls, the ledger, the refusals. Needs no key and no network, and touches none of your files.
    """
    if documents is not None:
        from outrider.cli.demo_batch import play

        return play(documents, kills, layer)
    with simulated() as address, tempfile.TemporaryDirectory(prefix="outrider-demo-") as folder:
        return _play(_session(folder, address), folder)


def _session(folder: str, address: str) -> Session:
    """Returns a session whose home, settings and project are a folder of their own."""
    config = os.path.join(folder, ".claude", "config")
    os.makedirs(config)
    with open(os.path.join(config, "models.local.json"), "w", encoding="utf-8") as file:
        json.dump(layer(address), file)
    where = Places(
        home=os.path.join(folder, "home"), claude=os.path.join(folder, ".claude"), project=None,
        bundled=Session().places.bundled, managed=os.path.join(folder, "none"),
    )  # fmt: skip
    return Session(where=where, environment={})


def layer(address: str) -> dict[str, Any]:
    """Returns settings with a task whose first model is overloaded and whose second answers."""
    price = {"input": 2, "output": 10}
    return {
        "providers": {
            "simulated-busy": {"dialect": "openai", "base_url": f"{address}/busy/v1", "quirks": "none"},
            "simulated-steady": {"dialect": "openai", "base_url": f"{address}/steady/v1", "quirks": "none"},
            "simulated-contrary": {"dialect": "openai", "base_url": f"{address}/contrary/v1", "quirks": "none"},
            "simulated-cloud": {"dialect": "openai", "base_url": "https://cloud.invalid/v1", "quirks": "none"},
        },
        "models": {
            "demo.first": {"provider": "simulated-busy", "id": "simulated-first", "price": price},
            "demo.second": {"provider": "simulated-steady", "id": "simulated-second", "price": price},
            "demo.other": {
                "provider": "simulated-contrary",
                "id": "simulated-other",
                "family": "other",
                "price": price,
            },
            "demo.third": {"provider": "simulated-steady", "id": "simulated-third", "family": "third", "price": price},
            "demo.strong": {
                "provider": "simulated-steady",
                "id": "simulated-strong",
                "family": "strong",
                "price": {"input": 10, "output": 50},
            },
            "demo.cloud": {"provider": "simulated-cloud", "id": "simulated-cloud", "price": price},
        },
        "tasks": {"demo": {"chain": ["demo.first", "demo.second"], "reason": "a chain whose first model is down"}},
    }


def _play(session: Session, folder: str) -> int:
    secret = os.path.join(folder, "payroll.csv")
    with open(secret, "w", encoding="utf-8") as file:
        file.write("name,salary\nAda,1\n")
    out("outrider demo: a simulated provider on this machine; no key, no network, none of your files")
    failed = 0
    out(f'\n$ outrider ask -t demo "{QUESTION}"')
    failed += _expect(0, run_ask(replace(PLAIN, argument=QUESTION, task="demo"), Form(stream=False), session))
    out("\n$ outrider why")
    _tell_why(session)
    out('\n$ outrider ask --private -m demo.cloud -f payroll.csv "sum it up"')
    private = replace(PLAIN, argument="sum it up", model="demo.cloud", private=True, files=(secret,))
    failed += _expect(5, _mistaken(private, session))
    out(f'\n$ outrider ask -m demo.second --max-cost 0.00001 "{QUESTION}"')
    poor = replace(PLAIN, argument=QUESTION, model="demo.second", max_cost=_tiny())
    failed += _expect(5, _mistaken(poor, session))
    out("\nSeveral models on one question; what they say is simulated, how it is asked, counted and booked is not.")
    for expected, typed in PANELS:
        out(f"\n$ outrider {shlex.join(typed)}")
        failed += _expect(expected, _typed(session, typed))
    out("\n$ outrider usage")
    _tell_usage(session)
    session.ledger.close()
    if failed:
        complain(f"{failed} of the demo's steps ended otherwise than they should", "run `outrider doctor`")
        return 1
    out('\nall as it should be. Next: `outrider status`, `outrider keys set NAME`, then `outrider ask "hello"`')
    return 0


def _tiny() -> Any:
    from decimal import Decimal

    return Decimal("0.00001")


def _mistaken(wish: Wish, session: Session) -> int:
    """Asks what must be refused, and shows the refusal on stdout with the rest of the demo."""
    kept, sys.stderr = sys.stderr, sys.stdout
    try:
        return run_ask(wish, Form(stream=False), session)
    except OutriderError as mistake:
        complain(mistake.message, mistake.hint)
        return mistake.exit_code
    finally:
        sys.stderr = kept


def _typed(session: Session, arguments: tuple[str, ...]) -> int:
    """Runs a command as it was typed, with all that it says on stdout."""
    from outrider.cli.group import cli

    kept, sys.stderr = sys.stderr, sys.stdout
    try:
        return int(cli.main(args=list(arguments), prog_name="outrider", standalone_mode=False, obj=session) or 0)
    except OutriderError as mistake:
        complain(mistake.message, mistake.hint)
        return mistake.exit_code
    finally:
        sys.stderr = kept


def _expect(wanted: int, code: int) -> int:
    out(f"[exit {code}]")
    return int(code != wanted)


def _tell_why(session: Session) -> None:
    from outrider.cli.explaining import tell

    tell(session, None)


def _tell_usage(session: Session) -> None:
    rows = session.ledger.read(
        "SELECT model, outcome, count(*) AS calls, sum(input) AS input, sum(output) AS output, sum(cost_nano) AS nano"
        " FROM attempts GROUP BY model, outcome ORDER BY model"
    )
    for row in rows:
        out(
            f"  {row['model']}: {row['calls']} {row['outcome']}, {row['input']} tokens in, {row['output']} out, "
            f"${row['nano'] / 1e9:.6f}"
        )
