"""Commands that have commands of their own (`models list`, `models show`), and the flags that every command has.

Says nothing of what they do.
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Any, TypeVar

import click

from outrider.rules.nearest import nearest

Function = TypeVar("Function", bound=Callable[..., Any])


class Family(click.Group):
    """A command with members; its plain name means the first one, and flags may stand before the member's name."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Finds the member, and puts the flags behind it."""
        flags = list(takewhile(lambda word: word.startswith("-"), args))
        rest = args[len(flags) :]
        if not rest and set(flags) & set(ctx.help_option_names):
            args = ctx.help_option_names[:1]
        elif rest and (rest[0] in self.commands or not flags):
            args = [rest[0], *flags, *rest[1:]]
        else:
            args = [next(iter(self.commands)), *args]
        return super().parse_args(ctx, args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the member, or suggests the nearest."""
        if args[0] not in self.commands:
            fault = click.UsageError(f"`{ctx.command_path}` has no command `{args[0][:80]}`", ctx=ctx)
            close = nearest(args[0], self.commands)
            fault.possibilities = [f"{ctx.command_path} {close}"] if close else []  # type: ignore[attr-defined]
            raise fault
        return super().resolve_command(ctx, args)


def plain_options(command: Function) -> Function:
    """Adds the flags that every command has."""
    quiet = click.option("--quiet", "-q", is_flag=True, help="Nothing on stderr but errors.")
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")(quiet(command))
