"""What the commands that ask several models share: their flags, and the checks before anything is paid for."""

from collections.abc import Mapping
from typing import Any

import click

from outrider.cli.selecting import Dollars, Function


def panel_options(command: Function) -> Function:
    """Adds the flags that every command with seats has."""
    options = (
        click.option("--answer", "answers", metavar="MODEL=FILE", multiple=True, help="A seat that has spoken."),
        click.option("-f", "--file", "files", metavar="FILE", multiple=True, help="Attach a text file."),
        click.option("--image", "images", metavar="FILE", multiple=True, help="Attach a picture."),
        click.option("-s", "--system", metavar="TEXT", help="A system prompt for every seat."),
        click.option("--prompt", "prompt_name", metavar="NAME", help="A named system prompt of the registry."),
        click.option("--private", is_flag=True, help="Seat models on your own machines only."),
        click.option("--max-output", type=click.IntRange(min=1), metavar="N", help="Most tokens of each answer."),
        click.option("--max-cost", type=Dollars(), metavar="USD", help="Most that the whole run may cost."),
        click.option("--timeout", type=click.FloatRange(min=0.1), metavar="S", help="Seconds for each answer."),
        click.option("--record", metavar="FILE", help="Write every reply to a file; keys are never in it."),
        click.option("--replay", metavar="FILE", help="Answer from a recording alone: no network, no cost."),
        click.option("--out", metavar="FILE", help="Write the result to a file."),
        click.option("--raw", is_flag=True, help="The bare text, without fence or receipt."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout, whatever happens."),
        click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def wish_and_form(prompt: str | None, flags: Mapping[str, Any]) -> "tuple[Any, Any]":
    """Sorts the shared flags into what is asked and how the result is wanted."""
    from outrider.cli.asking import Wish
    from outrider.cli.form import Form

    asked = ("files", "images", "system", "prompt_name", "private", "max_output", "max_cost", "timeout")
    wanted = ("as_json", "raw", "out", "quiet", "record", "replay")
    wish = Wish(
        argument=prompt, keyless=flags["replay"] is not None, reads_stdin=_handed() is None,
        **{name: flags[name] for name in asked},
    )  # fmt: skip
    return wish, Form(**{name: flags[name] for name in wanted}, stream=False)


def open_session() -> Any:
    """Returns the session that the caller of the command hands in, as the demo does, else a new one."""
    from outrider.cli.session import Session

    return _handed() or Session()


def _handed() -> Any:
    return click.get_current_context().obj


def check_places(session: Any, form: Any, *, private: bool) -> None:
    """Refuses an output path before anything is paid for."""
    from outrider.cli.printing import check_out, check_private

    check_out(form.out, session)
    check_private(form, session, private=private)


def tell_notes(table: Any, *others: str, quiet: bool) -> None:
    """Says what the layers, the decision and the command have to say before anybody is asked."""
    from outrider.cli.show import note

    for text in () if quiet else (*table.session.registry.notes, *table.decided.route.notes, *others):
        note(text)
