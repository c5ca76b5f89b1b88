"""Finds the program of a tool server and makes the little that it is told of this machine.

It gets no variable of ours but those that its row names, and no folder of a checkout chooses the program: inside
Claude Code a project can set PATH.
"""

import os
import pwd
from collections.abc import Callable, Mapping

from outrider.errors import OutriderError
from outrider.rules.tools.servers import Server

INHERITED = ("HOME", "LANG", "LC_ALL", "LOGNAME", "PATH", "SHELL", "TERM", "TMPDIR", "TZ", "USER")
STANDARD = ("/usr/local/bin", "/usr/bin", "/bin")


def program(server: Server, *, path: str, root: str | None) -> str:
    """Returns the real program of a server; raises where there is none. A project's own is found in the project too."""
    name = server.command[0]
    if os.sep in name:
        found = name if os.path.isabs(name) else os.path.join(root or "/", name) if server.of_project else ""
        if found and os.access(found, os.X_OK) and os.path.isfile(found):
            return found
        hint = "name it by its absolute path" if not os.path.isabs(name) else "check the path, and that it can be run"
        raise OutriderError(f"the tool server {server.name} cannot be started: there is no program {name}", hint=hint)
    for folder in path.split(os.pathsep):
        found = os.path.join(folder, name)
        if os.access(found, os.X_OK) and os.path.isfile(found):
            return found
    raise OutriderError(
        f"the tool server {server.name} cannot be started: there is no program {name}",
        hint="install it, or name it by its absolute path",
    )


def search_path(environment: Mapping[str, str], *, root: str | None) -> str:
    """Returns PATH without what lies in the checkout, is relative, or is no folder."""
    inside = os.path.realpath(root) + os.sep if root else None
    folders = [
        folder for folder in environment.get("PATH", "").split(os.pathsep)
        if os.path.isabs(folder) and not (inside and (os.path.realpath(folder) + os.sep).startswith(inside))
    ]  # fmt: skip
    return os.pathsep.join(folders or STANDARD)


def surroundings(
    server: Server, environment: Mapping[str, str], lookup: Callable[[str], str | None], *, root: str | None,
    inside_claude: bool,
) -> dict[str, str]:  # fmt: skip
    """Returns the variables of a server's program: a few plain ones, its row's own, and the keys that its row names."""
    plain = {name: value for name in INHERITED if (value := environment.get(name)) and not value.startswith("()")}
    plain["PATH"] = search_path(environment, root=root)
    if inside_claude:
        plain["HOME"] = login_home() or plain.get("HOME", "/")
    keys: dict[str, str] = {}
    for name in server.keys:
        value = lookup(name)
        if value is None:
            raise OutriderError(
                f"the tool server {server.name} wants {name}, which is not set", hint=f"run `outrider keys set {name}`"
            )
        keys[name] = value
    return {**plain, **server.env, **keys}


def folder(server: Server, environment: Mapping[str, str], *, root: str | None, inside_claude: bool) -> str:
    """Returns where a program is started: a project's own in the project, any other never in a checkout by chance."""
    if server.cwd is not None:
        if not os.path.isabs(server.cwd) and not server.of_project:
            raise OutriderError(f"the tool server {server.name} has a relative `cwd`", hint="write an absolute path")
        return os.path.join(root or "/", server.cwd)
    if server.of_project and root:
        return root
    home = login_home() if inside_claude else environment.get("HOME")
    return home if home and os.path.isdir(home) else "/"


def login_home() -> str | None:
    """Returns the user's home folder as the system knows it, whatever HOME says."""
    try:
        return pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:
        return None
