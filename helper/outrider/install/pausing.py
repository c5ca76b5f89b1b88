"""Pausing: our two folders wait where the client looks for nothing, and the manifest says so before they move."""

from outrider.doors import manifest_file
from outrider.doors.manifest import Manifest
from outrider.doors.pack_files import LeftForYou, Tree
from outrider.install.apply import Mode
from outrider.records import replace
from outrider.rules.installing import FOLDERS, MANIFEST, PAUSED, parents


def turn(tree: Tree, was: Manifest, *, on: bool, mode: Mode) -> bool:
    """Pauses or resumes; says whether it was otherwise before."""
    told = replace(was, paused=on)
    _check(tree, told)
    manifest_file.write(tree, told, mode=mode(MANIFEST))
    settle(tree, told)
    return was.paused is not on


def settle(tree: Tree, manifest: Manifest) -> None:
    """Puts our folders where the manifest says that they are: a killed run may have moved only one."""
    _check(tree, manifest)
    for source, target in _moves(manifest):
        if not tree.has_folder(source):
            continue
        for folder in parents(target):
            tree.make_folder(folder)
        tree.move_folder(source, target)
    if not manifest.paused:
        for folder in (*(f"{PAUSED}/{folder.partition('/')[0]}" for folder in FOLDERS), PAUSED):
            tree.remove_folder(folder)


def _check(tree: Tree, manifest: Manifest) -> None:
    """Raises where a folder of ours cannot move, or something of the user's stands in the place that it would move to.

    Before the manifest is written: it must not say that the pack is silent while the client goes on reading it.
    """
    for source, target in _moves(manifest):
        if not tree.has_folder(source):
            continue
        for folder in (source, source.rpartition("/")[0], target.rpartition("/")[0]):
            tree.check_writable(folder)
        if tree.has_folder(target) and any(True for _ in tree.files(target)):
            raise LeftForYou(
                f"{tree.path(target)} and {tree.path(source)} are both there",
                hint=f"move what is yours away (`mv {tree.path(target)} {tree.path(target)}.mine`), then run it again",
            )


def _moves(manifest: Manifest) -> tuple[tuple[str, str], ...]:
    """Returns for each folder of ours where it must not be, and where it belongs."""
    pairs = [(folder, f"{PAUSED}/{folder}") for folder in FOLDERS]
    return tuple(pairs if manifest.paused else [(away, live) for live, away in pairs])
