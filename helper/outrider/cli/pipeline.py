"""`outrider pipeline`: stages that hand their answers on, each with a model or a task of its own."""

from typing import Any

import click

from outrider.cli.selecting import Dollars

EPILOG = """\b
Examples:
  outrider pipeline show examples/extract-analyse-report.yaml
  outrider pipeline estimate examples/extract-analyse-report.yaml
  outrider pipeline run review.yaml --max-cost 2
  outrider pipeline run reports.yaml --input 'inbox/*.md' --sample 20 --max-cost 0.50

docs/pipelines.md says what a file may hold."""

CODES = """\b
Exit codes: 0 all answered, 1 some failed or a provider is down, 2 usage, 5 refused by policy or budget, 6 another
process works on this run, 129, 130 and 143 told to stop."""

FILE = click.argument("file", metavar="FILE.yaml")
INPUT = click.option("--input", "inputs", metavar="PATH", multiple=True, help="Other documents than the file's.")
JSON = click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
QUIET = click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
PRIVATE = click.option("--private", is_flag=True, help="Every stage on your own machines only.")


@click.group(epilog=EPILOG)
def pipeline() -> None:
    """Send documents through stages: map, reduce, route, cascade, verify, merge."""


@pipeline.command()
@FILE
@INPUT
@click.option("--documents", type=click.IntRange(min=1), metavar="N", help="Count with so many documents.")
@click.option("--beside", metavar="NAME", help="The one model for everything to compare with.")
@PRIVATE
@JSON
@QUIET
def estimate(
    file: str, *, inputs: tuple[str, ...], documents: int | None, beside: str | None, private: bool, as_json: bool,
    quiet: bool,
) -> None:  # fmt: skip
    """Say what each stage would cost, beside one model for everything. Nobody is asked, no key is needed."""
    from outrider.cli import pipeline_estimate, pipeline_file, pipeline_input
    from outrider.cli.session import Session

    session = Session()
    loaded = pipeline_file.load(session, file, private=private)
    items = pipeline_input.to_weigh(loaded, inputs, documents=documents)
    found = pipeline_estimate.bill(session, loaded, items, documents=documents, beside=beside)
    pipeline_estimate.tell(loaded, found, as_json=as_json, quiet=quiet)


@pipeline.command(epilog=CODES)
@FILE
@INPUT
@click.option("-o", "--output", metavar="FILE", help="Where the result goes; else to stdout.")
@PRIVATE
@click.option("--max-cost", type=Dollars(), metavar="USD", help="Most that all stages may cost; paid models need it.")
@click.option("--run", "name", metavar="NAME", help="The run's name; else made of the file's place.")
@click.option("--resume", is_flag=True, help="Go on with a run; the same command does so anyway.")
@click.option("--retry-failed", is_flag=True, help="Ask again what failed.")
@click.option("--concurrency", type=click.IntRange(1, 4096), default=16, show_default=True, metavar="N",
              help="Most calls at one time; fewer where a provider slows down.")  # fmt: skip
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only the first N documents.")
@click.option("--sample", type=click.IntRange(min=1), metavar="N",
              help="Ask N documents, spread over the input, and say what all would cost and take.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Estimate the cost; ask nothing.")
@click.option("--on-outage", type=click.Choice(["wait", "fail"]), default="wait", show_default=True,
              help="When nobody can answer: wait and probe, or end the run.")  # fmt: skip
@click.option("--detach", is_flag=True, help="Return at once with a handle; see `outrider jobs`.")
@click.option("--watch", is_flag=True, help="A live view of all stages, on a terminal.")
@click.option("--events", is_flag=True, help="What happens, as JSON lines on stdout.")
@JSON
@QUIET
def run(file: str, **flags: Any) -> int:
    """Run every stage, or what is left to ask of it.

    What is answered is kept, and never asked again: killed at any moment, type the same command again. Documents that
    are new or have changed are asked, and stages that you edit; nothing else is. Paid models need --max-cost, which
    is a wall over all stages; without it the estimate is printed. The result is what no other stage reads: a text
    where it is one, else a line of JSON for each item.
    """
    from outrider.cli.pipeline_run import Flags, run_pipeline

    flags.pop("resume")
    return run_pipeline(Flags(file=file, **flags))


@pipeline.command()
@FILE
@PRIVATE
@JSON
def show(file: str, *, private: bool, as_json: bool) -> None:
    """Draw the graph: who reads what, and who is asked.

    Stages that stay on your own machines are marked `private`. Nobody is asked, no key is needed.
    """
    from outrider.cli import pipeline_file, pipeline_show
    from outrider.cli.session import Session

    loaded: Any = pipeline_file.load(Session(), file, private=private)
    pipeline_show.show(loaded, as_json=as_json)
