"""The flags that choose a model, shared by `ask` and `route`, and what they come to."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


class Dollars(click.ParamType[Decimal]):
    """A sum of money: digits, as `0.25`."""

    name = "usd"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """Reads a finite sum that is not negative."""
        try:
            amount = Decimal(str(value).removeprefix("$"))
        except ArithmeticError:
            amount = Decimal(-1)
        if not amount.is_finite() or amount < 0:
            self.fail(f"`{value}` is not a sum in dollars", param, ctx)
        return amount


def selection_options(command: Function) -> Function:
    """Adds the flags that choose a model."""
    options = (
        click.option("-m", "--model", metavar="NAME", help="A model, alias, task or preset, or provider/wire-id."),
        click.option("-t", "--task", metavar="TASK", help="A task; `auto` classifies the prompt."),
        click.option("--private", is_flag=True, help="Use models on your own machines only."),
        click.option("--preset", metavar="NAME", help="Lay a preset over the task, for this call."),
        click.option("-f", "--file", "files", metavar="FILE", multiple=True, help="Attach a text file."),
        click.option("--image", "images", metavar="FILE", multiple=True, help="Attach a picture."),
        click.option("--schema", metavar="FILE", help="The answer must be JSON that fits this JSON Schema."),
        click.option("-s", "--system", metavar="TEXT", help="A system prompt."),
        click.option("--prompt", "prompt_name", metavar="NAME", help="A named system prompt of the registry."),
        click.option("--max-output", type=click.IntRange(min=1), metavar="N", help="Most tokens of the answer."),
        click.option("--max-cost", type=Dollars(), metavar="USD", help="Most that this run may cost."),
        click.option("--fallback/--no-fallback", default=None, help="Try other models on failure (-m alone does not)."),
    )
    for option in reversed(options):
        command = option(command)
    return command
