"""Puts what a panel came to where it goes: JSON, a file, a terminal, a fence inside Claude Code; a private one home.

What we say ourselves stands outside of what models said: on stderr, or behind the fence.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

from outrider.cli.form import Form
from outrider.cli.panel_shapes import attempts, money
from outrider.cli.printing import HEAD, LONGEST_IN_TRANSCRIPT, check_private, keep, keep_for_claude
from outrider.cli.seating import Table
from outrider.cli.show import complain, dollars, dump, note, one_line
from outrider.doors.files import write_whole
from outrider.records import record
from outrider.rules import containment
from outrider.rules.panels.nouns import Purpose, Reply, doubtful, spent

Said = tuple[tuple[Purpose, Reply], ...]


@record
class Report:
    """What a run came to.

    `text` is the result; `beside` are lines about it, in which models' words may stand; `verdict` is one line of ours.
    `shown` was printed as it arrived, and is a beginning of the text. `hint` goes with a run without a result.
    """

    shape: Mapping[str, Any]
    text: str
    verdict: str
    code: int
    kind: str | None = None
    beside: tuple[str, ...] = ()
    shown: str = ""
    hint: str = ""


def tell(table: Table, form: Form, report: Report, said: Said, *, seconds: float) -> int:
    """Tells what a run came to, and how long it was asked for; returns its exit code."""
    session = table.session
    is_hidden = table.is_private and session.inside_claude
    # Whether it is private may have become known only by what was attached.
    check_private(form, session, private=table.is_private)
    told = _told(report)
    path = form.out
    if is_hidden:
        path = keep(session.places.ours("answers"), "\n".join(part for part in told if part), table.number)
    elif path is not None:
        write_whole(os.path.abspath(path), (report.text + "\n").encode("utf-8", "replace"))
    line = receipt(table, said)
    if form.as_json:
        shape = {**report.shape, "seconds": round(seconds, 3), **_error(report)}
        shape = without_words(shape) if is_hidden else shape
        dump({**shape, "answer_file": path} if path is not None else shape)
    elif path is not None:
        sys.stdout.write(f"written to {one_line(path)}\n{one_line(report.verdict)}\n{one_line(line)}\n")
    elif session.inside_claude:
        _tell_claude(table, form, "\n".join(part for part in told if part), f"{one_line(report.verdict)}\n{line}")
    else:
        _tell_person(form, report, line)
    return report.code


def _told(report: Report) -> tuple[str, str]:
    return "\n".join(report.beside), report.text


def _error(report: Report) -> dict[str, Any]:
    if report.code != 1:
        return {}
    return {"error": {"kind": report.kind or "failure", "message": report.verdict, "hint": report.hint}}


def _tell_person(form: Form, report: Report, line: str) -> None:
    is_terminal = sys.stdout.isatty()
    rest = report.text.removeprefix(report.shown)
    if rest:
        sys.stdout.write((containment.clean(rest) if is_terminal else rest).rstrip("\n") + "\n")
        sys.stdout.flush()
    for text in () if form.quiet else report.beside:
        note(text)
    if report.code == 1:
        complain(report.verdict, report.hint)
    if form.quiet or form.raw:
        return
    if report.code != 1 and report.verdict not in report.text:
        note(report.verdict)
    note(line)


def _tell_claude(table: Table, form: Form, text: str, behind: str) -> None:
    """Prints what models said between lines that only this call can write, and a long one into a file."""
    rest = ""
    if len(text) > LONGEST_IN_TRANSCRIPT:
        path = keep_for_claude(table.session, text, table.number)
        rest = f"… {len(text) - HEAD:,} characters more in {one_line(path)}"
        text = text[:HEAD]
    if form.raw:
        sys.stdout.write(containment.neutral(text) + "\n" + (f"{rest}\n" if rest else ""))
        return
    label = f'{containment.attribute("model", table.command)} run="{table.number}"'
    behind = f"{behind}\n{rest}" if rest else behind
    sys.stdout.write(containment.fenced(text, nonce=os.urandom(6).hex(), label=label, receipt=behind) + "\n")


def failed(
    table: Table, form: Form, said: list[tuple[Purpose, Reply]], *, kind: str, message: str, code: int, hint: str = ""
) -> int:
    """Tells of a run that was cut short, with everything that it is booked with; returns the exit code."""
    heard = tuple(said)
    hint = hint or f"`outrider why {table.number}` shows what was under way"
    if form.as_json:
        error = {"kind": kind, "message": message, "hint": hint}
        dump({"answer": None, "attempts": attempts(heard), **money(heard), "run": table.number, "error": error})
    complain(message, hint)
    if not form.quiet:
        note(receipt(table, heard))
    return code


def receipt(table: Table, said: Said) -> str:
    """Returns the line under a report: how many were asked, tokens, cents, what of them is in doubt, and the run."""
    asked = [reply for _, reply in said if reply.asked]
    others = f", {len(said) - len(asked)} not asked" if len(said) > len(asked) else ""
    cents = f"{spent(said) * 100:.4f}".rstrip("0").rstrip(".")
    about = "" if all(one.cost_known and one.certainty in {"exact", "not_sent"} for one in asked) else "about "
    doubt = f", {dollars(doubtful(said))} of it in doubt" if doubtful(said) else ""
    tokens = f"{sum(one.input for one in asked):,} in, {sum(one.output for one in asked):,} out"
    return f"{len(asked)} asked{others} · {tokens} · {about}{cents} cents{doubt} · {table.command} · run {table.number}"


WORDS = frozenset({"answer", "text", "reason", "why", "findings", "choice"})
"""The fields of a shape that hold what a model said."""


def without_words(shape: Any) -> Any:
    """Returns a shape without what models said, for a private run inside Claude Code, a cloud model itself."""
    if isinstance(shape, Mapping):
        return {name: None if name in WORDS else without_words(value) for name, value in shape.items()}
    return [without_words(value) for value in shape] if isinstance(shape, list | tuple) else shape
