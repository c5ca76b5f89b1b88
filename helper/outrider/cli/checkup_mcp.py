"""What `doctor` says of the MCP server: whether it could start, and what its tools cost in every session."""

import os
from collections.abc import Iterator
from importlib.util import find_spec

from outrider.cli.session import Session
from outrider.doors.files import read_small
from outrider.rules import served
from outrider.rules.health_checks import Check
from outrider.rules.installing import FOLDERS

SERVER = f"{FOLDERS[1]}/.mcp.json"


def mcp_server(session: Session, repair: bool) -> Iterator[Check]:  # noqa: FBT001, ARG001 (one shape for all subjects)
    """Looks at the MCP server, where every session starts it: whether it can start, and what its tools cost always."""
    data = read_small(os.path.join(session.places.claude, *SERVER.split("/")), limit=65_536)
    if data is None:
        return
    command = served.command_in(data)
    if find_spec("mcp") is None:
        yield Check(
            name="mcp", mark="fail", message="every session starts the MCP server, and its library is not installed",
            fix="run `./install.sh --mcp` in the checkout, or `outrider install --no-mcp`",
        )  # fmt: skip
    elif not (os.path.isfile(command) and os.access(command, os.X_OK)):
        yield Check(
            name="mcp", mark="fail", message=f"every session starts the MCP server by {command}, which is no program",
            fix="run `outrider install --mcp`",
        )  # fmt: skip
    else:
        faces = served.faces(session.registry)
        tokens = served.always_costs(faces)
        yield Check(
            name="mcp", mark="ok", message=f"the MCP server has {len(faces)} tools: about {tokens} tokens a session"
        )
