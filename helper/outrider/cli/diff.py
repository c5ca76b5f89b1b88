"""`outrider diff`: what the user's files of the pack say beside what this version offers."""

from collections.abc import Iterator
from difflib import unified_diff

import click

from outrider.cli.families import plain_options
from outrider.cli.session import Session
from outrider.cli.show import dump, out
from outrider.rules.installing import Form, on_disk


@click.command(epilog="\b\nExamples:\n  outrider diff\n  outrider diff --project")
@click.option("--project", "for_project", is_flag=True, help="The pack in this repository's .claude.")
@plain_options
def diff(*, for_project: bool, as_json: bool, quiet: bool) -> None:
    """Show how the files of the pack that you edited, deleted or have not upgraded differ from what we offer."""
    from outrider.install import run

    form: Form = "project" if for_project else "loose"
    where = Session().places
    if run.installed(where, form=form) is None:
        if as_json:
            dump({"files": []})
        else:
            out(f"the pack is not installed here: `outrider install{' --project' if for_project else ''}`")
        return
    tree, report = run.compare(where, form=form)
    pages = report.wanted.pages if report.wanted is not None else {}
    paused = report.was is not None and report.was.paused
    found = []
    for step in report.steps:
        if step.path in pages and step.action in {"keep", "conflict", "update", "respect", "create"}:
            theirs = tree.read(on_disk(step.path, paused=paused))
            text = "".join(_lines(step.path, theirs, pages[step.path]))
            found += [{"path": step.path, "action": step.action, "diff": text}] if text else []
    if as_json:
        dump({"files": found})
        return
    for entry in found:
        out(entry["diff"].rstrip("\n"))
    if not found and not quiet:
        out("every file of the pack is as we offer it")


def _lines(path: str, theirs: bytes | None, ours: bytes) -> Iterator[str]:
    if theirs is None:
        yield f"--- {path} (not there, or no plain file)\n+++ {path} (ours)\n"
        return
    old, new = (data.decode("utf-8", "replace").splitlines(keepends=True) for data in (theirs, ours))
    for line in unified_diff(old, new, f"{path} (yours)", f"{path} (ours)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
