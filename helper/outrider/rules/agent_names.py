"""Who has the name of an agent: ours as installed, the user's own agents, and the project's. And who wins.

Pure. A project's agent wins over the user's. Among the user's own the client takes one without a word: ours, since it
lies in a folder below; so ours is installed as `outrider-NAME` where the user has the name.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from outrider.records import record


@record
class Claims:
    """Names and the files that claim them. `names` maps our agents to what they are installed as."""

    names: Mapping[str, str]
    user: Mapping[str, Sequence[str]]
    project: Mapping[str, str]


@record
class Clash:
    """One agent of ours whose name is somebody else's too. `kind` says whether anybody should do something."""

    agent: str
    kind: Literal["yours", "project", "late"]
    words: str


def where_clashes(claims: Claims) -> Iterator[Clash]:
    """Yields each clash: of one agent of ours the one that matters most."""
    for agent, name in claims.names.items():
        if name in claims.project:
            words = f"the project's own `{name}` wins here: {claims.project[name]}"
            yield Clash(agent=agent, kind="project", words=words)
        elif name in claims.user:
            words = f"{claims.user[name][0]} is called `{name}` too, and ours wins without a word: `outrider upgrade`"
            yield Clash(agent=agent, kind="late", words=words)
        elif name != agent and agent in claims.user:
            yield Clash(agent=agent, kind="yours", words=f"`{agent}` is your own: {claims.user[agent][0]}")
