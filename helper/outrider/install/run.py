"""Install, upgrade, dry run, diff, restore, uninstall: one plan, carried out or only told."""

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager

from outrider import __version__
from outrider.doors import client_pack, manifest_file, state
from outrider.doors.files import locked, make_folder
from outrider.doors.manifest import Manifest
from outrider.doors.pack_files import LeftForYou, Seen, Tree
from outrider.doors.render import is_executable
from outrider.doors.settings import Places
from outrider.errors import OutriderError
from outrider.install import gather, pausing
from outrider.install.apply import Mode, carry_out, check, take_away
from outrider.records import record, replace
from outrider.rules.installing import FOLDERS, Form, on_disk
from outrider.rules.pack_plan import Step, paths, plan

LINKS = frozenset({"agents", "skills", "config"})
"""Folders of the user's own that often are links into a repository of dotfiles."""


@record
class Report:
    """What one run did, or would do. `was` is the manifest that it found, `foreign` what in our folders is not ours."""

    root: str
    form: Form
    steps: tuple[Step, ...]
    was: Manifest | None
    manifest: Manifest | None
    wanted: gather.Wanted | None
    foreign: tuple[str, ...]
    asides: Mapping[str, str]
    late: tuple[str, ...]
    changed: bool
    dry_run: bool = False


def install(
    where: Places, *, form: Form = "loose", explore: bool | None = None, mcp: bool | None = None,
    restore: bool = False, dry_run: bool = False,
) -> Report:  # fmt: skip
    """Puts the pack in place, or brings it up to date."""
    refuse_two_forms(where, form=form)
    tree, mode = open_tree(where, form=form)
    if dry_run:
        return _decided(where, tree, form=form, explore=explore, mcp=mcp, restore=restore)[0]
    with _turn(where):
        manifest_file.tidy(tree)
        was = manifest_file.read(tree)
        if was is not None:
            pausing.settle(tree, was)
        report, pages, manifest = _decided(where, tree, form=form, explore=explore, mcp=mcp, restore=restore)
        done = carry_out(tree, report.steps, pages, manifest=manifest, mode=mode, fresh=was is None)
        chosen = {name: value for name, value in (("explore", explore), ("mcp", mcp)) if value is not None}
        if chosen and form == "loose":
            state.change(where, chosen, for_project=False)
    return replace(
        report, manifest=done.manifest, asides=done.asides, late=done.late, changed=done.changed, dry_run=False,
    )  # fmt: skip


def compare(where: Places, *, form: Form = "loose") -> tuple[Tree, Report]:
    """Returns what an install would do now, and the files to compare. Writes nothing."""
    tree, _ = open_tree(where, form=form)
    return tree, _decided(where, tree, form=form, explore=None, mcp=None, restore=False)[0]


def uninstall(where: Places, *, form: Form = "loose", dry_run: bool = False) -> Report | None:
    """Takes the pack away again, but for what the user changed; returns None where there is none."""
    tree, mode = open_tree(where, form=form)
    if dry_run:
        was = manifest_file.read(tree)
        return None if was is None else _removal(tree, was, dry_run=True)
    with _turn(where):
        manifest_file.tidy(tree)
        was = manifest_file.read(tree)
        if was is None:
            return None
        pausing.settle(tree, was)
        report = _removal(tree, was, dry_run=False)
        done = take_away(tree, report.steps, manifest=was, mode=mode)
    return replace(report, late=done.late, changed=True)


def explore(where: Places, *, on: bool) -> Report | None:
    """Puts the Explore override in place or takes it away, where the pack is installed as files."""
    return install(where, explore=on) if installed(where) is not None else None


def pause(where: Places, *, on: bool) -> bool | None:
    """Silences the pack or brings it back; says whether anything moved, None where it is not installed as files."""
    tree, mode = open_tree(where, form="loose")
    with _turn(where):
        manifest_file.tidy(tree)
        was = manifest_file.read(tree)
        return None if was is None else pausing.turn(tree, was, on=on, mode=mode)


def installed(where: Places, *, form: Form = "loose") -> Manifest | None:
    """Returns the manifest of what is installed."""
    return manifest_file.read(open_tree(where, form=form)[0])


def open_tree(where: Places, *, form: Form) -> tuple[Tree, Mode]:
    """Returns the folder that a form goes into, and the mode that each of its files gets."""
    if form == "loose":
        if os.path.islink(where.claude) and not os.path.isdir(where.claude):
            raise LeftForYou(
                f"{where.claude} is a link that leads to no folder", hint=f"mend it (`ls -l {where.claude}`)"
            )
        tree = Tree(where.claude, links=LINKS)
        return tree, lambda path: 0o700 if is_executable(path) else 0o600
    root = project_root(where)
    folder = os.path.join(root, ".claude")
    if os.path.islink(folder) or os.path.realpath(folder) == os.path.realpath(where.claude):
        raise LeftForYou(
            f"{folder} is a link, or your own folder of Claude Code",
            hint="run it in the repository, or without `--project`",
        )
    return Tree(folder, folder_mode=0o755), lambda path: 0o755 if is_executable(path) else 0o644


def project_root(where: Places) -> str:
    """Returns the repository's folder: the checkout around us, else the nearest with `.claude`, else this one."""
    if where.project is not None:
        return where.project
    here, claude = os.path.realpath(os.curdir), os.path.realpath(where.claude)
    homes = {os.path.dirname(claude), os.path.realpath(os.path.expanduser("~"))}
    no_project = OutriderError(
        f"{here} is no project", hint="go into one: `cd PROJECT`, then `outrider install --project`"
    )
    if (here + os.sep).startswith(claude + os.sep):
        raise no_project
    folder = here
    while folder not in {*homes, os.path.dirname(folder)}:
        if os.path.isdir(os.path.join(folder, ".claude")):
            return folder
        folder = os.path.dirname(folder)
    if here in {*homes, os.path.dirname(here)}:
        raise OutriderError(
            f"{here} is no project", hint="go into one: `cd PROJECT`, then `outrider install --project`"
        )
    return here


def refuse_two_forms(where: Places, *, form: Form) -> None:
    """Refuses the files where the plugin is installed: the client would list every agent and skill twice."""
    loaded = [name for name, is_enabled in client_pack.plugins(replace(where, project=None)).items() if is_enabled]
    if form == "loose" and loaded:
        raise LeftForYou(
            f"the pack is installed already, as the plugin {loaded[0]}: two forms would list every agent twice",
            hint=f"keep that one, or remove it first: `claude plugin uninstall {loaded[0]}`, then `outrider install`",
        )


def _turn(where: Places) -> AbstractContextManager[None]:
    """Waits until no other installer is at work."""
    make_folder(where.home)
    return locked(where.ours("pack.lock"), about="the pack (another installer is at work)")


def _decided(
    where: Places, tree: Tree, *, form: Form, explore: bool | None, mcp: bool | None, restore: bool
) -> tuple[Report, Mapping[str, bytes], Manifest]:
    """Returns what a run would do, the pages to do it with, and the manifest without its files."""
    was = manifest_file.read(tree)
    if was is not None and was.form != form:
        raise OutriderError(f"{tree.root} holds the {was.form} form of the pack", hint="run it in another folder")
    wanted = _wanted(where, was, form=form, explore=explore, mcp=mcp)
    entries = was.files if was is not None else {}
    paused = was is not None and was.paused
    digests = wanted.digests
    seen = {path: tree.look(on_disk(path, paused=paused)) for path in paths(digests, entries)}
    actual = {path: what.digest for path, what in seen.items()}
    steps = tuple(
        replace(step, action="update") if _lost_its_bit(step, seen[step.path]) else step
        for step in plan(digests, entries, actual, seeds=wanted.seeds, restore=restore)
    )
    check(tree, steps, paused=paused, is_install=True)
    manifest = Manifest(
        helper=__version__, form=form, names=wanted.names, explore=wanted.explore, paused=paused,
        folders=was.folders if was is not None else (), files={},
    )  # fmt: skip
    report = Report(
        root=tree.root, form=form, steps=steps, was=was, manifest=manifest, wanted=wanted,
        foreign=_foreign(tree, (*entries, *digests), paused=paused), asides={}, late=(),
        changed=any(step.touches for step in steps), dry_run=True,
    )  # fmt: skip
    return report, wanted.pages, manifest


def _lost_its_bit(step: Step, seen: Seen) -> bool:
    """Whether a program of ours can no longer be started: copying and archives lose that bit, bytes or none."""
    return step.action == "unchanged" and is_executable(step.path) and not seen.mode & 0o100


def _wanted(
    where: Places, was: Manifest | None, *, form: Form, explore: bool | None, mcp: bool | None
) -> gather.Wanted:
    if form == "project":
        return gather.for_project(where, root=project_root(where))
    stood = state.load(where)
    before = {"explore": was is not None and was.explore, "mcp": was is not None and gather.SERVER in was.files}
    wished = {name: stood[name] if isinstance(stood.get(name), bool) else kept for name, kept in before.items()}
    return gather.for_user(
        where, explore=wished["explore"] if explore is None else explore, mcp=wished["mcp"] if mcp is None else mcp
    )


def _removal(tree: Tree, was: Manifest, *, dry_run: bool) -> Report:
    actual = {path: tree.look(on_disk(path, paused=was.paused)).digest for path in paths({}, was.files)}
    steps = plan({}, was.files, actual)
    return Report(
        root=tree.root, form=was.form, steps=steps, was=was, manifest=None, wanted=None, asides={}, late=(),
        foreign=_foreign(tree, was.files, paused=was.paused), changed=True, dry_run=dry_run,
    )  # fmt: skip


def _foreign(tree: Tree, known: Iterable[str], *, paused: bool) -> tuple[str, ...]:
    """Returns what lies in our folders and is not ours: it stays, and is named."""
    ours = {on_disk(path, paused=paused) for path in known}
    found = [path for folder in FOLDERS for path in tree.files(on_disk(folder, paused=paused))]
    return tuple(path for path in found if path not in ours)
