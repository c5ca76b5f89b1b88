"""Puts an answer where it goes: a terminal, a pipe, a file, Claude Code's transcript, or a JSON object."""

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any

from outrider.cli import envelope
from outrider.cli.asking import Decided
from outrider.cli.form import Form
from outrider.cli.session import Session
from outrider.cli.show import complain, dump, note, one_line
from outrider.data import Answer, Failure, Outcome
from outrider.doors.files import make_folder, write_whole
from outrider.engine import Ended
from outrider.errors import OutriderError, Refused
from outrider.rules import advice, containment
from outrider.rules.receipts import receipt

Acceptance = Callable[[Answer], Outcome]
LONGEST_IN_TRANSCRIPT = 25_000
"""Claude Code saves a command's output over 30,000 characters and shows a preview; we choose the file ourselves."""
HEAD = 2_000


def check_out(path: str | None, session: Session) -> None:
    """Refuses an output path before anything is paid for."""
    if path is None:
        return
    if os.path.isdir(path):
        raise OutriderError(f"{path} is a folder", hint=f"name a file: `--out {path}/answer.txt`")
    folder = os.path.dirname(os.path.abspath(path))
    if not os.path.isdir(folder):
        raise OutriderError(f"there is no folder {folder}", hint=f"make it: `mkdir -p {folder}`")
    if not session.inside_claude:
        return
    root = os.path.realpath(session.places.project or os.getcwd())
    if not (os.path.realpath(path) + os.sep).startswith(root + os.sep):
        raise Refused(f"{path} is outside the project", hint="write inside the project", kind="trust")
    if os.path.lexists(path):
        raise Refused(f"{path} is there already", hint="name a new file, or remove it first", kind="trust")


def check_private(form: Form, session: Session, *, private: bool) -> None:
    """Refuses to put a private answer where Claude Code, which is a cloud model itself, could read it."""
    if private and session.inside_claude and (form.out or form.record):
        flag = "--out" if form.out else "--record"
        raise Refused(
            f"`{flag}` would put a private answer where Claude Code reads it",
            hint=f"leave `{flag}` out: the answer stays in {session.places.ours('answers')}, for you to read",
        )


def _safe_project(session: Session) -> str | None:
    """Returns the project, unless its folder for answers is a link: a checkout must not choose where we write."""
    project = session.places.project
    folders = (os.path.join(project or "", ".outrider"), os.path.join(project or "", ".outrider", "answers"))
    return None if any(os.path.islink(folder) for folder in folders) else project


def keep_for_claude(session: Session, text: str, run: str) -> str:
    """Writes what is too long for a transcript where Claude Code can read it, inert; returns the path."""
    return keep(folder_for_claude(session), containment.neutral(text), run)


def folder_for_claude(session: Session) -> str:
    """Makes the folder for answers that Claude Code can read, the project's own where there is one; returns it."""
    project = _safe_project(session)
    if project is None:
        return session.places.ours("answers")
    folder = os.path.join(project, ".outrider", "answers")
    make_folder(folder)
    ignore = os.path.join(project, ".outrider", ".gitignore")
    if not os.path.lexists(ignore):
        write_whole(ignore, b"*\n")
    return folder


def keep(folder: str, text: str, run: str) -> str:
    """Writes a text into a folder of answers, under its run; returns the path."""
    make_folder(folder)
    path = os.path.join(folder, f"{run}.txt")
    write_whole(path, (text + "\n").encode("utf-8", "replace"))
    return path


class Printer:
    """Prints the end of one ask, in the form that was wanted."""

    def __init__(self, *, form: Form, session: Session, private: bool) -> None:
        self._form = form
        self._session = session
        self._is_fenced = session.inside_claude
        self._is_hidden = session.inside_claude and private
        self._cleaner = containment.Cleaner() if sys.stdout.isatty() else None
        is_plain = not (form.as_json or form.out or self._is_fenced)
        wanted = sys.stdout.isatty() if form.stream is None else form.stream
        self._is_shown = is_plain and wanted
        self._shown = ""
        self.extra: Mapping[str, Any] = {}

    @property
    def show(self) -> Callable[[str], None] | None:
        """What text is handed to as it arrives; None where the whole answer is waited for."""
        return self._show if self._is_shown else None

    def _show(self, piece: str) -> None:
        self._shown += piece
        sys.stdout.write(self._cleaner.feed(piece) if self._cleaner else piece)
        sys.stdout.flush()

    def answered(self, decided: Decided, ended: Ended, answer: Answer, *, run: str) -> int:
        """Prints an answer; returns the exit code."""
        warnings = advice.warnings(ended.attempts)
        if answer.truncated:
            warnings = (*warnings, "the answer was cut short by its cap (--max-output)")
        path = self._kept_path(answer.text, run)
        if self._form.as_json:
            shape = envelope.asked(decided.route, ended, run=run, warnings=warnings, error=None) | dict(self.extra)
            if path is not None:
                shape["answer_file"] = path
            if self._is_hidden:
                shape["answer"] = None
            elif self._is_fenced and shape["answer"] is not None:
                shape["answer"] = containment.neutral(shape["answer"])
            dump(shape)
            return 0
        if not self._form.quiet:
            for text in warnings:
                note(text)
        line = self._receipt(decided, ended, run)
        if path is not None:
            self._print_path(answer.text, path, line, run)
        elif self._is_fenced:
            self._print_fenced(answer.text, line, run)
        else:
            self._print_plain(answer.text)
            if not self._form.quiet and not self._form.raw and sys.stderr.isatty():
                note(line)
        return 0

    def _receipt(self, decided: Decided, ended: Ended, run: str) -> str:
        last = ended.attempts[-1]
        line = receipt(
            last, route=decided.route, cost=ended.cost, cost_known=ended.cost_known, run=run,
            tried=1 + sum(isinstance(attempt.outcome, Failure) for attempt in ended.attempts),
        )  # fmt: skip
        return one_line(line)

    def _print_plain(self, text: str) -> None:
        if self._shown:
            # What was shown is the beginning of the answer; the end of a reply may add to it.
            rest = text.removeprefix(self._shown)
            sys.stdout.write(self._cleaner.feed(rest) + self._cleaner.finish() if self._cleaner else rest)
            sys.stdout.write("\n")
            return
        sys.stdout.write(containment.clean(text) if self._cleaner else text)
        sys.stdout.write("" if text.endswith("\n") else "\n")

    def _print_fenced(self, text: str, line: str, run: str) -> None:
        if self._form.raw:
            sys.stdout.write(containment.neutral(text) + "\n")
            return
        model = containment.attribute("model", line.split(" ", maxsplit=1)[0])
        label = f'{model} run="{run}"'
        sys.stdout.write(containment.fenced(text, nonce=os.urandom(6).hex(), label=label, receipt=line) + "\n")

    def _kept_path(self, text: str, run: str) -> str | None:
        """Writes the answer to a file where it belongs in one: wished for, private, or too long for a transcript."""
        if self._form.out:
            write_whole(os.path.abspath(self._form.out), (text + "\n").encode("utf-8", "replace"))
            return self._form.out
        if self._is_hidden:
            return keep(self._session.places.ours("answers"), text, run)
        if self._is_fenced and len(text) > LONGEST_IN_TRANSCRIPT and not self._form.as_json:
            return keep_for_claude(self._session, text, run)
        return None

    def _print_path(self, text: str, path: str, line: str, run: str) -> None:
        if self._form.out or self._is_hidden:
            sys.stdout.write(f"answer written to {one_line(path)}\n{one_line(line)}\n")
            return
        # Said behind the fence: what stands within may say anything of where the rest is.
        rest = f"… {len(text) - HEAD:,} characters more in {one_line(path)}"
        self._print_fenced(text[:HEAD], f"{line}\n{rest}", run)
        if self._form.raw:
            sys.stdout.write(f"{rest}\n")

    def failed(self, decided: Decided, ended: Ended, *, run: str) -> int:
        """Prints why there is no answer; returns the exit code."""
        failure = ended.failure or Failure(kind="interrupted", message="no attempt was made")
        target = ended.attempts[-1].target if ended.attempts else None
        who = f"{target.name}: " if target else ""
        hint = advice.hint(failure, target)
        if self._shown:
            sys.stdout.write((self._cleaner.finish() if self._cleaner else "") + "\n")
            note("the text above is partial: the answer broke off")
        error = {"kind": failure.kind, "message": f"{who}{failure.message[:500]}", "hint": hint}
        return self.refused(decided, ended, run=run, error=error, code=advice.exit_code(failure))

    def refused(self, decided: Decided, ended: Ended, *, run: str, error: Mapping[str, str], code: int) -> int:
        """Prints an error in the wanted form; returns the exit code."""
        warnings = advice.warnings(ended.attempts[:-1])
        if self._form.as_json:
            dump(envelope.asked(decided.route, ended, run=run, warnings=warnings, error=error) | dict(self.extra))
        else:
            for text in () if self._form.quiet else warnings:
                note(text)
            complain(error["message"], error["hint"])
        return code
