"""A provider on loopback that says what a test scripts: every dialect, and every way in which a reply goes wrong.

Standard library only, so that it may run beside anything, in process (`ScriptedServer`) or alone
(`python -m tests.servers`). It answers an unscripted request; a model called `fault-NAME` fails as NAME says.
"""

from tests.servers.replies import Reply, named, redirect, say, status, way
from tests.servers.server import ScriptedServer, Seen

__all__ = ["Reply", "ScriptedServer", "Seen", "named", "redirect", "say", "status", "way"]
