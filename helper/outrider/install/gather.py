"""Gathers what is wanted: the pages of one form of the pack, rendered for this user or this repository.

The user's form follows the user's settings and no repository's; a repository's form follows its own settings and no
user's, since the team has it in common.
"""

import os
import sys
from collections.abc import Iterable, Mapping

from outrider import __version__
from outrider.doors import client_survey, render, state
from outrider.doors import registry as registry_door
from outrider.doors.files import read_small
from outrider.doors.guides import templates
from outrider.doors.pack_files import digest_of
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError
from outrider.records import record, replace
from outrider.rules import pack_facts, tiers
from outrider.rules.installing import FOLDERS, OVERLAY, Form, installed_names

SERVER = f"{FOLDERS[1]}/.mcp.json"
CONFIG_FILES = ("models.json", "models.schema.json", "env.template")
_OVERLAY = b"""{
 "$comment": "This repository's settings of Outrider: its agents' tiers, chains, limits (`outrider guide setup`)",
 "version": 1
}
"""


@record
class Wanted:
    """The pages by path, and what they were made with. `clashes` names the agents that give way to the user's own."""

    form: Form
    pages: Mapping[str, bytes]
    names: Mapping[str, str]
    clashes: Mapping[str, str]
    tiers: Mapping[str, tuple[str, str]]
    explore: bool
    seeds: frozenset[str] = frozenset()

    @property
    def mcp(self) -> bool:
        """Whether the MCP server is among them."""
        return SERVER in self.pages

    @property
    def digests(self) -> dict[str, str]:
        """The hash of every page."""
        return {path: digest_of(data) for path, data in self.pages.items()}


def for_user(where: Places, *, explore: bool, mcp: bool = False) -> Wanted:
    """Returns what goes into the user's own Claude folder; with `mcp`, what starts the MCP server in each session."""
    alone = replace(where, project=None)
    registry = registry_door.load(alone)
    own, user = state.standing(alone)
    running = tiers.standing(registry, own=own, user=user)
    claimed = _claimed(where.claude, (*running, pack_facts.EXPLORE))
    names = installed_names(running, claimed)
    explore = explore and pack_facts.EXPLORE not in claimed
    facts = pack_facts.facts(
        registry, form="loose", names=names, tiers={name: tier.text for name, (tier, _) in running.items()},
        version=__version__, launcher=_launcher(), explore=explore,
        server=server() if mcp else (),
    )  # fmt: skip
    pages = dict(render.pack(templates(where), form="loose", facts=facts))
    for name in CONFIG_FILES:
        pages[f"config/{name}"] = _bundled(where, name)
    return _wanted("loose", pages, names, claimed, running, explore=explore)


def for_project(where: Places, *, root: str) -> Wanted:
    """Returns what goes into a repository's `.claude`."""
    # Neither the user's layer nor their switch: the team shares what is committed.
    shared = replace(where, project=root, claude=os.path.join(where.home, "nobody"))
    registry = registry_door.load(shared)
    running = tiers.standing(registry, own={}, user={})
    claimed = _claimed(os.path.join(root, ".claude"), running)
    names = installed_names(running, claimed)
    facts = pack_facts.facts(
        registry, form="project", names=names, tiers={name: tier.text for name, (tier, _) in running.items()},
        version=__version__, launcher=None, explore=False,
    )  # fmt: skip
    pages = {**render.pack(templates(where), form="project", facts=facts), OVERLAY: _OVERLAY}
    wanted = _wanted("project", pages, names, claimed, running, explore=False)
    return replace(wanted, seeds=frozenset({OVERLAY}))


def _wanted(
    form: Form,
    pages: Mapping[str, bytes],
    names: Mapping[str, str],
    claimed: Mapping[str, tuple[str, ...]],
    running: Mapping[str, tuple[tiers.Tier, str]],
    *,
    explore: bool,
) -> Wanted:
    there = [agent for agent in names if f"{FOLDERS[0]}/{agent}.md" in pages]
    return Wanted(
        form=form, pages=pages, names={agent: names[agent] for agent in there},
        clashes={agent: claimed[agent][0] for agent in there if names[agent] != agent},
        tiers={agent: (running[agent][0].text, running[agent][1]) for agent in there}, explore=explore,
    )  # fmt: skip


def _claimed(claude: str, agents: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Returns the agents that are the user's own, with the files that claim each name."""
    ours = {os.path.join(claude, *FOLDERS[0].split("/"), f"{agent}.md") for agent in agents}
    found = client_survey.agents(os.path.join(claude, "agents"))
    others = {name: tuple(path for path in files if path not in ours) for name, files in found.items()}
    return {name: files for name, files in others.items() if files}


def _bundled(where: Places, name: str) -> bytes:
    data = read_small(os.path.join(where.bundled, name), limit=8 * SMALL_FILE)
    if data is None:
        raise OutriderError(f"{name} is missing from the package", hint="install again: `./install.sh`")
    return data


def server() -> tuple[str, ...]:
    """Returns how a client starts the MCP server: by an absolute path, and with no word of a project's in it."""
    launcher = _launcher()
    if launcher is not None:
        return (launcher, "mcp")
    return (sys.executable, "-I", "-c", "from outrider.cli import main; main()", "mcp")


def _launcher() -> str | None:
    """Returns the command that install.sh made, if this is an installed helper (`SHARE/venvs/NAME`)."""
    path = os.path.join(os.path.dirname(os.path.dirname(sys.prefix)), "bin", "outrider")
    return path if os.path.isfile(path) and os.access(path, os.X_OK) and _is_share(path) else None


def _is_share(path: str) -> bool:
    return os.path.isfile(os.path.join(os.path.dirname(os.path.dirname(path)), ".outrider"))
