"""Looks at the world for a call that may run unasked: its files, its programs, the project, what the client denies.

Whatever cannot be seen clearly is a no; a no only means that Claude Code asks the user.
"""

import os
import stat
from collections.abc import Mapping

from outrider.doors import checkout, client_settings
from outrider.doors.settings import Places
from outrider.records import replace
from outrider.rules import preapproval
from outrider.rules.preapproval import Call, Scope, Seen, is_inside

CODE_BEARING = (
    "BASH_ENV", "DYLD_FRAMEWORK_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "GCONV_PATH", "LD_AUDIT",
    "LD_LIBRARY_PATH", "LD_PRELOAD", "XDG_CONFIG_HOME", "ZDOTDIR",
)  # fmt: skip
"""Variables by which a project's settings could have a shell, a loader or git read code or settings of its own."""


def may_run(call: Call, *, cwd: str, places: Places, environment: Mapping[str, str]) -> bool:
    """Whether everything that a call needs is the project's own and open."""
    session = environment.get("CLAUDE_PROJECT_DIR")
    projects = [os.path.realpath(path) for path in (places.project or cwd, session) if path]
    # A project's settings may name a home in the project: only the login's own makes a project too wide to judge by.
    own = [path for path in projects if preapproval.is_scope(path, _login_home())]
    if not _is_own_environment(environment, own, programs=call.programs):
        return False
    if not (call.inputs or call.outputs or call.history):
        return True
    home = os.path.realpath(environment.get("HOME", "/"))
    bounded = [path for path in own if preapproval.is_scope(path, home)]
    root = projects[0]
    if root not in bounded or not any(is_inside(root, path) or is_inside(path, root) for path in projects[-1:]):
        return False
    denied = [*client_settings.deny_rules(places)]
    if session:
        denied += client_settings.deny_rules(replace(places, project=projects[-1]))
    scope = Scope(
        root=root, home=home, denied=tuple(dict.fromkeys(denied)),
        folders=tuple(dict.fromkeys((*client_settings.folders(places), *projects))),
    )  # fmt: skip
    return (
        all(preapproval.may_read(_seen(path, cwd), scope, is_private=call.is_private) for path in call.inputs)
        and all(preapproval.may_write(_seen(path, cwd), scope) for path in call.outputs)
        and (call.history is None or _may_show(call, scope, cwd=cwd, environment=environment))
    )


def _may_show(call: Call, scope: Scope, *, cwd: str, environment: Mapping[str, str]) -> bool:
    asked = call.history
    root = None if asked is None else checkout.root_if_harmless(cwd, asked, environment)
    if asked is None or root is None or root != scope.root:
        return False
    named = [os.path.join(cwd, path) for path in (*asked.either, *asked.paths)]
    named += [checkout.committed_path(path, cwd=cwd, root=root) for path in asked.committed]
    if not all(_is_root(path, scope) or preapproval.may_show(_seen(path, cwd), scope) for path in named):
        return False
    if not scope.denied:
        return True
    shown = checkout.files_shown(asked, cwd=cwd, root=root, environment=environment)
    return shown is not None and all(not preapproval.is_denied(_seen(path, cwd), scope) for path in shown)


def _is_root(path: str, scope: Scope) -> bool:
    return os.path.realpath(path) == scope.root


def _seen(path: str, cwd: str) -> Seen:
    named = os.path.normpath(os.path.join(cwd, path))
    real = os.path.realpath(os.path.join(cwd, path))
    try:
        is_file = stat.S_ISREG(os.stat(real).st_mode)
    except OSError:
        is_file = False
    return Seen(named=named, real=real, is_file=is_file, is_there=os.path.lexists(named) or os.path.lexists(real))


def _is_own_environment(environment: Mapping[str, str], projects: list[str], *, programs: tuple[str, ...]) -> bool:
    """Whether no project chose the programs of the line, or what a shell reads before them."""
    # With SHELLOPTS a shell traces, and runs what stands in PS4 before each command.
    if "SHELLOPTS" in environment or any(f"BASH_FUNC_{name}%%" in environment for name in programs):
        return False
    for name in CODE_BEARING:
        for path in filter(None, environment.get(name, "").replace(" ", ":").split(":")):
            # A library's bare name is looked for in the folders of libraries alone.
            is_bare = "/" not in path and name in {"LD_AUDIT", "LD_PRELOAD"}
            if not is_bare and _is_foreign(path, projects):
                return False
    return all(_is_own_program(name, environment.get("PATH", ""), projects) for name in programs)


def _login_home() -> str:
    """Returns the home that the login's record names, whatever HOME says; where there is no record, none."""
    import pwd

    try:
        return os.path.realpath(pwd.getpwuid(os.getuid()).pw_dir)
    except KeyError:
        return "/"


def _is_own_program(name: str, search: str, projects: list[str]) -> bool:
    """Whether the first program of this name on PATH is none of a project's. One that is nowhere else is the shim's."""
    for folder in search.split(":"):
        path = os.path.join(folder, name)
        if not os.path.isabs(folder):
            return False
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return not _is_foreign(path, projects)
    return True


def _is_foreign(path: str, projects: list[str]) -> bool:
    spelled = (os.path.normpath(path), os.path.realpath(path))
    return not os.path.isabs(path) or any(is_inside(one, project) for one in spelled for project in projects)
