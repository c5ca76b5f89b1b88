"""What `doctor` looks at of tool servers: each is started, listed and timed, and what its tools cost is counted."""

import asyncio
from collections.abc import Iterator

from outrider.cli.session import Session
from outrider.doors.tools import files
from outrider.rules.health_checks import Check
from outrider.rules.money import tools_bytes
from outrider.rules.tools.bounds import bounds_from
from outrider.rules.tools.offering import Offer, offer
from outrider.rules.tools.servers import READERS, Server

MANY_TOKENS = 5_000
"""Tokens that every round of a run pays for the tools of one server, above which the user should hear of it."""
MISSING = "the `mcp` library is missing"
INSTALL = "run `./install.sh --mcp` in the checkout"


def every_server(session: Session) -> Iterator[Check]:
    """Yields how each configured server fares."""
    known = files.servers(session.places)
    for text in known.notes:
        yield Check(name="tools", mark="warn", message=text)
    if not known.rows:
        return
    try:
        from outrider.doors.tools.opening import Opened, Surroundings, closed, opened
    except ModuleNotFoundError:
        yield Check(name="tools", mark="fail", message=f"{MISSING}, so no model can use a tool", fix=INSTALL)
        return
    bounds = bounds_from(session.registry.values.get("limits"))
    around = Surroundings(
        environment=session.environment, root=session.places.project, inside_claude=session.inside_claude,
        network=session.registry.values.get("network", {}), lookup=session.keys.lookup,
    )  # fmt: skip

    async def look() -> tuple[Opened, ...]:
        found = await opened(tuple(known.rows.values()), bounds, around)
        await closed(found)
        return found

    user_file = files.user_file(session.places)
    for one in asyncio.run(look()):
        if one.trouble:
            message = f"the tool server {one.server.name} cannot be used: {one.trouble}"
            yield Check(name="tools", mark="fail", message=message, fix=f"correct its row in {user_file}")
            continue
        yield _judged(one.server, offer(one.tools, {one.server.name: one.server}, bounds), one.seconds, user_file)


def _judged(server: Server, found: Offer, seconds: float, user_file: str) -> Check:
    listed = len(found.tools) + len(found.withheld)
    tokens = tools_bytes(tuple(one.tool for one in found.tools)) // 4
    where = "local" if server.is_local else "not local"
    told = (
        f"{server.name} ({server.transport}, {where}) lists {listed} tools in {seconds:.1f} s; {len(found.tools)} may "
        f"be used, which cost about {tokens:,} tokens a round"
    )
    if not found.tools:
        fix = (
            f'add `"allow": ["{READERS}"]` to its row in {user_file}, if its word that a tool only reads can be trusted'
        )
        return Check(name="tools", mark="warn", message=told, fix=fix)
    if tokens > MANY_TOKENS:
        return Check(name="tools", mark="warn", message=told, fix=f"name fewer tools in its `allow` in {user_file}")
    return Check(name="tools", mark="ok", message=told)
