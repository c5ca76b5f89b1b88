"""The root command: knows every command's name and one line of help, and loads its file only when it is called."""

from importlib import import_module

import click

from outrider import __version__
from outrider.rules.nearest import nearest

COMMANDS = {
    "Ask": {
        "ask": ("ask", "ask a model, with fallback, limits and a receipt"),
        "compare": ("compare", "ask several models at once, side by side"),
        "consensus": ("consensus", "ask several models and count what they agree on"),
        "cascade": ("cascade", "ask the cheapest first, a stronger one on doubt"),
        "verify": ("verify", "have one model write and another check, until it is accepted"),
        "route": ("route", "say which model would be asked, and why; calls nothing"),
        "why": ("why", "explain a past run: its rule, its settings, its prices"),
        "runs": ("runs", "list what ran, with ids for `why`"),
        "thread": ("thread", "list, show or delete conversations kept by `ask --thread`"),
        "jobs": ("jobs", "list, show, collect or cancel long runs"),
    },
    "Bulk": {
        "batch": ("batch", "one prompt template over many documents, resumed where it was left"),
        "pipeline": ("pipeline", "send documents through stages, each with a model or task of its own"),
    },
    "Choose": {
        "models": ("models", "list models, or show one; `--live` asks each server what it has"),
        "providers": ("providers", "list providers, or add one"),
        "tasks": ("tasks", "list tasks and their chains"),
        "presets": ("presets", "list presets"),
        "catalog": ("catalog", "models by facts: SQL, roles, what is stale, what a plan costs"),
        "switch": ("switch", "choose a standing preset, turn fallback on or off"),
        "guide": ("guide", "print a reference page: which model, how to call, what to do when it fails"),
    },
    "Money": {
        "usage": ("usage", "sum the ledger by model, task, day, repository or session"),
        "report": ("report", "write one page with charts of what was used and what it cost"),
        "savings": ("savings", "what tiering saved, beside named baselines, less what routing used"),
        "audit": ("audit", "say which model saw which data, and which model each subagent really ran on"),
    },
    "The pack": {
        "install": ("install", "put agents, skills and hooks into Claude Code, or bring them up to date"),
        "uninstall": ("uninstall", "take them out again, but for what you changed"),
        "upgrade": ("upgrade", "bring the pack to this version, and name what is of another one"),
        "diff": ("diff", "show how the files that you edited differ from what we offer"),
        "pause": ("pause", "silence agents, skills and hooks without uninstalling"),
        "resume": ("resume", "bring them back"),
    },
    "Other clients": {
        "mcp": ("mcp", "serve your models as tools of an MCP client, on stdin and stdout"),
        "serve": ("serve", "serve your models to any OpenAI client, on loopback"),
    },
    "Look after": {
        "policy": ("policy", "try another policy on past runs, or this one on a table of prompts"),
        "status": ("status", "preset, keys present, local servers, budgets"),
        "statusline": ("statusline", "one line for Claude Code's status line: preset, today's money, last fallback"),
        "drill": ("drill", "inject every fault into the real chain: who answers, at what cost, what leaks"),
        "doctor": ("doctor", "find what is wrong, each with its fix"),
        "import": ("importing", "take over another tool's models, aliases and fallbacks"),
        "export": ("exporting", "write your models for another tool, without any key"),
        "config": ("config", "check the configuration, or say where its files are"),
        "keys": ("keys", "set, list or import keys"),
        "trust": ("trust", "let a repository's settings take effect"),
        "prune": ("prune", "take away old rows, stored prompts, answers, jobs, conversations"),
        "demo": ("demo", "show a failed-over, accounted call against an offline provider"),
        "hook": ("hook", "answer a hook of Claude Code, which calls this itself"),
        "render": ("render", "make the committed pack anew (for contributors)"),
    },
}
_FLAT = {name: entry for commands in COMMANDS.values() for name, entry in commands.items()}


class LazyGroup(click.Group):
    """Loads a command's file when the command is called, so that none pays for another's imports."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Returns every command's name."""
        return list(_FLAT)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Returns the command of this name."""
        if cmd_name not in _FLAT:
            return None
        room = _FLAT[cmd_name][0]
        command: click.Command = getattr(import_module(f"outrider.cli.{room}"), room)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds the command, or suggests the nearest."""
        if args and args[0] not in _FLAT:
            close = nearest(args[0], _FLAT)
            fault = click.UsageError(f"no command is called `{args[0][:80]}`", ctx=ctx)
            fault.possibilities = [f"outrider {close}"] if close else []  # type: ignore[attr-defined]
            raise fault
        return super().resolve_command(ctx, args)

    def format_commands(
        self,
        ctx: click.Context,
        formatter: click.HelpFormatter,
    ) -> None:
        """Writes the commands under their headings without loading any."""
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, line) for name, (_, line) in commands.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    invoke_without_command=False,
)
@click.version_option(__version__, prog_name="outrider", message="%(prog)s %(version)s")
def cli() -> None:
    """Reach every model from Claude Code: routed, failed over, accounted, explained.

    Start with `outrider demo`, then `outrider status`.
    """
