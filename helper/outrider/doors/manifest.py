"""The manifest: what we offered, file by file, and what was under way. It makes an install that was killed whole again.

A repository may bring one, so nothing in it is believed that points outside our own folders.
"""

import json
import os
import re
from collections.abc import Mapping
from typing import Any

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE
from outrider.errors import OutriderError
from outrider.records import record
from outrider.rules.installing import MANIFEST, Entry, Form, is_folder, is_place

VERSION = 1
_SHA256 = re.compile(r"[0-9a-f]{64}")
_AGENT = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_HELPER = re.compile(r"[0-9A-Za-z.+-]{1,40}")


@record
class Manifest:
    """What is installed. `folders` are those that we made, and may remove again when nothing is in them."""

    helper: str
    form: Form
    names: Mapping[str, str]
    explore: bool = False
    paused: bool = False
    folders: tuple[str, ...] = ()
    files: Mapping[str, Entry]


def read(folder: str) -> Manifest | None:
    """Returns the manifest in a Claude folder (`~/.claude` or a repository's `.claude`), None where there is none."""
    path = os.path.join(folder, *MANIFEST.split("/"))
    data = read_small(path, limit=SMALL_FILE, follow=False)
    return None if data is None else parse(data, source=path)


def parse(data: bytes, *, source: str) -> Manifest:
    """Reads a manifest; what is damaged, or points anywhere else, is refused whole."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    version = document.get("version") if isinstance(document, dict) else None
    if isinstance(version, bool) or not isinstance(version, int):
        version = None
    if version is not None and version > VERSION:
        raise OutriderError(
            f"{source} was written by a newer outrider", hint="upgrade the helper: run its ./install.sh again"
        )
    manifest = _manifest(document) if isinstance(document, dict) and version == VERSION else None
    if manifest is None:
        raise OutriderError(
            f"{source} is damaged, so what is ours cannot be told from what is yours",
            hint=f"move it away (`mv {source} {source}.old`), then `outrider install` takes over what is unchanged",
        )
    return manifest


def encode(manifest: Manifest) -> bytes:
    """Returns a manifest's bytes: the same for the same state, one file a line."""
    head = {
        "version": VERSION, "helper": manifest.helper, "form": manifest.form, "names": dict(manifest.names),
        "explore": manifest.explore, **({"paused": True} if manifest.paused else {}),
        "folders": list(manifest.folders),
    }  # fmt: skip
    lines = [f" {json.dumps(name)}: {json.dumps(value)}" for name, value in head.items()]
    files = [f"  {json.dumps(path)}: {json.dumps(_row(entry))}" for path, entry in sorted(manifest.files.items())]
    table = "{\n" + ",\n".join(files) + "\n }" if files else "{}"
    return ("{\n" + ",\n".join([*lines, f' "files": {table}']) + "\n}\n").encode("ascii")


def _row(entry: Entry) -> dict[str, Any]:
    flags = {name: True for name in ("removing", "adopted") if getattr(entry, name)}
    intended = {"intended": entry.intended} if entry.intended is not None else {}
    return {"offered": entry.offered, **intended, **flags}


def _manifest(document: dict[str, Any]) -> Manifest | None:
    form, names, files = (document.get(name) for name in ("form", "names", "files"))
    folders, helper = document.get("folders", []), document.get("helper")
    if form not in {"loose", "project"} or not isinstance(helper, str) or not _HELPER.fullmatch(helper):
        return None
    if not isinstance(folders, list) or not all(
        isinstance(path, str) and is_folder(path, form=form) for path in folders
    ):
        return None
    if not isinstance(names, dict) or not all(
        isinstance(name, str) and _AGENT.fullmatch(name) and _AGENT.fullmatch(agent) for agent, name in names.items()
    ):
        return None
    flags = [document.get(name, False) for name in ("explore", "paused")]
    if not isinstance(files, dict) or not all(isinstance(flag, bool) for flag in flags):
        return None
    entries = {path: _entry(row) for path, row in files.items() if is_place(path, form=form)}
    if len(entries) != len(files) or None in entries.values():
        return None
    return Manifest(
        helper=helper, form=form, names=names, explore=flags[0], paused=flags[1], folders=tuple(folders),
        files={path: entry for path, entry in entries.items() if entry is not None},
    )  # fmt: skip


def _entry(row: Any) -> Entry | None:
    if not isinstance(row, dict) or "offered" not in row:
        return None
    hashes = [row["offered"], row.get("intended")]
    flags = [row.get(name, False) for name in ("removing", "adopted")]
    if not all(text is None or (isinstance(text, str) and _SHA256.fullmatch(text)) for text in hashes):
        return None
    if not all(isinstance(flag, bool) for flag in flags):
        return None
    return Entry(offered=hashes[0], intended=hashes[1], removing=flags[0], adopted=flags[1])
