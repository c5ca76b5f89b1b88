"""`outrider pipeline`: stages that hand their answers on, each with a model or a task of its own."""

from typing import Any

import click

EPILOG = """\b
Examples:
  outrider pipeline show examples/extract-analyse-report.yaml
  outrider pipeline estimate examples/extract-analyse-report.yaml
  outrider pipeline run review.yaml --max-cost 2
  outrider pipeline run reports.yaml --input 'inbox/*.md' --sample 20 --max-cost 0.50

docs/pipelines.md says what a file may hold."""

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
    read = pipeline_input.documents(loaded, inputs)
    found = pipeline_estimate.bill(session, loaded, read.items, documents=documents, beside=beside)
    pipeline_estimate.tell(loaded, found, as_json=as_json, quiet=quiet)


@pipeline.command()
@FILE
@PRIVATE
@JSON
def show(file: str, *, private: bool, as_json: bool) -> None:
    """Draw the graph: who reads what, whom each stage asks, and what stays on your own machines."""
    from outrider.cli import pipeline_file, pipeline_show
    from outrider.cli.session import Session

    loaded: Any = pipeline_file.load(Session(), file, private=private)
    pipeline_show.show(loaded, as_json=as_json)
