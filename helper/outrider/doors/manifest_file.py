"""Puts the manifest in place and takes it away, each in one step with the folder that was made for it.

The manifest is the first thing of ours on the disk and the last: without one nothing tells what is ours. So a folder
that has to be made for it is made elsewhere, with the manifest in it, and renamed into its place.
"""

import os
import stat

from outrider.doors.manifest import Manifest, encode, parse
from outrider.doors.pack_files import TEMPORARY, Tree
from outrider.errors import StorageFault
from outrider.rules.installing import MANIFEST, on_disk

CONFIG, FILE = MANIFEST.split("/")


def read(tree: Tree) -> Manifest | None:
    """Returns the manifest, None where there is none."""
    data = tree.read(MANIFEST)
    return None if data is None else parse(data, source=tree.path(MANIFEST))


def write(tree: Tree, manifest: Manifest, *, mode: int) -> None:
    """Puts the manifest in place, where it says something else or there is none."""
    data = encode(manifest)
    if tree.read(MANIFEST) == data:
        return
    if tree.has_folder(CONFIG):
        if not tree.write(MANIFEST, data, mode=mode, instead_of=tree.look(MANIFEST).digest):
            raise StorageFault(f"{tree.path(MANIFEST)} changed meanwhile", hint="run the command again")
        tree.sync_folder(CONFIG)
        return
    is_new_root = not os.path.isdir(tree.root)
    made, staging = (tree.root, _beside(tree.root)) if is_new_root else (tree.path(CONFIG), _beside(tree.path(CONFIG)))
    try:
        os.makedirs(os.path.dirname(tree.root), exist_ok=True)
        os.mkdir(staging, 0o700)
        nest = Tree(staging)
        if is_new_root:
            nest.make_folder(CONFIG)
        nest.write(MANIFEST if is_new_root else FILE, data, mode=mode, instead_of=None)
        os.chmod(staging, tree.folder_mode)
        os.rename(staging, made)
    except OSError as fault:
        raise StorageFault(
            f"cannot make the folder {made}: {fault.strerror}", hint="check the folder above it, then run it again"
        ) from None
    Tree(os.path.dirname(made)).sync_folder("")


def remove(tree: Tree, manifest: Manifest) -> None:
    """Takes the manifest away, with the folders that were made for it where nothing else is in them."""
    if "" in manifest.folders and os.listdir(tree.root) == [CONFIG] and os.listdir(tree.path(CONFIG)) == [FILE]:
        _take(tree.root)
    elif CONFIG in manifest.folders and os.listdir(tree.path(CONFIG)) == [FILE]:
        _take(tree.path(CONFIG))
    else:
        tree.remove(MANIFEST, instead_of=tree.look(MANIFEST).digest)
        tree.sync_folder(CONFIG)


def tidy(tree: Tree) -> None:
    """Clears what a killed run left: files half written, and a folder that was not yet, or no longer, in its place."""
    for path in (tree.root, tree.path(CONFIG)):
        _clear(_beside(path))
    tree.clear_temporary(MANIFEST)
    manifest = read(tree)
    for path, entry in manifest.files.items() if manifest is not None else ():
        if entry.intended is not None:
            tree.clear_temporary(on_disk(path, paused=manifest is not None and manifest.paused))


def _beside(path: str) -> str:
    return os.path.join(os.path.dirname(path), f".{os.path.basename(path)}{TEMPORARY}")


def _take(path: str) -> None:
    """Renames a folder that holds the manifest alone out of its place, then removes it."""
    os.rename(path, _beside(path))
    _clear(_beside(path))


def _clear(staging: str) -> None:
    """Removes a folder by the name that only we give, and in it nothing but a manifest."""
    try:
        if not stat.S_ISDIR(os.lstat(staging).st_mode):
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    for folder in (os.path.join(staging, CONFIG), staging):
        for name in (FILE, f".{FILE}{TEMPORARY}"):
            try:
                os.unlink(os.path.join(folder, name))
            except OSError:
                continue
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            continue
        except OSError:
            # Somebody put something into it in that very moment: it goes back to where it was.
            home = os.path.basename(staging)[1:].removesuffix(TEMPORARY)
            if not os.path.lexists(os.path.join(os.path.dirname(staging), home)):
                os.rename(staging, os.path.join(os.path.dirname(staging), home))
            return
