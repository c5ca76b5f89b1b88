"""`outrider thread`: the conversations that `ask --thread` keeps for this repository."""

import os
import re
import sys
from typing import Any

import click

from outrider.cli.families import Family, plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out, table
from outrider.doors import threads
from outrider.doors.ledger_read import stamp
from outrider.doors.settings import Places
from outrider.doors.threads import Thread
from outrider.errors import Refused
from outrider.rules import containment
from outrider.rules.selection import unknown

EXAMPLES = """\b
Examples:
  outrider thread
  outrider thread show parser-bug
  outrider thread delete parser-bug"""


@click.group(cls=Family, epilog=EXAMPLES)
def thread() -> None:
    """List, show or delete conversations kept by `ask --thread`; the plain name lists them.

    They belong to their repository, hold the text of prompts and answers, and can be read by you alone.
    """


@thread.command("list", epilog=EXAMPLES)
@plain_options
def list_threads(*, as_json: bool, quiet: bool) -> None:
    """List the conversations of this repository."""
    where = Session().places
    found = [kept for name in threads.names(where) if (kept := threads.load(where, name)) is not None]
    if as_json:
        dump({"threads": [_shape(kept) for kept in found]})
    elif found:
        table(
            [
                (
                    kept.name, str(len(kept.messages)), "yes" if kept.private else "", stamp(kept.updated),
                    ", ".join(kept.models),
                )
                for kept in found
            ],
            heads=("thread", "messages", "private", "updated (UTC)", "models"),
        )  # fmt: skip
    elif not quiet:
        out("no conversation is kept here; `outrider ask --thread NAME` begins one")


def _shape(kept: Thread) -> dict[str, Any]:
    return {
        "name": kept.name, "messages": len(kept.messages), "private": kept.private, "created": stamp(kept.created),
        "updated": stamp(kept.updated), "models": list(kept.models),
    }  # fmt: skip


@thread.command("show", epilog=EXAMPLES)
@click.argument("name")
@plain_options
def show_thread(name: str, *, as_json: bool, quiet: bool) -> None:
    """Print a conversation. Inside Claude Code a private one is refused, and others come fenced."""
    session = Session()
    kept = _kept(session.places, name)
    if session.inside_claude and kept.private:
        raise Refused(
            f"thread `{name}` is private, and what is printed here goes to Anthropic",
            hint=f"read it in a terminal of your own: `outrider thread show {name}`",
        )
    turns = [(message.role, message.text) for message in kept.messages]
    if as_json:
        made = containment.neutral if session.inside_claude else str
        dump({**_shape(kept), "messages": [{"role": role, "text": made(text)} for role, text in turns]})
        return
    whole = "\n\n".join(f"--- {role} ---\n{_unsplit(text.strip())}" for role, text in turns)
    if session.inside_claude:
        label = containment.attribute("thread", kept.name)
        receipt = f"{len(turns)} messages · {', '.join(kept.models)}"
        fenced = containment.fenced(whole, nonce=os.urandom(6).hex(), label=label, receipt=receipt)
        sys.stdout.write(f"{fenced}\n")
        return
    out(whole)
    if kept.private and not quiet:
        out("\n(private: it goes on with local models only)")


def _unsplit(text: str) -> str:
    """Returns a message in which no line looks like the head of another one."""
    return re.sub(r"(?m)^(?=[^\w\n]*---[^\w\n]*(?:system|user|assistant)\b)", "> ", containment.clean(text))


@thread.command("delete", epilog=EXAMPLES)
@click.argument("name")
@plain_options
def delete_thread(name: str, *, as_json: bool, quiet: bool) -> None:
    """Delete a conversation for good."""
    where = Session().places
    if not threads.delete(where, name):
        _kept(where, name)
    if as_json:
        dump({"deleted": name})
    elif not quiet:
        out(f"thread {name} is deleted")


def _kept(where: Places, name: str) -> Thread:
    kept = threads.load(where, name)
    if kept is None:
        raise unknown("thread", name, threads.names(where), command="thread list")
    return kept
