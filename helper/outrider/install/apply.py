"""Carries a plan out: check everything, write down what will be done, do it, write down that it is done.

A kill between any two steps leaves a manifest that says what was under way, from which the next run goes on.
"""

from collections.abc import Callable, Iterable, Mapping

from outrider.doors import manifest_file
from outrider.doors.manifest import Manifest
from outrider.doors.pack_files import Tree
from outrider.records import record, replace
from outrider.rules.installing import FOLDERS, MANIFEST, NEW, PAUSED, WRITES, Entry, on_disk, parents
from outrider.rules.pack_plan import Step, after, before, folders, undone

Mode = Callable[[str], int]


@record
class Done:
    """What was carried out: where files of the user's were put aside, and what changed in the very last moment."""

    manifest: Manifest | None
    asides: Mapping[str, str]
    late: tuple[str, ...]
    changed: bool


def check(tree: Tree, steps: tuple[Step, ...], *, paused: bool, is_install: bool) -> tuple[str, ...]:
    """Returns the folders that are missing, or raises before anything is written."""
    missing = []
    for folder in folders(steps):
        place = on_disk(folder, paused=paused)
        if not tree.has_folder(place):
            missing.append(folder)
    touched = {parent for step in steps if step.touches for parent in parents(step.path)[-1:]}
    if is_install or touched:
        touched.add(parents(MANIFEST)[0])
    for folder in sorted(touched):
        tree.check_writable(on_disk(folder, paused=paused))
    needed = {parent for step in steps if step.action in WRITES for parent in parents(step.path)}
    return tuple(folder for folder in missing if folder in needed)


def carry_out(
    tree: Tree, steps: tuple[Step, ...], pages: Mapping[str, bytes], *, manifest: Manifest, mode: Mode, fresh: bool
) -> Done:
    """Installs: writes, removes, and leaves the manifest that says what is now ours. `manifest` has no files yet."""
    paused = manifest.paused
    missing = check(tree, steps, paused=paused, is_install=True)
    made = list(dict.fromkeys([*manifest.folders, *(_new_roots(tree) if fresh else ()), *missing]))
    manifest = replace(manifest, folders=tuple(sorted(made)))
    final = replace(manifest, files=_entries((step.path, after(step)) for step in steps))
    if not any(step.touches for step in steps):
        is_known = manifest_file.read(tree) == final
        manifest_file.write(tree, final, mode=mode(MANIFEST))
        return Done(manifest=final, asides={}, late=(), changed=not is_known)
    under_way = replace(manifest, files=_entries((step.path, before(step)) for step in steps))
    manifest_file.write(tree, under_way, mode=mode(MANIFEST))
    for folder in missing:
        tree.make_folder(on_disk(folder, paused=paused))
    asides, late = _touch(tree, steps, pages, paused=paused, mode=mode)
    entries = {step.path: undone(step) if step.path in late else after(step) for step in steps}
    kept = _entries(entries.items())
    left = _without_empty(tree, final.folders, kept, paused=paused)
    final = replace(final, files=kept, folders=left)
    manifest_file.write(tree, final, mode=mode(MANIFEST))
    return Done(manifest=final, asides=asides, late=late, changed=True)


def take_away(tree: Tree, steps: tuple[Step, ...], *, manifest: Manifest, mode: Mode) -> Done:
    """Uninstalls: removes what is ours and untouched, then the empty folders that we made, then the manifest."""
    paused = manifest.paused
    check(tree, steps, paused=paused, is_install=False)
    under_way = replace(manifest, files=_entries((step.path, before(step)) for step in steps))
    manifest_file.write(tree, under_way, mode=mode(MANIFEST))
    _, late = _touch(tree, steps, {}, paused=paused, mode=mode)
    _without_empty(tree, manifest.folders, {}, paused=paused)
    for folder in (*(f"{PAUSED}/{parents(f'{folder}/')[0]}" for folder in FOLDERS), PAUSED):
        tree.remove_folder(folder)
    manifest_file.remove(tree, manifest)
    return Done(manifest=None, asides={}, late=late, changed=True)


def _touch(
    tree: Tree, steps: tuple[Step, ...], pages: Mapping[str, bytes], *, paused: bool, mode: Mode
) -> tuple[dict[str, str], tuple[str, ...]]:
    asides: dict[str, str] = {}
    late: list[str] = []
    for step in steps:
        place = on_disk(step.path, paused=paused)
        if step.action == "retire":
            is_done = tree.remove(place, instead_of=step.actual)
        elif step.action in WRITES:
            is_done = _write(tree, step, place, pages, asides, mode=mode)
        else:
            continue
        late += [] if is_done else [step.path]
    for folder in sorted({parent for step in steps if step.touches for parent in _nearest(step.path)}):
        tree.sync_folder(on_disk(folder, paused=paused))
    return asides, tuple(late)


def _write(
    tree: Tree, step: Step, place: str, pages: Mapping[str, bytes], asides: dict[str, str], *, mode: Mode
) -> bool:
    data = pages[step.path.removesuffix(NEW)]
    seen = tree.look(place)
    if step.aside and seen.digest == step.actual:
        asides[step.path] = tree.set_aside(place, ".mine")
        return tree.write(place, data, mode=mode(step.path), instead_of=None)
    wanted = mode(step.path) | seen.mode if seen.is_plain else mode(step.path)
    return tree.write(place, data, mode=wanted, instead_of=step.actual)


def _nearest(path: str) -> tuple[str, ...]:
    """Returns the folder of a path, and the one above: a folder that was made is an entry there."""
    return parents(path)[-2:]


def _new_roots(tree: Tree) -> tuple[str, ...]:
    """Returns the folders that come with the manifest itself."""
    if not tree.has_folder(""):
        return ("", "config")
    return () if tree.has_folder("config") else ("config",)


def _without_empty(tree: Tree, made: Iterable[str], entries: Mapping[str, Entry], *, paused: bool) -> tuple[str, ...]:
    """Removes the folders that we made, that hold none of our files any more and that are empty; returns the others."""
    needed = {"", *parents(MANIFEST), *(parent for path in entries for parent in parents(path))}
    left = [
        folder
        for folder in sorted(made, reverse=True)
        if folder in needed or not tree.remove_folder(on_disk(folder, paused=paused))
    ]
    return tuple(sorted(left))


def _entries(pairs: Iterable[tuple[str, Entry | None]]) -> dict[str, Entry]:
    return {path: entry for path, entry in pairs if entry is not None}
