"""`outrider batch`: one prompt template over many documents, resumed where it was left."""

from decimal import Decimal
from typing import Any

import click

from outrider.cli.selecting import Dollars

EPILOG = """\b
Examples:
  outrider batch reviews.jsonl --template 'Sum up: {text}' -m cheap --max-cost 5 -o sums.jsonl
  outrider batch reviews.csv --text-field review -t simple --sample 20 --max-cost 5
  outrider batch 'notes/*.md' --template sum-up.txt --private -o sums.jsonl
  outrider batch reviews.jsonl --dry-run -m cheap
  outrider batch reviews.jsonl -m cheap --max-cost 5 --by 'tomorrow 09:00' -o sums.jsonl

A line of INPUT is {"id": …, …}; its fields fill the template. The same command goes on where it was left: what was
answered is kept, and never asked again. Answers are lines {"id", "ok", "answer", "model", "kind", "cost_usd"}.
Exit codes: 0 all answered, 1 some failed or a provider is down, 2 usage, 5 refused by policy or budget, 6 another
process works on this run or a provider's batch does, 129, 130 and 143 told to stop."""


@click.command(epilog=EPILOG)
@click.argument("source", metavar="INPUT")
@click.option("--template", metavar="FILE|TEXT", help="The prompt; {field} is a field of the document. `-`: stdin.")
@click.option("--text-field", metavar="F", help="The field that {prompt} stands for.")
@click.option("-o", "--output", metavar="FILE", help="Where the answers go; else to stdout.")
@click.option("-m", "--model", metavar="NAME", help="A model, alias, task or preset, or provider/wire-id.")
@click.option("-t", "--task", metavar="TASK", help="A task; `auto` classifies each document.")
@click.option("--private", is_flag=True, help="Use models on your own machines only.")
@click.option("--preset", metavar="NAME", help="Lay a preset over the task, for this run.")
@click.option("-s", "--system", metavar="TEXT", help="A system prompt.")
@click.option("--prompt", "prompt_name", metavar="NAME", help="A named system prompt of the registry.")
@click.option("--schema", metavar="FILE", help="Each answer must be JSON that fits this JSON Schema.")
@click.option("--param", "params", metavar="K=V", multiple=True, help="Any other parameter, as JSON or text.")
@click.option("--max-output", type=click.IntRange(min=1), metavar="N", help="Most tokens of each answer.")
@click.option(
    "--max-cost", type=Dollars(), metavar="USD", help="Most that the whole run may cost; paid models need it."
)
@click.option("--fallback/--no-fallback", default=None, help="Try other models on failure (-m alone does not).")
@click.option("--run", "name", metavar="NAME", help="The run's name; else made of INPUT and template.")
@click.option("--resume", is_flag=True, help="Go on with a run; the same command does so anyway.")
@click.option("--retry-failed", is_flag=True, help="Ask again what failed.")
@click.option("--concurrency", type=click.IntRange(1, 4096), default=16, show_default=True, metavar="N",
              help="Most calls at one time; fewer where a provider slows down.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N documents.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N",
              help="Ask N documents, spread over INPUT, and say what all would cost and take.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Estimate the cost; ask nothing.")
@click.option("--on-outage", type=click.Choice(["wait", "fail"]), default="wait", show_default=True,
              help="When nobody can answer: wait and probe, or end the run.")  # fmt: skip
@click.option("--by", metavar="TIME",
              help="Answers are wanted by then (2h, 18:00, tomorrow 09:00, a date): through the provider's own batch, "
              "at about half the price, as long as that may be in time.")  # fmt: skip
@click.option("--engine", type=click.Choice(["process", "ray"]), default="process", show_default=True,
              help="Where the documents are asked: here, or by workers of a Ray cluster.")  # fmt: skip
@click.option("--ray-address", metavar="ADDRESS", help="The Ray cluster; else one is started here for this run.")
@click.option("--detach", is_flag=True, help="Return at once with a handle; see `outrider jobs`.")
@click.option("--ordered/--as-completed", default=True, help="Answers in the order of INPUT, or as they came.")
@click.option("--events", is_flag=True, help="What happens, as JSON lines on stdout.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout at the end.")
@click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
def batch(source: str, **flags: Any) -> int:
    """Ask one question of many documents: JSON lines, a table (CSV), a folder, or a pattern in quotes.

    Killed at any moment, nothing is lost: type the same command again. Paid models need --max-cost, which is a wall
    for the whole run; without it the estimate is printed. Names in the template are replaced and nothing in it runs.
    """
    from outrider.cli.batch_job import Flags
    from outrider.cli.batch_run import run_batch
    from outrider.cli.parameters import parameters

    flags.pop("resume")
    given = parameters(flags.pop("params"))
    cost: Decimal | None = flags["max_cost"]
    return run_batch(Flags(source=source, params=given, **{**flags, "max_cost": cost}))
