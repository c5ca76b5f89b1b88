"""Whether a project, or the user, has an agent under a name: in the client it wins, and its file keeps its model.

The client looks for `.claude/agents` from the working folder up to the checkout's root.
"""

import os
from collections.abc import Iterable, Iterator

from outrider.doors.client_survey import agents
from outrider.doors.settings import Places

DEEPEST = 64


def by_project(name: str, places: Places, starts: Iterable[str]) -> bool:
    """Whether a folder between one of these and the checkout's root has an agent of this name."""
    users = os.path.realpath(_users(places))
    folders = dict.fromkeys(folder for start in starts for folder in _upwards(start, places.project))
    trees = (os.path.join(folder, ".claude", "agents") for folder in folders)
    return any(name in agents(tree) for tree in trees if os.path.isdir(tree) and os.path.realpath(tree) != users)


def by_user(name: str, places: Places) -> bool:
    """Whether the user's folder of agents has one of this name, ours included: its file says what it runs on."""
    return name in agents(_users(places))


def _users(places: Places) -> str:
    return os.path.join(places.claude, "agents")


def _upwards(start: str, root: str | None) -> Iterator[str]:
    folder = os.path.realpath(start)
    top = os.path.realpath(root) if root is not None else folder
    for _ in range(DEEPEST):
        yield folder
        if folder in {top, os.path.dirname(folder)}:
            return
        folder = os.path.dirname(folder)
