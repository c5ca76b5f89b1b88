"""Finds the reference pages of the skills among the templates: each page's name, its skill, and what it is about.

A skill's folder holds `SKILL.md.j2` and the pages beside it; all are found by their heading (`# Name: what it is
about`), so that none has to be filled to list them. It must not know how a page is filled or shown.
"""

import os
import re
from collections.abc import Mapping

from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import StorageFault
from outrider.records import record

ENDING = ".md.j2"
TYPED = "disable-model-invocation: true"
"""What marks a skill as a command that a person types: that is no page to look things up in."""
_HEADING = re.compile(r"^# [^:\n]+: (.+)$", re.MULTILINE)
_HEAD = re.compile(r"\A---\n(.*?\n)---\n\n?", re.DOTALL)


@record
class Page:
    """A reference page: its name, the skill that it belongs to, its template, and one line on what it is about."""

    name: str
    skill: str
    template: str
    about: str


def templates(places: Places) -> str:
    """Returns the folder with the templates: the checkout's own when run from one, else what the package carries."""
    parent, folder = os.path.split(places.bundled)
    return os.path.join(places.bundled if folder == "_bundled" else os.path.dirname(parent), "templates")


def pages(folder: str) -> Mapping[str, Page]:
    """Returns the pages below a folder of templates by name, each skill's own page before those beside it."""
    root = os.path.join(folder, "skills")
    found: dict[str, Page] = {}
    for skill in _names(root):
        files = [name for name in _names(os.path.join(root, skill)) if name.endswith(ENDING)]
        texts = {name: _text(os.path.join(root, skill, name)) for name in files}
        if TYPED in texts.get(f"SKILL{ENDING}", TYPED):
            continue
        for file, text in sorted(texts.items(), key=lambda each: (each[0] != f"SKILL{ENDING}", each[0])):
            name = skill if file == f"SKILL{ENDING}" else file.removesuffix(ENDING)
            heading = _HEADING.search(text)
            about = heading[1] if heading else ""
            found[name] = Page(name=name, skill=skill, template=f"skills/{skill}/{file}", about=about)
    if not found:
        raise StorageFault(f"there are no pages in {root}", hint="install again: `./install.sh`")
    return found


def without_head(text: str) -> str:
    """Returns a page without the lines that only the client reads."""
    return _HEAD.sub("", text)


def _names(folder: str) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except OSError:
        return []


def _text(path: str) -> str:
    return (read_small(path, limit=SMALL_FILE) or b"").decode("utf-8")
