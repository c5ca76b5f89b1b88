"""Tool servers: what a file says of one, who may say what, and what follows for where its tools may be used.

The user says where a server is, what it may know and which of its tools may be used. A project's row, once trusted,
says how its server is started or where it is, and nothing else: no key of the user's, no tool allowed, no locality.
"""

from collections.abc import Mapping
from typing import Any, Literal

from outrider.records import record
from outrider.rules.nearest import nearest
from outrider.rules.privacy import PUBLIC, address_problem, is_local, origin, rank

READERS = "@read-only"
"""In an allow-list: every tool of which the server says that it only reads. The user vouches for the server's word."""
OF_THE_USER = ("allow", "deny", "local", "class", "keys", "key", "timeout")
PLAIN = ("command", "args", "env", "cwd", "type", "url", "headers")
PROJECT = "{project}"


@record
class Server:
    """A program or an address whose tools a model may be offered.

    `keys` are variables that the program gets, `key` the one whose value an address gets; `data_class` is the
    strictest class of data that may reach it where it is not local; `timeout` is seconds for one call.
    """

    name: str
    command: tuple[str, ...] = ()
    env: Mapping[str, str]
    keys: tuple[str, ...] = ()
    cwd: str | None = None
    url: str = ""
    headers: Mapping[str, str]
    key: str = ""
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    local: bool = False
    data_class: str = PUBLIC
    timeout: float | None = None
    of_project: bool = False

    @property
    def transport(self) -> Literal["stdio", "http"]:
        """How it is spoken to."""
        return "http" if self.url else "stdio"

    @property
    def place(self) -> str:
        """Where data goes that reaches it, as the audit names places: an origin, or the program."""
        return origin(self.url) if self.url else f"program {self.command[0].rpartition('/')[2]}"

    @property
    def is_local(self) -> bool:
        """Whether what it is told stays on the user's machines: the user says so, and no address speaks against it."""
        return self.local and (not self.url or is_local(self.url, declared=True, wire_id=""))


@record
class Servers:
    """All servers by name, and what the user should hear of rows that do not count."""

    rows: Mapping[str, Server]
    notes: tuple[str, ...] = ()


def gathered(
    user: Mapping[str, Any], project: Mapping[str, Any], *, trusted: bool, root: str | None, project_file: str = ""
) -> Servers:
    """Returns the servers of the user's file and of the project's, whose rows count where the project is trusted.

    A row of the user's without a program and an address is what the user allows of the project's server of that name.
    """
    own = _rows(user)
    theirs = _rows(project)
    origins = frozenset(filter(None, map(origin, user.get("origins", ()))))
    notes: list[str] = []
    if theirs and not trusted:
        notes.append(f"{project_file} is not trusted, so its tool servers are ignored (see `outrider trust`)")
        theirs = {}
    found: dict[str, Server] = {}
    for name, row in theirs.items():
        if _is_whole(own.get(name, {})):
            notes.append(f"{project_file}: the server {name} is the user's own, so this one is ignored")
            continue
        allowed = own.get(name, {})
        odd = [key for key in row if key in OF_THE_USER]
        if odd:
            notes.append(f"{project_file}: only the user's own file may say `{odd[0]}` of a server ({name})")
        said = {**{key: value for key, value in row.items() if key in PLAIN}, **allowed}
        server = _server(name, said, root=root, of_project=True)
        if server.url and origin(server.url) not in origins:
            notes.append(
                f"{project_file}: {name} is at {origin(server.url)}, which the user has not listed (`origins`)"
            )
            continue
        if server.keys or server.key:
            notes.append(f"{project_file}: {name} is a project's server, so it gets no key of the user's")
            server = _server(name, {**said, "keys": [], "key": ""}, root=root, of_project=True)
        found[name] = server
    for name, row in own.items():
        if _is_whole(row):
            found[name] = _server(name, row, root=root, of_project=False)
        elif name not in found:
            notes.append(f"the server {name} has neither `command` nor `url`, so there is nothing to start")
    return Servers(rows=found, notes=tuple(notes))


def _rows(said: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    rows = said.get("mcpServers", {})
    return dict(rows) if isinstance(rows, Mapping) else {}


def _is_whole(row: Mapping[str, Any]) -> bool:
    return bool(row.get("command") or row.get("url"))


def _server(name: str, row: Mapping[str, Any], *, root: str | None, of_project: bool) -> Server:
    """Reads a row whose shape was checked. `{project}` in the user's arguments is the folder of the checkout."""
    args = [str(part) for part in row.get("args", ())]
    if not of_project:
        args = [part.replace(PROJECT, root or ".") for part in args]
    timeout = row.get("timeout")
    return Server(
        name=name, command=(str(row["command"]), *args) if row.get("command") and not row.get("url") else (),
        env={str(key): str(value) for key, value in row.get("env", {}).items()}, keys=tuple(row.get("keys", ())),
        cwd=row.get("cwd"), url=str(row.get("url", "")),
        headers={str(key): str(value) for key, value in row.get("headers", {}).items()}, key=str(row.get("key", "")),
        allow=tuple(row.get("allow", ())), deny=tuple(row.get("deny", ())), local=bool(row.get("local")),
        data_class=str(row.get("class", PUBLIC)), timeout=float(timeout) if timeout is not None else None,
        of_project=of_project,
    )  # fmt: skip


def address_trouble(server: Server) -> str | None:
    """Says what is wrong with a server's address, or None. Plain http is for machines that the user calls local."""
    return address_problem(server.url, declared_local=server.local) if server.url else None


def barred(server: Server, *, private: bool, data_class: str) -> str | None:
    """Says why a run's data may not reach a server, or None."""
    if server.is_local:
        return None
    if private:
        return f"{server.name} is not local, and the run is private"
    if rank(data_class) > rank(server.data_class):
        return f"{server.name} may be told {server.data_class} data, and this run's is {data_class}"
    return None


def likely(name: str, servers: Mapping[str, Server]) -> str | None:
    """Returns the server that was probably meant."""
    return nearest(name, servers)
