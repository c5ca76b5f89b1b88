"""Reads the files that name tool servers: the user's `mcp-servers.local.json` and the project's `mcp-servers.json`."""

import json
import os
from collections.abc import Mapping
from typing import Any

from outrider.doors import project_files, registry, schemas
from outrider.doors.files import read_small
from outrider.doors.settings import SMALL_FILE, Places
from outrider.errors import OutriderError
from outrider.rules.tools.servers import Servers, gathered

KIND = "mcp_servers"


def user_file(places: Places) -> str:
    """Returns where the user's own tool servers are named."""
    return os.path.join(places.claude, "config", "mcp-servers.local.json")


def servers(places: Places) -> Servers:
    """Returns every tool server that counts; raises every problem of a file at once."""
    user = _parsed(places, user_file(places), read_small(user_file(places), limit=SMALL_FILE))
    found = project_files.tool_servers(places)
    if found is None:
        return gathered(user, {}, trusted=True, root=places.project)
    path, data = found
    trusted = registry.is_trusted(places, registry.read_sources(places))
    # What is not trusted is not judged either: it may say what it likes, and none of it counts.
    project = _parsed(places, path, data) if trusted else {"mcpServers": {"": {}}}
    return gathered(user, project, trusted=trusted, root=places.project, project_file=path)


def _parsed(places: Places, path: str, data: bytes | None) -> Mapping[str, Any]:
    if data is None:
        return {}
    said = registry.parse(registry.Source(name="user", path=path, data=data))
    whole = json.loads(read_small(os.path.join(places.bundled, "models.schema.json"), limit=8 * SMALL_FILE) or b"{}")
    schema = {"$defs": whole.get("$defs", {}), "$ref": f"#/$defs/{KIND}"}
    found = schemas.problems(said, schema)
    if found:
        told = "; ".join(problem.sentence for problem in found[:5])
        raise OutriderError(f"{path}: {told}", hint="mend it; `outrider guide tools` shows the shape")
    return said
