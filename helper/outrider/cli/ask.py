"""`outrider ask`: one question, routed, failed over, booked, answered."""

from typing import Any

import click

from outrider.cli.selecting import selection_options

EPILOG = """\b
Examples:
  outrider ask "what does EAGAIN mean?"
  git diff | outrider ask -t code-review "what was missed?"
  outrider ask -m cheap -f notes.md "summarise this"
  outrider ask --tools filesystem "which tests touch the ledger?"
  outrider ask --private -f payroll.csv --out sums.txt "sum by month"

A prompt in the argument can be seen in the process list: agents and private prompts use stdin or -f.
Exit codes: 0 answered, 1 every attempt failed, 2 usage, 5 refused by policy, 6 still running, 7 content filter."""


@click.command(epilog=EPILOG)
@click.argument("prompt", required=False)
@selection_options
@click.option("--thread", metavar="NAME", help="Keep the conversation under this name, for this repository.")
@click.option("--tools", metavar="SERVER", multiple=True, help="Let the model use a tool server's allowed tools.")
@click.option("--temperature", type=float, metavar="X", help="Sent only to models that accept it.")
@click.option("--param", "params", metavar="K=V", multiple=True, help="Any other parameter, as JSON or text.")
@click.option("--timeout", type=click.FloatRange(min=0.1), metavar="S", help="Seconds for the whole question.")
@click.option("--answer", metavar="MODEL=FILE", help="A first answer from elsewhere, for the model to improve on.")
@click.option("--background", is_flag=True, help="Return at once with a handle; see `outrider jobs`.")
@click.option("--dry-run", is_flag=True, help="Decide and estimate the cost; ask nothing.")
@click.option("--record", metavar="FILE", help="Write every reply to a file; keys are never in it.")
@click.option("--replay", metavar="FILE", help="Answer from a recording alone: no network, no cost.")
@click.option("--stream/--no-stream", default=None, help="Print as it arrives (default on a terminal).")
@click.option("--raw", is_flag=True, help="The bare text, without fence or receipt.")
@click.option("--out", metavar="FILE", help="Write the answer to a file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, whatever happens.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def ask(
    prompt: str | None,
    *,
    params: tuple[str, ...],
    temperature: float | None,
    thread: str | None,
    answer: str | None,
    tools: tuple[str, ...],
    background: bool,
    dry_run: bool,
    record: str | None,
    replay: str | None,
    stream: bool | None,
    raw: bool,
    out: str | None,
    as_json: bool,
    quiet: bool,
    **choosing: Any,
) -> int:
    """Ask a model, with fallback, limits and a receipt.

    Without flags the registry's default task decides; `-t auto` classifies the prompt. The prompt comes from the
    argument, from stdin, or both (stdin is then an attachment).
    """
    from outrider.cli.asking import Wish
    from outrider.cli.form import Form
    from outrider.cli.parameters import parameters
    from outrider.cli.run_ask import run_ask

    given = parameters(params)
    if temperature is not None:
        given = (*given, ("temperature", temperature))
    wish = Wish(argument=prompt, params=given, tools=tools, **choosing)
    return run_ask(
        wish,
        Form(
            as_json=as_json, raw=raw, out=out, quiet=quiet, stream=stream, thread=thread, dry_run=dry_run,
            background=background, answer=answer, record=record, replay=replay,
        ),
    )  # fmt: skip
